"""Transformers: words by SigLIP, sounds by AST, windows of SAM; known ones in other published sizes."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, mlp, product
from tests.vendor.nets.everyday_sight import clip_l
from tests.vendor.nets.everyday_speech import fastconformer, whisper_enc
from tests.vendor.nets.everyday_words import bert
from tests.vendor.nets.familiar_words import vit_batch
from tests.vendor.nets.layers import gelu_tanh, layernorm
from tests.vendor.nets.recent_pieces import attn
from tests.vendor.nets.usual_sight import sd_down, segformer


def siglip_text(g: Builder, n: int = 64, layers: int = 3, d: int = 768, words: int = 32000) -> str:
    """SigLIP-B's words (layers of 12 cut): all see all, the last place is the line's, turned once more."""
    x = g.op("Gather", g.weight(words, d), g.input(1, n, dtype=TensorProto.INT64))
    x = g.op("Add", x, g.weight(1, n, d))
    for _ in range(layers):
        x = g.op("Add", x, attn(g, layernorm(g, x, d), n, d, 12))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d, gelu_tanh))
    x = g.op("Gather", layernorm(g, x, d), g.const(np.array(n - 1)), axis=1)
    return dense(g, x, d, d)


def ast(g: Builder, frames: int = 1024, mel: int = 128, layers: int = 2, d: int = 768) -> str:
    """AST (layers of 12 cut): patches of 16 ten apart from a spectrogram, two tokens in front of them."""
    x = g.op("Transpose", g.op("Unsqueeze", g.input(1, frames, mel), g.const([1])), perm=[0, 1, 3, 2])
    x = g.op("Conv", x, g.weight(d, 1, 16, 16), g.weight(d), strides=[10, 10])
    n = ((frames - 16) // 10 + 1) * ((mel - 16) // 10 + 1)
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, n])), perm=[0, 2, 1])
    n += 2
    x = g.op("Add", concat(g, g.weight(1, 1, d), g.weight(1, 1, d), x), g.weight(1, n, d))
    for _ in range(layers):
        x = g.op("Add", attn(g, layernorm(g, x, d), n, d, 12), x)
        x = g.op("Add", mlp(g, layernorm(g, x, d), d, 4 * d), x)
    x = layernorm(g, x, d)
    a, b = (g.op("Gather", x, g.const(np.array(i)), axis=1) for i in (0, 1))
    x = g.op("Div", g.op("Add", a, b), g.const(2.0))
    return dense(g, layernorm(g, x, d), d, 527)


def sam_windows(g: Builder, e: int = 64, d: int = 768, h: int = 12, s: int = 14) -> str:
    """SAM ViT-B: a layer whose attention stays in windows of 14, places added by row and by column."""
    w, k = d // h, -(-e // s)
    many, n = k * k, s * s
    x = g.input(1, e, e, d)
    y = layernorm(g, x, d)
    more = k * s - e
    y = g.op("Pad", y, g.const([0, 0, 0, 0, 0, more, more, 0]))
    y = g.op("Transpose", g.op("Reshape", y, g.const([1, k, s, k, s, d])), perm=[0, 1, 3, 2, 4, 5])
    y = product(g, g.op("Reshape", y, g.const([many, s, s, d])), d, 3 * d)
    y = g.op("Transpose", g.op("Reshape", y, g.const([many, n, 3, h, w])), perm=[2, 0, 3, 1, 4])
    y = g.op("Reshape", y, g.const([3, many * h, n, w]))
    q, key, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
    a = g.op("MatMul", g.op("Mul", q, g.const(w**-0.5)), g.op("Transpose", key, perm=[0, 2, 1]))
    q = g.op("Reshape", q, g.const([many * h, s, s, w]))
    rows = g.op("Einsum", q, g.weight(s, s, w), equation="bhwc,hkc->bhwk")
    columns = g.op("Einsum", q, g.weight(s, s, w), equation="bhwc,wkc->bhwk")
    a = g.op(
        "Add", g.op("Reshape", a, g.const([many * h, s, s, s, s])), g.op("Unsqueeze", rows, g.const([4]))
    )
    a = g.op("Add", a, g.op("Unsqueeze", columns, g.const([3])))
    a = g.op("Softmax", g.op("Reshape", a, g.const([many * h, n, n])), axis=-1)
    y = g.op("Reshape", g.op("MatMul", a, v), g.const([many, h, s, s, w]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 3, 1, 4]), g.const([many, s, s, d]))
    y = g.op("Reshape", product(g, y, d, d), g.const([1, k, k, s, s, d]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([1, k * s, k * s, d]))
    y = g.op("Slice", y, g.const([0, 0]), g.const([e, e]), g.const([1, 2]))
    x = g.op("Add", x, y)
    return g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))


NOWADAYS_WORDS = {
    "siglip_text_64_x3": ("transformer", lambda g: siglip_text(g)),
    "clip_b16_224_x3": ("transformer", lambda g: clip_l(g, 224, 16, 12, 3, 512)),
    "e5_large_384_x1": ("transformer", lambda g: bert(g, 384, 16, 64, 1, 4096, "mean")),
    "whisper_base_enc_1500_x2": ("transformer", lambda g: whisper_enc(g, 3000, 8, 2)),
    "segformer_b0_512": ("transformer", lambda g: segformer(g, 512)),
    "parakeet_188_x1": ("transformer", lambda g: fastconformer(g, 188, 8, 128, 1)),
    "vit_b16_b4_224_x2": ("transformer", lambda g: vit_batch(g, 4, 224, 16, 12, 2)),
    "ast_1214_x2": ("transformer", lambda g: ast(g)),
    "sam_b_windows_64": ("transformer", lambda g: sam_windows(g)),
    "sd15_first_down_64": ("transformer", lambda g: sd_down(g, 64, 320, 320, 8)),
}  # fmt: skip
