"""Convolutional classifiers, segmentation and super-resolution."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, gelu, groupnorm, layernorm, linear, silu


def head(g: Builder, x: str, channels: int, classes: int = 1000) -> str:
    """Global average pooling, one product."""
    flat = g.op("Flatten", g.op("GlobalAveragePool", x), axis=1)
    return g.op("Gemm", flat, g.weight(classes, channels), g.weight(classes), transB=1)


def relu6(g: Builder, x: str) -> str:
    """Clip to [0, 6]."""
    return g.op("Clip", x, g.const(0.0), g.const(6.0))


def resnet(g: Builder, size: int, blocks: int, batch: int = 1) -> str:
    """ResNet of basic blocks: `blocks` a stage (2 is ResNet-18)."""
    x = g.op("Relu", conv(g, g.input(batch, 3, size, size), 3, 64, 7, 2))
    x, ci = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), 64
    for co in (64, 128, 256, 512):
        for i in range(blocks):
            stride = 2 if i == 0 and co != 64 else 1
            y = conv(g, g.op("Relu", conv(g, x, ci, co, 3, stride)), co, co)
            x = x if stride == 1 and ci == co else conv(g, x, ci, co, 1, stride)
            x, ci = g.op("Relu", g.op("Add", y, x)), co
    return head(g, x, ci)


def resnext(g: Builder, size: int, groups: int) -> str:
    """One bottleneck with grouped convolutions in each of four stages."""
    x, ci = conv(g, g.input(1, 3, size, size), 3, 64, 7, 4), 64
    for inner in (128, 256, 512):
        y = g.op("Relu", conv(g, x, ci, inner, 1))
        y = g.op("Relu", conv(g, y, inner, inner, 3, 2, groups))
        y = conv(g, y, inner, inner * 2, 1)
        x, ci = g.op("Relu", g.op("Add", y, conv(g, x, ci, inner * 2, 1, 2))), inner * 2
    return head(g, x, ci)


def mobilenet(g: Builder, size: int, width: int, act: str) -> str:
    """Inverted bottlenecks; act `relu6` (MobileNet-v2), `swish` or `hard` with squeeze and excitation."""
    activate = {"relu6": relu6, "swish": silu, "hard": lambda g, x: g.op("HardSwish", x)}[act]
    x, ci = activate(g, conv(g, g.input(1, 3, size, size), 3, 2 * width, 3, 2)), 2 * width
    for co, stride, kernel in (
        (1, 1, 3),
        (2, 2, 3),
        (2, 1, 3),
        (4, 2, 5),
        (4, 1, 5),
        (8, 2, 3),
        (8, 1, 3),
        (16, 2, 5),
        (16, 1, 3),
    ):
        out, inner = co * width, 6 * ci
        y = activate(g, conv(g, x, ci, inner, 1))
        y = activate(g, conv(g, y, inner, inner, kernel, stride, inner))
        if act != "relu6":
            s = g.op("Relu", conv(g, g.op("GlobalAveragePool", y), inner, inner // 4, 1))
            y = g.op("Mul", y, g.op("Sigmoid", conv(g, s, inner // 4, inner, 1)))
        y = conv(g, y, inner, out, 1)
        x, ci = g.op("Add", x, y) if stride == 1 and ci == out else y, out
    return head(g, activate(g, conv(g, x, ci, 4 * ci, 1)), 4 * ci)


def convnext(g: Builder, size: int, width: int) -> str:
    """Patches of 4, then 7x7 depthwise, LayerNorm over channels and a Gelu between two products, twice a stage."""
    x = g.op("Conv", g.input(1, 3, size, size), g.weight(width, 3, 4, 4), g.weight(width), strides=[4, 4])
    for stage in range(3):
        ci = width << stage
        for _ in range(2):
            y = g.op("Transpose", conv(g, x, ci, ci, 7, 1, ci), perm=[0, 2, 3, 1])
            y = gelu(g, linear(g, layernorm(g, y, ci), ci, 4 * ci))
            y = g.op("Mul", linear(g, y, 4 * ci, ci), g.weight(ci))
            x = g.op("Add", x, g.op("Transpose", y, perm=[0, 3, 1, 2]))
        if stage < 2:
            x = g.op("Conv", x, g.weight(2 * ci, ci, 2, 2), g.weight(2 * ci), strides=[2, 2])
    return head(g, x, width << 2)


def densenet(g: Builder, size: int, growth: int) -> str:
    """Two dense blocks of six layers: each reads all before it, concatenated."""
    x, ci = g.op("Relu", conv(g, g.input(1, 3, size, size), 3, 2 * growth, 7, 4)), 2 * growth
    for _ in range(2):
        for _ in range(6):
            y = g.op("Relu", conv(g, g.op("Relu", x), ci, 4 * growth, 1))
            x, ci = g.op("Concat", x, conv(g, y, 4 * growth, growth, bias=False), axis=1), ci + growth
        x = g.op("AveragePool", conv(g, x, ci, ci // 2, 1), kernel_shape=[2, 2], strides=[2, 2])
        ci //= 2
    return head(g, x, ci)


def unet(g: Builder, size: int, width: int, levels: int = 3) -> str:
    """Segmentation: pairs of 3x3 convolutions down and up, transposed convolutions, skips concatenated."""
    x, ci, skips = g.input(1, 1, size, size), 1, []
    for level in range(levels):
        co = width << level
        x = g.op("Relu", conv(g, g.op("Relu", conv(g, x, ci, co)), co, co))
        skips.append((x, co))
        x, ci = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), co
    x, ci = g.op("Relu", conv(g, x, ci, 2 * ci)), 2 * ci
    for skip, co in reversed(skips):
        x = g.op("ConvTranspose", x, g.weight(ci, co, 2, 2), g.weight(co), strides=[2, 2])
        x = g.op("Relu", conv(g, g.op("Concat", skip, x, axis=1), 2 * co, co))
        ci = co
    return conv(g, x, ci, 2, 1)


def upscaler(g: Builder, size: int, width: int, factor: int) -> str:
    """Super-resolution: residual pairs of 3x3 convolutions, then pixels shuffled out of channels."""
    x = conv(g, g.input(1, 3, size, size), 3, width)
    first = x
    for _ in range(4):
        x = g.op("Add", x, conv(g, g.op("Relu", conv(g, x, width, width)), width, width))
    x = conv(g, g.op("Add", x, first), width, width * factor * factor)
    return conv(g, g.op("DepthToSpace", x, blocksize=factor, mode="CRD"), width, 3)


def bit(g: Builder, size: int, width: int) -> str:
    """Residual bottlenecks with group normalisation and ReLU in front of each convolution."""
    x, ci, hw = conv(g, g.input(1, 3, size, size), 3, width, 7, 4), width, size // 4
    for stage in range(3):
        co, stride = width << (stage + 1), 2 if stage else 1
        out = (hw - 1) // stride + 1
        y = g.op("Relu", groupnorm(g, x, (1, ci, hw, hw), 32))
        z = conv(g, y, ci, co // 4, 1, bias=False)
        z = conv(
            g,
            g.op("Relu", groupnorm(g, z, (1, co // 4, hw, hw), 16)),
            co // 4,
            co // 4,
            3,
            stride,
            bias=False,
        )
        z = conv(g, g.op("Relu", groupnorm(g, z, (1, co // 4, out, out), 16)), co // 4, co, 1, bias=False)
        x, ci, hw = g.op("Add", conv(g, y, ci, co, 1, stride, bias=False), z), co, out
    return head(g, x, ci)


def shufflenet(g: Builder, size: int, width: int) -> str:
    """Halves of the channels: one through 1x1, depthwise, 1x1; then joined and shuffled."""
    x, hw = g.op("Relu", conv(g, g.input(1, 3, size, size), 3, width, 3, 4)), size // 4
    for _ in range(4):
        left, right = g.op("Split", x, count=2, axis=1)
        y = g.op("Relu", conv(g, right, width // 2, width // 2, 1))
        y = conv(g, y, width // 2, width // 2, 3, 1, width // 2)
        y = g.op("Relu", conv(g, y, width // 2, width // 2, 1))
        x = g.op("Reshape", g.op("Concat", left, y, axis=1), g.const([1, 2, width // 2, hw, hw]))
        x = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1, 3, 4]), g.const([1, width, hw, hw]))
    return head(g, x, width)


def vgg(g: Builder, size: int, width: int) -> str:
    """Chains of 3x3 convolutions between poolings."""
    x, ci = g.input(1, 3, size, size), 3
    for stage in range(4):
        for _ in range(2):
            x, ci = g.op("Relu", conv(g, x, ci, width << stage)), width << stage
        x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    return head(g, x, ci)
