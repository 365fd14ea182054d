"""Classifiers: Darknet-19, PP-LCNetV2, a ResNet for CIFAR, AlexNet, SqueezeNext, MobileOne, ESPNetV2's kind."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean, unpadded
from tests.vendor.nets.everyday_pieces import activated, classified, concat, relu
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import convolved, hard_sigmoid, leaky, pooled


def darknet19(g: Builder, e: int) -> str:
    """Darknet-19."""
    x, ci = g.input(1, 3, e, e), 3
    for j, cs in enumerate(((32,), (64,), (128, 64, 128), (256, 128, 256), (512, 256) * 2, (1024, 512) * 2)):
        x = pooled(g, x, 2, 2) if j else x
        for i, c in enumerate((*cs, 2 * cs[-1]) if j > 3 else cs):
            x, ci = activated(g, x, ci, c, 1 if i % 2 else 3, act=leaky), c
    return g.op("Flatten", mean(g, conv(g, x, ci, 1000, 1)), axis=1)


def lcnet_v2(g: Builder, e: int) -> str:
    """PP-LCNetV2: depthwise and 1x1 blocks, whose last ones shrink first, are gated and added."""
    x, ci = conv_relu(g, conv_relu(g, g.input(1, 3, e, e), 3, 32, 3, 2), 32, 32, 3, 1, 32), 32
    x, ci = conv_relu(g, x, ci, 64, 1), 64
    for co, k, n, late in ((128, 3, 2, 0), (256, 3, 2, 0), (512, 5, 6, 0), (1024, 5, 2, 1)):
        for i in range(n):
            s = 2 if i == 0 else 1
            y = activated(g, x, ci, ci, k, s, ci, act=relu)
            if late:
                w, v = conv(g, mean(g, y), ci, ci // 4, 1), ci // 4
                y = g.op("Mul", y, hard_sigmoid(g, conv(g, relu(g, w), v, ci, 1)))
                y = conv_relu(g, conv_relu(g, y, ci, ci // 2, 1), ci // 2, co, 1)
            else:
                y = conv_relu(g, y, ci, co, 1)
            x, ci = g.op("Add", x, y) if late and s == 1 else y, co
    x = conv(g, mean(g, x), ci, 1280, 1)
    return g.op("Gemm", g.op("Flatten", relu(g, x), axis=1), g.weight(1000, 1280), g.weight(1000), transB=1)


def resnet_cifar(g: Builder, b: int, n: int) -> str:
    """ResNet of 6 N + 2 layers on images of CIFAR."""
    x, ci = conv_relu(g, g.input(b, 3, 32, 32), 3, 16, 3), 16
    for co in (16, 32, 64):
        for i in range(n):
            s = 2 if i == 0 and co > 16 else 1
            y = conv(g, conv_relu(g, x, ci, co, 3, s), co, co, 3)
            x, ci = relu(g, g.op("Add", y, x if s == 1 else conv(g, x, ci, co, 1, s))), co
    return classified(g, x, ci, 10)


def alexnet(g: Builder, b: int, e: int) -> str:
    """AlexNet as torchvision's."""
    x = g.op("Conv", g.input(b, 3, e, e), g.weight(64, 3, 11, 11), g.weight(64), strides=[4, 4], pads=[2] * 4)
    x = pooled(g, conv_relu(g, pooled(g, relu(g, x), 3, 2), 64, 192, 5), 3, 2)
    x = conv_relu(g, conv_relu(g, conv_relu(g, x, 192, 384, 3), 384, 256, 3), 256, 256, 3)
    x, ci = g.op("Flatten", pooled(g, x, 3, 2), axis=1), 9216
    for co in (4096, 4096, 1000):
        x = g.op("Gemm", x, g.weight(co, ci), g.weight(co), transB=1)
        x, ci = relu(g, x) if co == 4096 else x, co
    return x


def squeezenext(g: Builder, e: int) -> str:
    """SqueezeNext-23 of width 1: 1x1, 1x1, 3x1, 1x3, 1x1."""
    x, ci = pooled(g, unpadded(g, g.input(1, 3, e, e), 3, 64, 7, 2, relu), 3, 2), 64
    for j, (co, n) in enumerate(((32, 6), (64, 6), (128, 8), (256, 1))):
        for i in range(n):
            s = 2 if j and i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, ci // 2, 1, s), ci // 2, ci // 4, 1)
            y = convolved(g, convolved(g, y, ci // 4, ci // 2, 3, 1), ci // 2, ci // 2, 1, 3)
            y = conv(g, y, ci // 2, co, 1)
            x, ci = relu(g, g.op("Add", y, x if ci == co else conv_relu(g, x, ci, co, 1, s))), co
    return classified(g, conv_relu(g, x, ci, 128, 1), 128)


def mobileone(g: Builder, b: int, e: int) -> str:
    """MobileOne-S0, deployed: 3x3 depthwise and 1x1 in turn."""
    x, ci = conv_relu(g, g.input(b, 3, e, e), 3, 48, 3, 2), 48
    for co, n in ((48, 2), (128, 8), (256, 10), (1024, 1)):
        for i in range(n):
            y = conv_relu(g, x, ci, ci, 3, 2 if i == 0 else 1, ci)
            x, ci = conv_relu(g, y, ci, co, 1), co
    return classified(g, x, ci)


def condensed(g: Builder, e: int) -> str:
    """ThreeScale dense features: a small DenseNet of growth 16 whose stages are pooled, joined and classified."""
    x, ci = conv_relu(g, g.input(1, 3, e, e), 3, 32, 3, 2), 32
    for n in (4, 6, 8):
        for _ in range(n):
            y = conv_relu(g, conv_relu(g, x, ci, 64, 1), 64, 16, 3)
            x, ci = concat(g, x, y), ci + 16
        x = g.op("AveragePool", conv_relu(g, x, ci, ci // 2, 1), kernel_shape=[2, 2], strides=[2, 2])
        ci //= 2
    return classified(g, x, ci)


LATER_CLASSIFIERS = {
    "darknet19_256": ("CNN", lambda g: darknet19(g, 256)),
    "pplcnet_v2_224": ("CNN", lambda g: lcnet_v2(g, 224)),
    "resnet56_b8_32": ("CNN", lambda g: resnet_cifar(g, 8, 9)),
    "alexnet_b4_224": ("CNN", lambda g: alexnet(g, 4, 224)),
    "squeezenext23_227": ("CNN", lambda g: squeezenext(g, 227)),
    "mobileone_s0_b2_224": ("CNN", lambda g: mobileone(g, 2, 224)),
    "small_dense_192": ("CNN", lambda g: condensed(g, 192)),
}  # fmt: skip
