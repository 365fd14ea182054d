"""Networks that make an image of an image: translation, super-resolution, style."""

from tests.vendor.builder import Builder
from tests.vendor.nets.detection import up
from tests.vendor.nets.layers import (
    conv,
    enlarged,
)


def image_to_image(g: Builder, size: int, width: int, levels: int = 5) -> str:
    """pix2pix: 4x4 of stride 2 with LeakyReLU down, transposed 4x4 up, instance norms, skips concatenated."""
    x, ci, skips = g.input(1, 3, size, size), 3, []
    for level in range(levels):
        co = width * min(1 << level, 8)
        x = g.op("LeakyRelu", x, alpha=0.2) if level else x
        x = g.op("Conv", x, g.weight(co, ci, 4, 4), g.weight(co), strides=[2, 2], pads=[1] * 4)
        if 0 < level < levels - 1:
            x = g.op("InstanceNormalization", x, g.weight(co), g.weight(co), epsilon=1e-5)
        skips.append((x, co))
        ci = co
    skips.pop()
    for level in reversed(range(levels)):
        co = width * min(1 << (level - 1), 8) if level else 3
        x = g.op(
            "ConvTranspose",
            g.op("Relu", x),
            g.weight(ci, co, 4, 4),
            g.weight(co),
            strides=[2, 2],
            pads=[1] * 4,
        )
        if level:
            x = g.op("InstanceNormalization", x, g.weight(co), g.weight(co), epsilon=1e-5)
            skip, more = skips.pop()
            x, ci = g.op("Concat", x, skip, axis=1), co + more
    return g.op("Tanh", x)


def residual_dense(g: Builder, size: int, width: int, growth: int) -> str:
    """ESRGAN: one block of three dense blocks of five 3x3 convolutions, scaled residuals, twice the size by nearest."""
    x = conv(g, g.input(1, 3, size, size), 3, width)
    outer = x
    for _ in range(3):
        parts = [x]
        for i in range(4):
            y = g.op("Concat", *parts, axis=1) if i else x
            parts.append(g.op("LeakyRelu", conv(g, y, width + i * growth, growth), alpha=0.2))
        y = conv(g, g.op("Concat", *parts, axis=1), width + 4 * growth, width)
        x = g.op("Add", x, g.op("Mul", y, g.const(0.2)))
    x = g.op("Add", outer, g.op("Mul", x, g.const(0.2)))
    x = g.op("LeakyRelu", conv(g, enlarged(g, x, 2, "nearest"), width, width), alpha=0.2)
    return conv(g, x, width, 3)


def painted(g: Builder, size: int, width: int) -> str:
    """Style transfer: 9x9, two 3x3 of stride 2, four residual blocks with instance norms, up by nearest, 9x9, Tanh."""

    def normed(x: str, ci: int, co: int, kernel: int = 3, stride: int = 1) -> str:
        y = conv(g, x, ci, co, kernel, stride)
        return g.op("InstanceNormalization", y, g.weight(co), g.weight(co), epsilon=1e-5)

    x = g.op("Relu", normed(g.input(1, 3, size, size), 3, width, 9))
    x = g.op("Relu", normed(g.op("Relu", normed(x, width, 2 * width, 3, 2)), 2 * width, 4 * width, 3, 2))
    for _ in range(4):
        x = g.op("Add", x, normed(g.op("Relu", normed(x, 4 * width, 4 * width)), 4 * width, 4 * width))
    x = g.op("Relu", normed(up(g, x), 4 * width, 2 * width))
    x = g.op("Relu", normed(up(g, x), 2 * width, width))
    return g.op("Tanh", conv(g, x, width, 3, 9))
