"""Detection nets: backbones with Swish or LeakyReLU, a neck that goes up and down, boxes decoded by softmax."""

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu, cut, dilated, enlarged, silu

BINS = 16


def block(g: Builder, x: str, ci: int, co: int, kernel: int = 3, stride: int = 1) -> str:
    """Convolution and Swish."""
    return silu(g, conv(g, x, ci, co, kernel, stride))


def cross_stage(g: Builder, x: str, ci: int, co: int, count: int, shortcut: bool) -> str:
    """1x1, halves, `count` pairs of 3x3 on one half, everything concatenated, 1x1."""
    half = co // 2
    y = block(g, x, ci, co, 1)
    parts = [cut(g, y, 1, 0, half), cut(g, y, 1, half, co)]
    for _ in range(count):
        z = block(g, block(g, parts[-1], half, half), half, half)
        parts.append(g.op("Add", parts[-1], z) if shortcut else z)
    return block(g, g.op("Concat", *parts, axis=1), half * (count + 2), co, 1)


def pyramid_pool(g: Builder, x: str, channels: int) -> str:
    """Three 5x5 poolings in a row, all concatenated."""
    half = channels // 2
    parts = [block(g, x, channels, half, 1)]
    for _ in range(3):
        parts.append(g.op("MaxPool", parts[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
    return block(g, g.op("Concat", *parts, axis=1), 4 * half, channels, 1)


def up(g: Builder, x: str) -> str:
    """Twice the size, nearest."""
    return enlarged(g, x, 2, "nearest")


def anchor_free(g: Builder, size: int, width: int, depth: int = 1) -> str:
    """Backbone, pooling, neck and heads of a detector without anchors (`width` 16, `depth` 1 is the smallest sold)."""
    w = [width << i for i in range(5)]
    x = block(g, g.input(1, 3, size, size), 3, w[0], 3, 2)
    levels = []
    for i in range(1, 5):
        x = block(g, x, w[i - 1], w[i], 3, 2)
        x = cross_stage(g, x, w[i], w[i], depth * (1 if i in (1, 4) else 2), True)
        levels.append(x)
    p3, p4, p5 = levels[1], levels[2], pyramid_pool(g, x, w[4])
    n4 = cross_stage(g, g.op("Concat", up(g, p5), p4, axis=1), w[4] + w[3], w[3], depth, False)
    n3 = cross_stage(g, g.op("Concat", up(g, n4), p3, axis=1), w[3] + w[2], w[2], depth, False)
    m4 = g.op("Concat", block(g, n3, w[2], w[2], 3, 2), n4, axis=1)
    m4 = cross_stage(g, m4, w[2] + w[3], w[3], depth, False)
    m5 = g.op("Concat", block(g, m4, w[3], w[3], 3, 2), p5, axis=1)
    m5 = cross_stage(g, m5, w[3] + w[4], w[4], depth, False)
    found = [branch(g, x, w[i], w[2], size >> (i + 1)) for i, x in zip((2, 3, 4), (n3, m4, m5), strict=True)]
    joined = g.op("Concat", *found, axis=2)
    return decode(g, joined, sum((size >> k) ** 2 for k in (3, 4, 5)))


def branch(g: Builder, x: str, ci: int, inner: int, size: int) -> str:
    """Box bins and class scores of one level, [1, 64 + 80, HW]."""
    box = block(g, block(g, x, ci, 4 * BINS), 4 * BINS, 4 * BINS)
    kind = block(g, block(g, x, ci, max(inner, 80)), max(inner, 80), max(inner, 80))
    both = g.op("Concat", conv(g, box, 4 * BINS, 4 * BINS, 1), conv(g, kind, max(inner, 80), 80, 1), axis=1)
    return g.op("Reshape", both, g.const([1, 4 * BINS + 80, size * size]))


def decode(g: Builder, x: str, places: int) -> str:
    """Softmax over the bins, their mean by a 1x1 convolution, sigmoid of the scores."""
    bins = g.op("Reshape", cut(g, x, 1, 0, 4 * BINS), g.const([1, 4, BINS, places]))
    soft = g.op("Softmax", g.op("Transpose", bins, perm=[0, 2, 1, 3]), axis=1)
    box = g.op("Reshape", g.op("Conv", soft, g.weight(1, BINS, 1, 1)), g.const([1, 4, places]))
    return g.op("Concat", box, g.op("Sigmoid", cut(g, x, 1, 4 * BINS, 4 * BINS + 80)), axis=1)


def leaky(g: Builder, x: str, ci: int, co: int, kernel: int = 3, stride: int = 1) -> str:
    """Convolution and LeakyReLU."""
    return g.op("LeakyRelu", conv(g, x, ci, co, kernel, stride), alpha=0.1)


def anchors(g: Builder, size: int, width: int) -> list[str]:
    """A small detector with anchors: convolutions and poolings, two heads of 255 channels."""
    x, ci = g.input(1, 3, size, size), 3
    for i in range(5):
        x, ci = leaky(g, x, ci, width << i), width << i
        kept = x
        x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = leaky(g, leaky(g, x, ci, 4 * ci), 4 * ci, ci, 1)
    far = conv(g, leaky(g, x, ci, 2 * ci), 2 * ci, 255, 1)
    near = g.op("Concat", up(g, leaky(g, x, ci, ci // 2, 1)), kept, axis=1)
    return [far, conv(g, leaky(g, near, ci // 2 + ci, ci), ci, 255, 1)]


def residual(g: Builder, size: int, width: int) -> str:
    """The first stages of a residual detector backbone: large planes, Swish, pairs of 1x1 and 3x3."""
    x, ci = block(g, g.input(1, 3, size, size), 3, width), width
    for stage in range(3):
        x, ci = block(g, x, ci, 2 * ci, 3, 2), 2 * ci
        for _ in range(1 + stage):
            x = g.op("Add", x, block(g, block(g, x, ci, ci // 2, 1), ci // 2, ci))
    return conv(g, x, ci, 255, 1)


def stem_chain(g: Builder, size: int, width: int) -> str:
    """Conv, Swish, Concat on a large plane, as the first cross-stage block of a detector has it."""
    x = block(g, g.input(1, 3, size, size), 3, width, 3, 2)
    left, right = block(g, x, width, width, 1), block(g, x, width, width, 1)
    right = block(g, block(g, right, width, width, 1), width, width)
    return conv(g, g.op("Concat", left, right, axis=1), 2 * width, width, 1)


def pyramid_head(g: Builder, size: int, width: int, classes: int = 80) -> list[str]:
    """RetinaNet's neck and heads on three levels of a backbone: sums downwards, two 3x3 shared by all levels."""
    levels = [(size >> (3 + i), 128 << i) for i in range(3)]
    inputs = [g.input(1, ci, hw, hw) for hw, ci in levels]
    sides = [conv(g, x, ci, width, 1) for x, (_, ci) in zip(inputs, levels, strict=True)]
    for i in (1, 0):
        sides[i] = g.op("Add", sides[i], enlarged(g, sides[i + 1], 2, "nearest"))
    sides = [conv(g, x, width, width) for x in sides]
    sides.append(conv(g, inputs[-1], levels[-1][1], width, 3, 2))
    shared = [
        [(g.weight(width, width, 3, 3), g.weight(width)) for _ in range(2)]
        + [(g.weight(out, width, 3, 3), g.weight(out))]
        for out in (9 * classes, 9 * 4)
    ]
    found = []
    for chain, out in zip(shared, (classes, 4), strict=True):
        parts = []
        for x in sides:
            for i, weights in enumerate(chain):
                x = g.op("Conv", x, *weights, pads=[1] * 4)
                x = g.op("Relu", x) if i < 2 else x
            parts.append(g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 3, 1]), g.const([1, -1, out])))
        found.append(g.op("Concat", *parts, axis=1))
    return [g.op("Sigmoid", found[0]), found[1]]


def single_shot(g: Builder, size: int, width: int, classes: int = 21) -> list[str]:
    """VGG-SSD: pairs of 3x3 between poolings, a dilated 3x3, extra layers, scores and boxes at four sizes."""
    x, ci, found = g.input(1, 3, size, size), 3, []
    for co in (width, 2 * width, 4 * width, 8 * width):
        x, ci = conv_relu(g, conv_relu(g, x, ci, co), co, co), co
        kept, x = x, g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    norm = g.op("Sqrt", g.op("ReduceSum", g.op("Mul", kept, kept), g.const([1]), keepdims=1))
    found.append((g.op("Mul", g.op("Div", kept, norm), g.weight(1, ci, 1, 1)), ci, 4))
    x = conv_relu(g, dilated(g, x, ci, 2 * ci, 6), 2 * ci, 2 * ci, 1)
    found.append((x, 2 * ci, 6))
    ci *= 2
    for inner, co in ((ci // 4, ci // 2), (ci // 8, ci // 4)):
        x, ci = conv_relu(g, conv_relu(g, x, ci, inner, 1), inner, co, 3, 2), co
        found.append((x, co, 6))
    outs = []
    for width_out in (classes, 4):
        parts = []
        for y, c, boxes in found:
            y = g.op("Transpose", conv(g, y, c, boxes * width_out), perm=[0, 2, 3, 1])
            parts.append(g.op("Reshape", y, g.const([1, -1, width_out])))
        outs.append(g.op("Concat", *parts, axis=1))
    return [g.op("Softmax", outs[0], axis=-1), outs[1]]
