"""Sound by transformers: Whisper's encoder, FastConformer."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import mlp, product
from tests.vendor.nets.layers import cut, gelu, heads, joined, layernorm, silu


def whisper_enc(g: Builder, frames: int, h: int, layers: int) -> str:
    """Whisper's encoder: two convolutions along time, layers."""
    d = 64 * h
    x = gelu(g, g.op("Conv", g.input(1, 80, frames), g.weight(d, 80, 3), g.weight(d), pads=[1, 1]))
    x = gelu(g, g.op("Conv", x, g.weight(d, d, 3), g.weight(d), pads=[1, 1], strides=[2]))
    n = frames // 2
    x = g.op("Add", g.op("Transpose", x, perm=[0, 2, 1]), g.weight(n, d))
    for _ in range(layers):
        y = layernorm(g, x, d)
        q = g.op("Mul", product(g, y, d, d), g.const(0.125))
        q, k, v = (heads(g, t, n, h, 64) for t in (q, product(g, y, d, d, False), product(g, y, d, d)))
        s = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
        x = g.op("Add", x, product(g, joined(g, g.op("MatMul", s, v), n, d), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    return layernorm(g, x, d)


def fastconformer(g: Builder, n: int, h: int, w: int, layers: int, k: int = 9) -> str:
    """FastConformer: relative positions shifted by Pad and Reshape, a depthwise convolution along time."""
    d = h * w
    x = g.input(1, n, d)
    pos = g.weight(1, 2 * n - 1, d)

    def ff(x):
        return product(g, silu(g, product(g, layernorm(g, x, d), d, 4 * d)), 4 * d, d)

    for _ in range(layers):
        x = g.op("Add", x, g.op("Mul", ff(x), g.const(0.5)))
        y = layernorm(g, x, d)
        q = g.op("Reshape", product(g, y, d, d), g.const([1, n, h, w]))
        kk, v = (heads(g, product(g, y, d, d), n, h, w) for _ in range(2))
        p = heads(g, product(g, pos, d, d, False), 2 * n - 1, h, w)
        qu, qv = (g.op("Transpose", g.op("Add", q, g.weight(h, w)), perm=[0, 2, 1, 3]) for _ in range(2))
        bd = g.op("MatMul", qv, g.op("Transpose", p, perm=[0, 1, 3, 2]))
        bd = g.op("Pad", bd, g.const([0, 0, 0, 1, 0, 0, 0, 0]))
        bd = cut(g, g.op("Reshape", bd, g.const([1, h, 2 * n, n])), 2, 1, 2 * n)
        bd = cut(g, g.op("Reshape", bd, g.const([1, h, n, 2 * n - 1])), 3, 0, n)
        s = g.op("Add", g.op("MatMul", qu, g.op("Transpose", kk, perm=[0, 1, 3, 2])), bd)
        s = g.op("Softmax", g.op("Mul", s, g.const(w**-0.5)), axis=-1)
        x = g.op("Add", x, product(g, joined(g, g.op("MatMul", s, v), n, d), d, d))
        y = g.op("Transpose", layernorm(g, x, d), perm=[0, 2, 1])
        y = g.op("Conv", y, g.weight(2 * d, d, 1), g.weight(2 * d))
        a, b = g.op("Split", y, g.const([d, d]), count=2, axis=1)
        y = g.op("Mul", a, g.op("Sigmoid", b))
        y = silu(g, g.op("Conv", y, g.weight(d, 1, k), g.weight(d), group=d, pads=[k // 2] * 2))
        y = g.op("Conv", y, g.weight(d, d, 1), g.weight(d))
        x = g.op("Add", x, g.op("Transpose", y, perm=[0, 2, 1]))
        x = layernorm(g, g.op("Add", x, g.op("Mul", ff(x), g.const(0.5))), d)
    return x


EVERYDAY_SPEECH = {
    "whisper_small_enc_1500": ("transformer", lambda g: whisper_enc(g, 3000, 12, 1)),
    "fastconformer_200_x2": ("transformer", lambda g: fastconformer(g, 200, 8, 64, 2)),
}  # fmt: skip
