"""Inception-ResNet, PP-LCNet and a ConvNeXt without norms."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, halved
from tests.vendor.nets.vision import head, relu6


def _long(g: Builder, x: str, ci: int, co: int, high: int, wide: int) -> str:
    """A convolution of a window that is no square, and ReLU."""
    weights = [g.weight(co, ci, high, wide), g.weight(co)]
    return g.op("Relu", g.op("Conv", x, *weights, pads=[high // 2, wide // 2] * 2))


def branches_added(g: Builder, size: int) -> str:
    """Inception-ResNet: branches joined, a 1x1 back, a tenth of it added to what came in."""
    x = conv_relu(g, conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, 64)
    x = conv_relu(g, conv_relu(g, halved(g, x), 64, 80, 1), 80, 192)
    x = conv_relu(g, x, 192, 256, 3, 2)
    for _ in range(2):
        a, b, c = (conv_relu(g, x, 256, 32, 1) for _ in range(3))
        y = g.op("Concat", a, conv_relu(g, b, 32, 32), conv_relu(g, conv_relu(g, c, 32, 32), 32, 32), axis=1)
        x = g.op("Relu", g.op("Add", x, g.op("Mul", conv(g, y, 96, 256, 1), g.const(0.17))))
    parts = [halved(g, x), conv_relu(g, x, 256, 384, 3, 2)]
    parts.append(conv_relu(g, conv_relu(g, conv_relu(g, x, 256, 192, 1), 192, 192), 192, 256, 3, 2))
    x = g.op("Concat", *parts, axis=1)
    for _ in range(3):
        a, b = (conv_relu(g, x, 896, 128, 1) for _ in range(2))
        y = g.op("Concat", a, _long(g, _long(g, b, 128, 128, 1, 7), 128, 128, 7, 1), axis=1)
        x = g.op("Relu", g.op("Add", x, g.op("Mul", conv(g, y, 256, 896, 1), g.const(0.1))))
    return head(g, x, 896, 512)


def light_hard(g: Builder, size: int, width: float) -> str:
    """PP-LCNet: depthwise and 1x1 with HardSwish, gates in the last two blocks."""
    e = lambda c: max(8, int(c * width + 4) // 8 * 8)
    act = lambda y: g.op("HardSwish", y)
    x, ci = act(conv(g, g.input(1, 3, size, size), 3, e(16), 3, 2)), e(16)
    for kernel, co, stride, gate in (
        (3, 32, 1, 0), (3, 64, 2, 0), (3, 64, 1, 0), (3, 128, 2, 0), (3, 128, 1, 0), (3, 256, 2, 0),
        (5, 256, 1, 0), (5, 256, 1, 0), (5, 256, 1, 0), (5, 512, 2, 1), (5, 512, 1, 1),
    ):  # fmt: skip
        y = act(conv(g, x, ci, ci, kernel, stride, ci))
        if gate:
            s = g.op("Relu", conv(g, g.op("GlobalAveragePool", y), ci, ci // 4, 1))
            s = g.op("HardSigmoid", conv(g, s, ci // 4, ci, 1), alpha=1 / 6, beta=0.5)
            y = g.op("Mul", y, s)
        x, ci = act(conv(g, y, ci, e(co), 1)), e(co)
    x = act(conv(g, g.op("GlobalAveragePool", x), ci, 1280, 1))
    return g.op("Gemm", g.op("Flatten", x, axis=1), g.weight(1000, 1280), g.weight(1000), transB=1)


def responses_normed(g: Builder, size: int, width: int, depths: tuple[int, ...]) -> str:
    """ConvNeXt-like with ReLU6 and no norms: 7x7 depthwise, widened four times and back, halved by 2x2."""
    x = g.op("Conv", g.input(1, 3, size, size), g.weight(width, 3, 4, 4), g.weight(width), strides=[4, 4])
    ci = width
    for stage, depth in enumerate(depths):
        if stage:
            w = [g.weight(2 * ci, ci, 2, 2), g.weight(2 * ci)]
            x, ci = g.op("Conv", x, *w, strides=[2, 2]), 2 * ci
        for _ in range(depth):
            y = relu6(g, conv(g, conv(g, x, ci, ci, 7, 1, ci), ci, 4 * ci, 1))
            x = g.op("Add", x, conv(g, y, 4 * ci, ci, 1))
    return head(g, x, ci)
