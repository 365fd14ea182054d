"""State-space, hybrid and recurrent models: Hymba, CRN, a batch of GRUs."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets import newer_states as ns
from tests.vendor.nets import recurrences as rec
from tests.vendor.nets import state_space as m
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.everyday_states import bamba, gqa, mamba1_slow, swiglu
from tests.vendor.nets.layers import cut, embedding, linear, rmsnorm
from tests.vendor.nets.state_space import Sizes, mixer2


def hymba(g: Builder, L: int, s: Sizes, h: int, kv: int, w: int, inner: int) -> str:
    """Hymba: heads of attention and of state space side by side, each normed, their mean."""
    d = s.width
    x = embedding(g, 1024, d, L)
    for _ in range(2):
        y = rmsnorm(g, x, d)
        a = rmsnorm(g, gqa(g, y, d, d, L, h, kv, w)[0], d)
        b = rmsnorm(g, mixer2(g, y, L, s, True), d)
        x = g.op("Add", x, g.op("Mul", g.op("Add", a, b), g.const(0.5)))
        x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    return linear(g, cut(g, rmsnorm(g, x, d), 1, L - 1, L), d, 1024, False)


def crn(g: Builder, t: int, f: int = 161) -> str:
    """CRN for noise: strides over frequency, two LSTMs, transposed back with skips."""
    x, ci, es, w = g.input(1, 1, t, f), 1, [], f
    ws = 16, 32, 64, 128, 256
    for co in ws:
        x = g.op("Elu", g.op("Conv", x, g.weight(co, ci, 1, 3), g.weight(co), strides=[1, 2]))
        w = (w - 3) // 2 + 1
        es.append((x, co, w))
        ci = co
    d = 256 * w
    y = g.op("Reshape", g.op("Transpose", x, perm=[2, 0, 1, 3]), g.const([t, 1, d]))
    for _ in range(2):
        y = g.op(
            "Squeeze",
            g.op(
                "LSTM",
                y,
                g.weight(1, 4 * d, d),
                g.weight(1, 4 * d, d),
                g.weight(1, 8 * d),
                count=3,
                hidden_size=d,
            )[0],
            g.const([1]),
        )
    y = g.op("Transpose", g.op("Reshape", y, g.const([t, 1, 256, w])), perm=[1, 2, 0, 3])
    for (s, c, w), co, wo in zip(
        es[::-1], (128, 64, 32, 16, 1), [e[2] for e in es[-2::-1]] + [f], strict=True
    ):
        y = g.op(
            "ConvTranspose",
            concat(g, y, s),
            g.weight(2 * c, co, 1, 3),
            g.weight(co),
            strides=[1, 2],
            output_padding=[0, wo - (2 * (w - 1) + 3)],
        )
        y = g.op("Elu", y) if co > 1 else g.op("Softplus", y)
    return y


def gru_batch(g: Builder, b: int, t: int, d: int = 64, hidden: int = 192) -> str:
    """A batch of sequences through two GRUs, the last state judged."""
    x, a = g.op("Transpose", g.input(b, t, d), perm=[1, 0, 2]), d
    for _ in range(2):
        y = g.op(
            "GRU",
            x,
            g.weight(1, 3 * hidden, a),
            g.weight(1, 3 * hidden, hidden),
            g.weight(1, 6 * hidden),
            count=2,
            hidden_size=hidden,
            linear_before_reset=1,
        )[0]
        x, a = g.op("Squeeze", y, g.const([1])), hidden
    y = g.op("Gather", x, g.const(np.array(t - 1)), axis=0)
    return g.op("Softmax", product(g, relu(g, product(g, y, hidden, 64)), 64, 6), axis=1)


FAMILIAR_STATES = {
    "mamba2_370m_L1024": ("SSM", lambda g: m.mamba2(g, 1024, Sizes(1024, 32, 64, 128, 256))),
    "rwkv7_step_w1280_x2": ("SSM", lambda g: ns.goose(g, 20, 2)),
    "gru_b8_t40": ("recurrent", lambda g: gru_batch(g, 8, 40)),
    "hymba_L256_w1024": ("SSM", lambda g: hymba(g, 256, Sizes(1024, 32, 64, 128, 128), 16, 4, 64, 2816)),
    "mamba1_130m_slow_L56": ("SSM", lambda g: mamba1_slow(g, 56, 768)),
    "bamba_L256_w1536": ("SSM", lambda g: bamba(g, 256, Sizes(1536, 48, 64, 128, 128), 24, 8, 4096)),
    "crn_t64": ("recurrent", lambda g: crn(g, 64)),
    "griffin_320_w768": ("SSM", lambda g: rec.gated_recurrence(g, 320, 768, 2304)),
}  # fmt: skip
