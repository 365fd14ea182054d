"""State-space, hybrid and recurrent models: Nemotron-H, Samba, sound events, an autoencoder of series."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets import linear_attention as la
from tests.vendor.nets import recurrences as r
from tests.vendor.nets import state_space as m
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.everyday_states import gqa, mamba1_slow, mamba1_step, swiglu, zamba2_step
from tests.vendor.nets.layers import conv, cut, embedding, linear, rmsnorm, silu
from tests.vendor.nets.state_space import Sizes, mixer2


def nemotron_h(g: Builder, L: int, s: Sizes, h: int, kv: int, w: int, inner: int) -> str:
    """Nemotron-H: Mamba-2, squared ReLU, attention, squared ReLU: a prompt."""
    d, x = s.width, embedding(g, 1024, s.width, L)

    def two(y):
        y = relu(g, linear(g, y, d, inner, False))
        return linear(g, g.op("Mul", y, y), inner, d, False)

    for kind in "mfaf":
        y = rmsnorm(g, x, d)
        y = (
            mixer2(g, y, L, s, True)
            if kind == "m"
            else two(y)
            if kind == "f"
            else gqa(g, y, d, d, L, h, kv, w)[0]
        )
        x = g.op("Add", x, y)
    return linear(g, cut(g, rmsnorm(g, x, d), 1, L - 1, L), d, 1024, False)


def samba_step(g: Builder, d: int, past: int, h: int, inner: int, n: int = 16) -> list[str]:
    """Mamba, a gated feed-forward, attention over a window, a gated feed-forward: one token."""
    i, rank = 2 * d, d // 16
    x = embedding(g, 1024, d, 1)
    xz = linear(g, rmsnorm(g, x, d), d, 2 * i, False)
    u, z = g.op("Split", xz, g.const([i, i]), count=2, axis=2)
    win = concat(g, g.input(1, i, 3), g.op("Transpose", u, perm=[0, 2, 1]), axis=2)
    u = silu(
        g,
        g.op(
            "Add", g.op("ReduceSum", g.op("Mul", win, g.weight(i, 4)), g.const([2]), keepdims=0), g.weight(i)
        ),
    )
    dt, b, c = g.op("Split", linear(g, u, i, rank + 2 * n, False), g.const([rank, n, n]), count=3, axis=1)
    dt = g.op("Unsqueeze", g.op("Softplus", product(g, dt, rank, i)), g.const([2]))
    dA = g.op("Exp", g.op("Mul", g.const(-np.tile(np.arange(1.0, n + 1), (i, 1)).astype(np.float16)), dt))
    st = g.op(
        "Add",
        g.op("Mul", dA, g.input(1, i, n)),
        g.op("Mul", g.op("Mul", dt, g.op("Unsqueeze", b, g.const([1]))), g.op("Unsqueeze", u, g.const([2]))),
    )
    y = g.op("Squeeze", g.op("MatMul", st, g.op("Unsqueeze", c, g.const([2]))), g.const([2]))
    y = g.op("Unsqueeze", g.op("Add", y, g.op("Mul", u, g.weight(i))), g.const([1]))
    x = g.op("Add", x, linear(g, g.op("Mul", y, silu(g, z)), i, d, False))
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    y, o = gqa(g, rmsnorm(g, x, d), d, d, 1, h, h, d // h, past)
    x = g.op("Add", x, y)
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    return [linear(g, rmsnorm(g, x, d), d, 1024, False), st, cut(g, win, 2, 1, 4), *o]


def sed_crnn(g: Builder, t: int, mel: int = 64, hidden: int = 128) -> str:
    """Sound events: convolutions pooled along frequency, two GRUs of both directions."""
    x, ci = g.input(1, 1, t, mel), 1
    for co, p in ((64, 4), (128, 4), (128, 2)):
        x = relu(g, conv(g, x, ci, co, 3))
        x, ci = g.op("MaxPool", x, kernel_shape=[1, p], strides=[1, p]), co
    x = g.op("Reshape", g.op("Transpose", x, perm=[2, 0, 1, 3]), g.const([t, 1, 256]))
    a = 256
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
            g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([t, 1, 2 * hidden])),
            2 * hidden,
        )
    return g.op(
        "Sigmoid", product(g, relu(g, product(g, g.op("Transpose", x, perm=[1, 0, 2]), 256, 128)), 128, 14)
    )


def lstm_autoencoder(g: Builder, t: int, d: int = 32, a: int = 256, b: int = 64) -> str:
    """An autoencoder of series: LSTMs to one state and back."""

    def one(x, i, h):
        return g.op(
            "LSTM",
            x,
            g.weight(1, 4 * h, i),
            g.weight(1, 4 * h, h),
            g.weight(1, 8 * h),
            count=3,
            hidden_size=h,
        )

    x = g.op("Transpose", g.input(1, t, d), perm=[1, 0, 2])
    y = g.op("Squeeze", one(x, d, a)[0], g.const([1]))
    z = g.op("Squeeze", one(y, a, b)[1], g.const([0]))
    z = g.op("Expand", g.op("Unsqueeze", z, g.const([0])), g.const([t, 1, b]))
    y = g.op("Squeeze", one(z, b, b)[0], g.const([1]))
    y = g.op("Squeeze", one(y, b, a)[0], g.const([1]))
    return product(g, g.op("Transpose", y, perm=[1, 0, 2]), a, d)


DAILY_STATES = {
    "griffin_512_w1024": ('SSM', lambda g: r.gated_recurrence(g, 512, 1024, 3072)),
    "samba_step_1536": ('SSM', lambda g: samba_step(g, 1536, 1536, 12, 4096)),
    "mamba1_1b4_slow_L20": ('SSM', lambda g: mamba1_slow(g, 20, 2048)),
    "sed_crnn_t96": ('recurrent', lambda g: sed_crnn(g, 96)),
    "nemotron_h_L256_w1536": ('SSM', lambda g: nemotron_h(g, 256, Sizes(1536, 48, 64, 128, 128), 12, 4, 128, 6144)),
    "rwkv6_L40_w1024": ('SSM', lambda g: la.receptance(g, 40, 16)),
    "mamba2_1b3_step_x2": ('SSM', lambda g: m.mamba2_token(g, Sizes(2048, 64, 64, 128, 256), 2)),
    "lstm_autoencoder_t60": ('recurrent', lambda g: lstm_autoencoder(g, 60)),
    "falcon_mamba_step": ('SSM', lambda g: mamba1_step(g, 4096, 1)),
    "zamba2_1b2_step_256": ('SSM', lambda g: zamba2_step(g, Sizes(2048, 64, 64, 128), 256, 32)),
}  # fmt: skip
