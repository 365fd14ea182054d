"""Classifiers: EdgeNeXt, BoTNet, VoVNet, Mini-Xception, TSM's frames."""

from collections.abc import Sequence

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import channels_first, channels_last, mean, mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import activated, classified, concat, product, relu
from tests.vendor.nets.layers import conv, conv_relu, cut, gelu, layernorm, silu
from tests.vendor.nets.usual_pieces import hard_sigmoid, pooled


def edgenext_xxs(
    g: Builder,
    size: int,
    ws: Sequence[int] = (24, 48, 88, 168),
    ds: Sequence[int] = (2, 2, 6, 2),
    ks: Sequence[int] = (3, 5, 7, 9),
) -> str:
    """Split depthwise towers and attention across channels (XCA) at each stage's end."""
    x = unpadded(g, g.input(1, 3, size, size), 3, 24, 4, 4)
    x = channels_first(g, layernorm(g, channels_last(g, x), 24))
    ci, e = 24, size // 4

    def enc(x, c, k):
        y = layernorm(g, channels_last(g, conv(g, x, c, c, k, 1, c)), c)
        y = channels_first(g, product(g, gelu(g, product(g, y, c, 4 * c)), 4 * c, c))
        return g.op("Add", x, g.op("Mul", y, g.weight(c, 1, 1)))

    def sdta(x, c, e, n):
        w = -(-c // n)
        sizes = [w] * (n - 1) + [c - w * (n - 1)]
        ps, sp, outs = g.op("Split", x, g.const(sizes), count=n, axis=1), None, []
        for p, s in zip(ps[:-1], sizes, strict=False):
            sp = p if sp is None else g.op("Add", sp, p)
            sp = conv(g, sp, s, s, 3, 1, s)
            outs.append(sp)
        y = concat(g, *outs, ps[-1])
        t = g.op("Transpose", g.op("Reshape", y, g.const([1, c, e * e])), perm=[0, 2, 1])
        t = g.op("Add", t, g.weight(1, e * e, c))
        u = g.op("Reshape", product(g, layernorm(g, t, c), c, 3 * c), g.const([1, e * e, 3, 4, c // 4]))
        u = g.op("Transpose", u, perm=[2, 0, 3, 4, 1])
        q, kk, v = (g.op("Gather", u, g.const(np.array(i)), axis=0) for i in range(3))
        unit = lambda t: g.op(
            "Div", t, g.op("Clip", g.op("ReduceL2", t, axes=[-1], keepdims=1), g.const(0.0001))
        )
        s = g.op("MatMul", unit(q), g.op("Transpose", unit(kk), perm=[0, 1, 3, 2]))
        s = g.op("Softmax", g.op("Mul", s, g.weight(4, 1, 1)), axis=-1)
        o = g.op(
            "Reshape", g.op("Transpose", g.op("MatMul", s, v), perm=[0, 3, 1, 2]), g.const([1, e * e, c])
        )
        t = g.op("Add", t, g.op("Mul", product(g, o, c, c), g.weight(c)))
        t = product(
            g,
            gelu(g, product(g, layernorm(g, g.op("Reshape", t, g.const([1, e, e, c])), c), c, 4 * c)),
            4 * c,
            c,
        )
        return g.op("Add", x, channels_first(g, g.op("Mul", t, g.weight(c))))

    for j, (c, n, k) in enumerate(zip(ws, ds, ks, strict=True)):
        if j:
            x, e = unpadded(g, channels_first(g, layernorm(g, channels_last(g, x), ci)), ci, c, 2, 2), e // 2
            ci = c
        for i in range(n):
            x = sdta(x, c, e, j + 1) if j and i == n - 1 else enc(x, c, k)
    y = layernorm(g, g.op("ReduceMean", x, axes=[2, 3], keepdims=0), 168)
    return dense(g, y, 168, 1000)


def botnet26t(g: Builder, size: int) -> str:
    """BoTNet-26t: bottlenecks, attention over whole maps late."""
    x, ci, e = g.input(1, 3, size, size), 3, size // 4
    for a, b, s in ((3, 24, 2), (24, 32, 1), (32, 64, 1)):
        x = activated(g, x, a, b, 3, s)
    x, ci = pooled(g, x, 3, 2, 1), 64

    def mhsa(x, c, e, s):
        n, h = e * e, 4
        qkv = conv(g, x, c, 3 * c, 1, bias=False)
        q, k, v = (
            g.op("Reshape", t, g.const([h, c // h, n]))
            for t in g.op("Split", qkv, g.const([c] * 3), count=3, axis=1)
        )
        q = g.op("Transpose", q, perm=[0, 2, 1])
        a = g.op("Mul", g.op("MatMul", q, k), g.const((c // h) ** (-0.5)))
        a = g.op("Softmax", g.op("Add", a, g.weight(1, n, n)), axis=-1)
        y = g.op("MatMul", a, g.op("Transpose", v, perm=[0, 2, 1]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1]), g.const([1, c, e, e]))
        return mean_pooled(g, y) if s == 2 else y

    for j in range(4):
        w, co = 64 << j, 256 << j
        for i in range(2):
            s = 2 if i == 0 and j else 1
            y = activated(g, x, ci, w)
            if (j > 1 and i == 1) or j == 3:
                y = silu(g, mhsa(y, w, e, s))
            else:
                y = activated(g, y, w, w, 3, s)
            e //= s
            y = conv(g, y, w, co, 1)
            x, ci = silu(g, g.op("Add", y, x if i else conv(g, x, ci, co, 1, s))), co
    return classified(g, x, ci)


def ese_vovnet19b_dw(g: Builder, size: int) -> str:
    """VoVNet-19b with depthwise convolutions, all results of a stage joined, one gate."""

    def dw(x, a, b, s=1):
        return conv_relu(g, conv(g, x, a, a, 3, s, a), a, b, 1)

    x = dw(dw(conv_relu(g, g.input(1, 3, size, size), 3, 64, 3, 2), 64, 64), 64, 64, 2)
    ci = 64
    for j, (m, co) in enumerate(((128, 256), (160, 512), (192, 768), (224, 1024))):
        if j:
            x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        ts, t = [x], conv_relu(g, x, ci, m, 1)
        for _ in range(3):
            t = dw(t, m, m)
            ts.append(t)
        y = conv_relu(g, concat(g, *ts), ci + 3 * m, co, 1)
        x, ci = g.op("Mul", y, hard_sigmoid(g, conv(g, mean(g, y), co, co, 1))), co
    return classified(g, x, ci)


def mini_xception(g: Builder, n: int, size: int = 64) -> str:
    """Mini-Xception: expressions of faces, residual depthwise convolutions."""
    x = relu(g, unpadded(g, relu(g, unpadded(g, g.input(n, 1, size, size), 1, 8, 3, 1)), 8, 8, 3, 1))
    ci = 8
    for c in (16, 32, 64, 128):
        y = conv_relu(g, conv(g, x, ci, ci, 3, 1, ci, bias=False), ci, c, 1)
        y = pooled(g, conv(g, conv(g, y, c, c, 3, 1, c, bias=False), c, c, 1), 3, 2, 1)
        x, ci = g.op("Add", y, conv(g, x, ci, c, 1, 2)), c
    return g.op("Softmax", g.op("Flatten", mean(g, conv(g, x, 128, 7, 3)), axis=1), axis=1)


def tsm_r18(g: Builder, n: int, size: int, classes: int = 174) -> str:
    """Temporal shifts of an eighth of the channels, on n frames of one clip."""
    x, ci = pooled(g, conv_relu(g, g.input(n, 3, size, size), 3, 64, 7, 2), 3, 2, 1), 64

    def shift(x, c):
        f = c // 8
        a, b, r = g.op("Split", x, g.const([f, f, c - 2 * f]), count=3, axis=1)
        a = g.op("Pad", cut(g, a, 0, 1, n), g.const([0] * 4 + [1, 0, 0, 0]))
        b = g.op("Pad", cut(g, b, 0, 0, n - 1), g.const([1, 0, 0, 0] + [0] * 4))
        return concat(g, a, b, r)

    for j in range(4):
        co = 64 << j
        for i in range(2):
            s = 2 if i == 0 and j else 1
            y = conv(g, conv_relu(g, shift(x, ci), ci, co, 3, s), co, co, 3)
            x, ci = relu(g, g.op("Add", y, x if ci == co and s == 1 else conv(g, x, ci, co, 1, s))), co
    y = classified(g, x, 512, classes)
    return g.op("ReduceMean", y, axes=[0], keepdims=1)


FAMILIAR_CLASSIFIERS = {
    "tsm_r18_b8_112": ("CNN", lambda g: tsm_r18(g, 8, 112)),
    "ese_vovnet19b_dw_288": ("CNN", lambda g: ese_vovnet19b_dw(g, 288)),
    "edgenext_xxs_256": ("CNN", lambda g: edgenext_xxs(g, 256)),
    "mini_xception_b4_64": ("CNN", lambda g: mini_xception(g, 4)),
    "botnet26t_256": ("CNN", lambda g: botnet26t(g, 256)),
}  # fmt: skip
