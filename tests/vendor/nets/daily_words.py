"""Transformers of pictures, sound and words: ViTPose, SVTR, SwinIR, EVA-02, AST, Moonshine, MobileBERT, OPT."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu, rot
from tests.vendor.nets.everyday_sight import packed, patches
from tests.vendor.nets.everyday_words import padmask
from tests.vendor.nets.layers import attend, conv, cut, embedding, gelu, heads, joined, layernorm, silu


def vitpose_s(g: Builder, h: int, w: int, layers: int) -> str:
    """ViTPose-S: a plain vision transformer, two transposed convolutions."""
    d, a, b = 384, h // 16, w // 16
    n = a * b
    x = g.op(
        "Conv", g.input(1, 3, h, w), g.weight(d, 3, 16, 16), g.weight(d), strides=[16, 16], pads=[2, 2, 2, 2]
    )
    a, b = (h + 4 - 16) // 16 + 1, (w + 4 - 16) // 16 + 1
    n = a * b
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, n])), perm=[0, 2, 1])
    x = g.op("Add", x, g.weight(1, n, d))
    for _ in range(layers):
        x = g.op("Add", x, packed(g, layernorm(g, x, d), n, 12, 32))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    x = g.op("Reshape", g.op("Transpose", layernorm(g, x, d), perm=[0, 2, 1]), g.const([1, d, a, b]))
    for ci in (384, 256):
        x = relu(
            g, g.op("ConvTranspose", x, g.weight(ci, 256, 4, 4), g.weight(256), strides=[2, 2], pads=[1] * 4)
        )
    return conv(g, x, 256, 17, 1)


def svtr_tiny(g: Builder, h: int, w: int, words: int = 96) -> str:
    """SVTR: local mixing first by a mask of 7x11, global after; height halved between the stages."""
    x = gelu(g, conv(g, g.input(1, 3, h, w), 3, 32, 3, 2))
    x = gelu(g, conv(g, x, 32, 64, 3, 2))
    a, b = h // 4, w // 4
    n = a * b
    x = g.op(
        "Add", g.op("Transpose", g.op("Reshape", x, g.const([1, 64, n])), perm=[0, 2, 1]), g.weight(1, n, 64)
    )
    plan = ["l"] * 6 + ["g"] * 6
    at = 0
    for j, (c, k) in enumerate(zip((64, 128, 256), (3, 6, 3), strict=True)):
        for _ in range(k):
            mask = None
            if plan[at] == "l":
                i, e = np.arange(n) // b, np.arange(n) % b
                ok = (abs(i[:, None] - i[None]) <= 3) & (abs(e[:, None] - e[None]) <= 5)
                mask = g.const(np.where(ok, np.float16(0), np.float16(-60000))[None, None])
            x = layernorm(g, g.op("Add", x, packed(g, x, n, c // 32, 32, mask)), c)
            x = layernorm(g, g.op("Add", x, mlp(g, x, c, 4 * c)), c)
            at += 1
        if j < 2:
            y = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, c, a, b]))
            y = g.op("Conv", y, g.weight(2 * c, c, 3, 3), g.weight(2 * c), strides=[2, 1], pads=[1] * 4)
            a //= 2
            n = a * b
            x = layernorm(
                g, g.op("Transpose", g.op("Reshape", y, g.const([1, 2 * c, n])), perm=[0, 2, 1]), 2 * c
            )
    y = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, 256, a, b]))
    y = g.op("AveragePool", y, kernel_shape=[a, 1], strides=[a, 1])
    y = g.op("HardSwish", conv(g, y, 256, 192, 1))
    y = g.op("Transpose", g.op("Squeeze", y, g.const([2])), perm=[0, 2, 1])
    return g.op("Softmax", product(g, y, 192, words), axis=2)


def swinir_light(
    g: Builder, e: int, layers: int = 2, up: int = 2, d: int = 60, h: int = 6, win: int = 8
) -> str:
    """SwinIR-light x2: attention in windows of 8 x 8, no shift."""
    x = f = conv(g, g.input(1, 3, e, e), 3, d, 3)
    p, n, w = e // win, win * win, d // h

    def tokens(x):
        return g.op("Transpose", g.op("Reshape", x, g.const([1, d, e * e])), perm=[0, 2, 1])

    def image(x):
        return g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, d, e, e]))

    def windows(t):
        return g.op(
            "Reshape",
            g.op("Transpose", g.op("Reshape", t, g.const([p, win, p, win, d])), perm=[0, 2, 1, 3, 4]),
            g.const([p * p, n, d]),
        )

    def back(t):
        return g.op(
            "Reshape",
            g.op("Transpose", g.op("Reshape", t, g.const([p, p, win, win, d])), perm=[0, 2, 1, 3, 4]),
            g.const([1, e * e, d]),
        )

    x = layernorm(g, tokens(x), d)
    for _ in range(layers):
        y0 = x
        for _ in range(2):
            y = windows(layernorm(g, x, d))
            q = g.op(
                "Transpose",
                g.op("Reshape", product(g, y, d, 3 * d), g.const([p * p, n, 3, h, w])),
                perm=[2, 0, 3, 1, 4],
            )
            q, k, v = (g.op("Gather", q, g.const(np.array(i)), axis=0) for i in range(3))
            s = g.op("MatMul", g.op("Mul", q, g.const(w ** (-0.5))), g.op("Transpose", k, perm=[0, 1, 3, 2]))
            s = g.op("Add", s, g.weight(1, h, n, n))
            y = g.op("MatMul", g.op("Softmax", s, axis=-1), v)
            y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([p * p, n, d]))
            x = g.op("Add", x, back(product(g, y, d, d)))
            x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 2 * d))
        x = g.op("Add", tokens(conv(g, image(x), d, d, 3)), y0)
    x = g.op("Add", conv(g, image(layernorm(g, x, d)), d, d, 3), f)
    return g.op("DepthToSpace", conv(g, x, d, 3 * up * up, 3), blocksize=up, mode="CRD")


def eva02_ti(g: Builder, size: int, layers: int, h: int = 3) -> str:
    """RoPE on all but the class token, SwiGLU with a norm inside."""
    d, inner = 64 * h, 512
    x, n = patches(g, size, 14, d)
    cos, sin = g.weight(1, 1, n - 1, 64), g.weight(1, 1, n - 1, 64)

    def turn(t):
        return concat(g, cut(g, t, 2, 0, 1), rot(g, cut(g, t, 2, 1, n), cos, sin, 64), axis=2)

    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (
            heads(g, t, n, h, 64)
            for t in (product(g, y, d, d), product(g, y, d, d, False), product(g, y, d, d))
        )
        x = g.op("Add", x, product(g, joined(g, attend(g, turn(q), turn(k), v, 64), n, d), d, d))
        y = layernorm(g, x, d)
        y = layernorm(g, g.op("Mul", silu(g, product(g, y, d, inner)), product(g, y, d, inner)), inner)
        x = g.op("Add", x, product(g, y, inner, d))
    return dense(g, layernorm(g, g.op("ReduceMean", cut(g, x, 1, 1, n), axes=[1], keepdims=0), d), d, 1000)


def ast(g: Builder, t: int, mel: int, layers: int, d: int = 768, h: int = 12) -> str:
    """Audio spectrogram transformer: overlapping patches."""
    a, b = (mel - 16) // 10 + 1, (t - 16) // 10 + 1
    x = g.op("Transpose", g.op("Unsqueeze", g.input(1, t, mel), g.const([1])), perm=[0, 1, 3, 2])
    x = g.op("Conv", x, g.weight(d, 1, 16, 16), g.weight(d), strides=[10, 10])
    n = a * b
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, n])), perm=[0, 2, 1])
    x = g.op("Add", concat(g, g.weight(1, 1, d), g.weight(1, 1, d), x), g.weight(1, n + 2, d))
    n += 2
    for _ in range(layers):
        y = layernorm(g, x, d)
        q, k, v = (heads(g, product(g, y, d, d), n, h, 64) for _ in range(3))
        x = g.op("Add", product(g, joined(g, attend(g, q, k, v, 64), n, d), d, d), x)
        x = g.op("Add", mlp(g, layernorm(g, x, d), d, 4 * d), x)
    x = layernorm(g, x, d)
    y = g.op(
        "Div",
        g.op(
            "Add",
            g.op("Gather", x, g.const(np.array(0)), axis=1),
            g.op("Gather", x, g.const(np.array(1)), axis=1),
        ),
        g.const(2.0),
    )
    return dense(g, layernorm(g, y, d), d, 527)


def moonshine_enc(g: Builder, samples: int, layers: int, d: int = 288, h: int = 8) -> str:
    """Moonshine's encoder: raw sound by three convolutions, rotary attention."""
    x = g.op("Tanh", g.op("Conv", g.input(1, 1, samples), g.weight(d, 1, 127), strides=[64]))
    n = (samples - 127) // 64 + 1
    y = g.op(
        "InstanceNormalization",
        g.op("Reshape", x, g.const([1, 1, d * n])),
        g.const(np.ones(1, np.float16)),
        g.const(np.zeros(1, np.float16)),
        epsilon=1e-05,
    )
    x = g.op("Add", g.op("Mul", g.op("Reshape", y, g.const([1, d, n])), g.weight(d, 1)), g.weight(d, 1))
    x = gelu(g, g.op("Conv", x, g.weight(2 * d, d, 7), g.weight(2 * d), strides=[3]))
    n = (n - 7) // 3 + 1
    x = gelu(g, g.op("Conv", x, g.weight(d, 2 * d, 3), g.weight(d), strides=[2]))
    n = (n - 3) // 2 + 1
    x, w = g.op("Transpose", x, perm=[0, 2, 1]), d // h
    r = 32
    cos, sin = g.weight(1, 1, n, r), g.weight(1, 1, n, r)

    def turn(t):
        return concat(g, rot(g, cut(g, t, 3, 0, r), cos, sin, r), cut(g, t, 3, r, w), axis=3)

    def norm(x):
        return g.op("LayerNormalization", x, g.weight(d), axis=-1, epsilon=1e-05)

    for _ in range(layers):
        y = norm(x)
        q, k, v = (heads(g, product(g, y, d, d, False), n, h, w) for _ in range(3))
        x = g.op("Add", x, product(g, joined(g, attend(g, turn(q), turn(k), v, w), n, d), d, d, False))
        x = g.op("Add", x, mlp(g, norm(x), d, 4 * d))
    return norm(x)


