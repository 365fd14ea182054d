"""Classifiers: SwiftFormer, SHViT, FaceNet, a chess network's boards, lines of text."""

from collections.abc import Sequence

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import mean, unpadded
from tests.vendor.nets.everyday_pieces import concat, halves, product, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu, gelu
from tests.vendor.nets.usual_pieces import convolved, pooled


def swiftformer_xs(
    g: Builder, size: int, ws: Sequence[int] = (48, 56, 112, 220), ds: Sequence[int] = (3, 3, 6, 4)
) -> str:
    """SwiftFormer: convolutional blocks; each stage ends in attention by sums (one query for all)."""
    x, ci, e = conv_relu(g, conv_relu(g, g.input(1, 3, size, size), 3, 24, 3, 2), 24, 48, 3, 2), 48, size // 4
    ls = lambda t, c: g.op("Mul", t, g.weight(c, 1, 1))

    def enc(x, c, r=4):
        y = gelu(g, conv(g, conv(g, x, c, c, 3, 1, c), c, r * c, 1))
        return g.op("Add", x, ls(conv(g, y, r * c, c, 1), c))

    unit = lambda t, ax: g.op(
        "Div", t, g.op("Clip", g.op("ReduceL2", t, axes=[ax], keepdims=1), g.const(1e-4))
    )

    def att(x, c, e):
        n = e * e
        t = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 3, 1]), g.const([1, n, c]))
        q, k = unit(product(g, t, c, c), -1), unit(product(g, t, c, c), -1)
        a = unit(g.op("Mul", g.op("MatMul", q, g.weight(c, 1)), g.const(c**-0.5)), 1)
        s = g.op("ReduceSum", g.op("Mul", a, q), g.const([1]), keepdims=1)
        y = g.op("Add", product(g, g.op("Mul", s, k), c, c), q)
        y = g.op("Reshape", g.op("Transpose", product(g, y, c, c), perm=[0, 2, 1]), g.const([1, c, e, e]))
        x = g.op("Add", x, ls(y, c))
        y = gelu(g, conv(g, g.op("Add", g.op("Mul", x, g.weight(c, 1, 1)), g.weight(c, 1, 1)), c, 4 * c, 1))
        return g.op("Add", x, ls(conv(g, y, 4 * c, c, 1), c))

    for j, (c, n) in enumerate(zip(ws, ds, strict=True)):
        if j:
            x, e = conv(g, x, ci, c, 3, 2), e // 2
        ci = c
        for _ in range(n - 1):
            x = enc(x, c)
        x = att(enc(x, c, 1), c, e)
    y = g.op("ReduceMean", g.op("Reshape", x, g.const([1, ci, e * e])), axes=[2], keepdims=0)
    return g.op("Div", g.op("Add", dense(g, y, ci, 1000), dense(g, y, ci, 1000)), g.const(2.0))


