"""Further convolutional classifiers: modules side by side, gates on channels, separable and cheap convolutions."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    conv,
    conv_relu,
    excite,
    halved,
    silu,
)
from tests.vendor.nets.vision import head


def inception(g: Builder, size: int) -> str:
    """GoogLeNet's stem and four of its modules: 1x1, 3x3, 5x5 and pooling side by side, concatenated."""
    x = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2))
    x, ci = halved(g, conv_relu(g, conv_relu(g, x, 64, 64, 1), 64, 192)), 192
    for i, (a, b1, b3, c1, c5, d) in enumerate(
        (
            (64, 96, 128, 16, 32, 32),
            (128, 128, 192, 32, 96, 64),
            (192, 96, 208, 16, 48, 64),
            (160, 112, 224, 24, 64, 64),
        )
    ):
        if i == 2:
            x = halved(g, x)
        pooled = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
        parts = [
            conv_relu(g, x, ci, a, 1),
            conv_relu(g, conv_relu(g, x, ci, b1, 1), b1, b3),
            conv_relu(g, conv_relu(g, x, ci, c1, 1), c1, c5, 5),
            conv_relu(g, pooled, ci, d, 1),
        ]
        x, ci = g.op("Concat", *parts, axis=1), a + b3 + c5 + d
    return head(g, x, ci)


def squeezenet(g: Builder, size: int) -> str:
    """SqueezeNet 1.1: fire modules (1x1 down, 1x1 and 3x3 up, concatenated), a 1x1 classifier, mean."""
    x, ci = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 3, 2)), 64
    for i, (inner, co) in enumerate(
        ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
    ):
        if i in (2, 4):
            x = halved(g, x)
        y = conv_relu(g, x, ci, inner, 1)
        x, ci = g.op("Concat", conv_relu(g, y, inner, co, 1), conv_relu(g, y, inner, co), axis=1), 2 * co
    return g.op("Flatten", g.op("GlobalAveragePool", conv_relu(g, x, ci, 1000, 1)), axis=1)


def regnet(g: Builder, size: int, widths: tuple[int, ...], depths: tuple[int, ...], group: int) -> str:
    """RegNetY: bottlenecks of ratio 1 with 3x3 in groups of `group` channels, squeeze and excitation."""
    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32
    for co, depth in zip(widths, depths, strict=True):
        for i in range(depth):
            stride = 2 if i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, co, 1), co, co, 3, stride, co // group)
            y = conv(g, excite(g, y, co, ci // 4), co, co, 1)
            x = conv(g, x, ci, co, 1, stride) if i == 0 else x
            x, ci = g.op("Relu", g.op("Add", y, x)), co
    return head(g, x, ci)


def fused_mbconv(g: Builder, size: int, width: int) -> str:
    """EfficientNetV2: stages whose expansion and 3x3 are one convolution, then ones with depthwise and excitation."""
    x, ci = silu(g, conv(g, g.input(1, 3, size, size), 3, width, 3, 2)), width
    for co, stride, ratio in (
        (width, 1, 1),
        (2 * width, 2, 4),
        (2 * width, 1, 4),
        (3 * width, 2, 4),
        (3 * width, 1, 4),
    ):
        if ratio == 1:
            y = silu(g, conv(g, x, ci, co, 3, stride))
        else:
            y = conv(g, silu(g, conv(g, x, ci, ratio * ci, 3, stride)), ratio * ci, co, 1)
        x, ci = g.op("Add", x, y) if stride == 1 and ci == co else y, co
    for co, stride, ratio in ((6 * width, 2, 4), (6 * width, 1, 4), (8 * width, 1, 6), (12 * width, 2, 6)):
        inner = ratio * ci
        y = silu(g, conv(g, x, ci, inner, 1))
        y = excite(g, silu(g, conv(g, y, inner, inner, 3, stride, inner)), inner, ci // 4)
        y = conv(g, y, inner, co, 1)
        x, ci = g.op("Add", x, y) if stride == 1 and ci == co else y, co
    return head(g, silu(g, conv(g, x, ci, 4 * ci, 1)), 4 * ci)


def aggregated(g: Builder, size: int, width: int) -> str:
    """VoVNet: four 3x3 in a row, all and the input concatenated once, 1x1, a gate of HardSigmoid on the means."""
    x, ci = conv_relu(g, conv_relu(g, g.input(1, 3, size, size), 3, width, 3, 2), width, width), width
    for inner, co in ((width, 2 * width), (5 * width // 4, 4 * width), (3 * width // 2, 6 * width)):
        x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        parts = [x]
        for i in range(4):
            parts.append(conv_relu(g, parts[-1], inner if i else ci, inner))
        y = conv_relu(g, g.op("Concat", *parts, axis=1), ci + 4 * inner, co, 1)
        gate = g.op("HardSigmoid", conv(g, g.op("GlobalAveragePool", y), co, co, 1), alpha=1 / 6, beta=0.5)
        y = g.op("Mul", y, gate)
        x, ci = g.op("Add", x, y) if ci == co else y, co
    return head(g, x, ci)


def separable(g: Builder, x: str, ci: int, co: int, stride: int = 1) -> str:
    """Depthwise 3x3, then 1x1."""
    return conv(g, conv(g, x, ci, ci, 3, stride, ci, False), ci, co, 1)


def xception(g: Builder, size: int) -> str:
    """Xception: a stem, three entry blocks of two separable convolutions and a pooling, two middle blocks of three."""
    x = conv_relu(g, conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, 64)
    ci = 64
    for co in (128, 256, 728):
        y = separable(g, g.op("Relu", x) if ci > 64 else x, ci, co)
        y = separable(g, g.op("Relu", y), co, co)
        y = g.op("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        x, ci = g.op("Add", y, conv(g, x, ci, co, 1, 2)), co
    for _ in range(2):
        y = x
        for _ in range(3):
            y = separable(g, g.op("Relu", y), ci, ci)
        x = g.op("Add", x, y)
    return head(g, g.op("Relu", separable(g, x, ci, 1024)), 1024)


def cheap(g: Builder, size: int, width: int) -> str:
    """GhostNet: half of the channels by 1x1, the other half by depthwise 3x3 of these, twice a block."""

    def ghost(x: str, ci: int, co: int, act: bool) -> str:
        a = conv(g, x, ci, co // 2, 1)
        a = g.op("Relu", a) if act else a
        b = conv(g, a, co // 2, co // 2, 3, 1, co // 2)
        return g.op("Concat", a, g.op("Relu", b) if act else b, axis=1)

    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, width, 3, 2), width
    for co, inner, stride in (
        (width, width, 1), (3 * width // 2, 3 * width, 2), (3 * width // 2, 9 * width // 2, 1),
        (5 * width // 2, 9 * width // 2, 2), (5 * width // 2, 15 * width // 2, 1), (5 * width, 15 * width, 2),
        (5 * width, 12 * width, 1),
    ):  # fmt: skip
        y = ghost(x, ci, inner, True)
        if stride == 2:
            y = conv(g, y, inner, inner, 3, 2, inner)
        y = ghost(y, inner, co, False)
        short = x
        if stride == 2 or ci != co:
            short = conv(g, conv(g, x, ci, ci, 3, stride, ci), ci, co, 1)
        x, ci = g.op("Add", y, short), co
    return head(g, conv_relu(g, x, ci, 6 * ci, 1), 6 * ci)