def mobilebert(g: Builder, n: int, layers: int, d: int = 512, b: int = 128, h: int = 4) -> str:
    """Bottlenecks of 128, four feed-forwards of ReLU, NoNorm: a scale and a shift."""

    def nonorm(x, c):
        return g.op("Add", g.op("Mul", x, g.weight(c)), g.weight(c))

    e = embedding(g, 30522, 128, n)
    z = g.weight(1, 1, 128)
    left = concat(g, cut(g, e, 1, 1, n), z, axis=1)
    right = concat(g, z, cut(g, e, 1, 0, n - 1), axis=1)
    x = product(g, concat(g, left, e, right, axis=2), 384, d)
    x = nonorm(g.op("Add", x, g.weight(1, n, d)), d)
    m = padmask(g, n)

    def ffn(t):
        return nonorm(g.op("Add", product(g, relu(g, product(g, t, b, 4 * b)), 4 * b, b), t), b)

    for _ in range(layers):
        low, shared = nonorm(product(g, x, d, b), b), nonorm(product(g, x, d, b), b)
        q, k = (heads(g, product(g, shared, b, b), n, h, 32) for _ in range(2))
        v = heads(g, product(g, x, d, b), n, h, 32)
        y = product(g, joined(g, attend(g, q, k, v, 32, m), n, b), b, b)
        y = nonorm(g.op("Add", y, low), b)
        for _ in range(3):
            y = ffn(y)
        y = nonorm(g.op("Add", product(g, relu(g, product(g, y, b, 4 * b)), 4 * b, b), y), b)
        x = nonorm(g.op("Add", product(g, y, b, d), x), d)
    return g.op("Gather", x, g.const(np.array(0)), axis=1)


