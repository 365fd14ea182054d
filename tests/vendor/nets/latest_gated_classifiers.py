"""Classifiers with gates: MogaNet, ResNet-RS."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean, mean_pooled
from tests.vendor.nets.everyday_pieces import activated, classified, concat, relu, squeezed
from tests.vendor.nets.latest_pieces import normed
from tests.vendor.nets.layers import conv, conv_relu, cut, gelu, silu


def moganet(g: Builder, e: int, depths: tuple[int, ...] = (2, 2, 3, 1)) -> str:
    """MogaNet-XT (depths of 3, 3, 10, 2 cut): gates over three reaches, channels set against their mean."""

    def apart(x: str, y: str, c: int) -> str:
        return g.op("Add", x, g.op("Mul", g.op("Sub", x, y), g.weight(1, c, 1, 1)))

    def spread(x: str, c: int, k: int, d: int) -> str:
        w, b = g.weight(c, 1, k, k), g.weight(c)
        return g.op("Conv", x, w, b, group=c, dilations=[d, d], pads=[d * (k // 2)] * 4)

    x, ci = g.input(1, 3, e, e), 3
    for j, (c, n, r) in enumerate(zip((32, 64, 96, 192), depths, (8, 8, 4, 4), strict=True)):
        if j == 0:
            x, ci = activated(g, x, 3, c // 2, 3, 2, act=gelu), c // 2
        x, ci = conv(g, x, ci, c, 3, 2), c
        b1, b2 = 3 * c // 8, c // 2
        b0 = c - b1 - b2
        for _ in range(n):
            y = conv(g, normed(g, x, c), c, c, 1)
            y = gelu(g, apart(y, mean(g, y), c))
            v = spread(y, c, 5, 1)
            v = concat(
                g,
                cut(g, v, 1, 0, b0),
                spread(cut(g, v, 1, b0, b0 + b1), b1, 5, 2),
                spread(cut(g, v, 1, c - b2, c), b2, 7, 3),
            )
            y = g.op("Mul", silu(g, conv(g, y, c, c, 1)), silu(g, conv(g, v, c, c, 1)))
            x = g.op("Add", x, g.op("Mul", conv(g, y, c, c, 1), g.weight(1, c, 1, 1)))
            y = conv(g, normed(g, x, c), c, r * c, 1)
            y = gelu(g, conv(g, y, r * c, r * c, 3, 1, r * c))
            y = apart(y, gelu(g, conv(g, y, r * c, 1, 1)), r * c)
            x = g.op("Add", x, g.op("Mul", conv(g, y, r * c, c, 1), g.weight(1, c, 1, 1)))
    return classified(g, normed(g, x, ci), ci)


def resnet_rs(g: Builder, e: int, depths: tuple[int, ...] = (3, 4, 6, 3)) -> str:
    """ResNet-RS-50: a stem of 3x3, gates behind the blocks, means in the shortcuts."""
    x = conv_relu(g, conv_relu(g, conv_relu(g, g.input(1, 3, e, e), 3, 32, 3, 2), 32, 32, 3), 32, 64, 3)
    x, ci = conv_relu(g, x, 64, 64, 3, 2), 64
    for j, n in enumerate(depths):
        w = 64 << j
        for i in range(n):
            s = 2 if j and i == 0 else 1
            y = conv(g, conv_relu(g, conv_relu(g, x, ci, w, 1), w, w, 3, s), w, 4 * w, 1)
            y = squeezed(g, y, 4 * w, w, relu)
            if i == 0:
                x = conv(g, mean_pooled(g, x) if s == 2 else x, ci, 4 * w, 1)
            x, ci = relu(g, g.op("Add", y, x)), 4 * w
    return classified(g, x, ci)


LATEST_GATED_CLASSIFIERS = {
    "moganet_xt_224": ("CNN", lambda g: moganet(g, 224)),
    "resnet_rs50_160": ("CNN", lambda g: resnet_rs(g, 160)),
}  # fmt: skip
