"""States that the tables have not: Qwen3-Next's token, DNA by Caduceus; known ones at other widths."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.alternating_states import short_step
from tests.vendor.nets.everyday_pieces import concat, product, rot
from tests.vendor.nets.everyday_states import f16, f32, mamba1_step, swiglu
from tests.vendor.nets.grouped_states import mixture
from tests.vendor.nets.language import Model
from tests.vendor.nets.layers import attend, cut, embedding, heads, joined, linear, rmsnorm, silu
from tests.vendor.nets.newest_states import taps
from tests.vendor.nets.state_space import Sizes, mamba2


def delta(g: Builder, y: str, d: int, h: int, keys: int, w: int) -> tuple[str, list[str]]:
    """A gated delta net's token: `keys` heads of queries and keys for h heads of values; its states."""
    a, c = keys * w, h * w
    packed = linear(g, y, d, 2 * a + 2 * c, False)
    path, z = g.op("Split", packed, g.const([2 * a + c, c]), count=2, axis=2)
    b, fall = g.op("Split", linear(g, y, d, 2 * h, False), g.const([h, h]), count=2, axis=2)
    path, kept = taps(g, path, 2 * a + c)
    q, k, v = g.op("Split", silu(g, path), g.const([a, a, c]), count=3, axis=1)

    def unit(t: str) -> str:
        t = g.op("Expand", g.op("Reshape", t, g.const([1, keys, 1, w])), g.const([1, keys, h // keys, w]))
        t = g.op("Reshape", t, g.const([1, h, 1, w]))
        total = g.op("ReduceSum", g.op("Mul", t, t), g.const([-1]), keepdims=1)
        return g.op("Div", t, g.op("Sqrt", g.op("Add", total, g.const(1e-3))))

    q, k, v = g.op("Mul", unit(q), g.const(w**-0.5)), unit(k), g.op("Reshape", v, g.const([1, h, 1, w]))
    b = g.op("Reshape", g.op("Sigmoid", b), g.const([1, h, 1, 1]))
    fall = g.op("Mul", g.op("Softplus", g.op("Add", fall, g.weight(h))), g.const(-np.linspace(0.5, 8, h)))
    s = g.op("Mul", g.input(1, h, w, w), g.op("Reshape", g.op("Exp", fall), g.const([1, h, 1, 1])))
    new = g.op("Mul", g.op("Sub", v, g.op("MatMul", k, s)), b)
    s = g.op("Add", s, g.op("MatMul", g.op("Transpose", k, perm=[0, 1, 3, 2]), new))
    o = rmsnorm(g, g.op("MatMul", q, s), w)
    o = g.op("Mul", o, silu(g, g.op("Reshape", z, g.const([1, h, 1, w]))))
    return linear(g, g.op("Reshape", o, g.const([1, 1, c])), c, d, False), [s, kept]


def qwen3_next_step(
    g: Builder, past: int, d: int = 2048, h: int = 16, kv: int = 2, w: int = 256, rotary: int = 64
) -> list[str]:
    """Qwen3-Next: a token through a delta net and gated attention, ten experts and a shared one behind each."""

    def experts(x: str) -> str:
        y = rmsnorm(g, x, d)
        shared = g.op("Mul", swiglu(g, y, d, 512), g.op("Sigmoid", linear(g, y, d, 1, False)))
        return g.op("Add", x, g.op("Add", mixture(g, y, d, 512, 10), shared))

    x = embedding(g, 1024, d, 1)
    y, states = delta(g, rmsnorm(g, x, d), d, 32, 16, 128)
    x = experts(g.op("Add", x, y))
    y = rmsnorm(g, x, d)
    both = g.op("Reshape", linear(g, y, d, 2 * h * w, False), g.const([1, 1, h, 2 * w]))
    q, gate = g.op("Split", both, g.const([w, w]), count=2, axis=3)
    q = g.op("Transpose", rmsnorm(g, q, w), perm=[0, 2, 1, 3])
    k, v = (heads(g, linear(g, y, d, kv * w, False), 1, kv, w) for _ in range(2))
    cos, sin = g.weight(1, 1, 1, rotary), g.weight(1, 1, 1, rotary)

    def turned(t: str) -> str:
        a, b = cut(g, t, 3, 0, rotary), cut(g, t, 3, rotary, w)
        return concat(g, rot(g, a, cos, sin, rotary), b, axis=3)

    k = concat(g, g.input(1, kv, past, w), turned(rmsnorm(g, k, w)), axis=2)
    v = concat(g, g.input(1, kv, past, w), v, axis=2)

    def repeated(t: str) -> str:
        t = g.op("Expand", g.op("Unsqueeze", t, g.const([2])), g.const([1, kv, h // kv, past + 1, w]))
        return g.op("Reshape", t, g.const([1, h, past + 1, w]))

    y = joined(g, attend(g, turned(q), repeated(k), repeated(v), w), 1, h * w)
    y = g.op("Mul", y, g.op("Sigmoid", g.op("Reshape", gate, g.const([1, 1, h * w]))))
    x = experts(g.op("Add", x, linear(g, y, h * w, d, False)))
    return [linear(g, rmsnorm(g, x, d), d, 1024, False), k, v, *states]


def caduceus(g: Builder, n: int, d: int, layers: int = 1, states: int = 16) -> str:
    """Caduceus: DNA read both ways by scans that share the products before and behind them, unrolled."""
    i, rank, x = 2 * d, d // 16, embedding(g, 16, d, n)
    back = g.const(np.arange(n)[::-1].copy())

    def scan(y: str, before: str, behind: str) -> str:
        xz = g.op("Transpose", g.op("MatMul", y, before), perm=[0, 2, 1])
        h, z = g.op("Split", xz, g.const([i, i]), count=2, axis=1)
        h = g.op("Conv", h, g.weight(i, 1, 4), g.weight(i), group=i, pads=[3, 3])
        h = silu(g, cut(g, h, 2, 0, n))
        p = linear(g, g.op("Transpose", h, perm=[0, 2, 1]), i, rank + 2 * states, False)
        dt, b, c = g.op("Split", p, g.const([rank, states, states]), count=3, axis=2)
        dt = g.op("Transpose", g.op("Softplus", product(g, dt, rank, i)), perm=[0, 2, 1])
        dt = g.op("Unsqueeze", f32(g, dt), g.const([3]))
        fall = g.op("Exp", g.op("Mul", dt, g.const_f32(-np.arange(1.0, states + 1) * np.ones((1, i, 1, 1)))))
        u = g.op("Mul", dt, g.op("Unsqueeze", f32(g, b), g.const([1])))
        u = g.op("Mul", u, g.op("Unsqueeze", f32(g, h), g.const([3])))
        s, ys = g.const_f32(np.zeros((1, i, states))), []
        for t in range(n):
            k = g.const(np.array(t))
            s = g.op("Add", g.op("Mul", g.op("Gather", fall, k, axis=2), s), g.op("Gather", u, k, axis=2))
            row = g.op("Unsqueeze", g.op("Gather", c, k, axis=1), g.const([2]))
            ys.append(g.op("MatMul", f16(g, s), row))
        y = g.op("Add", concat(g, *ys, axis=2), g.op("Mul", h, g.weight(1, i, 1)))
        return g.op("MatMul", g.op("Transpose", g.op("Mul", y, silu(g, z)), perm=[0, 2, 1]), behind)

    for _ in range(layers):
        y, ws = rmsnorm(g, x, d), (g.weight(d, 2 * i), g.weight(i, d))
        other = g.op("Gather", scan(g.op("Gather", y, back, axis=1), *ws), back, axis=1)
        x = g.op("Add", x, g.op("Add", scan(y, *ws), other))
    return linear(g, rmsnorm(g, x, d), d, 16, False)


OF_LATE_STATES = {
    "caduceus_L48_w256": ("SSM", lambda g: caduceus(g, 48, 256)),
    "mamba1_2b8_step_x1": ("SSM", lambda g: mamba1_step(g, 2560, 1)),
    "lfm2_2b6_step_1024": ("SSM", lambda g: short_step(g, 2048, 10752, Model(2048, 32, 8, 64, 10752), 1024)),
    "mamba2_1b3_L384": ("SSM", lambda g: mamba2(g, 384, Sizes(2048, 64, 64, 128, 128))),
    "qwen3next_step_1024": ("SSM", lambda g: qwen3_next_step(g, 1024)),
}  # fmt: skip
