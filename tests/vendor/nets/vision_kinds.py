"""Convolutional networks at their published layouts, and some less usual ones."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, enlarged, halved, silu
from tests.vendor.nets.vision import head, relu6


def bottlenecks(g: Builder, size: int, depths: tuple[int, ...]) -> str:
    """ResNet of bottlenecks, the stride on the 3x3: (3, 4, 6, 3) is ResNet-50."""
    x, ci = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2)), 64
    for stage, depth in enumerate(depths):
        inner = 64 << stage
        for i in range(depth):
            stride = 2 if stage and i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, inner, 1), inner, inner, 3, stride)
            y = conv(g, y, inner, 4 * inner, 1)
            x = conv(g, x, ci, 4 * inner, 1, stride) if i == 0 else x
            x, ci = g.op("Relu", g.op("Add", y, x)), 4 * inner
    return head(g, x, ci)


def separable_chain(g: Builder, size: int, alpha: float = 1.0, classes: int = 1000) -> str:
    """MobileNet-v1: thirteen pairs of depthwise 3x3 and 1x1, Clip to [0, 6] after each."""
    w = lambda c: int(c * alpha)
    x, ci = relu6(g, conv(g, g.input(1, 3, size, size), 3, w(32), 3, 2)), w(32)
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for co, stride in plan:
        x = relu6(g, conv(g, x, ci, ci, 3, stride, ci))
        x, ci = relu6(g, conv(g, x, ci, w(co), 1)), w(co)
    return head(g, x, ci, classes)


def eighths(channels: float) -> int:
    """The nearest multiple of eight, never a tenth below."""
    found = max(8, int(channels + 4) // 8 * 8)
    return found + 8 if found < 0.9 * channels else found


def inverted(g: Builder, size: int, alpha: float) -> str:
    """MobileNet-v2 at a width multiplier: its seventeen inverted bottlenecks."""
    x, ci = relu6(g, conv(g, g.input(1, 3, size, size), 3, eighths(32 * alpha), 3, 2)), eighths(32 * alpha)
    for t, c, n, s in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):
        for i in range(n):
            co, stride, inner = eighths(c * alpha), s if i == 0 else 1, t * ci
            y = relu6(g, conv(g, x, ci, inner, 1)) if t > 1 else x
            y = conv(g, relu6(g, conv(g, y, inner, inner, 3, stride, inner)), inner, co, 1)
            x, ci = g.op("Add", x, y) if stride == 1 and ci == co else y, co
    return head(g, relu6(g, conv(g, x, ci, 1280, 1)), 1280)


def compound(g: Builder, size: int) -> str:
    """EfficientNet-B0: sixteen inverted bottlenecks of kernels 3 and 5 with Swish and squeeze and excitation."""
    x, ci = silu(g, conv(g, g.input(1, 3, size, size), 3, 32, 3, 2)), 32
    for t, c, n, s, k in (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ):  # fmt: skip
        for i in range(n):
            stride, inner = s if i == 0 else 1, t * ci
            y = silu(g, conv(g, x, ci, inner, 1)) if t > 1 else x
            y = silu(g, conv(g, y, inner, inner, k, stride, inner))
            gate = silu(g, conv(g, g.op("GlobalAveragePool", y), inner, max(1, ci // 4), 1))
            y = g.op("Mul", y, g.op("Sigmoid", conv(g, gate, max(1, ci // 4), inner, 1)))
            y = conv(g, y, inner, c, 1)
            x, ci = g.op("Add", x, y) if stride == 1 and ci == c else y, c
    return head(g, silu(g, conv(g, x, ci, 1280, 1)), 1280)


def swished(g: Builder, x: str, ci: int, co: int, kernel: int = 1, stride: int = 1) -> str:
    """Convolution and Swish."""
    return silu(g, conv(g, x, ci, co, kernel, stride))


def three_convs(g: Builder, x: str, ci: int, co: int, count: int, shortcut: bool = True) -> str:
    """YOLOv5's C3: two 1x1 side by side, bottlenecks on one, concatenated, a third 1x1."""
    half = co // 2
    y = swished(g, x, ci, half)
    for _ in range(count):
        z = swished(g, swished(g, y, half, half), half, half, 3)
        y = g.op("Add", y, z) if shortcut else z
    return swished(g, g.op("Concat", y, swished(g, x, ci, half), axis=1), 2 * half, co)


