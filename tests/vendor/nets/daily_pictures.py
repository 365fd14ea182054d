"""Pictures to pictures: VDSR, SPAN, SAFMN, RIFE's flow, AnimeGAN, DRUNet, an image codec."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import shuffled_up
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged, gelu, silu
from tests.vendor.nets.usual_pieces import pooled, prelu, resized


def vdsr(g: Builder, h: int, w: int) -> str:
    """VDSR: twenty 3x3 of 64 channels."""
    i = g.input(1, 1, h, w)
    x = conv_relu(g, i, 1, 64, 3)
    for _ in range(18):
        x = conv_relu(g, x, 64, 64, 3)
    return g.op("Add", conv(g, x, 64, 1, 3), i)


def span(g: Builder, h: int, w: int, c: int = 48, up: int = 2) -> str:
    """SPAN x2: attention without parameters."""

    def spab(x):
        a = conv(g, x, c, c, 3)
        o = conv(g, silu(g, conv(g, silu(g, a), c, c, 3)), c, c, 3)
        att = g.op("Sub", g.op("Sigmoid", o), g.const(0.5))
        return (g.op("Mul", g.op("Add", o, x), att), a)

    x = f = conv(g, g.input(1, 3, h, w), 3, c, 3)
    b1, _ = spab(f)
    x = b1
    for _ in range(4):
        x, _ = spab(x)
    b6, a = spab(x)
    b6 = conv(g, b6, c, c, 3)
    y = conv(g, concat(g, f, b6, b1, a), 4 * c, c, 1)
    return shuffled_up(g, conv(g, y, c, 3 * up * up, 3), up)


def safmn(g: Builder, e: int, c: int = 36, n: int = 8, up: int = 2) -> str:
    """SAFMN x2: quarters of the channels at four sizes."""

    def norm(x):
        m = g.op("ReduceMean", x, axes=[1], keepdims=1)
        d = g.op("Sub", x, m)
        v = g.op("ReduceMean", g.op("Mul", d, d), axes=[1], keepdims=1)
        y = g.op("Div", d, g.op("Sqrt", g.op("Add", v, g.const(0.001))))
        return g.op("Add", g.op("Mul", y, g.weight(c, 1, 1)), g.weight(c, 1, 1))

    x = f = conv(g, g.input(1, 3, e, e), 3, c, 3)
    q = c // 4
    for _ in range(n):
        ps = g.op("Split", norm(x), g.const([q] * 4), count=4, axis=1)
        ys = []
        for i, p in enumerate(ps):
            if i:
                p = pooled(g, p, 1 << i, 1 << i)
            p = conv(g, p, q, q, 3, 1, q)
            ys.append(enlarged(g, p, 1 << i, "nearest") if i else p)
        y = g.op("Mul", gelu(g, conv(g, concat(g, *ys), c, c, 1)), norm(x))
        x = g.op("Add", y, x)
        y = conv(g, gelu(g, conv(g, norm(x), c, 2 * c, 3)), 2 * c, c, 1)
        x = g.op("Add", y, x)
    return shuffled_up(g, conv(g, g.op("Add", x, f), c, 3 * up * up, 3), up)


def ifnet(g: Builder, e: int) -> list[str]:
    """RIFE's flow: three blocks at a quarter, a half and the whole size; the pictures come warped from the host."""

    def block(x, a, c, scale):
        d = e // scale
        if scale > 1:
            x = resized(g, x, a, d, d)
        pr = lambda y, i, o, s=1: prelu(g, conv(g, y, i, o, 3, s), o)
        x = pr(pr(x, a, c // 2, 2), c // 2, c, 2)
        y = x
        for _ in range(8):
            y = pr(y, c, c)
        x = g.op("Add", y, x)
        y = g.op("ConvTranspose", x, g.weight(c, 5, 4, 4), g.weight(5), strides=[2, 2], pads=[1] * 4)
        return enlarged(g, y, 2 * scale)

    i = g.input(1, 6, e, e)
    y = block(i, 6, 240, 4)
    flow = block(concat(g, i, g.input(1, 6, e, e), y), 17, 150, 2)
    y = g.op("Add", y, flow)
    flow = block(concat(g, i, g.input(1, 6, e, e), y), 17, 90, 1)
    y = g.op("Add", y, flow)
    fl, m = g.op("Split", y, g.const([4, 1]), count=2, axis=1)
    return [fl, g.op("Sigmoid", m)]


def animegan2(g: Builder, size: int) -> str:
    """AnimeGANv2: mirrored margins, normalised whole pictures."""
    one, zero = g.const(np.ones(1, np.float16)), g.const(np.zeros(1, np.float16))

    def pad(x, n=1):
        return g.op("Pad", x, g.const([0, 0, n, n, 0, 0, n, n]), mode="reflect")

    def norm(x, c, e):
        y = g.op("InstanceNormalization", g.op("Reshape", x, g.const([0, 1, -1])), one, zero, epsilon=1e-05)
        y = g.op("Reshape", y, g.const([1, c, e, e]))
        return g.op("Add", g.op("Mul", y, g.weight(c, 1, 1)), g.weight(c, 1, 1))

    def unit(x, a, b, e, k=3, s=1, gr=1):
        p = 3 if k == 7 else 1
        if k > 1:
            x = pad(x, p)
        y = g.op("Conv", x, g.weight(b, a // gr, k, k), strides=[s, s], group=gr)
        return leaky_of(0.2)(g, norm(y, b, e))

    def inv(x, a, b, e):
        t = 2 * a
        y = unit(unit(x, a, t, e, 1), t, t, e, 3, 1, t)
        y = norm(g.op("Conv", y, g.weight(b, t, 1, 1)), b, e)
        return g.op("Add", x, y) if a == b else y

    e = size
    x = unit(g.input(1, 3, e, e), 3, 32, e, 7)
    x = unit(unit(x, 32, 64, e // 2, 3, 2), 64, 64, e // 2)
    x = unit(unit(x, 64, 128, e // 4, 3, 2), 128, 128, e // 4)
    x = unit(x, 128, 128, e // 4)
    x = inv(x, 128, 256, e // 4)
    for _ in range(3):
        x = inv(x, 256, 256, e // 4)
    x = unit(x, 256, 128, e // 4)
    x = unit(unit(enlarged(g, x, 2), 128, 128, e // 2), 128, 128, e // 2)
    x = unit(unit(enlarged(g, x, 2), 128, 64, e), 64, 64, e)
    x = unit(x, 64, 32, e, 7)
    return g.op("Tanh", g.op("Conv", x, g.weight(3, 32, 1, 1)))


def drunet(g: Builder, h: int, w: int, ws: Sequence[int] = (64, 128, 256, 512), n: int = 4) -> str:
    """DRUNet: residual pairs at four sizes, no biases."""
    nb = lambda x, a, b, k=3: conv(g, x, a, b, k, bias=False)

    def res(x, c):
        return g.op("Add", x, nb(relu(g, nb(x, c, c)), c, c))

    x, f = nb(g.input(1, 4, h, w), 4, 64), []
    for a, b in pairwise(ws):
        f.append(x)
        for _ in range(n):
            x = res(x, a)
        x = g.op("Conv", x, g.weight(b, a, 2, 2), strides=[2, 2])
    f.append(x)
    for _ in range(n):
        x = res(x, 512)
    for a, b in zip(ws[::-1], ws[-2::-1], strict=False):
        x = g.op("ConvTranspose", g.op("Add", x, f.pop()), g.weight(a, b, 2, 2), strides=[2, 2])
        for _ in range(n):
            x = res(x, b)
    return nb(g.op("Add", x, f.pop()), 64, 3)


def bmshj(g: Builder, size: int, n: int = 128, m: int = 192) -> list[str]:
    """Balle's image codec: analysis with GDN, hyper analysis, hyper synthesis."""
    x = g.input(1, 3, size, size)

    def gdn(x, c):
        return g.op("Div", x, g.op("Sqrt", conv(g, g.op("Mul", x, x), c, c, 1)))

    for a, b in ((3, n), (n, n), (n, n)):
        x = gdn(conv(g, x, a, b, 5, 2), b)
    y = conv(g, x, n, m, 5, 2)
    z = conv_relu(g, g.op("Abs", y), m, n, 3)
    z = conv(g, conv_relu(g, z, n, n, 5, 2), n, n, 5, 2)
    s = g.op("Round", z)
    for b in (n, n):
        s = relu(
            g,
            g.op(
                "ConvTranspose",
                s,
                g.weight(n, b, 5, 5),
                g.weight(b),
                strides=[2, 2],
                pads=[2] * 4,
                output_padding=[1, 1],
            ),
        )
    return [y, z, conv_relu(g, s, n, m, 3)]


DAILY_PICTURES = {
    "span_x2_160": ('CNN', lambda g: span(g, 160, 160)),
    "bmshj2018_256": ('CNN', lambda g: bmshj(g, 256)),
    "safmn_x2_128": ('CNN', lambda g: safmn(g, 128)),
    "drunet_96": ('CNN', lambda g: drunet(g, 96, 96)),
    "animegan2_192": ('CNN', lambda g: animegan2(g, 192)),
    "ifnet_256": ('CNN', lambda g: ifnet(g, 256)),
    "vdsr_144": ('CNN', lambda g: vdsr(g, 144, 144)),
}  # fmt: skip
