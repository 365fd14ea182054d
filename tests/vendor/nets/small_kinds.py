"""Whole well-known convolutional networks that the tables lack."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, enlarged, halved
from tests.vendor.nets.vision import head, relu6
from tests.vendor.nets.vision_kinds import eighths


def srcnn(g: Builder, size: int) -> str:
    """SRCNN 9-1-5 on the luminance of an already enlarged image."""
    x = conv_relu(g, g.input(1, 1, size, size), 1, 64, 9)
    return conv(g, conv_relu(g, x, 64, 32, 1), 32, 1, 5)


def hard_swish(g, x):
    return g.op("HardSwish", x)


def mobilenet_v3_small(g: Builder, size: int) -> str:
    """MobileNet-v3-small: eleven inverted bottlenecks, gates of HardSigmoid in nine."""
    x, ci = hard_swish(g, conv(g, g.input(1, 3, size, size), 3, 16, 3, 2)), 16
    for k, inner, co, gate, hard, stride in (
        (3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1), (5, 96, 40, 1, 1, 2), (5, 240, 40, 1, 1, 1),
        (5, 240, 40, 1, 1, 1), (5, 120, 48, 1, 1, 1), (5, 144, 48, 1, 1, 1), (5, 288, 96, 1, 1, 2),
        (5, 576, 96, 1, 1, 1), (5, 576, 96, 1, 1, 1),
    ):  # fmt: skip
        act = (lambda t: g.op("HardSwish", t)) if hard else (lambda t: g.op("Relu", t))
        y = act(conv(g, x, ci, inner, 1)) if inner != ci else x
        y = act(conv(g, y, inner, inner, k, stride, inner))
        if gate:
            few = eighths(inner / 4)
            s = g.op("Relu", conv(g, g.op("GlobalAveragePool", y), inner, few, 1))
            y = g.op("Mul", y, g.op("HardSigmoid", conv(g, s, few, inner, 1), alpha=1 / 6, beta=0.5))
        y = conv(g, y, inner, co, 1)
        x, ci = g.op("Add", x, y) if stride == 1 and ci == co else y, co
    x = g.op("GlobalAveragePool", hard_swish(g, conv(g, x, ci, 576, 1)))
    x = hard_swish(g, g.op("Gemm", g.op("Flatten", x), g.weight(1024, 576), g.weight(1024), transB=1))
    return g.op("Gemm", x, g.weight(1000, 1024), g.weight(1000), transB=1)


def inverted_block(g, x, ci, co, ratio, kernel, stride):
    inner = ratio * ci
    y = relu6(g, conv(g, x, ci, inner, 1)) if ratio > 1 else x
    y = conv(g, relu6(g, conv(g, y, inner, inner, kernel, stride, inner)), inner, co, 1)
    return g.op("Add", x, y) if stride == 1 and ci == co else y


def efficientnet_lite0(g: Builder, size: int) -> str:
    """EfficientNet-lite0: B0 without gates, ReLU6."""
    x, ci = relu6(g, conv(g, g.input(1, 3, size, size), 3, 32, 3, 2)), 32
    for t, c, n, s, k in (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ):  # fmt: skip
        for i in range(n):
            x, ci = inverted_block(g, x, ci, c, t, k, s if i == 0 else 1), c
    return head(g, relu6(g, conv(g, x, ci, 1280, 1)), 1280)


def tiny_yolo(g: Builder, size: int) -> list[str]:
    """YOLOv3-tiny: six convolutions with poolings (the last of stride 1), two heads of 255 channels."""
    leaky = lambda x, ci, co, k=3: g.op("LeakyRelu", conv(g, x, ci, co, k), alpha=0.1)
    x, ci, kept = g.input(1, 3, size, size), 3, None
    for i, co in enumerate((16, 32, 64, 128, 256, 512)):
        x, ci = leaky(x, ci, co), co
        kept = x if i == 4 else kept
        pads, stride = ([0, 0, 1, 1], 1) if i == 5 else ([0] * 4, 2)
        x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[stride] * 2, pads=pads)
    x = leaky(leaky(x, 512, 1024), 1024, 256, 1)
    far = conv(g, leaky(x, 256, 512), 512, 255, 1)
    y = g.op("Concat", enlarged(g, leaky(x, 256, 128, 1), 2, "nearest"), kept, axis=1)
    return [far, conv(g, leaky(y, 384, 256), 256, 255, 1)]


def shuffled(g, x, channels, side):
    y = g.op("Reshape", x, g.const([1, 2, channels // 2, side, side]))
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3, 4]), g.const([1, channels, side, side]))


def shufflenet_v2(g: Builder, size: int) -> str:
    """ShuffleNet-v2 1.0x: stages of 116, 232, 464 channels, 4, 8, 4 units."""
    x, ci, side = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 24, 3, 2)), 24, size // 4
    for co, units in ((116, 4), (232, 8), (464, 4)):
        half = co // 2
        for i in range(units):
            stride = 2 if i == 0 else 1
            if i == 0:
                side //= 2
                left = conv_relu(g, conv(g, x, ci, ci, 3, 2, ci), ci, half, 1)
                right, width = x, ci
            else:
                left, right = g.op("Split", x, count=2, axis=1)
                width = half
            y = conv(g, conv_relu(g, right, width, half, 1), half, half, 3, stride, half)
            y = conv_relu(g, y, half, half, 1)
            x, ci = shuffled(g, g.op("Concat", left, y, axis=1), co, side), co
    return head(g, conv_relu(g, x, ci, 1024, 1), 1024)


def fcn8s(g: Builder, size: int, classes: int = 21) -> str:
    """FCN-8s on VGG-16 with the dense layers as convolutions (512 wide): scores of three levels, transposed upwards."""
    x, ci, levels = g.input(1, 3, size, size), 3, []
    for co, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            x, ci = conv_relu(g, x, ci, co), co
        x = halved(g, x, 2)
        levels.append((x, ci))
    x = conv_relu(g, conv_relu(g, x, 512, 512, 7), 512, 512, 1)
    x = conv(g, x, 512, classes, 1)
    for y, c in (levels[3], levels[2]):
        x = g.op("ConvTranspose", x, g.weight(classes, classes, 4, 4), strides=[2, 2], pads=[1] * 4)
        x = g.op("Add", x, conv(g, y, c, classes, 1))
    return g.op("ConvTranspose", x, g.weight(classes, classes, 16, 16), strides=[8, 8], pads=[4] * 4)


def googlenet(g: Builder, size: int) -> str:
    """GoogLeNet (Inception v1), nine modules."""
    x = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2))
    x, ci = halved(g, conv_relu(g, conv_relu(g, x, 64, 64, 1), 64, 192)), 192
    for i, (a, b1, b3, c1, c3, d) in enumerate(
        ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), (192, 96, 208, 16, 48, 64),
         (160, 112, 224, 24, 64, 64),
         (128, 128, 256, 24, 64, 64), (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128),
         (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128))
    ):  # fmt: skip
        if i in (2, 7):
            x = halved(g, x)
        pooled = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
        parts = [
            conv_relu(g, x, ci, a, 1),
            conv_relu(g, conv_relu(g, x, ci, b1, 1), b1, b3),
            conv_relu(g, conv_relu(g, x, ci, c1, 1), c1, c3, 3),
            conv_relu(g, pooled, ci, d, 1),
        ]
        x, ci = g.op("Concat", *parts, axis=1), a + b3 + c3 + d
    return head(g, x, ci)


def ssdlite(g: Builder, size: int, classes: int = 81) -> list[str]:
    """SSDLite on MobileNet-v2 1.0: separable heads on six levels."""
    x, ci, found = relu6(g, conv(g, g.input(1, 3, size, size), 3, 32, 3, 2)), 32, []
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
            stride, inner = s if i == 0 else 1, t * ci
            y = relu6(g, conv(g, x, ci, inner, 1)) if t > 1 else x
            if c == 160 and i == 0:
                found.append((y, inner))
            y = conv(g, relu6(g, conv(g, y, inner, inner, 3, stride, inner)), inner, c, 1)
            x, ci = g.op("Add", x, y) if stride == 1 and ci == c else y, c
    x, ci = relu6(g, conv(g, x, ci, 1280, 1)), 1280
    found.append((x, ci))
    for co in (512, 256, 256, 128):
        y = relu6(g, conv(g, x, ci, co // 2, 1))
        y = relu6(g, conv(g, y, co // 2, co // 2, 3, 2, co // 2))
        x, ci = relu6(g, conv(g, y, co // 2, co, 1)), co
        found.append((x, ci))
    outs = []
    for each in (4, classes):
        parts = []
        for i, (y, c) in enumerate(found):
            many = 3 if i == 0 else 6
            y = conv(g, relu6(g, conv(g, y, c, c, 3, 1, c)), c, many * each, 1)
            parts.append(g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 3, 1]), g.const([1, -1, each])))
        outs.append(g.op("Concat", *parts, axis=1))
    return [outs[0], g.op("Sigmoid", outs[1])]
