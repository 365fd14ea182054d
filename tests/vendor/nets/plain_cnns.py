"""Classifiers and detectors nobody had looked at: cells of several branches, paths side by side, pyramids, batches."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, enlarged, excite, halved, silu
from tests.vendor.nets.vision import head, relu6


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


def face_boxes(g: Builder, size: int) -> list[str]:
    """BlazeFace: 5x5 depthwise blocks whose shortcuts are pooled and filled up with channels of zeros; two heads."""
    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, 24, 5, 2), 24
    taken = []
    for co, stride in (
        (24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1), (88, 1),
        (96, 2), (96, 1), (96, 1), (96, 1), (96, 1),
    ):  # fmt: skip
        if stride == 2 and ci == 88:
            taken.append((x, ci))
        y = conv(g, conv(g, x, ci, ci, 3 if stride == 1 else 5, stride, ci), ci, co, 1)
        x = halved(g, x, 2) if stride == 2 else x
        if co > ci:
            x = g.op("Pad", x, g.const([0, 0, 0, 0, 0, co - ci, 0, 0]))
        x, ci = g.op("Relu", g.op("Add", x, y)), co
    taken.append((x, ci))
    scores, boxes = [], []
    for (y, channels), count in zip(taken, (2, 6), strict=True):
        for found, out in ((scores, 1), (boxes, 16)):
            z = g.op("Transpose", conv(g, y, channels, count * out, 1), perm=[0, 2, 3, 1])
            found.append(g.op("Reshape", z, g.const([1, -1, out])))
    return [g.op("Sigmoid", g.op("Concat", *scores, axis=1)), g.op("Concat", *boxes, axis=1)]


def _leaky(g: Builder, x: str, ci: int, co: int, kernel: int = 3, stride: int = 1) -> str:
    return g.op("LeakyRelu", conv(g, x, ci, co, kernel, stride), alpha=0.1)


def partial_stages(g: Builder, size: int, width: int) -> list[str]:
    """YOLOv4-tiny: stages that work on half of the channels, joined twice, LeakyReLU; two heads."""
    x = _leaky(g, _leaky(g, g.input(1, 3, size, size), 3, width, 3, 2), width, 2 * width, 3, 2)
    ci = 2 * width
    for _ in range(3):
        x = _leaky(g, x, ci, ci)
        half = g.op("Split", x, count=2, axis=1)[1]
        a = _leaky(g, half, ci // 2, ci // 2)
        b = _leaky(g, a, ci // 2, ci // 2)
        y = _leaky(g, g.op("Concat", b, a, axis=1), ci, ci, 1)
        x, ci = halved(g, g.op("Concat", x, y, axis=1), 2), 2 * ci
    x = _leaky(g, _leaky(g, x, ci, ci), ci, ci // 2, 1)
    first = conv(g, _leaky(g, x, ci // 2, ci), ci, 255, 1)
    up = g.op("Concat", enlarged(g, _leaky(g, x, ci // 2, ci // 4, 1), 2, "nearest"), y, axis=1)
    return [first, conv(g, _leaky(g, up, ci // 4 + ci // 2, ci // 2), ci // 2, 255, 1)]


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


def weighed_pyramid(g: Builder, size: int, width: int, repeats: int) -> list[str]:
    """An EfficientDet-like detector: five levels, sums with weights of their own, separable steps, Swish."""
    x, ci, levels = silu(g, conv(g, g.input(1, 3, size, size), 3, 32, 3, 2)), 32, []
    for co in (48, 96, 160, 224):
        y = silu(g, conv(g, silu(g, conv(g, x, ci, 4 * ci, 1)), 4 * ci, 4 * ci, 3, 2, 4 * ci))
        x, ci = conv(g, y, 4 * ci, co, 1), co
        levels.append((x, ci))
    maps = [conv(g, y, c, width, 1) for y, c in levels[1:]]
    maps += [halved(g, maps[-1])]
    maps += [halved(g, maps[-1])]

    def weighed(*parts: str) -> str:
        total = None
        for i, part in enumerate(parts):
            one = g.op("Mul", part, g.const(0.3 + 0.2 * i))
            total = one if total is None else g.op("Add", total, one)
        return conv(g, conv(g, silu(g, total), width, width, 3, 1, width), width, width, 1)

    for _ in range(repeats):
        down = [maps[-1]]
        for y in reversed(maps[:-1]):
            down.append(weighed(y, enlarged(g, down[-1], 2, "nearest")))
        down.reverse()
        up = [down[0]]
        for y, z in zip(maps[1:-1], down[1:-1], strict=True):
            up.append(weighed(y, z, halved(g, up[-1])))
        maps = [*up, weighed(maps[-1], halved(g, up[-1]))]
    found = []
    for y in maps:
        for out in (36, 180):
            z = y
            for _ in range(2):
                z = silu(g, conv(g, conv(g, z, width, width, 3, 1, width), width, width, 1))
            found.append(conv(g, conv(g, z, width, width, 3, 1, width), width, out, 1))
    return found


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


def shared_heads(g: Builder, height: int, width: int, channels: int) -> list[str]:
    """RetinaNet on a small ResNet: three levels of a pyramid, towers of 3x3 with the same weights for each."""
    x, ci, levels = halved(g, conv_relu(g, g.input(1, 3, height, width), 3, 64, 7, 2)), 64, []
    for stage in range(4):
        co = 64 << stage
        y = conv(g, conv_relu(g, x, ci, co, 3, 2 if stage else 1), co, co)
        x = conv(g, x, ci, co, 1, 2) if stage else x
        x, ci = g.op("Relu", g.op("Add", y, x)), co
        levels.append((x, co))
    inner = [conv(g, y, c, channels, 1) for y, c in levels[1:]]
    for i in (1, 0):
        inner[i] = g.op("Add", inner[i], enlarged(g, inner[i + 1], 2, "nearest"))
    maps = [conv(g, y, channels, channels) for y in inner]
    found = []
    for out in (36, 180):
        weights = [(g.weight(channels, channels, 3, 3), g.weight(channels)) for _ in range(2)]
        last = (g.weight(out, channels, 3, 3), g.weight(out))
        for y in maps:
            for w in weights:
                y = g.op("Relu", g.op("Conv", y, *w, pads=[1] * 4))
            y = g.op("Transpose", g.op("Conv", y, *last, pads=[1] * 4), perm=[0, 2, 3, 1])
            found.append(g.op("Reshape", y, g.const([1, -1, out // 9])))
    return [g.op("Concat", *found[:3], axis=1), g.op("Concat", *found[3:], axis=1)]


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


def ghost_detector(g: Builder, size: int, width: int) -> list[str]:
    """NanoDet-like: shuffled halves, a pyramid of nearest and depthwise 5x5, one separable tower a level."""
    act = lambda y: g.op("LeakyRelu", y, alpha=0.1)
    sep = lambda y, ci, co, k, s=1: act(conv(g, act(conv(g, y, ci, ci, k, s, ci)), ci, co, 1))
    x, ci, levels = halved(g, act(conv(g, g.input(1, 3, size, size), 3, 24, 3, 2))), 24, []
    for stage, count in enumerate((2, 3, 2)):
        co = 116 << stage
        side = size // (8 << stage)
        for i in range(count):
            if i == 0:
                a = act(conv(g, conv(g, x, ci, ci, 3, 2, ci), ci, co // 2, 1))
                b, c, s = x, ci, 2
            else:
                a, b = g.op("Split", x, count=2, axis=1)
                c, s = co // 2, 1
            b = act(conv(g, b, c, co // 2, 1))
            b = act(conv(g, conv(g, b, co // 2, co // 2, 3, s, co // 2), co // 2, co // 2, 1))
            y = g.op("Reshape", g.op("Concat", a, b, axis=1), g.const([1, 2, co // 2, side, side]))
            x = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3, 4]), g.const([1, co, side, side]))
            ci = co
        levels.append((x, ci))
    p = [act(conv(g, y, c, width, 1)) for y, c in levels]
    for i in (1, 0):
        p[i] = sep(g.op("Concat", p[i], enlarged(g, p[i + 1], 2), axis=1), 2 * width, width, 5)
    for i in (1, 2):
        p[i] = sep(g.op("Concat", p[i], sep(p[i - 1], width, width, 5, 2), axis=1), 2 * width, width, 5)
    found = []
    for y in p:
        y = conv(g, sep(sep(y, width, width, 5), width, width, 5), width, 112, 1)
        found.append(g.op("Reshape", y, g.const([1, 112, -1])))
    return [g.op("Transpose", g.op("Concat", *found, axis=2), perm=[0, 2, 1])]


PLAIN_CNNS = {
    "resnet50d_200": ("CNN", lambda g: deep_stem(g, 200, (64, 128, 256, 512), 2)),
    "dual_path_184": ("CNN", lambda g: two_path_cells(g, 184, 64, 8, (1, 2, 2))),
    "nasnet_176": ("CNN", lambda g: searched_cells(g, 176, 32, 4)),
    "blazeface_128": ("CNN", lambda g: face_boxes(g, 128)),
    "yolov4_tiny_352": ("CNN", lambda g: partial_stages(g, 352, 32)),
    "se_resnext_b4_120": ("CNN", lambda g: gated_groups(g, 120, 4, 128, 32)),
    "vgg11_b4_96": ("CNN", lambda g: eleven_layers(g, 96, 4, 1024)),
    "vgg11_232": ("CNN", lambda g: eleven_layers(g, 232, 1, 512)),
    "bifpn_256": ("CNN", lambda g: weighed_pyramid(g, 256, 64, 2)),
    "wide_resnet_b4_32": ("CNN", lambda g: wide_residual(g, 32, 4, 64, 2)),
    "hardnet_236": ("CNN", lambda g: harmonic(g, 236, (8, 16, 8), (14, 16, 20))),
    "retinanet_224x352": ("CNN", lambda g: shared_heads(g, 224, 352, 128)),
    "inception_resnet_165": ("CNN", lambda g: branches_added(g, 165)),
    "lcnet_w75_248": ("CNN", lambda g: light_hard(g, 248, 0.75)),
    "convnext_relu6_168": ("CNN", lambda g: responses_normed(g, 168, 72, (2, 2, 2))),
    "nanodet_288": ("CNN", lambda g: ghost_detector(g, 288, 96)),
}  # fmt: skip
