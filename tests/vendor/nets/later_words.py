"""Layers of language models that are written otherwise than those of language.py, and text and sound by transformers."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu, rot
from tests.vendor.nets.everyday_words import padmask
from tests.vendor.nets.layers import attend, cut, embedding, gelu, heads, joined, layernorm, rmsnorm, silu
from tests.vendor.nets.text import causal


def angles(g: Builder, n: int, w: int) -> tuple[str, str]:
    """Constant cosines and sines of N places, [1, 1, N, W]."""
    a = np.arange(n)[:, None] * (1e4 ** -(np.arange(w // 2) / (w // 2)))[None]
    c, s = (g.const(np.concatenate([f(a)] * 2, 1)[None, None].astype(np.float16)) for f in (np.cos, np.sin))
    return c, s


def latent_prompt(g: Builder, n: int, d: int = 2048, h: int = 16, rank: int = 512) -> list[str]:
    """Multi-head latent attention (DeepSeek-V2-Lite): keys and values from a rank of 512, 64 places of each head turned."""
    x = embedding(g, 512, d, n)
    y = rmsnorm(g, x, d)
    cos, sin = angles(g, n, 64)
    q = heads(g, product(g, y, d, h * 192, False), n, h, 192)
    q = concat(g, cut(g, q, 3, 0, 128), rot(g, cut(g, q, 3, 128, 192), cos, sin, 64), axis=-1)
    low = product(g, y, d, rank + 64, False)
    kr = g.op("Reshape", cut(g, low, 2, rank, rank + 64), g.const([1, 1, n, 64]))
    kv = product(g, rmsnorm(g, cut(g, low, 2, 0, rank), rank), rank, h * 256, False)
    kv = heads(g, kv, n, h, 256)
    kr = g.op("Expand", rot(g, kr, cos, sin, 64), g.const([1, h, n, 64]))
    k = concat(g, cut(g, kv, 3, 0, 128), kr, axis=-1)
    v = cut(g, kv, 3, 128, 256)
    y = joined(g, attend(g, q, k, v, 192, causal(g, n)), n, h * 128)
    x = g.op("Add", x, product(g, y, h * 128, d, False))
    y = rmsnorm(g, x, d)
    y = g.op("Mul", silu(g, product(g, y, d, 2816, False)), product(g, y, d, 2816, False))
    return [g.op("Add", x, product(g, y, 2816, d, False)), low]


def squared(g: Builder, n: int, past: int, d: int, h: int, kv: int, w: int, inner: int) -> list[str]:
    """Nemotron: grouped heads, half of each turned, two products with a squared ReLU; a prompt or a token."""
    x = embedding(g, 512, d, n)
    y = layernorm(g, x, d)
    q = heads(g, product(g, y, d, h * w, False), n, h, w)
    k, v = (heads(g, product(g, y, d, kv * w, False), n, kv, w) for _ in range(2))
    cos, sin = angles(g, n, w // 2)
    part = lambda t: concat(
        g, rot(g, cut(g, t, 3, 0, w // 2), cos, sin, w // 2), cut(g, t, 3, w // 2, w), axis=-1
    )
    q, k = part(q), part(k)
    if past:
        k, v = (concat(g, g.input(1, kv, past, w), t, axis=2) for t in (k, v))
    m = n + past
    wide = lambda t: g.op(
        "Reshape",
        g.op("Expand", g.op("Unsqueeze", t, g.const([2])), g.const([1, kv, h // kv, m, w])),
        g.const([1, h, m, w]),
    )
    y = joined(g, attend(g, q, wide(k), wide(v), w, causal(g, n) if n > 1 else None), n, h * w)
    x = g.op("Add", x, product(g, y, h * w, d, False))
    y = relu(g, product(g, layernorm(g, x, d), d, inner, False))
    return [g.op("Add", x, product(g, g.op("Mul", y, y), inner, d, False)), k, v]


def sloped(g: Builder, n: int, d: int = 2048, h: int = 16, inner: int = 8192) -> str:
    """MPT: one product for q, k, v, slopes in the place of turned positions, no biases."""
    x = embedding(g, 512, d, n)
    q, k, v = g.op(
        "Split", product(g, layernorm(g, x, d), d, 3 * d, False), g.const([d] * 3), count=3, axis=2
    )
    q, k, v = (heads(g, t, n, h, d // h) for t in (q, k, v))
    far = np.arange(n)[None] - np.arange(n)[:, None]
    bias = (
        np.where(far > 0, -65504.0, far)[None, None] * 2.0 ** -(np.arange(1, h + 1) / 2)[None, :, None, None]
    )
    y = joined(g, attend(g, q, k, v, d // h, g.const(np.maximum(bias, -65504.0))), n, d)
    x = g.op("Add", x, product(g, y, d, d, False))
    y = gelu(g, product(g, layernorm(g, x, d), d, inner, False))
    return g.op("Add", x, product(g, y, inner, d, False))


def experts(g: Builder, n: int, d: int = 1024, inner: int = 512, count: int = 8) -> str:
    """A mixture of 8 experts as exported without routing: each takes all rows, weighed by its gate."""
    x = g.input(1, n, d)
    y = rmsnorm(g, x, d)
    gate = g.op("Softmax", product(g, y, d, count, False), axis=-1)
    for i in range(count):
        z = g.op("Mul", silu(g, product(g, y, d, inner, False)), product(g, y, d, inner, False))
        x = g.op("Add", x, g.op("Mul", product(g, z, inner, d, False), cut(g, gate, 2, i, i + 1)))
    return x


def text(g: Builder, b: int, n: int, d: int, h: int, layers: int, inner: int) -> str:
    """An encoder of sentences normalised behind, its mask from the user, a batch; the first row of each."""
    x = g.op(
        "Add", g.op("Gather", g.weight(30522, d), g.input(b, n, dtype=TensorProto.INT64)), g.weight(1, n, d)
    )
    x, w = layernorm(g, x, d), d // h
    m = g.op("Cast", g.input(b, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    mk = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", m, g.const([1, 2]))), g.const(-65504.0))
    for _ in range(layers):
        q, k, v = (
            g.op("Transpose", g.op("Reshape", product(g, x, d, d), g.const([b, n, h, w])), perm=[0, 2, 1, 3])
            for _ in range(3)
        )
        y = g.op("Transpose", attend(g, q, k, v, w, mk), perm=[0, 2, 1, 3])
        y = product(g, g.op("Reshape", y, g.const([b, n, d])), d, d)
        x = layernorm(g, g.op("Add", y, x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, inner), x), d)
    return g.op("Gather", x, g.const(np.array(0)), axis=1)


def turned_text(g: Builder, n: int, d: int, h: int, layers: int, inner: int) -> str:
    """RoFormer, ESM-2 of other widths: turned positions, the user's mask, norms in front."""
    x, w = embedding(g, 1000, d, n), d // h
    mk, (cos, sin) = padmask(g, n), angles(g, n, w)
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, d), n, h, w) for _ in range(3))
        y = joined(g, attend(g, rot(g, q, cos, sin, w), rot(g, k, cos, sin, w), v, w, mk), n, d)
        x = g.op("Add", x, product(g, y, d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, inner))
    return layernorm(g, x, d)


LATER_WORDS = {
    "deepseek2_lite_pre_256": ("transformer", lambda g: latent_prompt(g, 256)),
    "nemotron4b_pre_320": ("transformer", lambda g: squared(g, 320, 0, 3072, 24, 8, 128, 9216)),
    "nemotron4b_dec_1500": ("transformer", lambda g: squared(g, 1, 1500, 3072, 24, 8, 128, 9216)),
    "mpt1b_pre_384": ("transformer", lambda g: sloped(g, 384)),
    "experts8_128": ("transformer", lambda g: experts(g, 128)),
    "gte_small_b2_128_x2": ("transformer", lambda g: text(g, 2, 128, 384, 12, 2, 1536)),
    "xlmr_384_b1_x1": ("transformer", lambda g: text(g, 1, 384, 768, 12, 1, 3072)),
    "tinybert_b4_64_x4": ("transformer", lambda g: text(g, 4, 64, 312, 12, 4, 1200)),
    "esm2_35m_200_x2": ("transformer", lambda g: turned_text(g, 200, 480, 20, 2, 1920)),
    "esm2_150m_512_x1": ("transformer", lambda g: turned_text(g, 512, 640, 20, 1, 2560)),
}  # fmt: skip
