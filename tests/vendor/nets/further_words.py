"""Text and speech by transformers: RoBERTa, CLIP's text, mT5, Moonshine, Jina, Pythia, Phi."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product
from tests.vendor.nets.known_words import bert_batch
from tests.vendor.nets.layers import attend, cut, embedding, gelu_tanh, heads, joined, layernorm, linear
from tests.vendor.nets.text import causal, quick_gelu
from tests.vendor.nets.transformer_kinds import bucketed


def text_batch(g: Builder, b: int, n: int, h: int, layers: int) -> str:
    """CLIP's text tower on several prompts: causal layers, x sigmoid(1.702 x)."""
    d = 64 * h
    x = g.op("Gather", g.weight(49408, d), g.input(b, n, dtype=TensorProto.INT64))
    x, mask = g.op("Add", x, g.weight(1, n, d)), causal(g, n)
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (
            g.op("Transpose", g.op("Reshape", product(g, y, d, d), g.const([b, n, h, 64])), perm=[0, 2, 1, 3])
            for _ in range(3)
        )
        y = g.op("Transpose", attend(g, q, k, v, 64, mask), perm=[0, 2, 1, 3])
        x = g.op("Add", x, product(g, g.op("Reshape", y, g.const([b, n, d])), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d, quick_gelu))
    return layernorm(g, x, d)


def partly_turned(g: Builder, x: str, cos: str, sin: str, width: int, rotated: int) -> str:
    """The first `rotated` channels of each head rotated by position, the rest kept."""
    part, rest = cut(g, x, 3, 0, rotated), cut(g, x, 3, rotated, width)
    first, second = cut(g, part, 3, 0, rotated // 2), cut(g, part, 3, rotated // 2, rotated)
    other = concat(g, g.op("Neg", second), first, axis=3)
    return concat(g, g.op("Add", g.op("Mul", part, cos), g.op("Mul", other, sin)), rest, axis=3)


def moonshine(g: Builder, n: int, layers: int, d: int = 288, h: int = 8, rotated: int = 32) -> str:
    """Moonshine's encoder: heads of 36, 32 of them rotated, a feed-forward of Gelu, norms without a shift."""
    x, w = g.input(1, n, d), d // h
    norm = lambda x: g.op("LayerNormalization", x, g.weight(d), axis=-1)
    cos, sin = g.weight(1, 1, n, rotated), g.weight(1, 1, n, rotated)
    for _ in range(layers):
        y = norm(x)
        q, k, v = (heads(g, linear(g, y, d, d, False), n, h, w) for _ in range(3))
        q, k = (partly_turned(g, t, cos, sin, w, rotated) for t in (q, k))
        x = g.op("Add", x, linear(g, joined(g, attend(g, q, k, v, w), n, d), d, d, False))
        x = g.op("Add", x, mlp(g, norm(x), d, 4 * d))
    return norm(x)


def jina(g: Builder, n: int, layers: int, d: int = 512, h: int = 8) -> str:
    """Jina embeddings v2: a slope a head on the distance, a feed-forward of Gelu times a gate of one product."""
    x, w, inner = layernorm(g, embedding(g, 30528, d, n), d), d // h, 4 * d
    away = np.abs(np.arange(n)[:, None] - np.arange(n)[None]).astype(np.float16)
    slopes = g.const(-(2.0 ** -np.arange(1, h + 1)).astype(np.float16).reshape(1, h, 1, 1) * away)
    for _ in range(layers):
        q, k, v = (heads(g, product(g, x, d, d), n, h, w) for _ in range(3))
        y = product(g, joined(g, attend(g, q, k, v, w, slopes), n, d), d, d)
        x = layernorm(g, g.op("Add", x, y), d)
        gate, up = g.op("Split", linear(g, x, d, 2 * inner, False), g.const([inner] * 2), count=2, axis=2)
        y = product(g, g.op("Mul", gelu_tanh(g, gate), up), inner, d)
        x = layernorm(g, g.op("Add", x, y), d)
    return x


def side_by_side(
    g: Builder, n: int, past: int, h: int, w: int, layers: int, rotated: int, norms: int
) -> list[str]:
    """Pythia (two norms a layer), Phi (one): attention and feed-forward side by side; a prompt, or one token."""
    d, whole = h * w, n + past
    x, out = embedding(g, 2048, d, n), []
    cos, sin = g.weight(1, 1, n, rotated), g.weight(1, 1, n, rotated)
    for _ in range(layers):
        a = layernorm(g, x, d)
        b = layernorm(g, x, d) if norms == 2 else a
        q, k, v = (heads(g, product(g, a, d, d), n, h, w) for _ in range(3))
        q, k = (partly_turned(g, t, cos, sin, w, rotated) for t in (q, k))
        if past:
            k, v = (concat(g, g.input(1, h, past, w), t, axis=2) for t in (k, v))
        y = attend(g, q, k, v, w, None if past else causal(g, whole))
        y = product(g, joined(g, y, n, d), d, d)
        x, out = g.op("Add", x, g.op("Add", y, mlp(g, b, d, 4 * d, gelu_tanh))), [*out, k, v]
    return [layernorm(g, x, d), *(out if past else [])]


FURTHER_WORDS = {
    "roberta_l_192_x1": ("transformer", lambda g: bert_batch(g, 1, 192, 16, 1, 4096)),
    "bert_b2_384_x1": ("transformer", lambda g: bert_batch(g, 2, 384, 12, 1, 3072)),
    "clip_text_b4_77_x2": ("transformer", lambda g: text_batch(g, 4, 77, 8, 2)),
    "mt5_s_enc_256_x2": ("transformer", lambda g: bucketed(g, 256, 6, 1024, 2)),
    "moonshine_t_207_x3": ("transformer", lambda g: moonshine(g, 207, 3)),
    "jina_s_384_x2": ("transformer", lambda g: jina(g, 384, 2)),
    "pythia410m_step_500_x2": ("transformer", lambda g: side_by_side(g, 1, 500, 16, 64, 2, 16, 2)),
    "phi15_pre_256_x1": ("transformer", lambda g: side_by_side(g, 256, 0, 32, 64, 1, 32, 1)),
}  # fmt: skip
