"""Convolutional classifiers of the first decade, whole but for depths that are named, and one on points."""

from itertools import pairwise

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, excite, halved
from tests.vendor.nets.sequences import perceptron
from tests.vendor.nets.vision import head


def eleven_by_eleven(g: Builder, size: int) -> str:
    """AlexNet: 11x11 of stride 4, 5x5, three 3x3, poolings of 3 without padding, three dense layers."""
    x = g.input(1, 3, size, size)
    x = g.op("Relu", g.op("Conv", x, g.weight(64, 3, 11, 11), g.weight(64), strides=[4, 4], pads=[2] * 4))
    pooled = lambda x: g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    x = pooled(conv_relu(g, pooled(x), 64, 192, 5))
    for ci, co in pairwise((192, 384, 256, 256)):
        x = conv_relu(g, x, ci, co)
    side = (size - 7) // 4 + 1
    for _ in range(3):
        side = (side - 3) // 2 + 1
    return perceptron(g, g.op("Flatten", pooled(x)), (256 * side * side, 4096, 4096, 1000))


def darknet(g: Builder, size: int, depths: tuple[int, ...] = (1, 2, 3, 3, 2)) -> str:
    """Darknet-53 with fewer blocks in its last stages: 1x1 to half, 3x3 back, LeakyReLU, strides instead of pooling."""

    def leaky(x: str, ci: int, co: int, kernel: int, stride: int = 1) -> str:
        return g.op("LeakyRelu", conv(g, x, ci, co, kernel, stride), alpha=0.1)

    x, ci = leaky(g.input(1, 3, size, size), 3, 32, 3), 32
    for depth in depths:
        x, ci = leaky(x, ci, 2 * ci, 3, 2), 2 * ci
        for _ in range(depth):
            x = g.op("Add", x, leaky(leaky(x, ci, ci // 2, 1), ci // 2, ci, 3))
    return head(g, x, ci)


def gated_bottlenecks(g: Builder, size: int, depths: tuple[int, ...], width: int, gates: bool) -> str:
    """ResNet of bottlenecks `width` channels wide at first (128: Wide ResNet), or with squeeze and excitation."""
    x, ci = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2)), 64
    for stage, depth in enumerate(depths):
        inner, co = width << stage, 256 << stage
        for i in range(depth):
            stride = 2 if stage and i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, inner, 1), inner, inner, 3, stride)
            y = conv(g, y, inner, co, 1)
            y = excite(g, y, co, co // 16) if gates else y
            x = conv(g, x, ci, co, 1, stride) if i == 0 else x
            x, ci = g.op("Relu", g.op("Add", y, x)), co
    return head(g, x, ci)


def points(g: Builder, count: int, classes: int = 40) -> str:
    """PointNet: a turn of the coordinates found first, convolutions of one tap, the largest of all points."""

    def chain(x: str, *widths: int) -> str:
        for ci, co in pairwise(widths):
            x = g.op("Relu", g.op("Conv", x, g.weight(co, ci, 1), g.weight(co)))
        return x

    x = g.input(1, 3, count)
    turn = g.op("ReduceMax", chain(x, 3, 64, 128, 1024), axes=[2], keepdims=0)
    turn = g.op("Reshape", perceptron(g, turn, (1024, 512, 256, 9)), g.const([1, 3, 3]))
    turn = g.op("Add", turn, g.const(np.eye(3)))
    x = g.op("Transpose", g.op("MatMul", g.op("Transpose", x, perm=[0, 2, 1]), turn), perm=[0, 2, 1])
    y = chain(x, 3, 64, 128)
    y = g.op("Conv", y, g.weight(1024, 128, 1), g.weight(1024))
    return perceptron(g, g.op("ReduceMax", y, axes=[2], keepdims=0), (1024, 512, 256, classes))


OLDER_IMAGES = {
    "alexnet_224": ("CNN", lambda g: eleven_by_eleven(g, 224)),
    "darknet_256": ("CNN", lambda g: darknet(g, 256)),
    "wide_resnet_160": ("CNN", lambda g: gated_bottlenecks(g, 160, (2, 2, 2, 1), 128, False)),
    "se_resnet_208": ("CNN", lambda g: gated_bottlenecks(g, 208, (2, 2, 3, 2), 64, True)),
    "pointnet_1024": ("CNN", lambda g: points(g, 1024)),
}
