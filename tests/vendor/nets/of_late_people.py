"""People by BlazePose and LitePose, voices apart by SuDoRM-RF."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import line, unpadded
from tests.vendor.nets.everyday_pieces import activated, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import relu6


def blaze(g: Builder, x: str, a: int, b: int, s: int = 1) -> str:
    """A BlazeBlock: depthwise, 1 x 1, the input beside it with more channels of zeros."""
    y = conv(g, conv(g, x, a, a, 3, s, a), a, b, 1)
    x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]) if s == 2 else x
    x = g.op("Pad", x, g.const([0, 0, 0, 0, 0, b - a, 0, 0])) if a != b else x
    return relu(g, g.op("Add", x, y))


def blazepose(g: Builder, e: int) -> list[str]:
    """BlazePose's landmarks: blocks down to a 64th, a way up for the mask, points from a second way down."""
    x, ci, maps = conv_relu(g, g.input(1, 3, e, e), 3, 24, 3, 2), 24, []
    for c, n, s in ((24, 2, 1), (48, 3, 2), (96, 4, 2), (192, 5, 2), (288, 6, 2)):
        for i in range(n):
            x, ci = blaze(g, x, ci, c, s if i == 0 else 1), c
        maps.append((x, c))
    y = ""
    for t, c in maps[:0:-1]:
        t = conv_relu(g, conv(g, t, c, c, 3, 1, c), c, 48, 1)
        y = g.op("Add", enlarged(g, y, 2), t) if y else t
    top = enlarged(g, conv_relu(g, conv(g, y, 48, 48, 3, 1, 48), 48, 24, 1), 2)
    mask = g.op("Add", top, conv(g, conv(g, maps[0][0], 24, 24, 3, 1, 24), 24, 24, 1))
    mask = conv(g, conv_relu(g, conv(g, mask, 24, 24, 3, 1, 24), 24, 8, 1), 8, 1, 3)
    x, ci = y, 48
    for (t, c), n in zip(maps[2:], (4, 5, 6), strict=True):
        x = blaze(g, x, ci, c, 2)
        x = g.op("Add", x, conv_relu(g, conv(g, t, c, c, 3, 1, c), c, c, 1))
        for _ in range(n - 1):
            x = blaze(g, x, c, c)
        ci = c
    x = blaze(g, blaze(g, x, 288, 288, 2), 288, 288)
    heads = [g.op("Flatten", unpadded(g, x, 288, n, e // 64, 1), axis=1) for n in (195, 117)]
    there = g.op("Sigmoid", g.op("Flatten", unpadded(g, x, 288, 1, e // 64, 1), axis=1))
    return [*heads, there, mask]


def litepose(g: Builder, e: int, points: int = 14) -> list[str]:
    """LitePose-XS: kernels of seven alone, transposed convolutions that take in the ways down, heat of two sizes."""

    def inverted(x: str, a: int, b: int, s: int) -> str:
        y = activated(g, activated(g, x, a, 6 * a, act=relu6), 6 * a, 6 * a, 7, s, 6 * a, act=relu6)
        y = conv(g, y, 6 * a, b, 1)
        return g.op("Add", x, y) if s == 1 and a == b else y

    x = activated(g, g.input(1, 3, e, e), 3, 16, 3, 2, act=relu6)
    x, ci = conv(g, activated(g, x, 16, 16, 3, 1, 16, act=relu6), 16, 16, 1), 16
    maps = [(x, 16)]
    for c, n, s in ((16, 6, 2), (32, 8, 2), (48, 10, 2), (80, 10, 1)):
        for i in range(n):
            x, ci = inverted(x, ci, c, s if i == 0 else 1), c
        maps.append((x, c))

    def up(x: str, a: int, b: int) -> str:
        w = g.weight(a, b, 4, 4), g.weight(b)
        return relu(g, g.op("ConvTranspose", x, *w, strides=[2, 2], pads=[1] * 4))

    def head(x: str, c: int, t: str, d: int, n: int) -> str:
        a, b = (conv(g, activated(g, u, k, k, 5, 1, k, act=relu6), k, n, 1) for u, k in ((x, c), (t, d)))
        return g.op("Add", a, b)

    x, outs, ci = up(x, 80, 16), [], 16
    for j, (t, c) in enumerate((maps[2], maps[1])):
        if j:
            x = up(x, ci, 24)
            x, ci = g.op("Add", x, conv(g, t, c, 24, 1)), 24
        else:
            x = g.op("Add", x, conv(g, t, c, 16, 1))
        outs.append(head(x, ci, t, c, points * (1 if j else 2)))
    return outs


def sudormrf(g: Builder, n: int, blocks: int = 4, d: int = 128, i: int = 512, voices: int = 2) -> str:
    """SuDoRM-RF (blocks of 16 cut): lines halved four times and laid together again, a mask for each voice."""
    t, ones = n // 10, np.ones(1, np.float16)

    def norm(x: str, c: int) -> str:
        y = g.op("Reshape", x, g.const([1, 1, -1]))
        y = g.op("InstanceNormalization", y, g.const(ones), g.const(0 * ones))
        y = g.op("Reshape", y, g.const([1, c, -1]))
        return g.op("Add", g.op("Mul", y, g.weight(1, c, 1)), g.weight(1, c, 1))

    slope = lambda x, c: g.op("PRelu", x, g.weight(c, 1))
    x = relu(g, g.op("Conv", g.input(1, 1, n), g.weight(i, 1, 21), strides=[10], pads=[10, 10]))
    y = line(g, norm(x, i), i, d)
    for _ in range(blocks):
        z = slope(norm(line(g, y, d, i), i), i)
        z = norm(line(g, z, i, i, 5, gr=i), i)
        parts = [z]
        for _ in range(3):
            parts.append(norm(line(g, parts[-1], i, i, 5, 2, gr=i), i))
        z = parts.pop()
        while parts:
            z = g.op("Resize", z, "", g.const_f32([1, 1, 2]), mode="nearest", nearest_mode="floor",
                     coordinate_transformation_mode="asymmetric")  # fmt: skip
            z = g.op("Add", parts.pop(), z)
        y = g.op("Add", y, line(g, slope(norm(z, i), i), i, d))
    m = line(g, g.op("PRelu", y, g.weight(1)), d, voices * i)
    m = relu(g, g.op("Reshape", m, g.const([voices, i, t])))
    return g.op("ConvTranspose", g.op("Mul", m, x), g.weight(i, 1, 21), strides=[10], pads=[10, 10])


OF_LATE_PEOPLE = {
    "blazepose_256": ("CNN", lambda g: blazepose(g, 256)),
    "litepose_xs_256": ("CNN", lambda g: litepose(g, 256)),
    "sudormrf_8000": ("CNN", lambda g: sudormrf(g, 8000)),
}  # fmt: skip
