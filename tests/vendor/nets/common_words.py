"""Transformers of pictures and words, state-space and hybrid models, a recurrent tagger."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets import newer_states as ns
from tests.vendor.nets import sound as snd
from tests.vendor.nets import state_space as m
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.everyday_sight import clip_l
from tests.vendor.nets.everyday_states import bamba, falcon_h1, mamba1_slow, mamba1_step, mixer2_step
from tests.vendor.nets.everyday_words import bert, gpt_step, t5_step
from tests.vendor.nets.layers import attend, conv, embedding, gelu, heads, joined, layernorm, linear, rmsnorm
from tests.vendor.nets.state_space import Sizes


def pvt_v2_b1(g: Builder, size: int, widths: tuple[int, ...] = (64, 128, 320, 512), depth: int = 2) -> str:
    """PVT v2-B1: keys of a smaller map, depthwise in the feed-forward."""
    x, ci, e = g.input(1, 3, size, size), 3, size
    for i, (d, h, r, q) in enumerate(zip(widths, (1, 2, 5, 8), (8, 4, 2, 1), (8, 8, 4, 4), strict=True)):
        k, s = (7, 4) if i == 0 else (3, 2)
        e //= s
        x = g.op("Conv", x, g.weight(d, ci, k, k), g.weight(d), strides=[s, s], pads=[k // 2] * 4)
        n, w, f = e * e, d // h, d * q
        flat = lambda y, c, n=n: g.op("Transpose", g.op("Reshape", y, g.const([1, c, n])), perm=[0, 2, 1])
        image = lambda y, c, e=e: g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1]), g.const([1, c, e, e]))
        x = layernorm(g, flat(x, d), d)
        for _ in range(depth):
            y = layernorm(g, x, d)
            kv, mm = y, n
            if r > 1:
                z, mm = (
                    g.op("Conv", image(y, d), g.weight(d, d, r, r), g.weight(d), strides=[r, r]),
                    n // (r * r),
                )
                kv = layernorm(g, flat(z, d, mm), d)
            qq = heads(g, product(g, y, d, d), n, h, w)
            both = g.op(
                "Transpose",
                g.op("Reshape", product(g, kv, d, 2 * d), g.const([1, mm, 2, h, w])),
                perm=[2, 0, 3, 1, 4],
            )
            kk, v = (g.op("Gather", both, g.const(np.array(t)), axis=0) for t in range(2))
            x = g.op("Add", x, product(g, joined(g, attend(g, qq, kk, v, w), n, d), d, d))
            y = image(product(g, layernorm(g, x, d), d, f), f)
            y = flat(conv(g, y, f, f, 3, 1, f), f)
            x = g.op("Add", x, product(g, gelu(g, y), f, d))
        x = layernorm(g, x, d)
        if i < 3:
            x = image(x, d)
        ci = d
    return dense(g, g.op("ReduceMean", x, axes=[1], keepdims=0), widths[3], 1000)


def efficientformer_l1(g: Builder, size: int) -> str:
    """EfficientFormer-L1: means as attention in four stages, one block of true attention."""
    x = relu(g, conv(g, relu(g, conv(g, g.input(1, 3, size, size), 3, 24, 3, 2)), 24, 48, 3, 2))

    def pool(x):
        return g.op("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4, count_include_pad=0)

    def four(x, c):
        x = g.op("Add", x, g.op("Mul", g.op("Sub", pool(x), x), g.weight(c, 1, 1)))
        y = conv(g, gelu(g, conv(g, x, c, 4 * c, 1)), 4 * c, c, 1)
        return g.op("Add", x, g.op("Mul", y, g.weight(c, 1, 1)))

    for j, (c, n) in enumerate(((48, 3), (96, 2), (224, 6), (448, 3))):
        for _ in range(n):
            x = four(x, c)
        if j < 3:
            x = conv(g, x, c, 2 * c if j != 1 else 224, 3, 2)
    e = size // 32
    n = e * e
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, 448, n])), perm=[0, 2, 1])
    y = g.op(
        "Transpose",
        g.op("Reshape", product(g, layernorm(g, x, 448), 448, 1536), g.const([1, n, 8, 192])),
        perm=[0, 2, 1, 3],
    )
    q, k, v = g.op("Split", y, g.const([32, 32, 128]), count=3, axis=3)
    s = g.op(
        "Add",
        g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(32**-0.5)),
        g.weight(8, n, n),
    )
    y = product(g, joined(g, g.op("MatMul", g.op("Softmax", s, axis=-1), v), n, 1024), 1024, 448)
    x = g.op("Add", x, g.op("Mul", y, g.weight(448)))
    x = g.op("Add", x, g.op("Mul", mlp(g, layernorm(g, x, 448), 448, 1792), g.weight(448)))
    return dense(g, g.op("ReduceMean", layernorm(g, x, 448), axes=[1], keepdims=0), 448, 1000)


def nemotron_h_step(g: Builder, s: Sizes, past: int, h: int, kv: int, w: int, inner: int) -> list[str]:
    """Mamba-2, a feed-forward of squared ReLU, attention, a feed-forward: one token, no positions."""
    d = s.width
    x, outs = embedding(g, 1024, d, 1), []

    def two(y):
        y = relu(g, linear(g, y, d, inner, False))
        return linear(g, g.op("Mul", y, y), inner, d, False)

    for kind in "mfaf":
        y = rmsnorm(g, x, d)
        if kind == "m":
            y, o = mixer2_step(g, y, s)
            outs += o
        elif kind == "a":
            q = heads(g, linear(g, y, d, h * w, False), 1, h, w)
            k, v = (
                concat(g, g.input(1, kv, past, w), heads(g, linear(g, y, d, kv * w, False), 1, kv, w), axis=2)
                for _ in range(2)
            )
            outs += [k, v]
            rep = lambda t: g.op(
                "Reshape",
                g.op("Expand", g.op("Unsqueeze", t, g.const([2])), g.const([1, kv, h // kv, past + 1, w])),
                g.const([1, h, past + 1, w]),
            )
            y = linear(g, joined(g, attend(g, q, rep(k), rep(v), w), 1, h * w), h * w, d, False)
        else:
            y = two(y)
        x = g.op("Add", x, y)
    return [linear(g, rmsnorm(g, x, d), d, 1024, False), *outs]


def bigru(g: Builder, T: int, d: int, hidden: int, tags: int) -> str:
    """Words to tags: rows of a table, two GRUs of both directions, a product, softmax."""
    x, a = g.op("Transpose", embedding(g, 12000, d, T), perm=[1, 0, 2]), d
    for _ in range(2):
        y = g.op(
            "GRU",
            x,
            g.weight(2, 3 * hidden, a),
            g.weight(2, 3 * hidden, hidden),
            g.weight(2, 6 * hidden),
            count=2,
            hidden_size=hidden,
            direction="bidirectional",
            linear_before_reset=1,
        )[0]
        x, a = (
            g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([T, 1, 2 * hidden])),
            2 * hidden,
        )
    return g.op("Softmax", product(g, g.op("Transpose", x, perm=[1, 0, 2]), a, tags), axis=-1)


COMMON_WORDS = {
    "pvt_v2_b1_224": ("transformer", lambda g: pvt_v2_b1(g, 224)),
    "mamba2_780m_L512": ("SSM", lambda g: m.mamba2(g, 512, Sizes(1536, 48, 64, 128, 256))),
    "bert_large_256_x2": ("transformer", lambda g: bert(g, 256, 16, 64, 2, 4096)),
    "nemotron_h_step_1536": ("SSM", lambda g: nemotron_h_step(g, Sizes(2048, 64, 64, 128), 1535, 16, 8, 128, 8192)),
    "efficientformer_l1_224": ("transformer", lambda g: efficientformer_l1(g, 224)),
    "mamba1_1b4_step_x2": ("SSM", lambda g: mamba1_step(g, 2048, 2)),
    "flan_t5_b_step_96_x2": ("transformer", lambda g: t5_step(g, 768, 12, 2048, 96, 128, 2)),
    "bamba_L512_w1024": ("SSM", lambda g: bamba(g, 512, Sizes(1024, 32, 64, 128, 128), 16, 4, 2816)),
    "whisper_base_step_160_x2": ("transformer", lambda g: snd.speech_step(g, 8, 159, 1500, 2)),
    "rwkv7_step_w2048_x2": ("SSM", lambda g: ns.goose(g, 32, 2)),
    "gpt2_l_step_640_x2": ("transformer", lambda g: gpt_step(g, 20, 640, 2, 50257)),
    "falcon_h1_L384_w1280": ("SSM", lambda g: falcon_h1(g, 384, Sizes(1280, 40, 64, 128, 128), 10, 2, 128, 3840)),
    "electra_small_512_x3": ("transformer", lambda g: bert(g, 512, 4, 64, 3, 1024)),
    "mamba1_370m_slow_L24": ("SSM", lambda g: mamba1_slow(g, 24, 1024)),
    "clip_l14_336_x1": ("transformer", lambda g: clip_l(g, 336, 14, 16, 1, 768)),
    "bigru_ner_t80": ("recurrent", lambda g: bigru(g, 80, 128, 192, 9)),
    "mamba2_130m_step_x4": ("SSM", lambda g: m.mamba2_token(g, Sizes(768, 24, 64, 128, 256), 4)),
}  # fmt: skip
