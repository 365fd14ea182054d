"""State-space, hybrid and recurrent models: MambaVision, lightning attention, Mamba-2's tokens, NSNet2."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.everyday_states import falcon_h1, swiglu
from tests.vendor.nets.everyday_streams import lstm_lm
from tests.vendor.nets.layers import attend, cut, embedding, joined, layernorm, linear, rmsnorm, silu
from tests.vendor.nets.newer_states import goose
from tests.vendor.nets.recurrences import doubled
from tests.vendor.nets.state_space import Sizes, mamba2, softplus


def mamba2_step_b(g: Builder, n: int, s: Sizes, layers: int = 1) -> list[str]:
    """Mamba-2, a token for each of n sequences, states in float16."""
    d, c = s.width, s.inner + 2 * s.states
    x, outs = g.input(n, d), []
    for _ in range(layers):
        y = linear(g, rmsnorm(g, x, d), d, s.inner + c + s.heads, False)
        z, p, dt = g.op("Split", y, g.const([s.inner, c, s.heads]), count=3, axis=1)
        win = concat(g, g.input(n, c, 3), g.op("Unsqueeze", p, g.const([2])), axis=2)
        p = g.op("ReduceSum", g.op("Mul", win, g.weight(c, 4)), g.const([2]), keepdims=0)
        p = silu(g, g.op("Add", p, g.weight(c)))
        v, b, k = g.op("Split", p, g.const([s.inner, s.states, s.states]), count=3, axis=1)
        dt = softplus(g, g.op("Add", dt, g.weight(s.heads)))
        da = g.op("Exp", g.op("Mul", dt, g.const(-np.arange(1.0, s.heads + 1) / s.heads)))
        da = g.op("Reshape", da, g.const([n, s.heads, 1, 1]))
        v = g.op("Reshape", v, g.const([n, s.heads, s.head, 1]))
        dv = g.op("Mul", v, g.op("Reshape", dt, g.const([n, s.heads, 1, 1])))
        st = g.op("Mul", g.input(n, s.heads, s.head, s.states), da)
        st = g.op("Add", st, g.op("Mul", dv, g.op("Reshape", b, g.const([n, 1, 1, s.states]))))
        o = g.op("MatMul", st, g.op("Reshape", k, g.const([n, 1, s.states, 1])))
        o = g.op("Add", o, g.op("Mul", v, g.weight(s.heads, 1, 1)))
        o = g.op("Mul", g.op("Reshape", o, g.const([n, s.inner])), silu(g, z))
        x = g.op("Add", x, linear(g, rmsnorm(g, o, s.inner), s.inner, d, False))
        outs += [st, cut(g, win, 2, 1, 4)]
    return [linear(g, rmsnorm(g, x, d), d, 512, False), *outs]


def mambavision(g: Builder, n: int = 196, d: int = 320, h: int = 8, states: int = 8, layers: int = 4) -> str:
    """MambaVision-T's third size: half of the blocks scan (by doubling), half attend."""
    x, i, rank = g.input(1, n, d), d // 2, 20
    flat = lambda t: g.op("Reshape", t, g.const([1, n, i * states]))
    for k in range(layers):
        y = layernorm(g, x, d)
        if k < layers // 2:
            t = g.op("Transpose", linear(g, y, d, d, False), perm=[0, 2, 1])
            a, z = g.op("Split", t, g.const([i, i]), count=2, axis=1)
            a, z = (silu(g, g.op("Conv", u, g.weight(i, 1, 3), group=i, pads=[1, 1])) for u in (a, z))
            u = g.op("Transpose", a, perm=[0, 2, 1])
            p = linear(g, u, i, rank + 2 * states, False)
            dt, b, c = g.op("Split", p, g.const([rank, states, states]), count=3, axis=2)
            dt = g.op("Unsqueeze", g.op("Softplus", product(g, dt, rank, i)), g.const([3]))
            fall = g.op("Exp", g.op("Mul", dt, g.const(-np.tile(np.arange(1.0, states + 1), (i, 1)))))
            new = g.op("Mul", dt, g.op("Unsqueeze", u, g.const([3])))
            new = g.op("Mul", new, g.op("Unsqueeze", b, g.const([2])))
            s = doubled(g, flat(fall), flat(new), n, i * states)
            s = g.op(
                "Mul", g.op("Reshape", s, g.const([1, n, i, states])), g.op("Unsqueeze", c, g.const([2]))
            )
            o = g.op("ReduceSum", s, g.const([3]), keepdims=0)
            o = g.op("Transpose", g.op("Add", o, g.op("Mul", u, g.weight(i))), perm=[0, 2, 1])
            y = linear(g, g.op("Transpose", concat(g, o, z), perm=[0, 2, 1]), d, d, False)
        else:
            t = g.op("Reshape", product(g, y, d, 3 * d), g.const([1, n, 3, h, d // h]))
            t = g.op("Transpose", t, perm=[2, 0, 3, 1, 4])
            q, kk, v = (g.op("Gather", t, g.const(np.array(r)), axis=0) for r in range(3))
            y = product(g, joined(g, attend(g, q, kk, v, d // h), n, d), d, d)
        x = g.op("Add", x, g.op("Mul", y, g.weight(d)))
        x = g.op("Add", x, g.op("Mul", mlp(g, layernorm(g, x, d), d, 4 * d), g.weight(d)))
    return x


def lightning(
    g: Builder, L: int, d: int = 1024, h: int = 8, w: int = 128, block: int = 256, inner: int = 2816
) -> list[str]:
    """Lightning attention (MiniMax): blocks of 256, a decay for each head, a gate; then a gated feed-forward."""
    x = embedding(g, 1024, d, L)
    y = rmsnorm(g, x, d)
    t = g.op("Reshape", silu(g, linear(g, y, d, 3 * h * w, False)), g.const([1, L, h, 3 * w]))
    q, k, v = g.op("Split", g.op("Transpose", t, perm=[0, 2, 1, 3]), g.const([w] * 3), count=3, axis=3)
    rate = 2.0 ** -np.arange(1, h + 1)[:, None, None]
    i = np.arange(block)
    inside = np.exp(-rate * np.maximum(i[:, None] - i[None], 0)) * np.tri(block)
    qd, kd = np.exp(-rate * (i[:, None] + 1)), np.exp(-rate * (block - 1 - i[:, None]))
    inside, qd, kd, whole = (
        g.const(a[None].astype(np.float16)) for a in (inside, qd, kd, np.exp(-rate * block))
    )
    kv, outs = None, []
    for b in range(0, L, block):
        qi, ki, vi = (cut(g, t, 2, b, b + block) for t in (q, k, v))
        o = g.op("MatMul", qi, g.op("Transpose", ki, perm=[0, 1, 3, 2]))
        o = g.op("MatMul", g.op("Mul", o, inside), vi)
        if kv:
            o = g.op("Add", o, g.op("MatMul", g.op("Mul", qi, qd), kv))
        new = g.op("MatMul", g.op("Transpose", g.op("Mul", ki, kd), perm=[0, 1, 3, 2]), vi)
        kv = g.op("Add", g.op("Mul", kv, whole), new) if kv else new
        outs.append(o)
    o = rmsnorm(g, joined(g, concat(g, *outs, axis=2), L, h * w), h * w)
    o = g.op("Mul", g.op("Sigmoid", linear(g, y, d, h * w, False)), o)
    x = g.op("Add", x, linear(g, o, h * w, d, False))
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    return [linear(g, cut(g, rmsnorm(g, x, d), 1, L - 1, L), d, 1024, False), kv]


def nsnet2(g: Builder, t: int, f: int = 161, hidden: int = 400) -> str:
    """NSNet2 for noise: a product, two GRUs of 400, three products, a mask."""
    x = product(g, g.input(1, t, f), f, hidden)
    x = g.op("Transpose", x, perm=[1, 0, 2])
    for _ in range(2):
        w = [g.weight(1, 3 * hidden, hidden), g.weight(1, 3 * hidden, hidden), g.weight(1, 6 * hidden)]
        y = g.op("GRU", x, *w, count=2, hidden_size=hidden, linear_before_reset=1)
        x = g.op("Squeeze", y[0], g.const([1]))
    x = g.op("Transpose", x, perm=[1, 0, 2])
    x = relu(g, product(g, relu(g, product(g, x, hidden, 600)), 600, 600))
    return g.op("Sigmoid", product(g, x, 600, f))


POPULAR_STATES = {
    "mamba2_130m_L640": ("SSM", lambda g: mamba2(g, 640, Sizes(768, 24, 64, 128, 128))),
    "nsnet2_t100": ("recurrent", lambda g: nsnet2(g, 100)),
    "mamba2_370m_step_b4": ("SSM", lambda g: mamba2_step_b(g, 4, Sizes(1024, 32, 64, 128, 256), 2)),
    "falcon_h1_L512_w1536": ("SSM", lambda g: falcon_h1(g, 512, Sizes(1536, 48, 64, 128, 128), 8, 2, 128, 4096)),
    "mambavision_14_w320": ("SSM", lambda g: mambavision(g)),
    "rwkv7_step_w1536_x2": ("SSM", lambda g: goose(g, 24, 2)),
    "lightning_L512_w1024": ("SSM", lambda g: lightning(g, 512)),
    "lstm_lm_t48_w1024": ("recurrent", lambda g: lstm_lm(g, 48, 1024, 2, 10000)),
}  # fmt: skip
