"""Words, proteins, series of numbers: Jina embeddings, ESM-2, TimesFM."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.current_pieces import turned
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu, rot
from tests.vendor.nets.layers import embedding, gelu, heads, joined, layernorm, silu


def jina_small(g: Builder, n: int, d: int = 512, h: int = 8, inner: int = 2048, layers: int = 2) -> str:
    """Jina embeddings v2 small: distances as a bias, gated GELU; mean of the words that are there."""
    x = layernorm(g, g.op("Add", embedding(g, 30528, d, n), g.weight(1, 1, d)), d)
    m = g.op("Cast", g.input(1, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    mk = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", m, g.const([1, 2]))), g.const(-65504.0))
    far = np.abs(np.arange(n)[:, None] - np.arange(n)[None])
    ali = g.const((-far[None, None] * (2.0 ** -np.arange(1, h + 1))[None, :, None, None]).astype(np.float16))
    mk = g.op("Add", ali, mk)
    for _ in range(layers):
        q, k, v = (heads(g, product(g, x, d, d), n, h, d // h) for _ in range(3))
        s = g.op("Add", g.op("Div", g.op("MatMul", q, turned(g, k)), g.const((d // h) ** 0.5)), mk)
        y = joined(g, g.op("MatMul", g.op("Softmax", s, axis=-1), v), n, d)
        x = layernorm(g, g.op("Add", product(g, y, d, d), x), d)
        a, b = g.op("Split", product(g, x, d, 2 * inner, False), g.const([inner, inner]), count=2, axis=2)
        x = layernorm(g, g.op("Add", product(g, g.op("Mul", gelu(g, a), b), inner, d), x), d)
    mm = g.op("Unsqueeze", m, g.const([2]))
    y = g.op("ReduceSum", g.op("Mul", x, mm), g.const([1]), keepdims=0)
    return g.op("Div", y, g.op("Clip", g.op("ReduceSum", mm, g.const([1]), keepdims=0), g.const(1e-4)))


def esm2(g: Builder, n: int, d: int = 320, h: int = 20, layers: int = 3) -> str:
    """ESM-2 8M: proteins, turned positions, norms before; three layers of six."""
    w = d // h
    x = embedding(g, 33, d, n)
    m = g.op("Cast", g.input(1, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    x = g.op("Mul", x, g.op("Unsqueeze", m, g.const([2])))
    mk = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", m, g.const([1, 2]))), g.const(-65504.0))
    ang = np.arange(n)[:, None] * (1e4 ** -(np.arange(w // 2) / (w // 2)))[None]
    cos, sin = (
        g.const(np.concatenate([f(ang)] * 2, 1)[None, None].astype(np.float16)) for f in (np.cos, np.sin)
    )
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (product(g, y, d, d) for _ in range(3))
        q = g.op("Mul", q, g.const(w**-0.5))
        q, k, v = (heads(g, t, n, h, w) for t in (q, k, v))
        q, k = rot(g, q, cos, sin, w), rot(g, k, cos, sin, w)
        s = g.op("Softmax", g.op("Add", g.op("MatMul", q, turned(g, k)), mk), axis=-1)
        x = g.op("Add", x, product(g, joined(g, g.op("MatMul", s, v), n, d), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    x = layernorm(g, gelu(g, product(g, layernorm(g, x, d), d, d)), d)
    return product(g, x, d, 33)


def timesfm(
    g: Builder,
    n: int = 512,
    p: int = 32,
    d: int = 1280,
    h: int = 16,
    layers: int = 2,
    ahead: int = 128,
    quant: int = 10,
) -> str:
    """TimesFM 200M: patches of 32 through a residual block, causal layers (two of twenty), 128 steps told."""
    t = n // p
    w = d // h

    def res(x, a, i, b):
        return g.op("Add", product(g, silu(g, product(g, x, a, i)), i, b), product(g, x, a, b))

    x = g.op("Reshape", g.input(1, n), g.const([1, t, p]))
    pad = g.op("Reshape", g.input(1, n), g.const([1, t, p]))
    x = g.op("Add", res(concat(g, x, pad, axis=2), 2 * p, d, d), g.weight(1, t, d))
    mask = g.const(np.where(np.tri(t), 0.0, -65504.0)[None, None].astype(np.float16))

    def rms(x):
        v = g.op("ReduceMean", g.op("Mul", x, x), axes=[-1], keepdims=1)
        return g.op("Mul", g.op("Div", x, g.op("Sqrt", g.op("Add", v, g.const(1e-4)))), g.weight(d))

    for _ in range(layers):
        q, k, v = g.op("Split", product(g, rms(x), d, 3 * d), g.const([d] * 3), count=3, axis=2)
        q, k, v = (heads(g, u, t, h, w) for u in (q, k, v))
        s = g.op("Add", g.op("MatMul", g.op("Mul", q, g.weight(w)), turned(g, k)), mask)
        y = joined(g, g.op("MatMul", g.op("Softmax", s, axis=-1), v), t, d)
        x = g.op("Add", x, product(g, y, d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, d, relu))
    return res(x, d, d, ahead * quant)


RECENT_WORDS = {
    "timesfm_200m_512_x2": ("transformer", lambda g: timesfm(g)),
    "jina_v2_s_256_x2": ("transformer", lambda g: jina_small(g, 256)),
    "esm2_8m_256_x3": ("transformer", lambda g: esm2(g, 256)),
}  # fmt: skip