def opt350m_step(g: Builder, past: int, layers: int, d: int = 1024, h: int = 16) -> list[str]:
    """Post-norm OPT: embeddings of 512 projected up, and down again in front of the head."""
    x = product(g, embedding(g, 50272, 512, 1), 512, d, False)
    x = g.op("Add", x, g.op("Gather", g.weight(2050, d), g.input(1, 1, dtype=TensorProto.INT64)))
    outs = []
    for _ in range(layers):
        q = g.op("Mul", product(g, x, d, d), g.const(0.125))
        q, k, v = (heads(g, t, 1, h, 64) for t in (q, product(g, x, d, d), product(g, x, d, d)))
        k, v = (concat(g, g.input(1, h, past, 64), t, axis=2) for t in (k, v))
        s = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
        x = layernorm(g, g.op("Add", x, product(g, joined(g, g.op("MatMul", s, v), 1, d), d, d)), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, 4 * d, relu)), d)
        outs += [k, v]
    return [product(g, product(g, x, d, 512, False), 512, 50272, False), *outs]


DAILY_WORDS = {
    "vitpose_s_256x192_x3": ('transformer', lambda g: vitpose_s(g, 256, 192, 3)),
    "svtr_tiny_32x256": ('transformer', lambda g: svtr_tiny(g, 32, 256)),
    "mobilebert_192_x4": ('transformer', lambda g: mobilebert(g, 192, 4)),
    "swinir_light_64": ('transformer', lambda g: swinir_light(g, 64)),
    "eva02_ti_336_x3": ('transformer', lambda g: eva02_ti(g, 336, 3)),
    "moonshine_tiny_4s_x3": ('transformer', lambda g: moonshine_enc(g, 64000, 3)),
    "opt350m_step_800_x2": ('transformer', lambda g: opt350m_step(g, 799, 2)),
    "ast_1024x128_x1": ('transformer', lambda g: ast(g, 1024, 128, 1)),
}  # fmt: skip
