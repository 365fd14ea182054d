"""Convolutional networks of recent years: simple gates, nested U-nets, universal bottlenecks, responses normalised."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, gelu, layernorm, linear
from tests.vendor.nets.vision import head


def by_channels(g: Builder, x: str, width: int) -> str:
    """LayerNorm over the channels of an image, turned for it and back."""
    y = layernorm(g, g.op("Transpose", x, perm=[0, 2, 3, 1]), width)
    return g.op("Transpose", y, perm=[0, 3, 1, 2])


def halves(g: Builder, x: str) -> str:
    """One half of the channels times the other."""
    left, right = g.op("Split", x, count=2, axis=1)
    return g.op("Mul", left, right)


def without_activations(
    g: Builder, size: int, width: int, down: tuple[int, ...] = (1, 1, 2), middle: int = 2
) -> str:
    """NAFNet of three levels: depthwise 3x3 between 1x1, halves multiplied, a channel attention of means, no ReLU."""

    def block(x: str, c: int) -> str:
        y = halves(g, conv(g, conv(g, by_channels(g, x, c), c, 2 * c, 1), 2 * c, 2 * c, 3, 1, 2 * c))
        y = g.op("Mul", y, conv(g, g.op("GlobalAveragePool", y), c, c, 1))
        x = g.op("Add", x, g.op("Mul", conv(g, y, c, c, 1), g.weight(c, 1, 1)))
        y = conv(g, halves(g, conv(g, by_channels(g, x, c), c, 2 * c, 1)), c, c, 1)
        return g.op("Add", x, g.op("Mul", y, g.weight(c, 1, 1)))

    image = g.input(1, 3, size, size)
    x, c, skips = conv(g, image, 3, width), width, []
    for depth in down:
        for _ in range(depth):
            x = block(x, c)
        skips.append(x)
        x = g.op("Conv", x, g.weight(2 * c, c, 2, 2), g.weight(2 * c), strides=[2, 2])
        c *= 2
    for _ in range(middle):
        x = block(x, c)
    for skip in reversed(skips):
        x = g.op("DepthToSpace", conv(g, x, c, 2 * c, 1, bias=False), blocksize=2, mode="CRD")
        c //= 2
        x = block(g.op("Add", x, skip), c)
    return g.op("Add", conv(g, x, width, 3), image)


def universal(g: Builder, size: int) -> str:
    """MobileNetV4-conv-small: 3x3 first, then bottlenecks with a depthwise in front, in the middle, both or neither."""
    x = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2)
    x = conv_relu(g, conv_relu(g, x, 32, 32, 3, 2), 32, 32, 1)
    x, ci = conv_relu(g, conv_relu(g, x, 32, 96, 3, 2), 96, 64, 1), 64
    for first, middle, co, inner, stride in (
        (5, 5, 96, 192, 2), (0, 3, 96, 192, 1), (0, 3, 96, 192, 1), (0, 3, 96, 192, 1), (0, 3, 96, 192, 1),
        (3, 0, 96, 384, 1), (3, 3, 128, 576, 2), (5, 5, 128, 512, 1), (0, 5, 128, 512, 1), (0, 5, 128, 384, 1),
        (0, 3, 128, 512, 1), (0, 3, 128, 512, 1),
    ):  # fmt: skip
        y = conv(g, x, ci, ci, first, 1 if middle else stride, ci) if first else x
        y = conv_relu(g, y, ci, inner, 1)
        y = conv_relu(g, y, inner, inner, middle, stride, inner) if middle else y
        y = conv(g, y, inner, co, 1)
        x, ci = g.op("Add", x, y) if stride == 1 and ci == co else y, co
    x = g.op("GlobalAveragePool", conv_relu(g, x, ci, 960, 1))
    return head(g, conv_relu(g, x, 960, 1280, 1), 1280)


def responses(g: Builder, size: int, widths: tuple[int, ...], depths: tuple[int, ...]) -> str:
    """ConvNeXt V2: 7x7 depthwise, products by rows, each channel scaled by its length over that of the mean channel."""
    x = g.op(
        "Conv", g.input(1, 3, size, size), g.weight(widths[0], 3, 4, 4), g.weight(widths[0]), strides=[4, 4]
    )
    x, ci = by_channels(g, x, widths[0]), widths[0]
    for c, depth in zip(widths, depths, strict=True):
        if c != ci:
            x = g.op("Conv", by_channels(g, x, ci), g.weight(c, ci, 2, 2), g.weight(c), strides=[2, 2])
            ci = c
        for _ in range(depth):
            y = g.op("Transpose", conv(g, x, c, c, 7, 1, c), perm=[0, 2, 3, 1])
            y = gelu(g, linear(g, layernorm(g, y, c), c, 4 * c))
            length = g.op("ReduceL2", y, axes=[1, 2], keepdims=1)
            mean = g.op("Add", g.op("ReduceMean", length, axes=[3], keepdims=1), g.const(1e-4))
            scaled = g.op("Mul", g.op("Mul", y, g.op("Div", length, mean)), g.weight(4 * c))
            y = linear(g, g.op("Add", g.op("Add", scaled, g.weight(4 * c)), y), 4 * c, c)
            x = g.op("Add", x, g.op("Transpose", y, perm=[0, 3, 1, 2]))
    y = g.op("ReduceMean", x, axes=[2, 3], keepdims=0)
    return linear(g, layernorm(g, y, ci), ci, 1000)


GATED_IMAGES = {
    "nafnet_128": ("CNN", lambda g: without_activations(g, 128, 32)),
    "mobilenet_v4s_224": ("CNN", lambda g: universal(g, 224)),
    "convnextv2_atto_192": ("CNN", lambda g: responses(g, 192, (40, 80, 160, 320), (2, 2, 3, 2))),
}
