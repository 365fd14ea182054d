"""States that the tables have not: tokens of TTT, of Longhorn and of Falcon-H1; known ones at other sizes."""

from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, product, rot
from tests.vendor.nets.everyday_states import f16, f32, gqa, mamba1_slow, mixer2_step, swiglu
from tests.vendor.nets.layers import cut, embedding, gelu_tanh, layernorm, linear, rmsnorm, silu
from tests.vendor.nets.popular_states import mamba2_step_b
from tests.vendor.nets.state_space import Sizes, mamba2


def taps(g: Builder, t: str, c: int) -> tuple[str, str]:
    """Four taps of each channel on the token [1, 1, C] and the three before it; and the three for the next."""
    win = concat(g, g.input(1, c, 3), g.op("Transpose", t, perm=[0, 2, 1]), axis=2)
    y = g.op("ReduceSum", g.op("Mul", win, g.weight(c, 4)), g.const([2]), keepdims=0)
    return g.op("Add", y, g.weight(c)), cut(g, win, 2, 1, 4)


def ttt_step(g: Builder, d: int, layers: int, h: int = 16, inner: int = 2736) -> list[str]:
    """TTT-Linear: a token; each head's state is a linear layer that learns the token by one step of its gradient."""
    w, x, outs = d // h, embedding(g, 1024, d, 1), []
    mean = lambda t: g.op("ReduceMean", t, axes=[-1], keepdims=1)
    cos, sin = g.weight(1, 1, 1, w), g.weight(1, 1, 1, w)
    for _ in range(layers):
        y = rmsnorm(g, x, d)
        qk, v = linear(g, y, d, d, False), linear(g, y, d, d, False)
        (q, next_q), (k, next_k) = taps(g, qk, d), taps(g, qk, d)
        q, k, v = (g.op("Reshape", t, g.const([1, h, 1, w])) for t in (q, k, v))
        q, k = rot(g, q, cos, sin, w), rot(g, k, cos, sin, w)
        rate = g.op("Reshape", g.op("Sigmoid", linear(g, y, d, h)), g.const([1, h, 1, 1]))
        rate = g.op("Mul", rate, g.const(1 / w))
        weights, bias = g.input(1, h, w, w), g.input(1, h, 1, w)
        gain, shift = g.weight(1, h, 1, w), g.weight(1, h, 1, w)

        def normed(z: str) -> tuple[str, str]:
            z = g.op("Sub", z, mean(z))
            std = g.op("Sqrt", g.op("Add", mean(g.op("Mul", z, z)), g.const(1e-4)))
            return g.op("Div", z, std), std

        z, std = normed(g.op("Add", g.op("MatMul", k, weights), bias))
        seen = g.op("Add", g.op("Mul", gain, z), shift)
        e = g.op("Mul", g.op("Sub", seen, g.op("Sub", v, k)), gain)
        e = g.op("Sub", g.op("Sub", e, mean(e)), g.op("Mul", z, mean(g.op("Mul", e, z))))
        e = g.op("Mul", g.op("Div", e, std), rate)
        weights = g.op("Sub", weights, g.op("MatMul", g.op("Transpose", k, perm=[0, 1, 3, 2]), e))
        bias = g.op("Sub", bias, e)
        z, _ = normed(g.op("Add", g.op("MatMul", q, weights), bias))
        o = g.op("Add", q, g.op("Add", g.op("Mul", gain, z), shift))
        o = layernorm(g, g.op("Reshape", o, g.const([1, 1, d])), d)
        o = g.op("Mul", gelu_tanh(g, linear(g, y, d, d, False)), o)
        x = g.op("Add", x, linear(g, o, d, d, False))
        x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
        outs += [weights, bias, next_q, next_k]
    return [linear(g, rmsnorm(g, x, d), d, 512, False), *outs]


def longhorn_step(g: Builder, d: int, layers: int, n: int = 16) -> list[str]:
    """Longhorn: a token; a state that forgets along its key as much as it takes in."""
    i, rank = 2 * d, d // 16
    x, outs = embedding(g, 1024, d, 1), []
    for _ in range(layers):
        h, z = g.op("Split", linear(g, rmsnorm(g, x, d), d, 2 * i, False), g.const([i, i]), count=2, axis=2)
        h, kept = taps(g, h, i)
        h = silu(g, h)
        dt, k, q = g.op("Split", linear(g, h, i, rank + 2 * n, False), g.const([rank, n, n]), count=3, axis=1)
        dt = g.op("Unsqueeze", f32(g, g.op("Sigmoid", product(g, dt, rank, i))), g.const([2]))
        k = g.op("Unsqueeze", f32(g, k), g.const([1]))
        kk = g.op("Mul", k, k)
        total = g.op("ReduceSum", kk, g.const([2]), keepdims=1)
        dt = g.op("Div", dt, g.op("Add", g.const_f32(1.0), g.op("Mul", dt, total)))
        fade = g.op("Sub", g.const_f32(1.0), g.op("Mul", dt, kk))
        u = g.op("Mul", g.op("Mul", dt, g.op("Unsqueeze", f32(g, h), g.const([2]))), k)
        s = g.op("Add", g.op("Mul", fade, g.input(1, i, n, dtype=TensorProto.FLOAT)), u)
        y = g.op("Squeeze", g.op("MatMul", f16(g, s), g.op("Unsqueeze", q, g.const([2]))), g.const([2]))
        y = g.op("Add", y, g.op("Mul", h, g.weight(i)))
        x = g.op(
            "Add", x, linear(g, g.op("Mul", g.op("Unsqueeze", y, g.const([1])), silu(g, z)), i, d, False)
        )
        outs += [s, kept]
    return [linear(g, rmsnorm(g, x, d), d, 512, False), *outs]


def falcon_h1_step(g: Builder, s: Sizes, past: int, h: int, kv: int, w: int, inner: int) -> list[str]:
    """Falcon-H1: a token; attention to a cache and Mamba-2 side by side, then a gated feed-forward."""
    d = s.width
    x = embedding(g, 1024, d, 1)
    y = rmsnorm(g, x, d)
    a, caches = gqa(g, y, d, d, 1, h, kv, w, past)
    b, states = mixer2_step(g, y, s)
    x = g.op("Add", x, g.op("Add", g.op("Mul", a, g.const(0.9)), g.op("Mul", b, g.const(0.7))))
    x = g.op("Add", x, swiglu(g, rmsnorm(g, x, d), d, inner))
    return [linear(g, rmsnorm(g, x, d), d, 1024, False), *caches, *states]


NEWEST_STATES = {
    "mamba2_370m_step_b2_x2": ("SSM", lambda g: mamba2_step_b(g, 2, Sizes(1024, 32, 64, 128, 256), 2)),
    "longhorn_step_w1024_x2": ("SSM", lambda g: longhorn_step(g, 1024, 2)),
    "ttt_linear_step_w1024_x2": ("SSM", lambda g: ttt_step(g, 1024, 2)),
    "falcon_h1_05b_step_768": ("SSM", lambda g: falcon_h1_step(g, Sizes(1024, 24, 64, 128), 768, 8, 2, 64, 2048)),
    "mamba2_780m_c128_L384": ("SSM", lambda g: mamba2(g, 384, Sizes(1536, 48, 64, 128, 128))),
    "mamba1_130m_slow_L64": ("SSM", lambda g: mamba1_slow(g, 64, 768)),
}  # fmt: skip
