"""Segmentation: U-Net++, BiSeNet, ENet, PP-LiteSeg, LR-ASPP."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import (
    activated,
    concat,
    relu,
)
from tests.vendor.nets.layers import (
    conv,
    enlarged,
)
from tests.vendor.nets.usual_pieces import (
    convolved,
    hard_squeezed,
    hswish,
    pooled,
    prelu,
    resized,
)


def unetpp(g: Builder, size: int, ws: tuple[int, ...]) -> str:
    """U-Net++: each level sees all levels right below."""

    def two(x, a, b):
        return activated(g, activated(g, x, a, b, 3, act=relu), b, b, 3, act=relu)

    X = {}
    x, ci = (g.input(1, 3, size, size), 3)
    n = len(ws)
    for i, c in enumerate(ws):
        X[i, 0] = two(x if i == 0 else pooled(g, X[i - 1, 0], 2, 2), ci, c)
        ci = c
        for j in range(1, i + 1):
            k = i - j
            parts = [X[k, q] for q in range(j)] + [enlarged(g, X[k + 1, j - 1], 2)]
            X[k, j] = two(concat(g, *parts), ws[k] * j + ws[k + 1], ws[k])
    return conv(g, X[0, n - 1], ws[0], 1, 1)


def bisenet_v2(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """BiSeNet v2: details and meaning in two branches that gate each other."""
    i = g.input(1, 3, h, w)
    x = activated(g, activated(g, i, 3, 64, 3, 2, act=relu), 64, 64, 3, act=relu)
    x = activated(
        g, activated(g, activated(g, x, 64, 64, 3, 2, act=relu), 64, 64, 3, act=relu), 64, 64, 3, act=relu
    )
    d = activated(
        g,
        activated(g, activated(g, x, 64, 128, 3, 2, act=relu), 128, 128, 3, act=relu),
        128,
        128,
        3,
        act=relu,
    )
    y = activated(g, i, 3, 16, 3, 2, act=relu)
    a = activated(g, activated(g, y, 16, 8, act=relu), 8, 16, 3, 2, act=relu)
    y = activated(g, concat(g, a, pooled(g, y, 3, 2, 1)), 32, 16, 3, act=relu)
    ci = 16
    for co, n in ((32, 2), (64, 2), (128, 4)):
        for q in range(n):
            if q == 0:
                u = activated(g, y, ci, ci, 3, act=relu)
                u = conv(g, u, ci, 6 * ci, 3, 2, ci)
                u = activated(g, u, 6 * ci, 6 * ci, 3, 1, 6 * ci, act=relu)
                u = conv(g, u, 6 * ci, co, 1)
                s = conv(g, conv(g, y, ci, ci, 3, 2, ci), ci, co, 1)
                y, ci = (relu(g, g.op("Add", u, s)), co)
            else:
                u = activated(g, activated(g, y, ci, ci, 3, act=relu), ci, 6 * ci, 3, 1, ci, act=relu)
                y = relu(g, g.op("Add", conv(g, u, 6 * ci, ci, 1), y))
    m = relu(g, conv(g, g.op("GlobalAveragePool", y), 128, 128, 1))
    s = activated(g, g.op("Add", y, m), 128, 128, 3, act=relu)
    d1 = conv(g, conv(g, d, 128, 128, 3, 1, 128), 128, 128, 1)
    d2 = g.op("AveragePool", conv(g, d, 128, 128, 3, 2), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    s1 = g.op("Sigmoid", enlarged(g, conv(g, s, 128, 128, 3), 4))
    s2 = g.op("Sigmoid", conv(g, conv(g, s, 128, 128, 3, 1, 128), 128, 128, 1))
    hi = g.op("Mul", d1, s1)
    lo = enlarged(g, g.op("Mul", d2, s2), 4)
    x = activated(g, g.op("Add", hi, lo), 128, 128, 3, act=relu)
    x = conv(g, activated(g, x, 128, 128, 3, act=relu), 128, classes, 1)
    return enlarged(g, x, 8)


def enet(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """ENet: bottlenecks with PReLU, dilated and asymmetric."""

    def bott(x, c, kind="", rate=1):
        m = c // 4
        y = prelu(g, conv(g, x, c, m, 1), m)
        if kind == "asym":
            y = convolved(g, convolved(g, y, m, m, 5, 1, act=None), m, m, 1, 5, act=None)
        else:
            y = g.op("Conv", y, g.weight(m, m, 3, 3), g.weight(m), pads=[rate] * 4, dilations=[rate] * 2)
        return prelu(g, g.op("Add", x, conv(g, prelu(g, y, m), m, c, 1)), c)

    def down(x, a, b, hh, ww):
        m = b // 4
        y = prelu(g, g.op("Conv", x, g.weight(m, a, 2, 2), g.weight(m), strides=[2, 2]), m)
        y = conv(g, prelu(g, conv(g, y, m, m, 3), m), m, b, 1)
        p = pooled(g, x, 2, 2)
        if b > a:
            p = concat(g, p, g.const(np.zeros((1, b - a, hh // 2, ww // 2), np.float16)))
        return prelu(g, g.op("Add", p, y), b)

    def up(x, a, b):
        m = a // 4
        y = prelu(g, conv(g, x, a, m, 1), m)
        y = prelu(g, g.op("ConvTranspose", y, g.weight(m, m, 2, 2), g.weight(m), strides=[2, 2]), m)
        p = enlarged(g, conv(g, x, a, b, 1), 2, "nearest")
        return prelu(g, g.op("Add", p, conv(g, y, m, b, 1)), b)

    i = g.input(1, 3, h, w)
    x = prelu(g, concat(g, conv(g, i, 3, 13, 3, 2), pooled(g, i, 2, 2)), 16)
    x = down(x, 16, 64, h // 2, w // 2)
    for _ in range(4):
        x = bott(x, 64)
    x = down(x, 64, 128, h // 4, w // 4)
    for _ in range(2):
        for kind, rate in (("", 1), ("", 2), ("asym", 1), ("", 4), ("", 1), ("", 8), ("asym", 1), ("", 16)):
            x = bott(x, 128, kind, rate)
    x = bott(bott(up(x, 128, 64), 64), 64)
    x = bott(up(x, 64, 16), 16)
    return g.op("ConvTranspose", x, g.weight(16, classes, 2, 2), g.weight(classes), strides=[2, 2])


def pp_liteseg(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """STDC1 without its first stages' width, pooled context, attention over channels' means and maxima."""

    def stdc(x, a, b, s):
        p = activated(g, x, a, b // 2, act=relu)
        q = conv(g, p, b // 2, b // 2, 3, 2, b // 2) if s == 2 else p
        y2 = activated(g, q, b // 2, b // 4, 3, act=relu)
        y3 = activated(g, y2, b // 4, b // 8, 3, act=relu)
        y4 = activated(g, y3, b // 8, b // 8, 3, act=relu)
        if s == 2:
            p = g.op("AveragePool", p, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        return concat(g, p, y2, y3, y4)

    x = activated(g, activated(g, g.input(1, 3, h, w), 3, 32, 3, 2, act=relu), 32, 64, 3, 2, act=relu)
    f, ci = ([], 64)
    for co in (256, 512, 1024):
        x = stdc(stdc(x, ci, co, 2), co, co, 1)
        ci = co
        f.append((x, co))
    eh, ew = (h // 32, w // 32)
    s = None
    for b in (1, 2, 4):
        p = (
            g.op("AveragePool", x, kernel_shape=[eh // b, ew // b], strides=[eh // b, ew // b])
            if b > 1
            else g.op("GlobalAveragePool", x)
        )
        p = resized(g, activated(g, p, 1024, 128, act=relu), 128, eh, ew)
        s = p if s is None else g.op("Add", s, p)
    x, ci = (activated(g, s, 128, 128, 3, act=relu), 128)
    for (lo, c), co, d in zip(reversed(f), (128, 96, 64), (32, 16, 8), strict=True):
        lo = activated(g, lo, c, ci, 3, act=relu)
        if d != 32:
            x = resized(g, x, ci, h // d, w // d)
        st = [g.op(f"Reduce{k}", t, axes=[1], keepdims=1) for t in (x, lo) for k in ("Mean", "Max")]
        a = g.op("Sigmoid", conv(g, activated(g, concat(g, *st), 4, 2, 3, act=relu), 2, 1, 3))
        y = g.op("Add", g.op("Mul", x, a), g.op("Mul", lo, g.op("Sub", g.const(1.0), a)))
        x, ci = (activated(g, y, ci, co, 3, act=relu), co)
    x = conv(g, activated(g, x, 64, 64, 3, act=relu), 64, classes, 1)
    return resized(g, x, classes, h, w)


def lraspp(g: Builder, size: int, classes: int = 21) -> str:
    """LR-ASPP on a dilated MobileNet-V3-large."""
    x, ci = (activated(g, g.input(1, 3, size, size), 3, 16, 3, 2, act=hswish), 16)
    low = None
    for k, t, co, gate, act, s, d in (
        (3, 16, 16, 0, relu, 1, 1),
        (3, 64, 24, 0, relu, 2, 1),
        (3, 72, 24, 0, relu, 1, 1),
        (5, 72, 40, 1, relu, 2, 1),
        (5, 120, 40, 1, relu, 1, 1),
        (5, 120, 40, 1, relu, 1, 1),
        (3, 240, 80, 0, hswish, 2, 1),
        (3, 200, 80, 0, hswish, 1, 1),
        (3, 184, 80, 0, hswish, 1, 1),
        (3, 184, 80, 0, hswish, 1, 1),
        (3, 480, 112, 1, hswish, 1, 1),
        (3, 672, 112, 1, hswish, 1, 1),
        (5, 672, 160, 1, hswish, 1, 2),
        (5, 960, 160, 1, hswish, 1, 2),
        (5, 960, 160, 1, hswish, 1, 2),
    ):
        y = activated(g, x, ci, t, act=act) if t != ci else x
        y = act(
            g,
            g.op(
                "Conv",
                y,
                g.weight(t, 1, k, k),
                g.weight(t),
                group=t,
                strides=[s, s],
                pads=[d * (k // 2)] * 4,
                dilations=[d, d],
            ),
        )
        if gate:
            y = hard_squeezed(g, y, t, max(8, t // 4 // 8 * 8))
        y = conv(g, y, t, co, 1)
        x, ci = (g.op("Add", y, x) if s == 1 and ci == co else y, co)
        if co == 40:
            low = x
    x = activated(g, x, 160, 960, act=hswish)
    e = size // 8
    a = activated(g, x, 960, 128, act=relu)
    b = g.op("Sigmoid", conv(g, g.op("GlobalAveragePool", x), 960, 128, 1))
    y = resized(g, g.op("Mul", a, b), 128, e, e)
    y = g.op("Add", conv(g, low, 40, classes, 1), conv(g, y, 128, classes, 1))
    return resized(g, y, classes, size, size)


USUAL_MAPS = {
    "unetpp_192": ("CNN", lambda g: unetpp(g, 192, (32, 64, 128, 256))),
    "bisenet_v2_256x512": ("CNN", lambda g: bisenet_v2(g, 256, 512)),
    "enet_256x512": ("CNN", lambda g: enet(g, 256, 512)),
    "pp_liteseg_256x512": ("CNN", lambda g: pp_liteseg(g, 256, 512)),
    "lraspp_mnv3_320": ("CNN", lambda g: lraspp(g, 320)),
}  # fmt: skip
