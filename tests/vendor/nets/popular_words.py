"""Transformers: DETR's layers, TinyViT, TrOCR's decoder, MPNet, and known ones at other sizes."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.everyday_sight import depth_anything
from tests.vendor.nets.everyday_speech import whisper_enc
from tests.vendor.nets.familiar_words import vit_batch
from tests.vendor.nets.layers import conv, embedding, gelu, heads, joined, layernorm
from tests.vendor.nets.usual_sight import segformer


def detr(g: Builder, n: int, layers: int = 1, q: int = 100, d: int = 256, h: int = 8) -> list[str]:
    """DETR: an encoder's and a decoder's layer as PyTorch's attention is exported: the sequence first."""
    w = d // h

    def att(x, y, z, a, b):
        r = g.op("Mul", product(g, x, d, d), g.const(w**-0.5))
        k, v = product(g, y, d, d), product(g, z, d, d)
        r, k, v = (
            g.op("Transpose", g.op("Reshape", t, g.const([c, h, w])), perm=[1, 0, 2])
            for t, c in ((r, a), (k, b), (v, b))
        )
        s = g.op("Softmax", g.op("MatMul", r, g.op("Transpose", k, perm=[0, 2, 1])), axis=-1)
        y = g.op("Transpose", g.op("MatMul", s, v), perm=[1, 0, 2])
        return g.op("Reshape", dense(g, g.op("Reshape", y, g.const([a, d])), d, d), g.const([a, 1, d]))

    x, pos = g.input(1, 2048, 25, n // 25), g.weight(n, 1, d)
    x = g.op("Transpose", g.op("Reshape", conv(g, x, 2048, d, 1), g.const([1, d, n])), perm=[2, 0, 1])
    for _ in range(layers):
        k = g.op("Add", x, pos)
        x = layernorm(g, g.op("Add", x, att(k, k, x, n, n)), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, 2048, relu)), d)
    t, qp = g.const(np.zeros((q, 1, d), np.float16)), g.weight(q, 1, d)
    for _ in range(layers):
        k = g.op("Add", t, qp)
        t = layernorm(g, g.op("Add", t, att(k, k, t, q, q)), d)
        t = layernorm(g, g.op("Add", t, att(g.op("Add", t, qp), g.op("Add", x, pos), x, q, n)), d)
        t = layernorm(g, g.op("Add", t, mlp(g, t, d, 2048, relu)), d)
    t = g.op("Transpose", layernorm(g, t, d), perm=[1, 0, 2])
    b = g.op("Sigmoid", product(g, relu(g, product(g, relu(g, product(g, t, d, d)), d, d)), d, 4))
    return [product(g, t, d, 92), b]


def tinyvit_5m(
    g: Builder,
    size: int,
    ws: Sequence[int] = (64, 128, 160, 320),
    ds: Sequence[int] = (2, 2, 6, 2),
    hs: Sequence[int] = (2, 4, 5, 10),
    wins: Sequence[int] = (7, 7, 14, 7),
) -> str:
    """TinyViT-5M (MobileSAM's family): convolutions, then attention in windows with a depthwise convolution behind."""
    x = conv(g, gelu(g, conv(g, g.input(1, 3, size, size), 3, 32, 3, 2)), 32, 64, 3, 2)
    e = size // 4
    for _ in range(ds[0]):
        y = gelu(g, conv(g, gelu(g, conv(g, x, 64, 256, 1)), 256, 256, 3, 1, 256))
        x = gelu(g, g.op("Add", conv(g, y, 256, 64, 1), x))

    def turned(t, shape, back):
        t = g.op("Transpose", g.op("Reshape", t, g.const(shape)), perm=[0, 1, 3, 2, 4, 5])
        return g.op("Reshape", t, g.const(back))

    def rows(x, c, e):
        return g.op("Transpose", g.op("Reshape", x, g.const([1, c, e * e])), perm=[0, 2, 1])

    def image(t, c, e):
        return g.op("Reshape", g.op("Transpose", t, perm=[0, 2, 1]), g.const([1, c, e, e]))

    def merge(x, a, b):
        return conv(g, gelu(g, conv(g, gelu(g, conv(g, x, a, b, 1)), b, b, 3, 2, b)), b, b, 1)

    for j in (1, 2, 3):
        c, h, win = ws[j], hs[j], wins[j]
        x = merge(x, ws[j - 1], c)
        e //= 2
        p, n, w = e // win, win * win, c // h
        t = rows(x, c, e)
        for _ in range(ds[j]):
            u = t
            if p > 1:
                u = turned(u, [1, p, win, p, win, c], [p * p, n, c])
            b = p * p
            y = g.op("Reshape", product(g, layernorm(g, u, c), c, 3 * c), g.const([b, n, h, 3 * w]))
            y = g.op("Split", y, g.const([w, w, w]), count=3, axis=3)
            q, k, v = (g.op("Transpose", r, perm=[0, 2, 1, 3]) for r in y)
            s = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(w**-0.5))
            s = g.op("Softmax", g.op("Add", s, g.weight(h, n, n)), axis=-1)
            y = g.op("Transpose", g.op("MatMul", s, v), perm=[0, 2, 1, 3])
            y = product(g, g.op("Reshape", y, g.const([b, n, c])), c, c)
            if p > 1:
                y = turned(y, [1, p, p, win, win, c], [1, e * e, c])
            t = g.op("Add", t, y)
            t = rows(conv(g, image(t, c, e), c, c, 3, 1, c), c, e)
            t = g.op("Add", t, mlp(g, layernorm(g, t, c), c, 4 * c))
        x = image(t, c, e) if j < 3 else x
    y = layernorm(g, g.op("ReduceMean", t, axes=[1], keepdims=0), c)
    return dense(g, y, c, 1000)