def shvit_s2(
    g: Builder,
    size: int,
    ws: Sequence[int] = (128, 308, 448),
    ds: Sequence[int] = (2, 4, 5),
    ps: Sequence[int] = (32, 66, 96),
    qk: int = 16,
) -> str:
    """SHViT: one head of attention over a part of the channels, at a sixteenth of the size."""
    d, x, ci = ws[0], g.input(1, 3, size, size), 3
    for i, co in enumerate((d // 8, d // 4, d // 2, d)):
        x = conv(g, x, ci, co, 3, 2) if i == 3 else conv_relu(g, x, ci, co, 3, 2)
        ci = co
    e = size // 16
    dw = lambda x, c: g.op("Add", x, conv(g, x, c, c, 3, 1, c))
    ffn = lambda x, c: g.op("Add", x, conv(g, conv_relu(g, x, c, 2 * c, 1), 2 * c, c, 1))

    def shsa(x, c, p, e):
        n = e * e
        a, b = g.op("Split", x, g.const([p, c - p]), count=2, axis=1)
        t = g.op("Reshape", a, g.const([1, 1, p * n]))
        t = g.op("InstanceNormalization", t, g.const([1.0]), g.const([0.0]), epsilon=1e-5)
        t = g.op("Mul", g.op("Reshape", t, g.const([1, p, e, e])), g.weight(p, 1, 1))
        t = g.op("Add", t, g.weight(p, 1, 1))
        q, k, v = g.op("Split", conv(g, t, p, 2 * qk + p, 1), g.const([qk, qk, p]), count=3, axis=1)
        q, k, v = (g.op("Reshape", t, g.const([1, w, n])) for t, w in ((q, qk), (k, qk), (v, p)))
        s = g.op("Mul", g.op("MatMul", g.op("Transpose", q, perm=[0, 2, 1]), k), g.const(qk**-0.5))
        y = g.op("MatMul", v, g.op("Transpose", g.op("Softmax", s, axis=-1), perm=[0, 2, 1]))
        y = concat(g, g.op("Reshape", y, g.const([1, p, e, e])), b)
        return g.op("Add", x, conv(g, relu(g, y), c, c, 1))

    for j, (c, n, p) in enumerate(zip(ws, ds, ps, strict=True)):
        if j:
            x = ffn(dw(x, ci), ci)
            t = 4 * ci
            y = conv_relu(g, conv_relu(g, x, ci, t, 1), t, t, 3, 2, t)
            x, e = conv(g, squeezed(g, y, t, t // 4, relu), t, c, 1), -(-e // 2)
            x, ci = ffn(dw(x, c), c), c
        for _ in range(n):
            x = dw(x, c)
            if j:
                x = shsa(x, c, p, e)
            x = ffn(x, c)
    return dense(g, g.op("Flatten", mean(g, x), axis=1), ci, 1000)


def facenet(g: Builder, size: int = 160) -> str:
    """FaceNet (Inception-ResNet-v1): an embedding of 512."""
    v = lambda x, a, b, k=1, s=1: unpadded(g, x, a, b, k, s, relu)
    x = conv_relu(g, v(v(g.input(1, 3, size, size), 3, 32, 3, 2), 32, 32, 3), 32, 64, 3)
    x = v(v(v(pooled(g, x, 3, 2), 64, 80), 80, 192, 3), 192, 256, 3, 2)

    def res(x, c, m, scale, *bs, act=True):
        y = conv(g, concat(g, *bs), m, c, 1)
        y = g.op("Add", g.op("Mul", y, g.const(scale)), x)
        return relu(g, y) if act else y

    for _ in range(5):
        a, b = conv_relu(g, x, 256, 32, 1), conv_relu(g, conv_relu(g, x, 256, 32, 1), 32, 32, 3)
        c = conv_relu(g, conv_relu(g, conv_relu(g, x, 256, 32, 1), 32, 32, 3), 32, 32, 3)
        x = res(x, 256, 96, 0.17, a, b, c)
    x = concat(
        g,
        v(x, 256, 384, 3, 2),
        v(conv_relu(g, conv_relu(g, x, 256, 192, 1), 192, 192, 3), 192, 256, 3, 2),
        pooled(g, x, 3, 2),
    )
    for _ in range(10):
        a, b = conv_relu(g, x, 896, 128, 1), conv_relu(g, x, 896, 128, 1)
        x = res(x, 896, 256, 0.1, a, convolved(g, convolved(g, b, 128, 128, 1, 7), 128, 128, 7, 1))
    x = concat(
        g,
        v(conv_relu(g, x, 896, 256, 1), 256, 384, 3, 2),
        v(conv_relu(g, x, 896, 256, 1), 256, 256, 3, 2),
        v(conv_relu(g, conv_relu(g, x, 896, 256, 1), 256, 256, 3), 256, 256, 3, 2),
        pooled(g, x, 3, 2),
    )
    for i in range(6):
        a, b = conv_relu(g, x, 1792, 192, 1), conv_relu(g, x, 1792, 192, 1)
        b = convolved(g, convolved(g, b, 192, 192, 1, 3), 192, 192, 3, 1)
        x = res(x, 1792, 384, 0.2 if i < 5 else 1.0, a, b, act=i < 5)
    y = dense(g, g.op("Flatten", mean(g, x), axis=1), 1792, 512)
    return g.op("Div", y, g.op("Clip", g.op("ReduceL2", y, axes=[1], keepdims=1), g.const(1e-4)))


def lc0(g: Builder, n: int, c: int = 128, blocks: int = 10) -> list[str]:
    """Leela Chess Zero: boards of 112 planes, gates that scale and shift, policy by convolution, value, moves left."""
    x = conv_relu(g, g.input(n, 112, 8, 8), 112, c, 3)
    for _ in range(blocks):
        y = conv(g, conv_relu(g, x, c, c, 3), c, c, 3)
        s = g.op("Flatten", mean(g, y), axis=1)
        s = g.op("Reshape", dense(g, relu(g, dense(g, s, c, 32)), 32, 2 * c), g.const([n, 2 * c, 1, 1]))
        a, b = halves(g, s, c)
        x = relu(g, g.op("Add", g.op("Add", g.op("Mul", g.op("Sigmoid", a), y), b), x))
    p = g.op("Reshape", conv(g, conv_relu(g, x, c, c, 3), c, 80, 3), g.const([n, 5120]))
    moves = np.random.default_rng(1).permutation(5120)[:1858]
    p = g.op("Gather", p, g.const(moves.astype(np.int64)), axis=1)
    v = g.op("Reshape", conv_relu(g, x, c, 32, 1), g.const([n, 2048]))
    v = g.op("Softmax", dense(g, relu(g, dense(g, v, 2048, 128)), 128, 3), axis=1)
    m = g.op("Reshape", conv_relu(g, x, c, 8, 1), g.const([n, 512]))
    return [p, v, relu(g, dense(g, relu(g, dense(g, m, 512, 128)), 128, 1))]


def aster_r45(g: Builder, n: int, h: int = 32, w: int = 128, words: int = 97) -> str:
    """ASTER's ResNet of 45 layers on lines of text, columns classified (CTC)."""

    def one(x, a, b, s):
        return g.op("Conv", x, g.weight(b, a, 1, 1), g.weight(b), strides=list(s))

    x, ci = conv_relu(g, g.input(n, 3, h, w), 3, 32, 3), 32
    for co, k, s in ((32, 3, (2, 2)), (64, 4, (2, 2)), (128, 6, (2, 1)), (256, 6, (2, 1)), (512, 3, (2, 1))):
        for i in range(k):
            y = conv(g, relu(g, one(x, ci, co, s if i == 0 else (1, 1))), co, co, 3)
            x, ci = relu(g, g.op("Add", y, one(x, ci, co, s) if i == 0 else x)), co
    y = g.op("Transpose", g.op("Squeeze", x, g.const([2])), perm=[0, 2, 1])
    return g.op("Softmax", product(g, y, 512, words), axis=-1)


POPULAR_CLASSIFIERS = {
    "swiftformer_xs_224": ("CNN", lambda g: swiftformer_xs(g, 224)),
    "lc0_10x128_b16": ("CNN", lambda g: lc0(g, 16)),
    "facenet_irv1_160": ("CNN", lambda g: facenet(g)),
    "shvit_s2_224": ("CNN", lambda g: shvit_s2(g, 224)),
    "aster_r45_b4_32x128": ("CNN", lambda g: aster_r45(g, 4)),
}  # fmt: skip
