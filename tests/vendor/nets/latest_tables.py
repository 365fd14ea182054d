"""Tables and baskets: FT-Transformer, SASRec."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.latest_pieces import many_heads, rejoined
from tests.vendor.nets.layers import attend, cut, layernorm


def ft_transformer(g: Builder, n: int, features: int = 20, d: int = 192, h: int = 8, layers: int = 3) -> str:
    """FT-Transformer: each column of a table a token, ReGLU behind the attention."""
    t, i = features + 1, 4 * d // 3
    x = g.op(
        "Add",
        g.op("Mul", g.op("Unsqueeze", g.input(n, features), g.const([2])), g.weight(features, d)),
        g.weight(features, d),
    )
    x = concat(g, x, g.op("Expand", g.weight(1, 1, d), g.const([n, 1, d])))
    for k in range(layers):
        y = layernorm(g, x, d) if k else x
        q, key, v = (many_heads(g, product(g, y, d, d), n, t, h, d // h) for _ in range(3))
        x = g.op("Add", x, product(g, rejoined(g, attend(g, q, key, v, d // h), n, t, d), d, d))
        a, b = g.op("Split", product(g, layernorm(g, x, d), d, 2 * i), g.const([i, i]), count=2, axis=2)
        x = g.op("Add", x, product(g, g.op("Mul", a, relu(g, b)), i, d))
    x = g.op("Squeeze", cut(g, x, 1, features, t), g.const([1]))
    return dense(g, relu(g, layernorm(g, x, d)), d, 1)


def sasrec(g: Builder, n: int, t: int, d: int = 64, h: int = 2, layers: int = 2, items: int = 3416) -> str:
    """SASRec: what comes next in a basket; feed-forwards as convolutions of one."""
    table, ids = g.weight(items, d), g.input(n, t, dtype=TensorProto.INT64)
    there = g.op("Cast", g.op("Greater", ids, g.const(np.array(0))), to=TensorProto.FLOAT16)
    there = g.op("Unsqueeze", there, g.const([2]))
    x = g.op("Add", g.op("Mul", g.op("Gather", table, ids), g.const(d**0.5)), g.weight(1, t, d))
    x = g.op("Mul", x, there)
    mask = g.const(np.where(np.tri(t), 0.0, -65504.0)[None, None].astype(np.float16))
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (many_heads(g, product(g, s, d, d), n, t, h, d // h) for s in (y, x, x))
        x = g.op("Add", y, product(g, rejoined(g, attend(g, q, k, v, d // h, mask), n, t, d), d, d))
        x = layernorm(g, x, d)
        y = g.op("Transpose", x, perm=[0, 2, 1])
        y = relu(g, g.op("Conv", y, g.weight(d, d, 1), g.weight(d)))
        y = g.op("Conv", y, g.weight(d, d, 1), g.weight(d))
        x = g.op("Mul", g.op("Add", g.op("Transpose", y, perm=[0, 2, 1]), x), there)
    last = cut(g, layernorm(g, x, d), 1, t - 1, t)
    asked = g.op("Gather", table, g.input(100, dtype=TensorProto.INT64))
    return g.op("MatMul", last, g.op("Transpose", asked, perm=[1, 0]))


LATEST_TABLES = {
    "ft_transformer_b16_x3": ("transformer", lambda g: ft_transformer(g, 16)),
    "sasrec_b8_100_x2": ("transformer", lambda g: sasrec(g, 8, 100)),
}  # fmt: skip
