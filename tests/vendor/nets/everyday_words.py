"""Text: BERT's kin that embed, GPT-2 and Flan-T5 by the token."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product, rot
from tests.vendor.nets.layers import attend, embedding, gelu_tanh, heads, joined, layernorm, silu


def padmask(g: Builder, n: int) -> str:
    """0 where there is a token, -65504 elsewhere."""
    m = g.op("Cast", g.input(1, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    m = g.op("Unsqueeze", m, g.const([1, 2]))
    return g.op("Mul", g.op("Sub", g.const(1.0), m), g.const(-65504.0))


def bert(g: Builder, n: int, h: int, w: int, layers: int, inner: int, pool: str = "cls") -> str:
    """BERT's layers, its first row or the mean as a unit vector."""
    d = h * w
    ids = embedding(g, 30522, d, n)
    x = layernorm(g, g.op("Add", g.op("Add", ids, g.weight(1, 1, d)), g.weight(1, n, d)), d)
    m = padmask(g, n)
    for _ in range(layers):
        q, k, v = (heads(g, product(g, x, d, d), n, h, w) for _ in range(3))
        y = product(g, joined(g, attend(g, q, k, v, w, m), n, d), d, d)
        x = layernorm(g, g.op("Add", y, x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, inner), x), d)
    if pool == "cls":
        y = g.op("Gather", x, g.const(np.array(0)), axis=1)
    else:
        y = g.op("ReduceMean", x, axes=[1], keepdims=0)
    return g.op("Div", y, g.op("ReduceL2", y, axes=[-1], keepdims=1))


def nomic(g: Builder, n: int, h: int, layers: int, inner: int) -> str:
    """Nomic Embed: rotary positions, gated feed-forward, norms behind."""
    d = 64 * h
    x = layernorm(g, embedding(g, 30528, d, n), d)
    cos, sin, m = g.weight(1, 1, n, 64), g.weight(1, 1, n, 64), padmask(g, n)
    for _ in range(layers):
        q, k, v = g.op("Split", product(g, x, d, 3 * d, False), g.const([d, d, d]), count=3, axis=2)
        q, k, v = (heads(g, t, n, h, 64) for t in (q, k, v))
        y = attend(g, rot(g, q, cos, sin, 64), rot(g, k, cos, sin, 64), v, 64, m)
        x = layernorm(g, g.op("Add", product(g, joined(g, y, n, d), d, d, False), x), d)
        y = product(
            g,
            g.op("Mul", product(g, x, d, inner, False), silu(g, product(g, x, d, inner, False))),
            inner,
            d,
            False,
        )
        x = layernorm(g, g.op("Add", y, x), d)
    y = g.op("ReduceMean", x, axes=[1], keepdims=0)
    return g.op("Div", y, g.op("ReduceL2", y, axes=[-1], keepdims=1))


def gpt_step(g: Builder, h: int, past: int, layers: int, vocab: int) -> list[str]:
    """GPT-2: a token after a cache."""
    d = 64 * h
    x = g.op(
        "Add",
        embedding(g, vocab, d, 1),
        g.op("Gather", g.weight(1024, d), g.input(1, 1, dtype=TensorProto.INT64)),
    )
    outs = []
    for _ in range(layers):
        q, k, v = g.op("Split", product(g, layernorm(g, x, d), d, 3 * d), g.const([d, d, d]), count=3, axis=2)
        q, k, v = (heads(g, t, 1, h, 64) for t in (q, k, v))
        k, v = (concat(g, g.input(1, h, past, 64), t, axis=2) for t in (k, v))
        x = g.op("Add", x, product(g, joined(g, attend(g, q, k, v, 64), 1, d), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d, gelu_tanh))
        outs += [k, v]
    return [product(g, layernorm(g, x, d), d, vocab, False), *outs]


def t5norm(g: Builder, x: str, d: int) -> str:
    """RMS norm in float32 written out."""
    f = g.op("Cast", x, to=TensorProto.FLOAT)
    m = g.op("ReduceMean", g.op("Mul", f, f), axes=[-1])
    f = g.op("Div", f, g.op("Sqrt", g.op("Add", m, g.const_f32(1e-6))))
    return g.op("Mul", g.op("Cast", f, to=TensorProto.FLOAT16), g.weight(d))


def t5_step(g: Builder, d: int, h: int, inner: int, past: int, source: int, layers: int) -> list[str]:
    """Flan-T5's decoder: a token after a cache, attention to a source's kept keys."""
    x, outs, size = embedding(g, 32128, d, 1), [], 64 * h
    bias = g.input(1, h, 1, past + 1)
    for _ in range(layers):
        y = t5norm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, size, False), 1, h, 64) for _ in range(3))
        k, v = (concat(g, g.input(1, h, past, 64), t, axis=2) for t in (k, v))
        s = g.op("Add", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), bias)
        y = g.op("MatMul", g.op("Softmax", s, axis=-1), v)
        x = g.op("Add", x, product(g, joined(g, y, 1, size), size, d, False))
        q = heads(g, product(g, t5norm(g, x, d), d, size, False), 1, h, 64)
        ck, cv = (g.input(1, h, source, 64) for _ in range(2))
        y = g.op(
            "MatMul",
            g.op("Softmax", g.op("MatMul", q, g.op("Transpose", ck, perm=[0, 1, 3, 2])), axis=-1),
            cv,
        )
        x = g.op("Add", x, product(g, joined(g, y, 1, size), size, d, False))
        y = t5norm(g, x, d)
        y = g.op("Mul", gelu_tanh(g, product(g, y, d, inner, False)), product(g, y, d, inner, False))
        x = g.op("Add", x, product(g, y, inner, d, False))
        outs += [k, v]
    return [product(g, t5norm(g, x, d), d, 32128, False), *outs]


EVERYDAY_WORDS = {
    "bge_small_512_x3": ("transformer", lambda g: bert(g, 512, 12, 32, 3, 1536)),
    "e5_base_384_x2": ("transformer", lambda g: bert(g, 384, 12, 64, 2, 3072, "mean")),
    "gpt2_m_step_512_x2": ("transformer", lambda g: gpt_step(g, 16, 512, 2, 50257)),
    "flan_t5_s_step_64_x3": ("transformer", lambda g: t5_step(g, 512, 6, 1024, 64, 200, 3)),
    "nomic_embed_256_x2": ("transformer", lambda g: nomic(g, 256, 12, 2, 3072)),
}  # fmt: skip
