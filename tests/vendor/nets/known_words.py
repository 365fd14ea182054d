"""Text: BERT's kin in batches, T5's encoder, Phi-2, Gemma 2, a mixture of experts, BART's step, VITS' text encoder."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu, rot
from tests.vendor.nets.everyday_words import t5norm
from tests.vendor.nets.layers import cut, embedding, gelu, gelu_tanh, heads, joined, layernorm, rmsnorm, silu
from tests.vendor.nets.text import causal


def bert_batch(g: Builder, b: int, n: int, h: int, layers: int, inner: int) -> str:
    """BERT on several texts with a padding mask; the pooler's row."""
    d = 64 * h
    ids = g.op("Gather", g.weight(30522, d), g.input(b, n, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", g.op("Add", ids, g.weight(1, 1, d)), g.weight(1, n, d)), d)
    m = g.op("Cast", g.input(b, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    m = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", m, g.const([1, 2]))), g.const(-65504.0))
    for _ in range(layers):
        q, k, v = (
            g.op("Transpose", g.op("Reshape", product(g, x, d, d), g.const([b, n, h, 64])), perm=[0, 2, 1, 3])
            for _ in range(3)
        )
        s = g.op("Div", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(8.0))
        y = g.op("MatMul", g.op("Softmax", g.op("Add", s, m), axis=-1), v)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([b, n, d]))
        x = layernorm(g, g.op("Add", product(g, y, d, d), x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, inner), x), d)
    y = g.op("Gather", x, g.const(np.array(0)), axis=1)
    return g.op("Tanh", g.op("Gemm", y, g.weight(d, d), g.weight(d), transB=1))


def t5_enc(g: Builder, n: int, d: int, h: int, inner: int, layers: int) -> str:
    """mT5's encoder: norms in float32, a bias of distances, gated tanh Gelu."""
    x, bias = embedding(g, 32128, d, n), g.weight(1, h, n, n)
    for _ in range(layers):
        y = t5norm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, 64 * h, False), n, h, 64) for _ in range(3))
        s = g.op("Add", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), bias)
        y = joined(g, g.op("MatMul", g.op("Softmax", s, axis=-1), v), n, 64 * h)
        x = g.op("Add", x, product(g, y, 64 * h, d, False))
        y = t5norm(g, x, d)
        y = g.op("Mul", gelu_tanh(g, product(g, y, d, inner, False)), product(g, y, d, inner, False))
        x = g.op("Add", x, product(g, y, inner, d, False))
    return t5norm(g, x, d)


def phi2(g: Builder, n: int, layers: int, d: int = 2560, h: int = 32, w: int = 80, turned: int = 32) -> str:
    """Phi-2: attention and feed-forward side by side on one norm, 32 channels of a head rotated."""
    x, m = embedding(g, 2048, d, n), causal(g, n)
    cos, sin = g.weight(1, 1, n, turned), g.weight(1, 1, n, turned)

    def partly(t):
        a, b = cut(g, t, 3, 0, turned), cut(g, t, 3, turned, w)
        return concat(g, rot(g, a, cos, sin, turned), b, axis=-1)

    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, d), n, h, w) for _ in range(3))
        s = g.op("MatMul", partly(q), g.op("Transpose", partly(k), perm=[0, 1, 3, 2]))
        s = g.op("Softmax", g.op("Add", g.op("Mul", s, g.const(w**-0.5)), m), axis=-1)
        y = g.op("Add", product(g, joined(g, g.op("MatMul", s, v), n, d), d, d), mlp(g, y, d, 4 * d, gelu_tanh))
        x = g.op("Add", y, x)
    return layernorm(g, x, d)


