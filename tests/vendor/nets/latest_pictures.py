"""Pictures to pictures: RDN, RIDNet, GCANet."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import instance_normed, shuffled_up
from tests.vendor.nets.daily_pieces import mean
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, cut
from tests.vendor.nets.popular_pieces import doubled, spaced


def rdn(g: Builder, e: int, blocks: int = 3, layers: int = 8, c: int = 64) -> str:
    """Residual dense network x2: three of sixteen blocks."""
    first = conv(g, g.input(1, 3, e, e), 3, c, 3)
    x, outs = conv(g, first, c, c, 3), []
    for _ in range(blocks):
        y, ci = x, c
        for _ in range(layers):
            y, ci = concat(g, y, conv_relu(g, y, ci, c, 3)), ci + c
        x = g.op("Add", conv(g, y, ci, c, 1), x)
        outs.append(x)
    x = g.op("Add", conv(g, conv(g, concat(g, *outs), blocks * c, c, 1), c, c, 3), first)
    return conv(g, shuffled_up(g, conv(g, x, c, 4 * c, 3), 2), c, 3, 3)


def ridnet(g: Builder, e: int, blocks: int = 4, c: int = 64) -> str:
    """RIDNet (denoising of real pictures): dilated pairs side by side, residuals, a gate on channels."""
    i = g.input(1, 3, e, e)
    first = x = conv(g, i, 3, c, 3)
    for _ in range(blocks):
        a = spaced(g, conv_relu(g, x, c, c, 3), c, c, 2, relu)
        b = spaced(g, spaced(g, x, c, c, 3, relu), c, c, 4, relu)
        y = g.op("Add", conv_relu(g, concat(g, a, b), 2 * c, c, 3), x)
        y = relu(g, g.op("Add", conv(g, conv_relu(g, y, c, c, 3), c, c, 3), y))
        z = conv_relu(g, conv_relu(g, y, c, c, 3), c, c, 3)
        y = relu(g, g.op("Add", conv(g, z, c, c, 1), y))
        z = conv(g, conv_relu(g, mean(g, y), c, c // 16, 1), c // 16, c, 1)
        x = g.op("Add", x, g.op("Mul", y, g.op("Sigmoid", z)))
    return g.op("Add", conv(g, g.op("Add", x, first), c, 3, 3), i)


def gcanet(g: Builder, h: int, w: int, c: int = 64) -> str:
    """GCANet (haze removed): dilated pairs behind one shared kernel for all channels, three depths weighed."""

    def normed(x: str, weights: str, **more: list[int]) -> str:
        return instance_normed(g, g.op("Conv", x, weights, **more), c)

    def shared(x: str, k: int) -> str:
        one = np.repeat(np.random.default_rng(k).standard_normal((1, 1, k, k)) * 0.1, c, 0)
        return g.op("Conv", x, g.const(one), group=c, pads=[k // 2] * 4)

    def residual(x: str, d: int) -> str:
        y = relu(g, normed(shared(x, 2 * d - 1), g.weight(c, c, 3, 3), pads=[d] * 4, dilations=[d, d]))
        y = normed(shared(y, 2 * d - 1), g.weight(c, c, 3, 3), pads=[d] * 4, dilations=[d, d])
        return relu(g, g.op("Add", x, y))

    x = relu(g, normed(g.input(1, 4, h, w), g.weight(c, 4, 3, 3), pads=[1] * 4))
    x = relu(g, normed(x, g.weight(c, c, 3, 3), pads=[1] * 4))
    y1 = x = relu(g, normed(x, g.weight(c, c, 3, 3), pads=[1] * 4, strides=[2, 2]))
    y2 = x = residual(residual(residual(x, 2), 2), 2)
    y3 = residual(residual(residual(residual(x, 4), 4), 4), 1)
    gates = conv(g, concat(g, y1, y2, y3), 3 * c, 3, 3)
    a, b, d = (g.op("Mul", cut(g, gates, 1, k, k + 1), y) for k, y in enumerate((y1, y2, y3)))
    y = relu(g, instance_normed(g, doubled(g, g.op("Add", g.op("Add", a, b), d), c, c), c))
    y = relu(g, normed(y, g.weight(c, c, 3, 3), pads=[1] * 4))
    return conv(g, y, c, 3, 1)


LATEST_PICTURES = {
    "ridnet_128": ("CNN", lambda g: ridnet(g, 128)),
    "gcanet_256x320": ("CNN", lambda g: gcanet(g, 256, 320)),
    "rdn_x2_96": ("CNN", lambda g: rdn(g, 96)),
}  # fmt: skip
