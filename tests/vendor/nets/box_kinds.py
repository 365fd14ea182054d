"""Detectors: BlazeFace, YOLOv4-tiny, a weighed pyramid, RetinaNet's shared heads, NanoDet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, enlarged, halved, silu


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
