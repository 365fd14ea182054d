"""Classifiers of full convolutions: VGG, RegNet, SE-ResNet, CSPDarknet, HGNet, OSNet, SqueezeNet."""

from collections.abc import Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import activated, classified, concat, halves, relu, resnet, squeezed
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_classifiers import iresnet
from tests.vendor.nets.usual_pieces import convolved, pooled
from tests.vendor.nets.usual_small_classifiers import fired


def vgg(g: Builder, size: int, stages: Sequence[tuple[int, int]]) -> str:
    """VGG: chains of 3x3 convolutions, three products behind them."""
    x, ci = g.input(1, 3, size, size), 3
    for n, co in stages:
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, co, 3), co
        x = pooled(g, x, 2, 2)
    e = size // 32
    x = g.op("Flatten", x, axis=1)
    return dense(g, relu(g, dense(g, relu(g, dense(g, x, 512 * e * e, 4096)), 4096, 4096)), 4096, 1000)


def regnet(g: Builder, size: int, ws: Sequence[int], ds: Sequence[int], gw: int, squeeze: bool) -> str:
    """RegNetX, or Y with a gate: bottlenecks of ratio 1 whose 3x3 goes in groups of `gw` channels."""
    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32
    for co, n in zip(ws, ds, strict=True):
        for i in range(n):
            s = 2 if i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, co, 1), co, co, 3, s, co // gw)
            if squeeze:
                y = squeezed(g, y, co, max(8, ci // 4), relu)
            y = conv(g, y, co, co, 1)
            x, ci = relu(g, g.op("Add", x if i else conv(g, x, ci, co, 1, s), y)), co
    return classified(g, x, ci)


def squeezenet11(g: Builder, size: int) -> str:
    """SqueezeNet 1.1: a convolution of 3x3, pooled early."""
    fire = lambda x, ci, s, e: fired(g, x, ci, s, e)
    x = pooled(g, convolved(g, g.input(1, 3, size, size), 3, 64, 3, 3, 2, 0, 0), 3, 2)
    x = pooled(g, fire(fire(x, 64, 16, 64), 128, 16, 64), 3, 2)
    x = pooled(g, fire(fire(x, 128, 32, 128), 256, 32, 128), 3, 2)
    x = fire(fire(fire(fire(x, 256, 48, 192), 384, 48, 192), 384, 64, 256), 512, 64, 256)
    return g.op("Flatten", g.op("GlobalAveragePool", conv_relu(g, x, 512, 1000, 1)), axis=1)


def seresnet50(g: Builder, size: int) -> str:
    """ResNet-50 with a gate on the channels of every block."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2), 3, 2, 1), 64
    for j, n in enumerate((3, 4, 6, 3)):
        w, co = 64 << j, 256 << j
        for i in range(n):
            s = 2 if i == 0 and j else 1
            y = conv(g, conv_relu(g, conv_relu(g, x, ci, w, 1), w, w, 3, s), w, co, 1)
            y = squeezed(g, y, co, co // 16, relu)
            x, ci = relu(g, g.op("Add", y, x if i else conv(g, x, ci, co, 1, s))), co
    return classified(g, x, ci)


def cspdarknet53(g: Builder, size: int) -> str:
    """CSPDarknet-53: half of the channels pass each stage by."""
    slope = lambda g, x: g.op("LeakyRelu", x, alpha=0.01)
    c = lambda x, a, b, k=1, s=1: activated(g, x, a, b, k, s, act=slope)
    x, ci = c(g.input(1, 3, size, size), 3, 32, 3), 32
    for j, (co, n) in enumerate(((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))):
        x = c(x, ci, co, 3, 2)
        e = 2 * co if j == 0 else co
        h = e // 2
        a, b = halves(g, c(x, co, e), h)
        m = h // 2 if j == 0 else h
        for _ in range(n):
            b = g.op("Add", c(c(b, h, m), m, h, 3), b)
        x, ci = c(concat(g, a, c(b, h, h)), e, co), co
    return classified(g, x, ci)


def hgnetv2(g: Builder, size: int) -> str:
    """PP-HGNetV2-B1: chains whose every map is concatenated, light ones of 1x1 and depthwise 5x5."""

    def pad(x):
        return g.op("Pad", x, g.const([0, 0, 0, 0, 0, 0, 1, 1]))

    x = pad(conv_relu(g, g.input(1, 3, size, size), 3, 24, 3, 2))
    a = pad(convolved(g, x, 24, 12, 2, 2, 1, 0, 0))
    a = convolved(g, a, 12, 24, 2, 2, 1, 0, 0)
    x = conv_relu(g, conv_relu(g, concat(g, pooled(g, x, 2, 1), a), 48, 24, 3, 2), 24, 32, 1)
    ci = 32
    for mid, co, n, down, light, k in (
        (32, 64, 1, 0, 0, 3),
        (48, 256, 1, 1, 0, 3),
        (96, 512, 2, 1, 1, 5),
        (192, 1024, 1, 1, 1, 5),
    ):
        if down:
            x = conv(g, x, ci, ci, 3, 2, ci)
        for i in range(n):
            ts, t, c = [x], x, ci
            for _ in range(3):
                t = (
                    relu(g, conv(g, conv(g, t, c, mid, 1), mid, mid, k, 1, mid))
                    if light
                    else conv_relu(g, t, c, mid, k)
                )
                ts.append(t)
                c = mid
            y = conv_relu(g, conv_relu(g, concat(g, *ts), ci + 3 * mid, co // 2, 1), co // 2, co, 1)
            x, ci = g.op("Add", y, x) if i else y, co
    x = conv_relu(g, g.op("GlobalAveragePool", x), 1024, 2048, 1)
    return dense(g, g.op("Flatten", x, axis=1), 2048, 1000)


def osnet(g: Builder, h: int = 256, w: int = 128) -> str:
    """OSNet x1.0: four streams of one to four light convolutions, summed under one shared gate."""

    def light(x, c):
        return relu(g, conv(g, conv(g, x, c, c, 1, bias=False), c, c, 3, 1, c))

    def block(x, ci, co):
        m = co // 4
        y, s = conv_relu(g, x, ci, m, 1), None
        w1, w2 = (
            (g.weight(max(m // 16, 1), m, 1, 1), g.weight(max(m // 16, 1))),
            (g.weight(m, max(m // 16, 1), 1, 1), g.weight(m)),
        )
        for n in range(1, 5):
            t = y
            for _ in range(n):
                t = light(t, m)
            q = g.op("Sigmoid", g.op("Conv", relu(g, g.op("Conv", g.op("GlobalAveragePool", t), *w1)), *w2))
            t = g.op("Mul", t, q)
            s = t if s is None else g.op("Add", s, t)
        y = conv(g, s, m, co, 1)
        return relu(g, g.op("Add", y, x if ci == co else conv(g, x, ci, co, 1)))

    x, ci = pooled(g, conv_relu(g, g.input(1, 3, h, w), 3, 64, 7, 2), 3, 2, 1), 64
    for j, co in enumerate((256, 384, 512)):
        x = block(block(x, ci, co), co, co)
        ci = co
        if j < 2:
            x = g.op("AveragePool", conv_relu(g, x, co, co, 1), kernel_shape=[2, 2], strides=[2, 2])
    x = g.op("Flatten", g.op("GlobalAveragePool", conv_relu(g, x, 512, 512, 1)), axis=1)
    return relu(g, dense(g, x, 512, 512))


COMMON_CLASSIFIERS = {
    "vgg13_224": ("CNN", lambda g: vgg(g, 224, ((2, 64), (2, 128), (2, 256), (2, 512), (2, 512)))),
    "regnet_x_1g6_224": ("CNN", lambda g: regnet(g, 224, (72, 168, 408, 912), (2, 4, 10, 2), 24, False)),
    "regnet_y_800mf_256": ("CNN", lambda g: regnet(g, 256, (64, 144, 320, 784), (1, 3, 8, 2), 16, True)),
    "squeezenet_v11_320": ("CNN", lambda g: squeezenet11(g, 320)),
    "seresnet50_256": ("CNN", lambda g: seresnet50(g, 256)),
    "cspdarknet53_256": ("CNN", lambda g: cspdarknet53(g, 256)),
    "hgnetv2_b1_288": ("CNN", lambda g: hgnetv2(g, 288)),
    "osnet_256x128": ("CNN", lambda g: osnet(g)),
    "iresnet50_112": ("CNN", lambda g: iresnet(g, 112, (3, 4, 14, 3))),
    "resnet101_224": ("CNN", lambda g: resnet(g, 224, (3, 4, 23, 3))),
}  # fmt: skip