def gemma2(g: Builder, n: int, layers: int, d: int = 2304, h: int = 8, kv: int = 4, w: int = 256) -> str:
    """Gemma 2: four norms a layer, scores held below 50 by tanh, two queries a key."""
    x, m = g.op("Mul", embedding(g, 2048, d, n), g.const(48.0)), causal(g, n)
    cos, sin, inner = g.weight(1, 1, n, w), g.weight(1, 1, n, w), 4 * d
    for _ in range(layers):
        y = rmsnorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, c * w, False), n, c, w) for c in (h, kv, kv))
        q, k = rot(g, q, cos, sin, w), rot(g, k, cos, sin, w)
        k, v = (
            g.op("Reshape", g.op("Expand", g.op("Unsqueeze", t, g.const([2])), g.const([1, kv, h // kv, n, w])),
                 g.const([1, h, n, w]))
            for t in (k, v)
        )  # fmt: skip
        s = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(0.0625))
        s = g.op("Mul", g.op("Tanh", g.op("Div", s, g.const(50.0))), g.const(50.0))
        s = g.op("Softmax", g.op("Add", s, m), axis=-1)
        y = product(g, joined(g, g.op("MatMul", s, v), n, h * w), h * w, d, False)
        x = g.op("Add", x, rmsnorm(g, y, d))
        y = rmsnorm(g, x, d)
        y = g.op("Mul", gelu_tanh(g, product(g, y, d, inner, False)), product(g, y, d, inner, False))
        x = g.op("Add", x, rmsnorm(g, product(g, y, inner, d, False), d))
    return rmsnorm(g, x, d)


def experts(g: Builder, n: int, d: int = 1024, e: int = 8, inner: int = 512) -> str:
    """A mixture of experts, every expert asked: routed by softmax, gated feed-forwards, weighted sums."""
    x = g.input(1, n, d)
    y = rmsnorm(g, x, d)
    r = g.op("Softmax", product(g, y, d, e, False), axis=-1)
    for i in range(e):
        z = g.op("Mul", silu(g, product(g, y, d, inner, False)), product(g, y, d, inner, False))
        x = g.op("Add", x, g.op("Mul", product(g, z, inner, d, False), cut(g, r, 2, i, i + 1)))
    return x


def bart_step(g: Builder, past: int, source: int, layers: int, d: int = 1024, h: int = 16) -> list[str]:
    """BART-large's decoder, a token: norms behind, the source's keys and values given."""
    x, outs, tr = layernorm(g, g.op("Add", embedding(g, 50265, d, 1), g.weight(1, 1, d)), d), [], [0, 1, 3, 2]
    for _ in range(layers):
        for own in (True, False):
            q = heads(g, g.op("Mul", product(g, x, d, d), g.const(0.125)), 1, h, 64)
            if own:
                k, v = (
                    concat(g, g.input(1, h, past, 64), heads(g, product(g, x, d, d), 1, h, 64), axis=2)
                    for _ in range(2)
                )
                outs += [k, v]
            else:
                k, v = (g.input(1, h, source, 64) for _ in range(2))
            y = g.op("MatMul", g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=tr)), axis=-1), v)
            x = layernorm(g, g.op("Add", x, product(g, joined(g, y, 1, d), d, d)), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, 4 * d, gelu)), d)
    return [product(g, x, d, 50265, False), *outs]


def vits_text(g: Builder, n: int, layers: int, d: int = 192, h: int = 2) -> str:
    """VITS' text encoder on [1, C, L]: 1x1 products, a feed-forward of windows of 3, norms over channels."""
    line = lambda x, a, b, k=1: g.op("Conv", x, g.weight(b, a, k), g.weight(b), pads=[k // 2] * 2)

    def norm(x):
        y = layernorm(g, g.op("Transpose", x, perm=[0, 2, 1]), d)
        return g.op("Transpose", y, perm=[0, 2, 1])

    x, w = g.op("Transpose", embedding(g, 178, d, n), perm=[0, 2, 1]), d // h
    for _ in range(layers):
        q, k, v = (
            g.op("Transpose", g.op("Reshape", line(x, d, d), g.const([1, h, w, n])), perm=[0, 1, 3, 2])
            for _ in range(3)
        )
        q = g.op("Mul", q, g.const(w**-0.5))
        s = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
        y = g.op("Reshape", g.op("Transpose", g.op("MatMul", s, v), perm=[0, 1, 3, 2]), g.const([1, d, n]))
        x = norm(g.op("Add", x, line(y, d, d)))
        x = norm(g.op("Add", x, line(relu(g, line(x, d, 4 * d, 3)), 4 * d, d, 3)))
    return line(x, d, 2 * d)


KNOWN_WORDS = {
    "bert_b8_64_x2": ("transformer", lambda g: bert_batch(g, 8, 64, 12, 2, 3072)),
    "bert_b2_384_x2": ("transformer", lambda g: bert_batch(g, 2, 384, 12, 2, 3072)),
    "minilm_b4_96_x3": ("transformer", lambda g: bert_batch(g, 4, 96, 6, 3, 1536)),
    "mt5_base_enc_512_x1": ("transformer", lambda g: t5_enc(g, 512, 768, 12, 2048, 1)),
    "phi2_256_x1": ("transformer", lambda g: phi2(g, 256, 1)),
    "gemma2_2b_320_x1": ("transformer", lambda g: gemma2(g, 320, 1)),
    "experts_8_256": ("transformer", lambda g: experts(g, 256)),
    "bart_large_step_96_x2": ("transformer", lambda g: bart_step(g, 96, 256, 2)),
    "vits_text_120_x4": ("transformer", lambda g: vits_text(g, 120, 4)),
}  # fmt: skip