def anchored(
    g: Builder, size: int, width: int, depths: tuple[int, ...] = (1, 2, 3, 1), classes: int = 80
) -> list[str]:
    """YOLOv5 (`width` 16 is n): a 6x6 stem, C3 stages, fast pyramid pooling, a neck up and down, three raw heads."""
    x = g.input(1, 3, size, size)
    x = silu(g, g.op("Conv", x, g.weight(width, 3, 6, 6), g.weight(width), strides=[2, 2], pads=[2] * 4))
    ci, kept = width, []
    for i, depth in enumerate(depths):
        co = width << (i + 1)
        x = three_convs(g, swished(g, x, ci, co, 3, 2), co, co, depth)
        kept.append(x)
        ci = co
    y = swished(g, x, ci, ci // 2)
    parts = [y]
    for _ in range(3):
        parts.append(g.op("MaxPool", parts[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
    p5 = swished(g, swished(g, g.op("Concat", *parts, axis=1), 2 * ci, ci), ci, ci // 2)
    y = g.op("Concat", enlarged(g, p5, 2, "nearest"), kept[2], axis=1)
    p4 = swished(g, three_convs(g, y, ci, ci // 2, 1, False), ci // 2, ci // 4)
    y = g.op("Concat", enlarged(g, p4, 2, "nearest"), kept[1], axis=1)
    n3 = three_convs(g, y, ci // 2, ci // 4, 1, False)
    y = g.op("Concat", swished(g, n3, ci // 4, ci // 4, 3, 2), p4, axis=1)
    n4 = three_convs(g, y, ci // 2, ci // 2, 1, False)
    y = g.op("Concat", swished(g, n4, ci // 2, ci // 2, 3, 2), p5, axis=1)
    n5 = three_convs(g, y, ci, ci, 1, False)
    found = []
    for i, (y, c) in enumerate(((n3, ci // 4), (n4, ci // 2), (n5, ci))):
        hw = size >> (3 + i)
        y = g.op("Reshape", conv(g, y, c, 3 * (classes + 5), 1), g.const([1, 3, classes + 5, hw, hw]))
        found.append(g.op("Sigmoid", g.op("Transpose", y, perm=[0, 1, 3, 4, 2])))
    return found


def bilinear_unet(g: Builder, size: int, width: int, classes: int = 2) -> str:
    """U-Net of four levels in colour: pairs of 3x3, enlarged bilinearly instead of by transposed convolutions."""
    pair = lambda x, ci, mid, co: conv_relu(g, conv_relu(g, x, ci, mid), mid, co)
    x, ci, skips = pair(g.input(1, 3, size, size), 3, width, width), width, []
    for co in (2 * width, 4 * width, 8 * width, 8 * width):
        skips.append((x, ci))
        x, ci = pair(halved(g, x, 2), ci, co, co), co
    for skip, c in reversed(skips):
        co = c // 2 if c > width else c
        both = g.op("Concat", skip, enlarged(g, x, 2), axis=1)
        x, ci = pair(both, c + ci, (c + ci) // 2, co), co
    return conv(g, x, ci, classes, 1)


def light_single_shot(g: Builder, size: int, alpha: float = 0.5, classes: int = 21) -> list[str]:
    """SSD on MobileNet-v1 with separable heads: boxes and scores of six levels."""
    w = lambda c: int(c * alpha)
    x, ci, found = relu6(g, conv(g, g.input(1, 3, size, size), 3, w(32), 3, 2)), w(32), []
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for i, (co, stride) in enumerate(plan):
        x = relu6(g, conv(g, x, ci, ci, 3, stride, ci))
        x, ci = relu6(g, conv(g, x, ci, w(co), 1)), w(co)
        if i in (10, 12):
            found.append((x, ci))
    for co in (512, 256, 256, 128):
        inner = w(co) // 2
        y = relu6(g, conv(g, x, ci, inner, 1))
        y = relu6(g, conv(g, y, inner, inner, 3, 2, inner))
        x, ci = relu6(g, conv(g, y, inner, w(co), 1)), w(co)
        found.append((x, ci))
    outs = []
    for each in (4, classes):
        parts = []
        for y, c in found:
            y = conv(g, relu6(g, conv(g, y, c, c, 3, 1, c)), c, 6 * each, 1)
            parts.append(g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 3, 1]), g.const([1, -1, each])))
        outs.append(g.op("Concat", *parts, axis=1))
    return [outs[0], g.op("Softmax", outs[1], axis=-1)]


def normed_relu(g: Builder, x: str, channels: int) -> str:
    """Batch normalisation that no convolution in front can take up, and ReLU."""
    three = [g.weight(channels) for _ in range(3)]
    spread = g.const(np.full(channels, 0.5, np.float16))
    return g.op("Relu", g.op("BatchNormalization", x, *three, spread))


def dense(g: Builder, size: int, depths: tuple[int, ...], growth: int = 32) -> str:
    """DenseNet with its batch normalisations in front of the convolutions, as PyTorch exports it."""
    x, ci = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 2 * growth, 7, 2)), 2 * growth
    for i, depth in enumerate(depths):
        for _ in range(depth):
            y = g.op("Relu", conv(g, normed_relu(g, x, ci), ci, 4 * growth, 1))
            x, ci = g.op("Concat", x, conv(g, y, 4 * growth, growth, bias=False), axis=1), ci + growth
        if i < len(depths) - 1:
            y = conv(g, normed_relu(g, x, ci), ci, ci // 2, 1, bias=False)
            x, ci = g.op("AveragePool", y, kernel_shape=[2, 2], strides=[2, 2]), ci // 2
    return head(g, normed_relu(g, x, ci), ci)


def sixteen_layers(g: Builder, size: int, inner: int = 4096) -> str:
    """VGG-16 with its three dense layers."""
    x, ci = g.input(1, 3, size, size), 3
    for co, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            x, ci = conv_relu(g, x, ci, co), co
        x = halved(g, x, 2)
    flat, width = g.op("Flatten", x, axis=1), ci * (size // 32) ** 2
    for out in (inner, inner):
        flat = g.op("Relu", g.op("Gemm", flat, g.weight(out, width), g.weight(out), transB=1))
        width = out
    return g.op("Gemm", flat, g.weight(1000, width), g.weight(1000), transB=1)


def subpixels(g: Builder, size: int, factor: int) -> str:
    """ESPCN: 5x5, 3x3 with Tanh, 3x3 to factor^2 channels of one plane, shuffled."""
    x = g.op("Tanh", conv(g, g.input(1, 1, size, size), 1, 64, 5))
    x = g.op("Tanh", conv(g, x, 64, 32))
    x = conv(g, x, 32, factor * factor)
    return g.op("DepthToSpace", x, blocksize=factor, mode="CRD")


def keypoints(g: Builder, height: int, width: int, joints: int = 17) -> str:
    """SimpleBaseline: ResNet-18 on a tall image, three transposed 4x4 convolutions, a map a joint."""
    x, ci = halved(g, conv_relu(g, g.input(1, 3, height, width), 3, 64, 7, 2)), 64
    for co in (64, 128, 256, 512):
        for i in range(2):
            stride = 2 if i == 0 and co > 64 else 1
            y = conv(g, conv_relu(g, x, ci, co, 3, stride), co, co)
            x = conv(g, x, ci, co, 1, stride) if stride == 2 else x
            x, ci = g.op("Relu", g.op("Add", y, x)), co
    for _ in range(3):
        x = g.op("ConvTranspose", x, g.weight(ci, 128, 4, 4), g.weight(128), strides=[2, 2], pads=[1] * 4)
        x, ci = g.op("Relu", x), 128
    return conv(g, x, ci, joints, 1)
