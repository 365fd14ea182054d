"""State-space networks: batches of steps, gated recurrences of one state, averages that fall off, short windows."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.current_states import mamba2_step_b
from tests.vendor.nets.everyday_pieces import product
from tests.vendor.nets.everyday_states import swiglu
from tests.vendor.nets.known_states import mamba1_step_b, outer_step
from tests.vendor.nets.layers import layernorm, linear, rmsnorm, silu
from tests.vendor.nets.newer_states import matrix_step
from tests.vendor.nets.recurrences import doubled, short
from tests.vendor.nets.state_space import Sizes


def smallest_lstm(g: Builder, t: int, d: int, layers: int) -> str:
    """minLSTM: two gates that share what they keep, states by doubling, a gated feed-forward."""
    x = g.input(1, t, d)
    for _ in range(layers):
        y = short(g, rmsnorm(g, x, d), d, 4)
        f, i = (g.op("Sigmoid", linear(g, y, d, d)) for _ in range(2))
        both = g.op("Add", f, i)
        new = g.op("Mul", g.op("Div", i, both), linear(g, y, d, d))
        x = g.op("Add", x, linear(g, doubled(g, g.op("Div", f, both), new, t, d), d, d))
        x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, 2 * d))
    return linear(g, rmsnorm(g, x, d), d, 64)


def averaged(g: Builder, t: int, d: int, n: int = 16) -> str:
    """MEGA: averages of n falling speeds as one long causal window a channel, gates of one head behind."""
    x = g.input(1, t, d)
    y = layernorm(g, x, d)
    z = g.op("Transpose", y, perm=[0, 2, 1])
    z = g.op("Conv", z, g.weight(d, 1, n * 4), g.weight(d), group=d, pads=[n * 4 - 1, 0])
    z = silu(g, g.op("Add", g.op("Transpose", z, perm=[0, 2, 1]), g.op("Mul", y, g.weight(d))))
    q, k = (
        g.op("Add", g.op("Mul", silu(g, linear(g, z, d, 128)), g.weight(128)), g.weight(128)) for _ in "qk"
    )
    v, gate = silu(g, linear(g, y, d, 2 * d)), silu(g, linear(g, z, d, 2 * d))
    s = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 1])), g.const(1 / t))
    s = g.op("Add", s, g.const(np.triu(np.full((t, t), -1e4), 1)))
    y = product(g, g.op("Mul", g.op("MatMul", g.op("Softmax", s, axis=-1), v), gate), 2 * d, d)
    u = g.op("Sigmoid", linear(g, z, d, d))
    return g.op("Add", x, g.op("Mul", u, g.op("Sub", silu(g, y), x)))


LATER_STATES = {
    "minlstm_128_d384": ("SSM", lambda g: smallest_lstm(g, 128, 384, 2)),
    "mega_256_d512": ("SSM", lambda g: averaged(g, 256, 512)),
    "mamba1_130m_step_b8": ("SSM", lambda g: mamba1_step_b(g, 8, 768, 2)),
    "mamba2_130m_step_b16": ("SSM", lambda g: mamba2_step_b(g, 16, Sizes(768, 24, 64, 128, 256), 1)),
    "retnet_step_w2048": ("SSM", lambda g: outer_step(g, 16, 128, 256, 1, False)),
    "mlstm_step_h8_w256": ("SSM", lambda g: matrix_step(g, 8, 256, 2)),
}  # fmt: skip
