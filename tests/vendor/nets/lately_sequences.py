"""Recurrences: series by the Temporal Fusion Transformer, documents by hierarchical attention."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product
from tests.vendor.nets.known_recurrent import layer
from tests.vendor.nets.latest_pieces import many_heads
from tests.vendor.nets.layers import cut, layernorm


def fusion(
    g: Builder, b: int, past: int, ahead: int, seen: int = 6, known: int = 4, d: int = 64, h: int = 4
) -> str:
    """The Temporal Fusion Transformer: variables weighed each moment, LSTMs, attention, three quantiles to come."""
    elu = lambda t: g.op("Elu", t)

    def gated(x: str, skip: str) -> str:
        u, v = g.op("Split", product(g, x, d, 2 * d), g.const([d, d]), count=2, axis=2)
        return layernorm(g, g.op("Add", g.op("Mul", u, g.op("Sigmoid", v)), skip), d)

    def residual(x: str, a: int = d) -> str:
        y = product(g, elu(product(g, x, a, d)), d, d)
        return gated(y, x if a == d else product(g, x, a, d))

    def weighed(x: str, n: int, t: int) -> str:
        vs = [product(g, v, 1, d) for v in g.op("Split", x, g.const([1] * n), count=n, axis=2)]
        flat = concat(g, *vs, axis=2)
        y = product(g, elu(product(g, flat, n * d, d)), d, d)
        u, v = g.op("Split", product(g, y, d, 2 * n), g.const([n, n]), count=2, axis=2)
        y = g.op("Add", g.op("Mul", u, g.op("Sigmoid", v)), product(g, flat, n * d, n))
        w = g.op("Unsqueeze", g.op("Softmax", layernorm(g, y, n), axis=-1), g.const([2]))
        all_ = concat(g, *(g.op("Unsqueeze", residual(v), g.const([3])) for v in vs), axis=3)
        return g.op("ReduceSum", g.op("Mul", all_, w), g.const([3]), keepdims=0)

    outs = []
    for n, t in ((seen + known, past), (known, ahead)):
        x = weighed(g.input(b, t, n), n, t)
        y = layer(g, "LSTM", g.op("Transpose", x, perm=[1, 0, 2]), d, d, False, (t, b, d))
        outs.append(gated(g.op("Transpose", y, perm=[1, 0, 2]), x))
    n = past + ahead
    x = concat(g, *outs, axis=1)
    y = residual(x)
    w = d // h
    q, k = (many_heads(g, product(g, y, d, d), b, n, h, w) for _ in range(2))
    s = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(w**-0.5))
    mask = np.where(np.tri(n, dtype=bool), np.float16(0), np.float16(-65504))[None, None]
    s = g.op("Softmax", g.op("Add", s, g.const(mask)), axis=-1)
    o = g.op("MatMul", s, g.op("Unsqueeze", product(g, y, d, w), g.const([1])))
    z = gated(product(g, g.op("ReduceMean", o, axes=[1], keepdims=0), w, d), y)
    z = cut(g, gated(residual(z), x), 1, past, n)
    return product(g, z, d, 3)


def documents(g: Builder, lines: int, words: int, d: int = 200, h: int = 50, classes: int = 5) -> str:
    """Hierarchical attention: GRUs both ways over the words of each line, then over the lines; what matters weighed."""

    def told(x: str, a: int, t: int, b: int) -> str:
        y = layer(g, "GRU", x, a, h, True, (t, b, 2 * h))
        s = product(g, g.op("Tanh", product(g, y, 2 * h, 2 * h)), 2 * h, 1, False)
        return g.op("ReduceSum", g.op("Mul", y, g.op("Softmax", s, axis=0)), g.const([0]), keepdims=0)

    x = g.op("Gather", g.weight(20000, d), g.input(words, lines, dtype=TensorProto.INT64))
    x = told(x, d, words, lines)
    x = told(g.op("Unsqueeze", x, g.const([1])), 2 * h, lines, 1)
    return g.op("LogSoftmax", product(g, x, 2 * h, classes), axis=-1)


LATELY_SEQUENCES = {
    "han_8x30": ("recurrent", lambda g: documents(g, 8, 30)),
    "tft_b4_48_24": ("recurrent", lambda g: fusion(g, 4, 48, 24)),
}  # fmt: skip
