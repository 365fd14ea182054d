"""Transformers of pictures: BEiT, YOLOS, DaViT."""

from collections.abc import Sequence

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.current_pieces import turned
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.layers import attend, conv, heads, joined, layernorm


def yolos(g: Builder, size: int, layers: int, d: int = 192, h: int = 3, det: int = 100) -> list[str]:
    """YOLOS-Ti: a plain ViT with a hundred tokens of its own that become boxes."""
    e = size // 16
    n = e * e + 1 + det
    w = d // h
    x = g.op("Conv", g.input(1, 3, size, size), g.weight(d, 3, 16, 16), g.weight(d), strides=[16, 16])
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, e * e])), perm=[0, 2, 1])
    x = g.op("Add", concat(g, g.weight(1, 1, d), x, g.weight(1, det, d), axis=1), g.weight(1, n, d))
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, d), n, h, w) for _ in range(3))
        s = g.op("Softmax", g.op("Div", g.op("MatMul", q, turned(g, k)), g.const(w**0.5)), axis=-1)
        x = g.op("Add", product(g, joined(g, g.op("MatMul", s, v), n, d), d, d), x)
        x = g.op("Add", mlp(g, layernorm(g, x, d), d, 4 * d), x)
    y = g.op("Slice", layernorm(g, x, d), g.const([n - det]), g.const([2**62]), g.const([1]))

    def three(y, o):
        return product(g, relu(g, product(g, relu(g, product(g, y, d, d)), d, d)), d, o)

    return [three(y, 92), g.op("Sigmoid", three(y, 4))]


def beit(g: Builder, size: int, layers: int, d: int = 768, h: int = 12) -> str:
    """BEiT-B/16: a bias for each pair of places, each branch times a learned scale, the mean of the patches judged."""
    e = size // 16
    n = e * e + 1
    w = d // h
    x = g.op("Conv", g.input(1, 3, size, size), g.weight(d, 3, 16, 16), g.weight(d), strides=[16, 16])
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, e * e])), perm=[0, 2, 1])
    x = concat(g, g.weight(1, 1, d), x, axis=1)
    for _ in range(layers):
        y = g.op("Reshape", product(g, layernorm(g, x, d), d, 3 * d), g.const([1, n, 3, h, w]))
        y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
        q, k, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
        s = g.op("MatMul", g.op("Mul", q, g.const(w**-0.5)), turned(g, k))
        y = g.op("MatMul", g.op("Softmax", g.op("Add", s, g.weight(1, h, n, n)), axis=-1), v)
        x = g.op("Add", x, g.op("Mul", product(g, joined(g, y, n, d), d, d), g.weight(d)))
        x = g.op("Add", x, g.op("Mul", mlp(g, layernorm(g, x, d), d, 4 * d), g.weight(d)))
    y = g.op("Slice", x, g.const([1]), g.const([2**62]), g.const([1]))
    return dense(g, layernorm(g, g.op("ReduceMean", y, axes=[1], keepdims=0), d), d, 1000)


def davit(
    g: Builder, size: int, ws: Sequence[int] = (96, 192), hs: Sequence[int] = (3, 6), win: int = 7
) -> str:
    """DaViT-T's first two stages (Florence-2's eye): attention in windows, then across channels."""
    rows = lambda x, c, n: g.op("Transpose", g.op("Reshape", x, g.const([1, c, n])), perm=[0, 2, 1])
    image = lambda t, c, e: g.op("Reshape", g.op("Transpose", t, perm=[0, 2, 1]), g.const([1, c, e, e]))
    placed = lambda t, c, e: g.op("Add", t, rows(conv(g, image(t, c, e), c, c, 3, 1, c), c, e * e))
    x, ci, e = g.input(1, 3, size, size), 3, size
    for j, (c, h) in enumerate(zip(ws, hs, strict=True)):
        k, s = (7, 4) if j == 0 else (2, 2)
        if j:
            t = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 3, 1]), g.const([1, e * e, ci]))
            x = g.op(
                "Transpose", g.op("Reshape", layernorm(g, t, ci), g.const([1, e, e, ci])), perm=[0, 3, 1, 2]
            )
        x = g.op(
            "Conv", x, g.weight(c, ci, k, k), g.weight(c), strides=[s, s], pads=[3] * 4 if j == 0 else [0] * 4
        )
        e //= s
        n, w, p = e * e, c // h, e // win
        ci = c
        t = rows(x, c, n)
        if j == 0:
            t = layernorm(g, t, c)
        for kind in "sc":
            t = placed(t, c, e)
            y = layernorm(g, t, c)
            if kind == "s":
                b, m = p * p, win * win
                y = g.op(
                    "Transpose", g.op("Reshape", y, g.const([1, p, win, p, win, c])), perm=[0, 1, 3, 2, 4, 5]
                )
                y = g.op(
                    "Reshape",
                    product(g, g.op("Reshape", y, g.const([b, m, c])), c, 3 * c),
                    g.const([b, m, 3, h, w]),
                )
                y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
                q, kk, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
                y = g.op("Transpose", attend(g, q, kk, v, w), perm=[0, 2, 1, 3])
                y = product(g, g.op("Reshape", y, g.const([b, m, c])), c, c)
                y = g.op(
                    "Transpose", g.op("Reshape", y, g.const([1, p, p, win, win, c])), perm=[0, 1, 3, 2, 4, 5]
                )
                y = g.op("Reshape", y, g.const([1, n, c]))
            else:
                y = g.op(
                    "Transpose",
                    g.op("Reshape", product(g, y, c, 3 * c), g.const([1, n, 3, h, w])),
                    perm=[2, 0, 3, 1, 4],
                )
                q, kk, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
                s = g.op("Softmax", g.op("MatMul", turned(g, g.op("Mul", kk, g.const(w**-0.5))), v), axis=-1)
                y = turned(g, g.op("MatMul", s, turned(g, q)))
                y = product(g, joined(g, y, n, c), c, c)
            t = placed(g.op("Add", t, y), c, e)
            t = g.op("Add", t, mlp(g, layernorm(g, t, c), c, 4 * c))
        x = image(t, c, e)
    return dense(g, layernorm(g, g.op("ReduceMean", t, axes=[1], keepdims=0), ci), ci, 1000)


CURRENT_SIGHT = {
    "yolos_ti_320_x3": ("transformer", lambda g: yolos(g, 320, 3)),
    "beit_b16_224_x2": ("transformer", lambda g: beit(g, 224, 2)),
    "davit_t_224_2stages": ("transformer", lambda g: davit(g, 224)),
}  # fmt: skip
