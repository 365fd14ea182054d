"""Boxes: LFFD's faces, WPOD-Net's plates, YOLOF."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled


def lffd(g: Builder, h: int, w: int) -> list[str]:
    """LFFD: faces at eight sizes out of one column of residual pairs."""
    x, ci, outs = g.input(1, 3, h, w), 3, []

    def cut_down(x: str, a: int, b: int) -> str:
        return g.op("Conv", x, g.weight(b, a, 3, 3), g.weight(b), strides=[2, 2])

    def branch(x: str, c: int) -> None:
        y = conv_relu(g, x, c, 128, 1)
        for n in (2, 4):
            outs.append(conv(g, conv_relu(g, y, 128, 128, 1), 128, n, 1))

    x = cut_down(relu(g, cut_down(x, 3, 64)), 64, 64)
    for c, pairs, told, first in (
        (64, 4, (2, 3), False),
        (64, 2, (0, 1), True),
        (128, 1, (0,), True),
        (128, 3, (0, 1, 2), True),
    ):
        x = cut_down(x, ci, c) if first else x
        ci = c
        for i in range(pairs):
            y = relu(g, x)
            x = g.op("Add", conv(g, conv_relu(g, y, c, c, 3), c, c, 3), x)
            if i in told:
                branch(relu(g, x), c)
        x = relu(g, x)
    return outs


def wpodnet(g: Builder, e: int) -> str:
    """WPOD-Net: plates and how they are turned."""

    def residual(x: str, c: int) -> str:
        return relu(g, g.op("Add", conv(g, conv_relu(g, x, c, c, 3), c, c, 3), x))

    x = pooled(g, conv_relu(g, conv_relu(g, g.input(1, 3, e, e), 3, 16, 3), 16, 16, 3), 2, 2)
    x, ci = residual(conv_relu(g, x, 16, 32, 3), 32), 32
    for c, n in ((64, 2), (64, 2), (128, 4)):
        x, ci = conv_relu(g, pooled(g, x, 2, 2), ci, c, 3), c
        for _ in range(n):
            x = residual(x, c)
    return concat(g, g.op("Softmax", conv(g, x, 128, 2, 3), axis=1), conv(g, x, 128, 6, 3))


def yolof(g: Builder, e: int, classes: int = 80) -> list[str]:
    """YOLOF on ResNet-50: one map of stride 32, dilated bottlenecks, classes scaled by whether anything is there."""
    x = conv(g, conv(g, resnet(g, e, (3, 4, 6, 3), feats=True)[3][0], 2048, 512, 1), 512, 512, 3)
    for d in (2, 4, 6, 8):
        y = spaced(g, conv_relu(g, x, 512, 128, 1), 128, 128, d, relu)
        x = g.op("Add", conv_relu(g, y, 128, 512, 1), x)
    told, box = x, x
    for _ in range(2):
        told = conv_relu(g, told, 512, 512, 3)
    for _ in range(4):
        box = conv_relu(g, box, 512, 512, 3)
    s = e // 32
    there = g.op("Reshape", conv(g, box, 512, 5, 3), g.const([1, 5, 1, s, s]))
    score = g.op("Reshape", conv(g, told, 512, 5 * classes, 3), g.const([1, 5, classes, s, s]))
    grown = [g.op("Exp", g.op("Clip", t, "", g.const(11.0))) for t in (score, there)]
    low = g.op("Log", g.op("Add", g.op("Add", *grown), g.const(1.0)))
    score = g.op("Sub", g.op("Add", score, there), low)
    return [g.op("Reshape", score, g.const([1, 5 * classes, s, s])), conv(g, box, 512, 20, 3)]


LATEST_DETECTORS = {
    "wpodnet_208": ("CNN", lambda g: wpodnet(g, 208)),
    "lffd_480x640": ("CNN", lambda g: lffd(g, 480, 640)),
    "yolof_r50_320": ("CNN", lambda g: yolof(g, 320)),
}  # fmt: skip
