"""States that the tables have not: tokens of HGRN and of gated slots, gated delta chunks, Hydra both ways."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_states import swiglu
from tests.vendor.nets.layers import cut, embedding, linear, rmsnorm, silu
from tests.vendor.nets.linear_attention import unit
from tests.vendor.nets.state_space import Sizes, causal_conv, mixer2


def hgrn_step(g: Builder, d: int, layers: int, inner: int = 2816) -> list[str]:
    """HGRN: a token; one gate forgets and lets in, each layer keeps at least its share."""
    x, outs = g.input(1, 1, d), []
    for _ in range(layers):
        y = rmsnorm(g, x, d)
        i, f, gate = (linear(g, y, d, d, False) for _ in range(3))
        low = g.weight(d)
        f = g.op("Add", low, g.op("Mul", g.op("Sub", g.const(1.0), low), g.op("Sigmoid", f)))
        i = g.op("Mul", silu(g, i), g.op("Sub", g.const(1.0), f))
        s = g.op("Add", g.op("Mul", f, g.input(1, 1, d)), i)
        o = g.op("Mul", rmsnorm(g, s, d), silu(g, gate))
        x = g.op("Add", x, linear(g, o, d, d, False))
        x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
        outs.append(s)
    return [linear(g, rmsnorm(g, x, d), d, 512, False), *outs]


def gsa_step(g: Builder, d: int, layers: int, h: int = 4, m: int = 64, inner: int = 2816) -> list[str]:
    """Gated slot attention: a token; a softmax between two gated states of 64 slots."""
    w, x, outs = d // h, g.input(1, 1, d), []
    for _ in range(layers):
        y = rmsnorm(g, x, d)
        q, k, v = (silu(g, linear(g, y, d, d, False)) for _ in range(3))
        q, v = (g.op("Reshape", t, g.const([1, h, 1, w])) for t in (q, v))
        k = g.op("Reshape", k, g.const([1, h, w, 1]))
        f = g.op("Reshape", linear(g, y, d, h * m, False), g.const([1, h, 1, m]))
        f = g.op("Exp", g.op("Div", g.op("Log", g.op("Sigmoid", f)), g.const(8.0)))
        s = g.op("Sub", g.const(1.0), f)
        keys = g.op("Add", g.op("Mul", g.input(1, h, w, m), f), g.op("MatMul", k, s))
        p = g.op("Softmax", g.op("MatMul", g.op("Mul", q, g.const(w**-0.5)), keys), axis=-1)
        kept, new = (g.op("Reshape", t, g.const([1, h, m, 1])) for t in (f, s))
        values = g.op("Add", g.op("Mul", g.input(1, h, m, w), kept), g.op("MatMul", new, v))
        o = g.op("Reshape", g.op("MatMul", p, values), g.const([1, 1, d]))
        x = g.op("Add", x, linear(g, rmsnorm(g, silu(g, o), d), d, d, False))
        x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
        outs += [keys, values]
    return [linear(g, rmsnorm(g, x, d), d, 512, False), *outs]


def gated_delta(g: Builder, n: int, d: int, h: int, k: int, v: int, chunk: int = 64) -> str:
    """A prompt of a gated delta net: taps, decays within a chunk, the triangle inverted by doubling, states carried."""
    c, x = n // chunk, embedding(g, 1024, d, n)
    y = rmsnorm(g, x, d)
    z = causal_conv(g, linear(g, y, d, h * (2 * k + v), False), n, h * (2 * k + v))

    def parts(t: str, w: int) -> str:
        return g.op("Transpose", g.op("Reshape", t, g.const([c, chunk, h, w])), perm=[0, 2, 1, 3])

    q, key, val = (
        parts(t, w)
        for t, w in zip(
            g.op("Split", z, g.const([h * k, h * k, h * v]), count=3, axis=2), (k, k, v), strict=True
        )
    )
    q, key = g.op("Mul", unit(g, q), g.const(k**-0.5)), unit(g, key)
    beta = parts(g.op("Sigmoid", linear(g, y, d, h, False)), 1)
    a = g.op("Softplus", g.op("Add", linear(g, y, d, h, False), g.weight(h)))
    a = g.op("CumSum", parts(g.op("Mul", a, g.const(-np.linspace(0.5, 2, h))), 1), g.const(np.array(2)))
    lower = g.const(np.tri(chunk)[None, None])
    fall = g.op("Mul", g.op("Sub", a, g.op("Transpose", a, perm=[0, 1, 3, 2])), lower)
    fall = g.op("Mul", g.op("Exp", fall), lower)
    kb, vb, turned = g.op("Mul", key, beta), g.op("Mul", val, beta), g.op("Transpose", key, perm=[0, 1, 3, 2])
    power = g.op(
        "Mul", g.op("Mul", g.op("MatMul", kb, turned), fall), g.const(-np.tri(chunk, k=-1)[None, None])
    )
    inverse, done = g.op("Add", power, g.const(np.eye(chunk)[None, None])), 2
    while done < chunk:
        power = g.op("MatMul", power, power)
        inverse, done = g.op("Add", inverse, g.op("MatMul", inverse, power)), 2 * done
    u, w = g.op("MatMul", inverse, vb), g.op("MatMul", inverse, g.op("Mul", kb, g.op("Exp", a)))
    near = g.op("Mul", g.op("MatMul", q, turned), fall)
    far, end = g.op("Mul", q, g.op("Exp", a)), cut(g, a, 2, chunk - 1, chunk)
    left = g.op("Transpose", g.op("Mul", key, g.op("Exp", g.op("Sub", end, a))), perm=[0, 1, 3, 2])
    end, state, rows = g.op("Exp", end), g.const(np.zeros((1, h, k, v))), []
    for i in range(c):
        ui, wi, ni, fi, li, ei = (cut(g, t, 0, i, i + 1) for t in (u, w, near, far, left, end))
        new = g.op("Sub", ui, g.op("MatMul", wi, state))
        rows.append(g.op("Add", g.op("MatMul", fi, state), g.op("MatMul", ni, new)))
        if i < c - 1:
            state = g.op("Add", g.op("Mul", state, ei), g.op("MatMul", li, new))
    o = g.op("Transpose", g.op("Concat", *rows, axis=0), perm=[0, 2, 1, 3])
    o = g.op(
        "Mul",
        rmsnorm(g, g.op("Reshape", o, g.const([1, n, h, v])), v),
        g.op("Reshape", silu(g, linear(g, y, d, h * v, False)), g.const([1, n, h, v])),
    )
    x = g.op("Add", x, linear(g, g.op("Reshape", o, g.const([1, n, h * v])), h * v, d, False))
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, 3 * d))
    return linear(g, cut(g, rmsnorm(g, x, d), 1, n - 1, n), d, 1024, False)


def hydra(g: Builder, n: int, m: Sizes) -> str:
    """Mamba-2 read from both ends, the second time of tokens turned round."""
    flip = lambda t: g.op("Slice", t, g.const([-1]), g.const([-(2**31)]), g.const([1]), g.const([-1]))
    x = embedding(g, 1024, m.width, n)
    y = rmsnorm(g, x, m.width)
    back = flip(mixer2(g, flip(y), n, m, True))
    x = g.op("Add", x, g.op("Add", mixer2(g, y, n, m, True), back))
    return linear(g, rmsnorm(g, x, m.width), m.width, 512, False)


LATEST_STATES = {
    "hgrn_step_w1024_x2": ("SSM", lambda g: hgrn_step(g, 1024, 2)),
    "gsa_step_w1024_x2": ("SSM", lambda g: gsa_step(g, 1024, 2)),
    "gated_delta_L128_w1024": ("SSM", lambda g: gated_delta(g, 128, 1024, 8, 128, 128)),
    "hydra_L256": ("SSM", lambda g: hydra(g, 256, Sizes(512, 16, 64, 64, 64))),
}  # fmt: skip
