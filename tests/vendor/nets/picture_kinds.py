"""Less usual networks of pictures: codes, patches, maps of joints, plain 3x3 chains, hierarchies."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, enlarged, excite, gelu, halved
from tests.vendor.nets.vision import head


def autoencoder(g: Builder, size: int, width: int, latent: int) -> str:
    """A convolutional autoencoder: four 4x3 convolutions of stride 2, a dense code, transposed convolutions back."""
    x, ci = g.input(1, 3, size, size), 3
    for i in range(4):
        x, ci = g.op("LeakyRelu", conv(g, x, ci, width << i, 3, 2), alpha=0.2), width << i
    side = size // 16
    flat = g.op(
        "Gemm", g.op("Flatten", x, axis=1), g.weight(latent, ci * side * side), g.weight(latent), transB=1
    )
    flat = g.op(
        "Relu", g.op("Gemm", flat, g.weight(ci * side * side, latent), g.weight(ci * side * side), transB=1)
    )
    x = g.op("Reshape", flat, g.const([1, ci, side, side]))
    for i in reversed(range(4)):
        co = width << (i - 1) if i else 3
        x = g.op("ConvTranspose", x, g.weight(ci, co, 4, 4), g.weight(co), strides=[2, 2], pads=[1] * 4)
        x, ci = g.op("Relu" if i else "Sigmoid", x), co
    return x


def patch_mixer(g: Builder, size: int, width: int, depth: int, kernel: int = 9, patch: int = 7) -> str:
    """ConvMixer: patches, then residual depthwise of a large kernel and 1x1, Gelu after each."""
    x = g.op(
        "Conv",
        g.input(1, 3, size, size),
        g.weight(width, 3, patch, patch),
        g.weight(width),
        strides=[patch] * 2,
    )
    x = gelu(g, x)
    for _ in range(depth):
        x = g.op("Add", x, gelu(g, conv(g, x, width, width, kernel, 1, width)))
        x = gelu(g, conv(g, x, width, width, 1))
    return head(g, x, width)


def hourglass(g: Builder, size: int, width: int, levels: int = 4, joints: int = 16) -> str:
    """A stacked hourglass of one stack: residual bottlenecks down and up by poolings and nearest, maps of joints."""

    def block(x: str, ci: int, co: int) -> str:
        y = conv_relu(g, conv_relu(g, x, ci, co // 2, 1), co // 2, co // 2)
        return g.op("Relu", g.op("Add", conv(g, y, co // 2, co, 1), x if ci == co else conv(g, x, ci, co, 1)))

    def level(x: str, n: int) -> str:
        low = block(halved(g, x, 2), width, width)
        low = level(low, n - 1) if n > 1 else block(low, width, width)
        return g.op("Add", block(x, width, width), enlarged(g, block(low, width, width), 2, "nearest"))

    x = conv_relu(g, g.input(1, 3, size, size), 3, width // 4, 7, 2)
    x = halved(g, block(x, width // 4, width // 2), 2)
    x = level(block(x, width // 2, width), levels)
    return conv(g, conv_relu(g, block(x, width, width), width, width, 1), width, joints, 1)


def fast_segmentation(g: Builder, size: int, classes: int = 19) -> str:
    """Fast-SCNN: separable steps to an eighth, inverted bottlenecks, pooled pyramid, fused with the shallow branch."""

    def apart(x: str, ci: int, co: int, stride: int = 1) -> str:
        return conv_relu(g, conv_relu(g, x, ci, ci, 3, stride, ci), ci, co, 1)

    shallow = apart(apart(conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, 48, 2), 48, 64, 2)
    x, ci = shallow, 64
    for co, stride, count in ((64, 2, 3), (96, 2, 3), (128, 1, 3)):
        for i in range(count):
            s = stride if i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, 6 * ci, 1), 6 * ci, 6 * ci, 3, s, 6 * ci)
            y = conv(g, y, 6 * ci, co, 1)
            x, ci = g.op("Add", x, y) if s == 1 and ci == co else y, co
    side, parts = size // 32, [x]
    for bins in (1, 2, 5, 10):
        k = side // bins
        y = conv_relu(g, g.op("AveragePool", x, kernel_shape=[k, k], strides=[k, k]), ci, ci // 4, 1)
        parts.append(enlarged(g, y, k) if k > 1 else y)
    x = conv_relu(g, g.op("Concat", *parts, axis=1), 2 * ci, 128, 1)
    deep = conv_relu(g, enlarged(g, x, 4), 128, 128, 3, 1, 128)
    x = g.op("Relu", g.op("Add", conv(g, shallow, 64, 128, 1), conv(g, deep, 128, 128, 1)))
    for _ in range(2):
        x = apart(x, 128, 128)
    return enlarged(g, conv(g, x, 128, classes, 1), 8)


def plain_blocks(g: Builder, size: int, widths: tuple[int, ...], depths: tuple[int, ...]) -> str:
    """RepVGG as it is deployed: nothing but 3x3 convolutions and ReLU, no shortcut."""
    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, widths[0], 3, 2), widths[0]
    for co, depth in zip(widths[1:], depths, strict=True):
        for i in range(depth):
            x, ci = conv_relu(g, x, ci, co, 3, 2 if i == 0 else 1), co
    return head(g, x, ci)


def hierarchy(g: Builder, size: int, width: int, scale: int = 4) -> str:
    """Res2Net: bottlenecks whose 3x3 is a chain over four quarters of the channels; excitation in the end."""
    x, ci = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2)), 64
    for stage in range(3):
        inner, co = width << stage, 4 * (width << stage)
        for i in range(2):
            stride, part = 2 if stage and i == 0 else 1, inner // scale
            y = conv_relu(g, x, ci, inner, 1, stride)
            pieces = g.op("Split", y, count=scale, axis=1)
            outs, last = [pieces[0]], None
            for piece in pieces[1:]:
                last = conv_relu(g, piece if last is None else g.op("Add", piece, last), part, part)
                outs.append(last)
            y = excite(g, conv(g, g.op("Concat", *outs, axis=1), inner, co, 1), co, co // 16)
            x = conv(g, x, ci, co, 1, stride) if i == 0 else x
            x, ci = g.op("Relu", g.op("Add", y, x)), co
    return head(g, x, ci)
