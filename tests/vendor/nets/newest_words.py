"""Words and baskets: CodeGen by the token, TinyBERT, BERT4Rec, Whisper turbo by the token."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product
from tests.vendor.nets.latest_pieces import many_heads, rejoined
from tests.vendor.nets.layers import cut, gelu, gelu_tanh, layernorm, linear
from tests.vendor.nets.sound import speech_step


def every_other(g: Builder, x: str, begin: int) -> str:
    """Each second number of the last axis."""
    return g.op("Slice", x, *(g.const([v]) for v in (begin, 2**62, 3, 2)))


def codegen_step(
    g: Builder, past: int, layers: int, d: int = 1024, h: int = 16, rotary: int = 32
) -> list[str]:
    """CodeGen-350M: a token; attention and feed-forward side by side, neighbours rotated, q, v, k in four parts."""
    w, outs = d // h, []
    x = g.op("Gather", g.weight(51200, d), g.input(1, 1, dtype=TensorProto.INT64))
    cos, sin = g.weight(1, 1, 1, rotary), g.weight(1, 1, 1, rotary)

    def turned(t: str) -> str:
        r = cut(g, t, 3, 0, rotary)
        pairs = (
            g.op("Unsqueeze", p, g.const([4]))
            for p in (g.op("Neg", every_other(g, r, 1)), every_other(g, r, 0))
        )
        flipped = g.op("Reshape", concat(g, *pairs, axis=4), g.const([1, h, 1, rotary]))
        r = g.op("Add", g.op("Mul", r, cos), g.op("Mul", flipped, sin))
        return concat(g, r, cut(g, t, 3, rotary, w), axis=3)

    for _ in range(layers):
        y = layernorm(g, x, d)
        qvk = g.op("Reshape", g.op("MatMul", y, g.weight(d, 3 * d)), g.const([1, 1, 4, 3 * d // 4]))
        parts = g.op("Split", qvk, g.const([d // 4] * 3), count=3, axis=3)
        q, v, k = (
            g.op("Transpose", g.op("Reshape", t, g.const([1, 1, h, w])), perm=[0, 2, 1, 3]) for t in parts
        )
        k = concat(g, g.input(1, h, past, w), turned(k), axis=2)
        v = concat(g, g.input(1, h, past, w), v, axis=2)
        s = g.op("MatMul", turned(q), g.op("Transpose", k, perm=[0, 1, 3, 2]))
        p = g.op("Softmax", g.op("Div", s, g.const(w**0.5)), axis=-1)
        a = g.op("Reshape", g.op("Transpose", g.op("MatMul", p, v), perm=[0, 2, 1, 3]), g.const([1, 1, d]))
        a = g.op("MatMul", a, g.weight(d, d))
        x = g.op("Add", g.op("Add", a, mlp(g, y, d, 4 * d, gelu_tanh)), x)
        outs += [k, v]
    return [linear(g, layernorm(g, x, d), d, 512), *outs]


def encoder(g: Builder, x: str, m: str, b: int, n: int, d: int, h: int, inner: int) -> str:
    """A layer of BERT on b texts of n words; heads of any width."""
    w = d // h
    q, k, v = (many_heads(g, product(g, x, d, d), b, n, h, w) for _ in range(3))
    s = g.op("Div", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(w**0.5))
    y = g.op("MatMul", g.op("Softmax", g.op("Add", s, m), axis=-1), v)
    x = layernorm(g, g.op("Add", product(g, rejoined(g, y, b, n, d), d, d), x), d)
    return layernorm(g, g.op("Add", mlp(g, x, d, inner, gelu), x), d)


def masked(g: Builder, b: int, n: int) -> str:
    """What is added to the scores of words that are not there."""
    m = g.op("Cast", g.input(b, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    return g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", m, g.const([1, 2]))), g.const(-65504.0))


def tinybert(g: Builder, b: int, n: int, layers: int, d: int = 312, h: int = 12, inner: int = 1200) -> str:
    """TinyBERT of 312 numbers a word, twelve heads of 26."""
    ids = g.op("Gather", g.weight(30522, d), g.input(b, n, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", g.op("Add", ids, g.weight(1, 1, d)), g.weight(1, n, d)), d)
    m = masked(g, b, n)
    for _ in range(layers):
        x = encoder(g, x, m, b, n, d, h, inner)
    y = g.op("Gather", x, g.const(np.array(0)), axis=1)
    return g.op("Tanh", g.op("Gemm", y, g.weight(d, d), g.weight(d), transB=1))


def bert4rec(g: Builder, b: int, n: int, layers: int, d: int = 64, h: int = 2, items: int = 3418) -> str:
    """BERT4Rec on b baskets of n items: the last place scored against all items."""
    ids = g.op("Gather", g.weight(items, d), g.input(b, n, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", ids, g.weight(1, n, d)), d)
    m = masked(g, b, n)
    for _ in range(layers):
        x = encoder(g, x, m, b, n, d, h, 4 * d)
    y = g.op("Gather", x, g.const(np.array(n - 1)), axis=1)
    y = layernorm(g, gelu(g, product(g, y, d, d)), d)
    return g.op("Gemm", y, g.weight(items, d), g.weight(items), transB=1)


NEWEST_WORDS = {
    "tinybert_b4_128_x4": ("transformer", lambda g: tinybert(g, 4, 128, 4)),
    "codegen350m_step_640_x2": ("transformer", lambda g: codegen_step(g, 640, 2)),
    "bert4rec_b8_200_x2": ("transformer", lambda g: bert4rec(g, 8, 200, 2)),
    "whisper_turbo_step_224_x1": ("transformer", lambda g: speech_step(g, 20, 223, 1500, 1)),
}  # fmt: skip
