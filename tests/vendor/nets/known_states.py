"""State-space and hybrid models at sizes people run: steps of batches, RetNet, GLA, mLSTM, VMamba, U-Mamba, hybrids."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets import linear_attention as la
from tests.vendor.nets.everyday_pieces import concat, product
from tests.vendor.nets.everyday_states import mamba1_slow, swiglu
from tests.vendor.nets.layers import conv, cut, gelu, layernorm, linear, rmsnorm, silu
from tests.vendor.nets.recurrences import doubled, long_convolution
from tests.vendor.nets.state_space import Sizes, mamba2, mamba2_token


def mamba1_step_b(g: Builder, b: int, d: int, layers: int, n: int = 16) -> list[str]:
    """Mamba-1, a token of each of b sequences, states in float16."""
    i, rank = 2 * d, d // 16
    x, outs = g.input(b, d), []
    for _ in range(layers):
        h, z = g.op("Split", linear(g, rmsnorm(g, x, d), d, 2 * i, False), g.const([i, i]), count=2, axis=1)
        win = concat(g, g.input(b, i, 3), g.op("Unsqueeze", h, g.const([2])), axis=2)
        h = g.op("ReduceSum", g.op("Mul", win, g.weight(i, 4)), g.const([2]), keepdims=0)
        h = silu(g, g.op("Add", h, g.weight(i)))
        p = linear(g, h, i, rank + 2 * n, False)
        dt, k, c = g.op("Split", p, g.const([rank, n, n]), count=3, axis=1)
        dt = g.op("Unsqueeze", g.op("Softplus", product(g, dt, rank, i)), g.const([2]))
        fall = g.op("Exp", g.op("Mul", dt, g.const(-np.tile(np.arange(1.0, n + 1), (i, 1)))))
        new = g.op("Mul", dt, g.op("Unsqueeze", k, g.const([1])))
        new = g.op("Mul", new, g.op("Unsqueeze", h, g.const([2])))
        s = g.op("Add", g.op("Mul", g.input(b, i, n), fall), new)
        y = g.op("Squeeze", g.op("MatMul", s, g.op("Unsqueeze", c, g.const([2]))), g.const([2]))
        y = g.op("Mul", g.op("Add", y, g.op("Mul", h, g.weight(i))), silu(g, z))
        x = g.op("Add", x, linear(g, y, i, d, False))
        outs += [s, cut(g, win, 2, 1, 4)]
    return [x, *outs]


def outer_step(g: Builder, h: int, k: int, v: int, layers: int, gates: bool) -> list[str]:
    """RetNet's (a decay a head) or GLA's (a gate a key channel) token: state += k v, and a feed-forward."""
    d, outs = h * v, []
    x = g.input(1, d)
    for _ in range(layers):
        y = rmsnorm(g, x, d)
        q, key = (g.op("Reshape", linear(g, y, d, h * k, False), g.const([1, h, k, 1])) for _ in range(2))
        val = g.op("Reshape", linear(g, y, d, d, False), g.const([1, h, 1, v]))
        if gates:
            low = g.op("Sigmoid", linear(g, linear(g, y, d, 16, False), 16, h * k))
            fall = g.op("Reshape", g.op("Pow", low, g.const(1 / 16)), g.const([1, h, k, 1]))
        else:
            fall = g.const((1 - 2.0 ** -np.linspace(5, 12, h))[None, :, None, None])
        s = g.op("Add", g.op("Mul", g.input(1, h, k, v), fall), g.op("Mul", key, val))
        o = g.op("MatMul", g.op("Reshape", q, g.const([1, h, 1, k])), s)
        o = g.op("Reshape", rmsnorm(g, o, v), g.const([1, d]))
        x = g.op("Add", x, linear(g, g.op("Mul", o, silu(g, linear(g, y, d, d, False))), d, d, False))
        x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, 8 * d // 3 // 64 * 64))
        outs.append(s)
    return [x, *outs]


def scanned(g: Builder, y: str, L: int, i: int, rank: int, n: int) -> str:
    """A selective scan of [1, L, I] by doubling."""
    flat = lambda t: g.op("Reshape", t, g.const([1, L, i * n]))
    dt, b, c = g.op("Split", linear(g, y, i, rank + 2 * n, False), g.const([rank, n, n]), count=3, axis=2)
    dt = g.op("Unsqueeze", g.op("Softplus", product(g, dt, rank, i)), g.const([3]))
    fall = g.op("Exp", g.op("Mul", dt, g.const(-np.tile(np.arange(1.0, n + 1), (i, 1)))))
    new = g.op("Mul", g.op("Mul", dt, g.op("Unsqueeze", y, g.const([3]))), g.op("Unsqueeze", b, g.const([2])))
    s = g.op("Reshape", doubled(g, flat(fall), flat(new), L, i * n), g.const([1, L, i, n]))
    s = g.op("ReduceSum", g.op("Mul", s, g.op("Unsqueeze", c, g.const([2]))), g.const([3]), keepdims=0)
    return g.op("Add", s, g.op("Mul", y, g.weight(i)))


def vmamba(g: Builder, side: int, d: int, n: int = 1) -> str:
    """VMamba's block: a depthwise window, scans along rows and columns, both ways (by doubling)."""
    L, i = side * side, 2 * d
    x = g.input(1, L, d)
    y = g.op("Transpose", linear(g, layernorm(g, x, d), d, i, False), perm=[0, 2, 1])
    y = silu(g, conv(g, g.op("Reshape", y, g.const([1, i, side, side])), i, i, 3, 1, i))
    back = g.const(np.arange(L)[::-1].copy())
    rows = g.op("Transpose", g.op("Reshape", y, g.const([1, i, L])), perm=[0, 2, 1])
    cols = g.op("Reshape", g.op("Transpose", y, perm=[0, 3, 2, 1]), g.const([1, L, i]))
    outs = []
    for t in (rows, cols):
        one = scanned(g, t, L, i, d // 16, n)
        two = g.op("Gather", scanned(g, g.op("Gather", t, back, axis=1), L, i, d // 16, n), back, axis=1)
        outs.append(g.op("Add", one, two))
    turned = g.op("Transpose", g.op("Reshape", outs[1], g.const([1, side, side, i])), perm=[0, 2, 1, 3])
    y = g.op("Add", outs[0], g.op("Reshape", turned, g.const([1, L, i])))
    x = g.op("Add", x, linear(g, layernorm(g, y, i), i, d, False))
    return g.op("Add", x, linear(g, gelu(g, linear(g, layernorm(g, x, d), d, 4 * d)), 4 * d, d))


KNOWN_STATES = {
    "mamba1_130m_slow_L128": ("SSM", lambda g: mamba1_slow(g, 128, 768)),
    "mamba1_130m_step_b4": ("SSM", lambda g: mamba1_step_b(g, 4, 768, 2)),
    "mamba1_370m_step_b2": ("SSM", lambda g: mamba1_step_b(g, 2, 1024, 2)),
    "mamba2_130m_c64_L512": ("SSM", lambda g: mamba2(g, 512, Sizes(768, 24, 64, 128, 64))),
    "mamba2_370m_c128_L256": ("SSM", lambda g: mamba2(g, 256, Sizes(1024, 32, 64, 128, 128))),
    "mamba2_780m_c128_L768": ("SSM", lambda g: mamba2(g, 768, Sizes(1536, 48, 64, 128, 128))),
    "mamba2_130m_c128_L128": ("SSM", lambda g: mamba2(g, 128, Sizes(768, 24, 64, 128, 128))),
    "mamba2_780m_step_x2": ("SSM", lambda g: mamba2_token(g, Sizes(1536, 48, 64, 128, 256), 2)),
    "retnet_step_x2": ("SSM", lambda g: outer_step(g, 8, 128, 256, 2, False)),
    "gla_step_x2": ("SSM", lambda g: outer_step(g, 4, 256, 512, 2, True)),
    "deltanet_L256_w1024": ("SSM", lambda g: la.delta_chunks(g, 256, 64, 8, 128)),
    "retnet_L256_w1024": ("SSM", lambda g: la.retention_chunks(g, 256, 64, 4, 256)),
    "rwkv6_L32_w512": ("SSM", lambda g: la.receptance(g, 32, 8)),
    "vmamba_14_w384": ("SSM", lambda g: vmamba(g, 14, 384)),
    "hyena_1024_w384": ("SSM", lambda g: long_convolution(g, 1024, 384, 128)),
}  # fmt: skip
