"""State-space and recurrent models: VMamba, movements told apart, known ones at other sizes."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import channels_first
from tests.vendor.nets.everyday_pieces import concat, mlp, relu
from tests.vendor.nets.everyday_states import bamba
from tests.vendor.nets.layers import conv, layernorm, linear, silu
from tests.vendor.nets.linear_attention import delta_chunks, matrix_memory
from tests.vendor.nets.newer_states import goose
from tests.vendor.nets.popular_states import mamba2_step_b
from tests.vendor.nets.recurrences import doubled
from tests.vendor.nets.state_space import Sizes


def vmamba(g: Builder, e: int = 14, d: int = 384, layers: int = 2, rank: int = 24) -> str:
    """VMamba-T's third size: four ways through the image, one state a channel (by doubling), a feed-forward."""
    n = e * e
    back = g.const(np.arange(n)[::-1].copy())
    x = g.input(1, e, e, d)
    for _ in range(layers):
        y = linear(g, layernorm(g, x, d), d, d, False)
        y = silu(g, conv(g, channels_first(g, y), d, d, 3, 1, d))
        a = g.op("Reshape", y, g.const([1, d, n]))
        b = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2]), g.const([1, d, n]))
        four = concat(g, a, b, g.op("Gather", a, back, axis=2), g.op("Gather", b, back, axis=2))
        p = g.op("Conv", four, g.weight(4 * (rank + 2), d, 1), group=4)
        dt, bb, c = g.op(
            "Split", g.op("Reshape", p, g.const([1, 4, rank + 2, n])), g.const([rank, 1, 1]), count=3, axis=2
        )
        dt = g.op(
            "Conv",
            g.op("Reshape", dt, g.const([1, 4 * rank, n])),
            g.weight(4 * d, rank, 1),
            g.weight(4 * d),
            group=4,
        )
        dt = g.op("Softplus", dt)
        fall = g.op("Exp", g.op("Mul", dt, g.weight(4 * d, 1)))
        new = g.op("Mul", g.op("Reshape", g.op("Mul", dt, four), g.const([1, 4, d, n])), bb)
        turn = lambda t: g.op("Transpose", g.op("Reshape", t, g.const([1, 4 * d, n])), perm=[0, 2, 1])
        s = doubled(g, turn(fall), turn(new), n, 4 * d)
        s = g.op("Reshape", g.op("Transpose", s, perm=[0, 2, 1]), g.const([1, 4, d, n]))
        o = g.op(
            "Add",
            g.op("Reshape", g.op("Mul", s, c), g.const([1, 4 * d, n])),
            g.op("Mul", four, g.weight(4 * d, 1)),
        )
        o = g.op("Split", o, g.const([d] * 4), count=4, axis=1)
        h = g.op("Add", o[0], g.op("Gather", o[2], back, axis=2))
        v = g.op("Reshape", g.op("Add", o[1], g.op("Gather", o[3], back, axis=2)), g.const([1, d, e, e]))
        v = g.op("Reshape", g.op("Transpose", v, perm=[0, 1, 3, 2]), g.const([1, d, n]))
        y = g.op("Reshape", g.op("Transpose", g.op("Add", h, v), perm=[0, 2, 1]), g.const([1, e, e, d]))
        x = g.op("Add", x, linear(g, layernorm(g, y, d), d, d, False))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    return x


def deepconvlstm(g: Builder, b: int, t: int = 24, sensors: int = 113, hidden: int = 128) -> str:
    """DeepConvLSTM: four convolutions along time, two LSTMs, the last state judged."""
    x, ci = g.input(b, 1, t, sensors), 1
    for _ in range(4):
        x, ci, t = relu(g, g.op("Conv", x, g.weight(64, ci, 5, 1), g.weight(64))), 64, t - 4
    x = g.op("Reshape", g.op("Transpose", x, perm=[2, 0, 1, 3]), g.const([t, b, 64 * sensors]))
    a = 64 * sensors
    for _ in range(2):
        y = g.op(
            "LSTM",
            x,
            g.weight(1, 4 * hidden, a),
            g.weight(1, 4 * hidden, hidden),
            g.weight(1, 8 * hidden),
            count=3,
            hidden_size=hidden,
        )
        x, a = g.op("Squeeze", y[0], g.const([1])), hidden
    return dense(g, g.op("Gather", x, g.const(np.array(t - 1)), axis=0), hidden, 18)


CURRENT_STATES = {
    "rwkv7_step_w2560_x1": ("SSM", lambda g: goose(g, 40, 1)),
    "deepconvlstm_b4_t24": ("recurrent", lambda g: deepconvlstm(g, 4)),
    "mamba2_370m_step_b8": ("SSM", lambda g: mamba2_step_b(g, 8, Sizes(1024, 32, 64, 128, 256), 1)),
    "vmamba_t_14_w384_x2": ("SSM", lambda g: vmamba(g)),
    "mlstm_512_h8": ("SSM", lambda g: matrix_memory(g, 512, 8, 128)),
    "bamba_L128_w2048": ("SSM", lambda g: bamba(g, 128, Sizes(2048, 64, 64, 128, 128), 32, 8, 8192)),
    "delta_chunks_256_w128": ("SSM", lambda g: delta_chunks(g, 256, 64, 4, 128)),
}  # fmt: skip
