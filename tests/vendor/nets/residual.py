"""Residual classifiers: bottlenecks over a batch, in groups without gates, and poolings in place of attention."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, gelu, halved
from tests.vendor.nets.vision import head


def bottlenecks(g: Builder, size: int, width: int, depths: tuple[int, ...], batch: int = 1) -> str:
    """ResNet of bottlenecks: `depths` blocks a stage, 1x1, 3x3, 1x1 to four times the width."""
    x, ci = halved(g, conv_relu(g, g.input(batch, 3, size, size), 3, 64, 7, 2)), 64
    for stage, depth in enumerate(depths):
        inner, co = width << stage, 4 * width << stage
        for i in range(depth):
            stride = 2 if i == 0 and stage else 1
            y = conv(g, conv_relu(g, conv_relu(g, x, ci, inner, 1), inner, inner, 3, stride), inner, co, 1)
            x = conv(g, x, ci, co, 1, stride) if i == 0 else x
            x, ci = g.op("Relu", g.op("Add", y, x)), co
    return head(g, x, ci)


def regnet_x(g: Builder, size: int, widths: tuple[int, ...], depths: tuple[int, ...], group: int) -> str:
    """RegNetX: bottlenecks of ratio 1 with 3x3 in groups of `group` channels, no gates."""
    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32
    for co, depth in zip(widths, depths, strict=True):
        for i in range(depth):
            stride = 2 if i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, co, 1), co, co, 3, stride, co // group)
            y = conv(g, y, co, co, 1)
            x = conv(g, x, ci, co, 1, stride) if i == 0 else x
            x, ci = g.op("Relu", g.op("Add", y, x)), co
    return head(g, x, ci)


def poolformer(g: Builder, size: int, width: int, depths: tuple[int, ...]) -> str:
    """PoolFormer: patches of 7 at stride 4, then an average over 3x3 less its input, and two 1x1, a Gelu between."""
    weights = g.weight(width, 3, 7, 7), g.weight(width)
    x, ci = g.op("Conv", g.input(1, 3, size, size), *weights, strides=[4, 4], pads=[2] * 4), width

    def scaled(y: str, channels: int) -> str:
        numbers = [g.weight(channels) for _ in range(3)]
        return g.op("BatchNormalization", y, *numbers, g.const([1.0] * channels))

    for stage, depth in enumerate(depths):
        for _ in range(depth):
            y = scaled(x, ci)
            mean = g.op("AveragePool", y, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
            x = g.op("Add", x, g.op("Sub", mean, y))
            y = scaled(x, ci)
            x = g.op("Add", x, conv(g, gelu(g, conv(g, y, ci, 4 * ci, 1)), 4 * ci, ci, 1))
        if stage < len(depths) - 1:
            x, ci = conv(g, x, ci, 2 * ci, 3, 2), 2 * ci
    return head(g, x, ci)
