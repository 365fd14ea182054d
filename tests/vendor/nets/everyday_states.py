"""State-space and hybrid networks: Mamba-1 in float32, Bamba, Falcon-H1, Zamba2 by the token."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets import linear_attention as la
from tests.vendor.nets import newer_states as ns
from tests.vendor.nets import recurrences as r
from tests.vendor.nets import state_space as m
from tests.vendor.nets.everyday_pieces import concat, product, rot
from tests.vendor.nets.layers import attend, cut, embedding, gelu, heads, joined, linear, rmsnorm, silu
from tests.vendor.nets.state_space import Sizes, mixer2, softplus

M780, M27 = Sizes(1536, 48, 64, 128, 256), Sizes(2560, 80, 64, 128, 256)


def f32(g: Builder, x: str) -> str:
    """In float32."""
    return g.op("Cast", x, to=TensorProto.FLOAT)


def f16(g: Builder, x: str) -> str:
    """In float16."""
    return g.op("Cast", x, to=TensorProto.FLOAT16)


def mamba1_slow(g: Builder, L: int, d: int, n: int = 16) -> str:
    """Mamba-1 on the slow path: the scan unrolled with states and steps in float32."""
    i, rank = 2 * d, (d + 15) // 16
    x = embedding(g, 1024, d, L)
    xz = g.op("Transpose", linear(g, rmsnorm(g, x, d), d, 2 * i, False), perm=[0, 2, 1])
    h, z = g.op("Split", xz, count=2, axis=1)
    h = silu(g, cut(g, g.op("Conv", h, g.weight(i, 1, 4), g.weight(i), group=i, pads=[3, 3]), 2, 0, L))
    p = linear(g, g.op("Transpose", h, perm=[0, 2, 1]), i, rank + 2 * n, False)
    dt, b, c = g.op("Split", p, g.const([rank, n, n]), count=3, axis=2)
    dt = g.op("Transpose", g.op("Softplus", product(g, dt, rank, i)), perm=[0, 2, 1])
    dt = g.op("Unsqueeze", f32(g, dt), g.const([3]))
    A = g.const_f32(-np.tile(np.arange(1.0, n + 1), (i, 1))[None, :, None])
    dA = g.op("Exp", g.op("Mul", A, dt))
    dB = g.op("Mul", dt, g.op("Unsqueeze", f32(g, b), g.const([1])))
    u = g.op("Mul", dB, g.op("Unsqueeze", f32(g, h), g.const([3])))
    s, ys = g.const_f32(np.zeros((1, i, n))), []
    for t in range(L):
        k = g.const(np.array(t))
        s = g.op("Add", g.op("Mul", g.op("Gather", dA, k, axis=2), s), g.op("Gather", u, k, axis=2))
        row = g.op("Unsqueeze", g.op("Gather", c, k, axis=1), g.const([2]))
        ys.append(g.op("MatMul", f16(g, s), row))
    y = g.op("Add", concat(g, *ys, axis=2), g.op("Mul", h, g.weight(1, i, 1)))
    y = g.op("Transpose", g.op("Mul", y, silu(g, z)), perm=[0, 2, 1])
    x = g.op("Add", x, linear(g, y, i, d, False))
    return linear(g, cut(g, rmsnorm(g, x, d), 1, L - 1, L), d, 1024, False)


def mamba1_step(g: Builder, d: int, layers: int, n: int = 16) -> list[str]:
    """Mamba-1: a token, states in float32."""
    i, rank = 2 * d, (d + 15) // 16
    x, outs = embedding(g, 1024, d, 1), []
    for _ in range(layers):
        xz = g.op("Transpose", linear(g, rmsnorm(g, x, d), d, 2 * i, False), perm=[0, 2, 1])
        h, z = g.op("Split", xz, count=2, axis=1)
        win = concat(g, cut(g, g.input(1, i, 4), 2, 1, 4), h, axis=2)
        h = g.op("ReduceSum", g.op("Mul", win, g.weight(i, 4)), g.const([2]), keepdims=0)
        h = silu(g, g.op("Add", h, g.weight(i)))
        p = linear(g, h, i, rank + 2 * n, False)
        dt, b, c = g.op("Split", p, g.const([rank, n, n]), count=3, axis=1)
        dt = g.op("Unsqueeze", f32(g, g.op("Softplus", product(g, dt, rank, i))), g.const([2]))
        dA = g.op("Exp", g.op("Mul", g.const_f32(-np.tile(np.arange(1.0, n + 1), (i, 1))), dt))
        u = g.op(
            "Mul",
            g.op("Mul", dt, g.op("Unsqueeze", f32(g, b), g.const([1]))),
            g.op("Unsqueeze", f32(g, h), g.const([2])),
        )
        s = g.op("Add", g.op("Mul", dA, g.input(1, i, n, dtype=TensorProto.FLOAT)), u)
        y = g.op("Squeeze", g.op("MatMul", f16(g, s), g.op("Unsqueeze", c, g.const([2]))), g.const([2]))
        y = g.op("Add", y, g.op("Mul", h, g.weight(i)))
        y = g.op("Mul", g.op("Unsqueeze", y, g.const([1])), silu(g, g.op("Transpose", z, perm=[0, 2, 1])))
        x = g.op("Add", x, linear(g, y, i, d, False))
        outs += [s, win]
    return [linear(g, rmsnorm(g, x, d), d, 1024, False), *outs]


def swiglu(g: Builder, x: str, d: int, i: int) -> str:
    """Gated feed-forward."""
    return linear(g, g.op("Mul", silu(g, linear(g, x, d, i, False)), linear(g, x, d, i, False)), i, d, False)


def gqa(
    g: Builder, x: str, d: int, out: int, L: int, h: int, kv: int, w: int, past: int = 0, mask: bool = True
) -> tuple[str, list[str]]:
    """Attention with rotary positions and keys shared by groups; the caches it leaves."""
    cos, sin = g.weight(1, 1, L, w), g.weight(1, 1, L, w)
    q = heads(g, linear(g, x, d, h * w, False), L, h, w)
    k, v = (heads(g, linear(g, x, d, kv * w, False), L, kv, w) for _ in range(2))
    q, k = rot(g, q, cos, sin, w), rot(g, k, cos, sin, w)
    outs, S = [], L + past
    if past:
        k, v = (concat(g, g.input(1, kv, past, w), t, axis=2) for t in (k, v))
        outs = [k, v]
    if kv != h:
        rep = lambda t: g.op(
            "Reshape",
            g.op("Expand", g.op("Unsqueeze", t, g.const([2])), g.const([1, kv, h // kv, S, w])),
            g.const([1, h, S, w]),
        )
        k, v = rep(k), rep(v)
    ms = (
        g.const(np.where(np.tri(L, dtype=bool), np.float16(0), np.float16(-65504))[None, None])
        if L > 1
        else None
    )
    y = joined(g, attend(g, q, k, v, w, ms), L, h * w)
    return linear(g, y, h * w, out, False), outs


def bamba(g: Builder, L: int, s: Sizes, h: int, kv: int, inner: int) -> str:
    """A Mamba-2 layer and an attention layer, each with its gated feed-forward."""
    d = s.width
    x = embedding(g, 1024, d, L)
    x = g.op("Add", x, mixer2(g, rmsnorm(g, x, d), L, s, True))
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    x = g.op("Add", x, gqa(g, rmsnorm(g, x, d), d, d, L, h, kv, d // h)[0])
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    return linear(g, cut(g, rmsnorm(g, x, d), 1, L - 1, L), d, 1024, False)


def falcon_h1(g: Builder, L: int, s: Sizes, h: int, kv: int, w: int, inner: int) -> str:
    """Attention and Mamba-2 side by side on one norm, then a gated feed-forward."""
    d = s.width
    x = embedding(g, 1024, d, L)
    y = rmsnorm(g, x, d)
    a, _ = gqa(g, y, d, d, L, h, kv, w)
    b = mixer2(g, y, L, s, True)
    x = g.op("Add", x, g.op("Add", g.op("Mul", a, g.const(0.9)), g.op("Mul", b, g.const(0.7))))
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    return linear(g, cut(g, rmsnorm(g, x, d), 1, L - 1, L), d, 1024, False)


def mixer2_step(g: Builder, y: str, s: Sizes) -> tuple[str, list[str]]:
    """Mamba-2 on [1, 1, W], states in float16."""
    n, c = s.states, s.inner + 2 * s.states
    z, p, dt = g.op(
        "Split",
        linear(g, y, s.width, s.inner + c + s.heads, False),
        g.const([s.inner, c, s.heads]),
        count=3,
        axis=2,
    )
    win = concat(g, g.input(1, c, 3), g.op("Transpose", p, perm=[0, 2, 1]), axis=2)
    p = g.op("ReduceSum", g.op("Mul", win, g.weight(c, 4)), g.const([2]), keepdims=0)
    p = silu(g, g.op("Add", p, g.weight(c)))
    v, b, k = g.op("Split", p, g.const([s.inner, n, n]), count=3, axis=1)
    dt = softplus(g, g.op("Add", g.op("Reshape", dt, g.const([1, s.heads])), g.weight(s.heads)))
    da = g.op(
        "Reshape",
        g.op("Exp", g.op("Mul", dt, g.const(-np.arange(1.0, s.heads + 1) / s.heads))),
        g.const([1, s.heads, 1, 1]),
    )
    v = g.op("Reshape", v, g.const([1, s.heads, s.head, 1]))
    dv = g.op("Mul", v, g.op("Reshape", dt, g.const([1, s.heads, 1, 1])))
    st = g.op(
        "Add",
        g.op("Mul", g.input(1, s.heads, s.head, n), da),
        g.op("Mul", dv, g.op("Reshape", b, g.const([1, 1, 1, n]))),
    )
    o = g.op("MatMul", st, g.op("Reshape", k, g.const([1, 1, n, 1])))
    o = g.op("Add", o, g.op("Mul", v, g.weight(1, s.heads, 1, 1)))
    o = g.op("Mul", g.op("Reshape", o, g.const([1, 1, s.inner])), silu(g, z))
    return linear(g, rmsnorm(g, o, s.inner), s.inner, s.width, False), [st, cut(g, win, 2, 1, 4)]


def zamba2_step(g: Builder, s: Sizes, past: int, h: int) -> list[str]:
    """A token: Mamba-2, then the shared attention on the stream beside the embedding, its feed-forward, Mamba-2."""
    d = s.width
    x = e = embedding(g, 1024, d, 1)
    y, o1 = mixer2_step(g, rmsnorm(g, x, d), s)
    x = g.op("Add", x, y)
    y = rmsnorm(g, concat(g, x, e, axis=2), 2 * d)
    y, o2 = gqa(g, y, 2 * d, d, 1, h, h, 2 * d // h, past)
    y = rmsnorm(g, y, d)
    u = linear(g, y, d, 4 * d, False)
    y = linear(g, g.op("Mul", gelu(g, u), linear(g, y, d, 4 * d, False)), 4 * d, d, False)
    y, o3 = mixer2_step(g, rmsnorm(g, g.op("Add", x, y), d), s)
    x = g.op("Add", x, y)
    return [linear(g, rmsnorm(g, x, d), d, 1024, False), *o1, *o2, *o3]


EVERYDAY_STATES = {
    "mamba1_130m_slow_L80": ("SSM", lambda g: mamba1_slow(g, 80, 768)),
    "mamba1_370m_step_x2": ("SSM", lambda g: mamba1_step(g, 1024, 2)),
    "mamba2_780m_L256": ("SSM", lambda g: m.mamba2(g, 256, M780)),
    "mamba2_2b7_step": ("SSM", lambda g: m.mamba2_token(g, M27)),
    "bamba_L384": ("SSM", lambda g: bamba(g, 384, Sizes(1024, 32, 64, 128, 128), 16, 4, 2816)),
    "zamba2_step_512": ("SSM", lambda g: zamba2_step(g, Sizes(1024, 32, 64, 64), 512, 16)),
    "rwkv7_step_x3_w1024": ("SSM", lambda g: ns.goose(g, 16, 3)),
    "falcon_h1_L256": ("SSM", lambda g: falcon_h1(g, 256, Sizes(1024, 24, 64, 128, 128), 8, 2, 64, 2048)),
    "gla_340m_512": ("SSM", lambda g: la.gated_chunks(g, 512, 64, 4, 128, 256)),
    "mamba1_370m_slow_L40": ("SSM", lambda g: mamba1_slow(g, 40, 1024)),
    "mamba2_130m_L1536": ("SSM", lambda g: m.mamba2(g, 1536, Sizes())),
    "rwkv6_L24_w768": ("SSM", lambda g: la.receptance(g, 24, 12)),
    "s4d_256_w192": ("SSM", lambda g: r.diagonal_kernel(g, 256, 192)),
    "mamba2_ssd64_L320": ("SSM", lambda g: m.mamba2(g, 320, Sizes(1024, 32, 64, 128, 64))),
}  # fmt: skip
