"""Cells with several branches: ResNet-D, dual paths, NASNet, SE-ResNeXt, VGG-11, wide ResNet, HarDNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, excite, halved
from tests.vendor.nets.vision import head


def averaged(g: Builder, x: str, kernel: int, stride: int, pad: int = 0, **more: int) -> str:
    """Average pooling."""
    return g.op("AveragePool", x, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, **more)


def deep_stem(g: Builder, size: int, widths: tuple[int, ...], blocks: int) -> str:
    """ResNet-D: a stem of three 3x3, shortcuts of a halved average (rounded up) and a 1x1."""
    x = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2)
    x, ci = halved(g, conv_relu(g, conv_relu(g, x, 32, 32), 32, 64)), 64
    for stage, width in enumerate(widths):
        for i in range(blocks):
            stride = 2 if stage and i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, width, 1), width, width, 3, stride)
            y = conv(g, y, width, 4 * width, 1)
            if i == 0:
                x = averaged(g, x, 2, 2, ceil_mode=1, count_include_pad=0) if stride == 2 else x
                x = conv(g, x, ci, 4 * width, 1)
            x, ci = g.op("Relu", g.op("Add", y, x)), 4 * width
    return head(g, x, ci)


def two_path_cells(g: Builder, size: int, width: int, groups: int, depths: tuple[int, ...]) -> str:
    """A dual-path network: of each bottleneck some channels are added, others joined; 3x3 in groups."""
    x = halved(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2))
    summed, dense, kept, grown = None, None, 4 * width, 16
    ci = 64
    for stage, depth in enumerate(depths):
        kept, inner = 4 * width << stage, width << stage
        for i in range(depth):
            stride = 2 if stage and i == 0 else 1
            source = x if summed is None or dense is None else g.op("Concat", summed, dense, axis=1)
            y = conv_relu(g, conv_relu(g, source, ci, inner, 1), inner, inner, 3, stride, groups)
            y = conv(g, y, inner, kept + grown, 1)
            a, b = g.op("Split", y, g.const([kept, grown]), axis=1, count=2)
            if i == 0:
                old = conv(g, source, ci, kept + 2 * grown, 1, stride)
                summed, dense = g.op("Split", old, g.const([kept, 2 * grown]), axis=1, count=2)
                joined = 2 * grown
            summed, dense = g.op("Add", summed, a), g.op("Concat", dense, b, axis=1)
            joined += grown
            ci = kept + joined
    return head(g, g.op("Relu", g.op("Concat", summed, dense, axis=1)), ci)


def _apart(g: Builder, x: str, ci: int, co: int, kernel: int, stride: int = 1) -> str:
    """ReLU, depthwise, 1x1, once more without the stride."""
    x = conv(g, conv(g, g.op("Relu", x), ci, ci, kernel, stride, ci), ci, co, 1)
    return conv(g, conv(g, g.op("Relu", x), co, co, kernel, 1, co), co, co, 1)


def searched_cells(g: Builder, size: int, width: int, cells: int) -> str:
    """NASNet-like: a cell adds pairs of separable convolutions and poolings of the last two, joins five sums."""
    x = conv(g, g.input(1, 3, size, size), 3, width, 3, 2)
    before, ci, cb = x, width, width
    for n in range(cells):
        stride = 2 if n % 2 == 0 else 1
        co = width << (n // 2)
        h = conv(g, g.op("Relu", x), ci, co, 1)
        p = conv(g, g.op("Relu", before), cb, co, 1)
        if stride == 2:
            s1 = g.op("Add", _apart(g, h, co, co, 5, 2), _apart(g, p, co, co, 7, 2))
            s2 = g.op("Add", halved(g, h), _apart(g, p, co, co, 7, 2))
            s3 = g.op("Add", averaged(g, h, 3, 2, 1), _apart(g, p, co, co, 5, 2))
            parts = [
                s2,
                s3,
                g.op("Add", averaged(g, s1, 3, 1, 1), s2),
                g.op("Add", _apart(g, s1, co, co, 3), halved(g, h)),
            ]
            before, cb = None, 0
        else:
            parts = [
                p,
                g.op("Add", _apart(g, h, co, co, 3), h),
                g.op("Add", _apart(g, p, co, co, 3), _apart(g, h, co, co, 5)),
                g.op("Add", averaged(g, h, 3, 1, 1), p),
                g.op("Add", averaged(g, p, 3, 1, 1), averaged(g, p, 3, 1, 1)),
            ]
            before, cb = x, ci
        x, ci = g.op("Concat", *parts, axis=1), len(parts) * co
        if before is None:
            before, cb = x, ci
    return head(g, g.op("Relu", x), ci)


def gated_groups(g: Builder, size: int, batch: int, width: int, groups: int) -> str:
    """SE-ResNeXt: bottlenecks with grouped 3x3 and a gate for each channel, a batch at a time."""
    x = halved(g, conv_relu(g, g.input(batch, 3, size, size), 3, 64, 7, 2))
    ci = 64
    for stage in range(4):
        inner, co = width << stage, 2 * width << stage
        for i in range(1 if stage in (0, 3) else 2):
            stride = 2 if stage and i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, inner, 1), inner, inner, 3, stride, groups)
            y = excite(g, conv(g, y, inner, co, 1), co, co // 16)
            x = conv(g, x, ci, co, 1, stride) if i == 0 else x
            x, ci = g.op("Relu", g.op("Add", y, x)), co
    return head(g, x, ci)


def eleven_layers(g: Builder, size: int, batch: int, inner: int) -> str:
    """VGG-11: eight 3x3 convolutions, three products."""
    x, ci = g.input(batch, 3, size, size), 3
    for co, pooled in (
        (64, 1), (128, 1), (256, 0), (256, 1), (512, 0), (512, 1), (512, 0), (512, 1)
    ):  # fmt: skip
        x, ci = conv_relu(g, x, ci, co), co
        x = halved(g, x, 2) if pooled else x
    x, ci = g.op("Flatten", x, axis=1), 512 * (size // 32) ** 2
    for co in (inner, inner):
        x, ci = g.op("Relu", g.op("Gemm", x, g.weight(co, ci), g.weight(co), transB=1)), co
    return g.op("Gemm", x, g.weight(1000, ci), g.weight(1000), transB=1)


def wide_residual(g: Builder, size: int, batch: int, width: int, blocks: int) -> str:
    """A wide ResNet for small pictures: normalised and rectified in front of each 3x3."""

    def normed(x: str, channels: int) -> str:
        ones = [g.weight(channels) for _ in range(3)]
        return g.op("Relu", g.op("BatchNormalization", x, *ones, g.const([1.0] * channels), epsilon=1e-5))

    x, ci = conv(g, g.input(batch, 3, size, size), 3, 16), 16
    for stage in range(3):
        co = width << stage
        for i in range(blocks):
            stride = 2 if stage and i == 0 else 1
            h = normed(x, ci)
            y = conv(g, normed(conv(g, h, ci, co, 3, stride, bias=False), co), co, co, bias=False)
            x, ci = g.op("Add", y, x if ci == co else conv(g, h, ci, co, 1, stride, bias=False)), co
    return head(g, normed(x, ci), ci, 100)


def harmonic(g: Builder, size: int, depths: tuple[int, ...], growth: tuple[int, ...]) -> str:
    """HarDNet: a layer joins those 1, 2, 4, ... in front of it; odd ones are joined in the end."""
    x = conv_relu(g, conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, 64)
    x, ci = halved(g, x), 64
    for n, (depth, k, out) in enumerate(zip(depths, growth, (128, 256, 320), strict=True)):
        layers = [(x, ci)]
        for i in range(1, depth + 1):
            width, links = k, []
            for j in range(6):
                if i % (1 << j) == 0:
                    links.append(layers[i - (1 << j)])
                    width = width * 1.7 if j else width
            width = int(width + 1) // 2 * 2
            source = links[0][0] if len(links) == 1 else g.op("Concat", *(y for y, _ in links), axis=1)
            layers.append((conv_relu(g, source, sum(c for _, c in links), width), width))
        ends = [y for i, y in enumerate(layers) if i == depth or i % 2]
        x = conv_relu(g, g.op("Concat", *(y for y, _ in ends), axis=1), sum(c for _, c in ends), out, 1)
        x, ci = halved(g, x, 2) if n < 2 else x, out
    return head(g, x, ci)
