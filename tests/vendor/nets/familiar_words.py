"""Transformers: batches of ViT and DistilBERT, LightGlue, Restormer, MaxViT."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets import sound as snd
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.common_words import pvt_v2_b1
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.layers import attend, conv, gelu, heads, joined, layernorm, linear, silu
from tests.vendor.nets.usual_words import nllb_step


def vit_batch(g: Builder, n: int, size: int, p: int, h: int, layers: int) -> str:
    """ViT on several pictures."""
    d, e = 64 * h, size // p
    k = e * e + 1
    x = g.op("Conv", g.input(n, 3, size, size), g.weight(d, 3, p, p), g.weight(d), strides=[p, p])
    x = g.op("Transpose", g.op("Reshape", x, g.const([n, d, e * e])), perm=[0, 2, 1])
    x = g.op("Add", concat(g, g.weight(n, 1, d), x, axis=1), g.weight(1, k, d))
    for _ in range(layers):
        y = g.op("Reshape", product(g, layernorm(g, x, d), d, 3 * d), g.const([n, k, 3, h, 64]))
        y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
        q, kk, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
        s = g.op("MatMul", g.op("Mul", q, g.const(0.125)), g.op("Transpose", kk, perm=[0, 1, 3, 2]))
        y = g.op("Transpose", g.op("MatMul", g.op("Softmax", s, axis=-1), v), perm=[0, 2, 1, 3])
        x = g.op("Add", x, product(g, g.op("Reshape", y, g.const([n, k, d])), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    return dense(g, g.op("Gather", layernorm(g, x, d), g.const(np.array(0)), axis=1), d, 1000)


def distilbert_batch(g: Builder, b: int, n: int, layers: int, d: int = 768, h: int = 12) -> str:
    """DistilBERT on several texts."""
    ids = g.op("Gather", g.weight(30522, d), g.input(b, n, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", ids, g.weight(1, n, d)), d)
    mk = g.op("Cast", g.input(b, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    mk = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", mk, g.const([1, 2]))), g.const(-65504.0))
    for _ in range(layers):
        q, k, v = (
            g.op("Transpose", g.op("Reshape", product(g, x, d, d), g.const([b, n, h, 64])), perm=[0, 2, 1, 3])
            for _ in range(3)
        )
        s = g.op("MatMul", g.op("Div", q, g.const(8.0)), g.op("Transpose", k, perm=[0, 1, 3, 2]))
        y = g.op("MatMul", g.op("Softmax", g.op("Add", s, mk), axis=-1), v)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([b, n, d]))
        x = layernorm(g, g.op("Add", product(g, y, d, d), x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d), x), d)
    y = g.op("Gather", x, g.const(np.array(0)), axis=1)
    return dense(g, relu(g, dense(g, y, d, d)), d, 2)


def lightglue(g: Builder, n: int, layers: int, d: int = 256, h: int = 4) -> str:
    """LightGlue: points of two pictures: self attention with rotary places, then across; descriptors of both."""
    xs = [g.input(1, n, d) for _ in range(2)]
    enc = []
    for _ in range(2):
        p = linear(g, g.input(1, n, 2), 2, 32, False)
        two = lambda t: g.op(
            "Reshape",
            g.op("Expand", g.op("Unsqueeze", t, g.const([3])), g.const([1, n, 32, 2])),
            g.const([1, 1, n, 64]),
        )
        enc.append((two(g.op("Cos", p)), two(g.op("Sin", p))))

    def ffn(x, y, W):
        t = concat(g, x, y, axis=2)
        t = g.op("Add", g.op("MatMul", t, W[0]), W[1])
        t = gelu(g, g.op("LayerNormalization", t, W[2], W[3], axis=-1, epsilon=1e-05))
        return g.op("Add", x, g.op("Add", g.op("MatMul", t, W[4]), W[5]))

    def weights():
        return [
            g.weight(2 * d, 2 * d),
            g.weight(2 * d),
            g.weight(2 * d),
            g.weight(2 * d),
            g.weight(2 * d, d),
            g.weight(d),
        ]

    def L(a, b):
        w, c = g.weight(a, b), g.weight(b)
        return lambda x: g.op("Add", g.op("MatMul", x, w), c)

    def turned(t):
        t5 = g.op("Reshape", t, g.const([1, h, n, 32, 2]))
        a, b = g.op("Split", t5, g.const([1, 1]), count=2, axis=4)
        return g.op("Reshape", concat(g, g.op("Neg", b), a, axis=4), g.const([1, h, n, 64]))

    for _ in range(layers):
        qkv, o, W = L(d, 3 * d), L(d, d), weights()
        for i in range(2):
            t = g.op(
                "Transpose", g.op("Reshape", qkv(xs[i]), g.const([1, n, h, 64, 3])), perm=[4, 0, 2, 1, 3]
            )
            q, k, v = (g.op("Gather", t, g.const(np.array(a)), axis=0) for a in range(3))
            q, k = (g.op("Add", g.op("Mul", a, enc[i][0]), g.op("Mul", turned(a), enc[i][1])) for a in (q, k))
            xs[i] = ffn(xs[i], o(joined(g, attend(g, q, k, v, 64), n, d)), W)
        qk, vv, o, W = L(d, d), L(d, d), L(d, d), weights()
        a, b = (heads(g, qk(x), n, h, 64) for x in xs)
        va, vb = (heads(g, vv(x), n, h, 64) for x in xs)
        s = g.op("Mul", g.op("MatMul", a, g.op("Transpose", b, perm=[0, 1, 3, 2])), g.const(0.125))
        ma = g.op("MatMul", g.op("Softmax", s, axis=-1), vb)
        mb = g.op("MatMul", g.op("Softmax", g.op("Transpose", s, perm=[0, 1, 3, 2]), axis=-1), va)
        xs = [ffn(x, o(joined(g, y, n, d)), W) for x, y in zip(xs, (ma, mb), strict=True)]
    return xs


def restormer(g: Builder, e: int, c: int = 48, h: int = 1, layers: int = 2) -> str:
    """Restormer: attention across channels of a whole picture, a gated feed-forward with depthwise convolutions."""

    def norm(x):
        t = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 3, 1]), g.const([1, e * e, c]))
        t = layernorm(g, t, c)
        return g.op("Transpose", g.op("Reshape", t, g.const([1, e, e, c])), perm=[0, 3, 1, 2])

    x = conv(g, g.input(1, 3, e, e), 3, c, 3, bias=False)
    unit = lambda t: g.op("Div", t, g.op("Clip", g.op("ReduceL2", t, axes=[-1], keepdims=1), g.const(0.0001)))
    for _ in range(layers):
        y = conv(g, conv(g, norm(x), c, 3 * c, 1, bias=False), 3 * c, 3 * c, 3, 1, 3 * c, bias=False)
        q, k, v = (
            g.op("Reshape", t, g.const([1, h, c // h, e * e]))
            for t in g.op("Split", y, g.const([c] * 3), count=3, axis=1)
        )
        s = g.op("MatMul", unit(q), g.op("Transpose", unit(k), perm=[0, 1, 3, 2]))
        s = g.op("Softmax", g.op("Mul", s, g.weight(h, 1, 1)), axis=-1)
        x = g.op(
            "Add",
            x,
            conv(g, g.op("Reshape", g.op("MatMul", s, v), g.const([1, c, e, e])), c, c, 1, bias=False),
        )
        i = int(c * 2.66)
        y = conv(g, conv(g, norm(x), c, 2 * i, 1, bias=False), 2 * i, 2 * i, 3, 1, 2 * i, bias=False)
        a, b = g.op("Split", y, g.const([i, i]), count=2, axis=1)
        x = g.op("Add", x, conv(g, g.op("Mul", gelu(g, a), b), i, c, 1, bias=False))
    return conv(g, x, c, 3, 3, bias=False)


def maxvit(g: Builder, e: int, c: int = 128, win: int = 7, layers: int = 1) -> str:
    """MaxViT: an inverted bottleneck with a gate, attention in windows, attention over a grid."""
    x, p, h = g.input(1, c, e, e), e // win, c // 32
    n = win * win
    for _ in range(layers):
        t = 4 * c
        y = gelu(g, conv(g, x, c, t, 1))
        y = gelu(g, conv(g, y, t, t, 3, 1, t))
        s = g.op(
            "Sigmoid",
            conv(
                g,
                silu(g, conv(g, g.op("ReduceMean", y, axes=[2, 3], keepdims=1), t, c // 4, 1)),
                c // 4,
                t,
                1,
            ),
        )
        x = g.op("Add", x, conv(g, g.op("Mul", y, s), t, c, 1))
        t = g.op("Transpose", x, perm=[0, 2, 3, 1])
        for grid in (False, True):
            shape = [1, win, p, win, p, c] if grid else [1, p, win, p, win, c]
            perm = [0, 2, 4, 1, 3, 5] if grid else [0, 1, 3, 2, 4, 5]
            u = g.op(
                "Reshape",
                g.op("Transpose", g.op("Reshape", layernorm(g, t, c), g.const(shape)), perm=perm),
                g.const([p * p, n, c]),
            )
            q = g.op(
                "Transpose",
                g.op("Reshape", product(g, u, c, 3 * c), g.const([p * p, n, h, 96])),
                perm=[0, 2, 1, 3],
            )
            q, k, v = g.op("Split", q, g.const([32] * 3), count=3, axis=3)
            s = g.op("MatMul", g.op("Mul", q, g.const(32 ** (-0.5))), g.op("Transpose", k, perm=[0, 1, 3, 2]))
            s = g.op("Softmax", g.op("Add", s, g.weight(1, h, n, n)), axis=-1)
            u = g.op(
                "Reshape", g.op("Transpose", g.op("MatMul", s, v), perm=[0, 2, 1, 3]), g.const([p * p, n, c])
            )
            u = product(g, u, c, c)
            back = [0, 3, 1, 4, 2, 5] if grid else [0, 1, 3, 2, 4, 5]
            mid = [1, p, p, win, win, c]
            u = g.op(
                "Reshape",
                g.op("Transpose", g.op("Reshape", u, g.const(mid)), perm=back),
                g.const([1, e, e, c]),
            )
            t = g.op("Add", t, u)
            t = g.op("Add", t, mlp(g, layernorm(g, t, c), c, 4 * c))
        x = g.op("Transpose", t, perm=[0, 3, 1, 2])
    return x


FAMILIAR_WORDS = {
    "maxvit_28_w128": ("transformer", lambda g: maxvit(g, 28)),
    "distilbert_b4_128_x2": ("transformer", lambda g: distilbert_batch(g, 4, 128, 2)),
    "pvt_v2_b0_256": ("transformer", lambda g: pvt_v2_b1(g, 256, (32, 64, 160, 256))),
    "whisper_tiny_step_128_x2": ("transformer", lambda g: snd.speech_step(g, 6, 127, 1500, 2)),
    "lightglue_512_x1": ("transformer", lambda g: lightglue(g, 512, 1)),
    "vit_ti_b4_224_x4": ("transformer", lambda g: vit_batch(g, 4, 224, 16, 3, 4)),
    "m2m_step_96_x2": ("transformer", lambda g: nllb_step(g, 16, 4096, 96, 64, 2)),
    "restormer_96_x2": ("transformer", lambda g: restormer(g, 96)),
}  # fmt: skip
