"""Attention to what is seen: gMLP, MViTv2's pooled heads, CSWin's crossed stripes, captions by BLIP."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import unpadded
from tests.vendor.nets.everyday_pieces import concat, mlp, product
from tests.vendor.nets.layers import attend, conv, cut, gelu, layernorm
from tests.vendor.nets.newest_sight import tokens


def gmlp(g: Builder, e: int, layers: int = 6, d: int = 256, i: int = 1536) -> str:
    """gMLP-S/16 (layers of 30 cut): one half of the channels gates the other, a product over places before."""
    n = (e // 16) ** 2
    x = tokens(g, unpadded(g, g.input(1, 3, e, e), 3, d, 16, 16), d, n)
    for _ in range(layers):
        y = gelu(g, product(g, layernorm(g, x, d), d, i))
        u, v = g.op("Split", y, g.const([i // 2, i // 2]), count=2, axis=2)
        v = g.op("Transpose", layernorm(g, v, i // 2), perm=[0, 2, 1])
        v = g.op("Transpose", product(g, v, n, n), perm=[0, 2, 1])
        x = g.op("Add", x, product(g, g.op("Mul", u, v), i // 2, d))
    return dense(g, g.op("ReduceMean", layernorm(g, x, d), axes=[1], keepdims=0), d, 1000)


def mvit(g: Builder, e: int, depths: tuple[int, ...] = (1, 2, 2, 1), w: int = 96) -> str:
    """MViTv2-T (depths of 1, 2, 5, 2 cut): heads pooled by depthwise taps, where keys lie told by two tables."""
    m = e // 4
    x = tokens(g, conv(g, g.input(1, 3, e, e), 3, w, 7, 4), w, m * m)

    def taken(t: str, h: int, m: int, s: int) -> str:
        y = g.op("Reshape", g.op("Transpose", t, perm=[0, 2, 1]), g.const([h, w, m, m]))
        y = g.op("Conv", y, g.weight(w, 1, 3, 3), strides=[s, s], pads=[1] * 4, group=w)
        y = g.op("Reshape", y, g.const([h, w, (m // s) ** 2]))
        return layernorm(g, g.op("Transpose", y, perm=[0, 2, 1]), w)

    d = w
    for j, depth in enumerate(depths):
        h = 1 << j
        for i in range(depth):
            s, t, out = (2 if j and i == 0 else 1), max(1, 4 >> j), h * w
            y, n = layernorm(g, x, d), m * m
            qkv = g.op("Reshape", product(g, y, d, 3 * out), g.const([n, 3, h, w]))
            qkv = g.op("Split", g.op("Transpose", qkv, perm=[1, 2, 0, 3]), g.const([1] * 3), count=3, axis=0)
            q, k, v = (g.op("Squeeze", z, g.const([0])) for z in qkv)
            q, k, v = taken(q, h, m, s), taken(k, h, m, t), taken(v, h, m, t)
            a, b = m // s, m // t
            p = g.op("MatMul", g.op("Mul", q, g.const(w**-0.5)), g.op("Transpose", k, perm=[0, 2, 1]))
            at = g.op("Reshape", q, g.const([h, a, a, w]))
            rows = g.op("Unsqueeze", g.op("MatMul", at, g.weight(1, a, w, b)), g.const([4]))
            columns = g.op("MatMul", g.op("Transpose", at, perm=[0, 2, 1, 3]), g.weight(1, a, w, b))
            columns = g.op("Unsqueeze", g.op("Transpose", columns, perm=[0, 2, 1, 3]), g.const([3]))
            p = g.op("Add", g.op("Add", g.op("Reshape", p, g.const([h, a, a, b, b])), rows), columns)
            p = g.op("Softmax", g.op("Reshape", p, g.const([h, a * a, b * b])), axis=-1)
            o = g.op("Add", g.op("MatMul", p, v), q)
            o = g.op("Reshape", g.op("Transpose", o, perm=[1, 0, 2]), g.const([1, a * a, out]))
            x = product(g, y, d, out) if d != out else x
            if s == 2:
                x = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, out, m, m]))
                x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
                x = tokens(g, x, out, a * a)
            x, d, m = g.op("Add", x, product(g, o, out, out)), out, a
            x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    return dense(g, g.op("ReduceMean", layernorm(g, x, d), axes=[1], keepdims=0), d, 1000)


def cswin(g: Builder, e: int, d: int = 128, h: int = 4) -> str:
    """CSWin-T's second stage and two layers of the third: half the heads see upright stripes, half lying ones."""

    def stripes(q: str, k: str, v: str, c: int, h: int, sh: int, sw: int) -> str:
        rows, columns, w = e // sh, e // sw, c // h
        n, m = rows * columns, sh * sw

        def cut_up(t: str) -> str:
            t = g.op("Reshape", g.op("Transpose", t, perm=[0, 2, 1]), g.const([c, rows, sh, columns, sw]))
            return g.op("Reshape", g.op("Transpose", t, perm=[1, 3, 0, 2, 4]), g.const([n, c, sh, sw]))

        turn = lambda t: g.op("Transpose", g.op("Reshape", t, g.const([n, h, w, m])), perm=[0, 1, 3, 2])
        q, k, v = cut_up(q), cut_up(k), cut_up(v)
        o = attend(g, turn(q), turn(k), turn(v), w)
        o = g.op("Add", o, turn(conv(g, v, c, c, 3, 1, c)))
        o = g.op("Reshape", g.op("Transpose", o, perm=[0, 2, 1, 3]), g.const([rows, columns, sh, sw, c]))
        return g.op("Reshape", g.op("Transpose", o, perm=[0, 2, 1, 3, 4]), g.const([1, e * e, c]))

    x = g.input(1, e * e, d)
    for split in (2, 7):
        for _ in range(2):
            y = product(g, layernorm(g, x, d), d, 3 * d)
            qkv = g.op("Split", y, g.const([d] * 3), count=3, axis=2)
            c, both = d // 2, []
            for j, (sh, sw) in enumerate(((e, split), (split, e))):
                both.append(stripes(*(cut(g, t, 2, j * c, j * c + c) for t in qkv), c, h // 2, sh, sw))
            x = g.op("Add", x, product(g, concat(g, *both, axis=2), d, d))
            x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
        if split == 2:
            x = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, d, e, e]))
            x, e, d, h = conv(g, x, d, 2 * d, 3, 2), e // 2, 2 * d, 2 * h
            x = layernorm(g, tokens(g, x, d, e * e), d)
    return x


OF_LATE_SIGHT = {
    "gmlp_s16_224": ("transformer", lambda g: gmlp(g, 224)),
    "cswin_t_28": ("transformer", lambda g: cswin(g, 28)),
    "mvitv2_t": ("transformer", lambda g: mvit(g, 224)),
}  # fmt: skip
