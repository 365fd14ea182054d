"""Language models' layers written otherwise than those of language.py; words and proteins."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product, rot
from tests.vendor.nets.everyday_words import padmask
from tests.vendor.nets.layers import attend, cut, embedding, gelu, heads, joined, layernorm, rmsnorm, silu
from tests.vendor.nets.text import causal


def angles(g: Builder, n: int, w: int) -> tuple[str, str]:
    """Constant cosines and sines of N places, [1, 1, N, W]."""
    a = np.arange(n)[:, None] * (1e4 ** -(np.arange(w // 2) / (w // 2)))[None]
    c, s = (g.const(np.concatenate([f(a)] * 2, 1)[None, None].astype(np.float16)) for f in (np.cos, np.sin))
    return c, s


def latent_prompt(g: Builder, n: int, d: int = 2048, h: int = 16, rank: int = 512) -> list[str]:
    """Multi-head latent attention (DeepSeek-V2-Lite): keys and values from a rank of 512, 64 of a head turned."""
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
    "mpt1b_pre_384": ("transformer", lambda g: sloped(g, 384)),
    "gte_small_b2_128_x2": ("transformer", lambda g: text(g, 2, 128, 384, 12, 2, 1536)),
    "xlmr_384_b1_x1": ("transformer", lambda g: text(g, 1, 384, 768, 12, 1, 3072)),
    "esm2_35m_200_x2": ("transformer", lambda g: turned_text(g, 200, 480, 20, 2, 1920)),
}  # fmt: skip
