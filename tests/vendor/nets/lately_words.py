"""Words, moves and sound: RoFormer, the Decision Transformer, voices told apart by SepFormer, BS-RoFormer's bands."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.latest_pieces import many_heads, rejoined
from tests.vendor.nets.layers import gelu, layernorm, linear
from tests.vendor.nets.newest_words import every_other


def turned(g: Builder, t: str, shape: tuple[int, ...], cos: str, sin: str) -> str:
    """Neighbours of the last axis rotated."""
    pairs = g.op("Neg", every_other(g, t, 1)), every_other(g, t, 0)
    pairs = (g.op("Unsqueeze", p, g.const([4])) for p in pairs)
    flipped = g.op("Reshape", concat(g, *pairs, axis=4), g.const(list(shape)))
    return g.op("Add", g.op("Mul", t, cos), g.op("Mul", flipped, sin))


def attended(g: Builder, x: str, n: int, length: int, d: int, h: int, mask: str = "") -> str:
    """Attention within each of n sequences [N, L, D], a bias on every product."""
    q, k, v = (many_heads(g, product(g, x, d, d), n, length, h, d // h) for _ in range(3))
    s = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    s = g.op("Mul", s, g.const((d / h) ** -0.5))
    s = g.op("Add", s, mask) if mask else s
    return product(g, rejoined(g, g.op("MatMul", g.op("Softmax", s, axis=-1), v), n, length, d), d, d)


def roformer(g: Builder, b: int, n: int, layers: int, d: int = 768, h: int = 12) -> str:
    """RoFormer: b sentences padded to n words, neighbours of queries and keys rotated."""
    w, shape = d // h, (b, h, n, d // h)
    x = g.op("Gather", g.weight(50000, d), g.input(b, n, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", x, g.weight(1, 1, d)), d)
    there = g.op("Cast", g.input(b, 1, 1, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    mask = g.op("Mul", g.op("Sub", g.const(1.0), there), g.const(-65504.0))
    cos, sin = g.weight(1, 1, n, w), g.weight(1, 1, n, w)
    for _ in range(layers):
        q, k, v = (many_heads(g, product(g, x, d, d), b, n, h, w) for _ in range(3))
        q, k = (turned(g, t, shape, cos, sin) for t in (q, k))
        s = g.op("Div", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(w**0.5))
        s = g.op("Softmax", g.op("Add", s, mask), axis=-1)
        y = product(g, rejoined(g, g.op("MatMul", s, v), b, n, d), d, d)
        x = layernorm(g, g.op("Add", y, x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d), x), d)
    return x


def decision(g: Builder, b: int, k: int = 20, layers: int = 3, state: int = 17, moves: int = 6) -> str:
    """The Decision Transformer: what is hoped for, seen and done as three words a moment; the next move."""
    d, n = 128, 3 * k
    seen, done, hoped = (g.input(b, k, c) for c in (state, moves, 1))
    when = g.op("Gather", g.weight(1000, d), g.input(b, k, dtype=TensorProto.INT64))
    three = ((hoped, 1), (seen, state), (done, moves))
    parts = (g.op("Unsqueeze", g.op("Add", product(g, t, c, d), when), g.const([2])) for t, c in three)
    x = layernorm(g, g.op("Reshape", concat(g, *parts, axis=2), g.const([b, n, d])), d)
    mask = g.const(np.where(np.tri(n, dtype=bool), np.float16(0), np.float16(-65504))[None, None])
    for _ in range(layers):
        x = g.op("Add", x, attended(g, layernorm(g, x, d), b, n, d, 1, mask))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d, relu))
    x = g.op("Reshape", layernorm(g, x, d), g.const([b, k, 3, d]))
    return g.op("Tanh", product(g, g.op("Gather", x, g.const(np.array(1)), axis=2), d, moves))


def sepformer(g: Builder, layers: int, frames: int = 1000, k: int = 250, d: int = 256) -> str:
    """SepFormer's first layers, all within chunks of 250 frames that half overlap; masks of two voices."""
    x = relu(g, g.op("Conv", g.input(1, 1, 8 * frames + 8), g.weight(d, 1, 16), strides=[8]))
    ones, zeros = g.const(np.ones(1, np.float16)), g.const(np.zeros(1, np.float16))
    y = g.op("InstanceNormalization", g.op("Reshape", x, g.const([1, 1, d * frames])), ones, zeros)
    y = g.op("Mul", g.op("Reshape", y, g.const([1, d, frames])), g.weight(d, 1))
    y, s = line(g, g.op("Add", y, g.weight(d, 1)), d, d), 2 * frames // k - 1
    rows = np.arange(s)[:, None] * (k // 2) + np.arange(k)[None]
    y = g.op("Transpose", g.op("Gather", y, g.const(rows), axis=2), perm=[0, 2, 3, 1])
    y = g.op("Reshape", y, g.const([s, k, d]))
    z = g.op("Add", y, g.weight(1, k, d))
    for _ in range(layers):
        z = g.op("Add", z, attended(g, layernorm(g, z, d), s, k, d, 8))
        z = g.op("Add", z, mlp(g, layernorm(g, z, d), d, 4 * d, relu))
    y = g.op("Add", y, layernorm(g, z, d))
    y = g.op("Reshape", g.op("Transpose", y, perm=[2, 0, 1]), g.const([1, d, s * k]))
    y = g.op("PRelu", y, g.weight(1))
    y = g.op("Reshape", line(g, y, d, 2 * d), g.const([2, d, s * k]))
    y = g.op("Mul", g.op("Tanh", line(g, y, d, d)), g.op("Sigmoid", line(g, y, d, d)))
    return relu(g, g.op("Conv", y, g.weight(d, d, 1)))


def bs_roformer(g: Builder, t: int, d: int = 384, h: int = 8, w: int = 64) -> str:
    """BS-RoFormer, one layer of each kind: 62 bands of a spectrogram, attention along time, then across bands."""

    def norm(x: str, c: int) -> str:
        long = g.op("Max", g.op("ReduceL2", x, axes=[-1], keepdims=1), g.const(1e-4))
        return g.op("Mul", g.op("Mul", g.op("Div", x, long), g.const(c**0.5)), g.weight(c))

    widths = [4 * f for f in (*(2,) * 24, *(4,) * 12, *(12,) * 8, *(24,) * 8, *(48,) * 8, 128, 129)]
    bands = g.op("Split", g.input(1, t, sum(widths)), g.const(widths), count=62, axis=2)
    rows = (product(g, norm(x, c), c, d) for x, c in zip(bands, widths, strict=True))
    rows = [g.op("Unsqueeze", x, g.const([2])) for x in rows]
    x = g.op("Transpose", g.op("Reshape", concat(g, *rows, axis=2), g.const([t, 62, d])), perm=[1, 0, 2])
    for n, length in ((62, t), (t, 62)):
        shape, cos, sin = (n, h, length, w), g.weight(1, 1, length, w), g.weight(1, 1, length, w)
        y = norm(x, d)
        q, k, v = (many_heads(g, linear(g, y, d, h * w, False), n, length, h, w) for _ in range(3))
        q, k = (turned(g, z, shape, cos, sin) for z in (q, k))
        s = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(w**-0.5))
        o = g.op("MatMul", g.op("Softmax", s, axis=-1), v)
        gate = g.op("Transpose", g.op("Sigmoid", product(g, y, d, h)), perm=[0, 2, 1])
        o = rejoined(g, g.op("Mul", o, g.op("Unsqueeze", gate, g.const([3]))), n, length, h * w)
        x = g.op("Add", x, linear(g, o, h * w, d, False))
        x = g.op("Add", x, product(g, gelu(g, product(g, norm(x, d), d, 4 * d)), 4 * d, d))
        x = g.op("Transpose", norm(x, d), perm=[1, 0, 2])
    return x


LATELY_WORDS = {
    "decision_tf_b8_20": ("transformer", lambda g: decision(g, 8)),
    "roformer_b2_192_x2": ("transformer", lambda g: roformer(g, 2, 192, 2)),
    "sepformer_8000_x1": ("transformer", lambda g: sepformer(g, 1)),
    "bs_roformer_t64_x1": ("transformer", lambda g: bs_roformer(g, 64)),
}  # fmt: skip