def trocr_step(g: Builder, past: int, layers: int, d: int = 256, h: int = 8, source: int = 578) -> list[str]:
    """TrOCR's small decoder, a token: norms behind, ReLU, the picture's keys and values given."""
    w = d // h
    x, outs = layernorm(g, g.op("Add", embedding(g, 64044, d, 1), g.weight(1, 1, d)), d), []
    tr = lambda k: g.op("Transpose", k, perm=[0, 1, 3, 2])
    for _ in range(layers):
        q = heads(g, g.op("Mul", product(g, x, d, d), g.const(w**-0.5)), 1, h, w)
        k, v = (
            concat(g, g.input(1, h, past, w), heads(g, product(g, x, d, d), 1, h, w), axis=2)
            for _ in range(2)
        )
        y = g.op("MatMul", g.op("Softmax", g.op("MatMul", q, tr(k)), axis=-1), v)
        x = layernorm(g, g.op("Add", x, product(g, joined(g, y, 1, d), d, d)), d)
        q = heads(g, g.op("Mul", product(g, x, d, d), g.const(w**-0.5)), 1, h, w)
        ck, cv = (g.input(1, h, source, w) for _ in range(2))
        y = g.op("MatMul", g.op("Softmax", g.op("MatMul", q, tr(ck)), axis=-1), cv)
        x = layernorm(g, g.op("Add", x, product(g, joined(g, y, 1, d), d, d)), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, 1024, relu)), d)
        outs += [k, v]
    return [product(g, x, d, 64044, False), *outs]


def mpnet(g: Builder, b: int, n: int, layers: int, d: int = 768, h: int = 12) -> str:
    """MPNet (all-mpnet-base): places as a bias on the scores, the mean of unpadded words, length one."""
    ids = g.op("Gather", g.weight(30527, d), g.input(b, n, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", ids, g.weight(1, n, d)), d)
    mask = g.op("Cast", g.input(b, n, dtype=TensorProto.INT64), to=TensorProto.FLOAT16)
    mk = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", mask, g.const([1, 2]))), g.const(-65504.0))
    bias = g.weight(1, h, n, n)
    for _ in range(layers):
        q, k, v = (
            g.op("Transpose", g.op("Reshape", product(g, x, d, d), g.const([b, n, h, 64])), perm=[0, 2, 1, 3])
            for _ in range(3)
        )
        s = g.op("Div", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(8.0))
        s = g.op("Softmax", g.op("Add", g.op("Add", s, bias), mk), axis=-1)
        y = g.op("Reshape", g.op("Transpose", g.op("MatMul", s, v), perm=[0, 2, 1, 3]), g.const([b, n, d]))
        x = layernorm(g, g.op("Add", product(g, y, d, d), x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d), x), d)
    mm = g.op("Unsqueeze", mask, g.const([2]))
    y = g.op("ReduceSum", g.op("Mul", x, mm), g.const([1]), keepdims=0)
    y = g.op("Div", y, g.op("Clip", g.op("ReduceSum", mm, g.const([1]), keepdims=0), g.const(1e-4)))
    return g.op("Div", y, g.op("Clip", g.op("ReduceL2", y, axes=[-1], keepdims=1), g.const(1e-4)))


POPULAR_WORDS = {
    "vit_s_b2_224_x4": ("transformer", lambda g: vit_batch(g, 2, 224, 16, 6, 4)),
    "detr_850_x1": ("transformer", lambda g: detr(g, 850)),
    "whisper_tiny_enc_1500_x2": ("transformer", lambda g: whisper_enc(g, 3000, 6, 2)),
    "tinyvit_5m_224": ("transformer", lambda g: tinyvit_5m(g, 224)),
    "segformer_b1_256": ("transformer", lambda g: segformer(g, 256, (64, 128, 320, 512))),
    "trocr_small_step_64_x2": ("transformer", lambda g: trocr_step(g, 64, 2)),
    "mpnet_b2_128_x3": ("transformer", lambda g: mpnet(g, 2, 128, 3)),
    "depth_anything_s_392": ("transformer", lambda g: depth_anything(g, 392)),
}  # fmt: skip
