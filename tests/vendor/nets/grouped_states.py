"""Mamba-2 with several groups of states, and a hybrid of Mamba, attention and experts, one token at a time."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    attend,
    cut,
    heads,
    linear,
    rmsnorm,
    silu,
)
from tests.vendor.nets.state_space import causal_conv, softplus

FLOAT = TensorProto.FLOAT


@dataclass(frozen=True)
class Grouped:
    """One Mamba-2 layer whose heads share states by groups."""

    width: int = 512
    heads: int = 16
    head: int = 64
    groups: int = 4
    states: int = 64
    chunk: int = 64

    @property
    def inner(self) -> int:
        """Channels of the inner path."""
        return self.heads * self.head

    @property
    def channels(self) -> int:
        """Channels of the convolution."""
        return self.inner + 2 * self.groups * self.states


def by_group(g: Builder, x: str, m: Grouped, chunks: int) -> str:
    """[1, L, G*N] as [chunks, G, 1, chunk, N]."""
    x = g.op("Reshape", x, g.const([chunks, m.chunk, m.groups, 1, m.states]))
    return g.op("Transpose", x, perm=[0, 2, 3, 1, 4])


def for_heads(g: Builder, x: str, m: Grouped, chunks: int, last: tuple[int, int]) -> str:
    """[chunks, G, 1, ...] repeated for each head of a group: [chunks, H, ...]."""
    x = g.op("Expand", x, g.const([chunks, m.groups, m.heads // m.groups, *last]))
    return g.op("Reshape", x, g.const([chunks, m.heads, *last]))


def grouped(g: Builder, length: int, m: Grouped) -> str:
    """A prompt: scores once a group, decays once a head, all contractions as products, chunks carried in a row."""
    chunks, c, n, p = length // m.chunk, m.chunk, m.states, m.head
    x = g.input(1, length, m.width)
    y = linear(g, rmsnorm(g, x, m.width), m.width, m.inner + m.channels + m.heads, False)
    gate, path, dt = g.op("Split", y, g.const([m.inner, m.channels, m.heads]), count=3, axis=2)
    path = causal_conv(g, path, length, m.channels)
    v, b, k = g.op("Split", path, g.const([m.inner, m.groups * n, m.groups * n]), count=3, axis=2)
    dt = softplus(g, g.op("Add", dt, g.weight(m.heads)))
    dt = g.op("Transpose", g.op("Reshape", dt, g.const([chunks, c, m.heads])), perm=[0, 2, 1])
    total = g.op(
        "CumSum",
        g.op("Mul", dt, g.const(-np.arange(1.0, m.heads + 1)[:, None] / m.heads)),
        g.const(np.array(2)),
    )
    v = g.op("Transpose", g.op("Reshape", v, g.const([chunks, c, m.heads, p])), perm=[0, 2, 1, 3])
    skip = g.op("Mul", v, g.weight(1, m.heads, 1, 1))
    v = g.op("Mul", v, g.op("Unsqueeze", dt, g.const([3])))
    b, k = (by_group(g, t, m, chunks) for t in (b, k))
    scores = g.op("MatMul", k, g.op("Transpose", b, perm=[0, 1, 2, 4, 3]))
    scores = for_heads(g, scores, m, chunks, (c, c))
    falls = g.op("Sub", g.op("Unsqueeze", total, g.const([3])), g.op("Unsqueeze", total, g.const([2])))
    falls = g.op("Exp", g.op("Where", g.const(np.tri(c, dtype=bool)), falls, g.const(-65504.0)))
    inside = g.op("MatMul", g.op("Mul", scores, falls), v)
    b, k = (for_heads(g, t, m, chunks, (c, n)) for t in (b, k))
    last = cut(g, total, 2, c - 1, c)
    left = g.op("Mul", b, g.op("Unsqueeze", g.op("Exp", g.op("Sub", last, total)), g.const([3])))
    left = g.op("MatMul", g.op("Transpose", left, perm=[0, 1, 3, 2]), v)
    fall = g.op("Unsqueeze", g.op("Exp", last), g.const([3]))
    state, rows = g.const(np.zeros((1, m.heads, n, p))), []
    for i in range(chunks):
        rows.append(g.op("MatMul", cut(g, k, 0, i, i + 1), state))
        if i < chunks - 1:
            state = g.op("Add", g.op("Mul", state, cut(g, fall, 0, i, i + 1)), cut(g, left, 0, i, i + 1))
    across = g.op("Mul", g.op("Concat", *rows, axis=0), g.op("Unsqueeze", g.op("Exp", total), g.const([3])))
    y = g.op("Add", g.op("Add", inside, across), skip)
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, length, m.inner]))
    y = rmsnorm(g, g.op("Mul", y, silu(g, gate)), m.inner)
    return g.op("Add", x, linear(g, y, m.inner, m.width, False))


def grouped_token(g: Builder, m: Grouped, layers: int) -> list[str]:
    """One token: float32 states of [H, P, N] and the window of the convolution go in and out."""
    x, outputs = g.input(1, m.width), []
    for _ in range(layers):
        y = linear(g, rmsnorm(g, x, m.width), m.width, m.inner + m.channels + m.heads, False)
        gate, path, dt = g.op("Split", y, g.const([m.inner, m.channels, m.heads]), count=3, axis=1)
        window = g.op("Concat", g.input(1, m.channels, 3), g.op("Unsqueeze", path, g.const([2])), axis=2)
        path = g.op("ReduceSum", g.op("Mul", window, g.weight(m.channels, 4)), g.const([2]), keepdims=0)
        path = silu(g, g.op("Add", path, g.weight(m.channels)))
        share = m.groups * m.states
        v, b, k = g.op("Split", path, g.const([m.inner, share, share]), count=3, axis=1)
        dt = g.op("Cast", softplus(g, g.op("Add", dt, g.weight(m.heads))), to=FLOAT)
        fall = g.op("Exp", g.op("Mul", dt, g.const_f32(-np.arange(1, m.heads + 1) / m.heads)))
        fall = g.op("Reshape", fall, g.const([1, m.heads, 1, 1]))
        v = g.op("Cast", g.op("Reshape", v, g.const([1, m.heads, m.head])), to=FLOAT)
        each = []
        for t in (b, k):
            t = g.op("Reshape", g.op("Cast", t, to=FLOAT), g.const([1, m.groups, 1, m.states]))
            t = g.op("Expand", t, g.const([1, m.groups, m.heads // m.groups, m.states]))
            each.append(g.op("Reshape", t, g.const([1, m.heads, 1, m.states])))
        grown = g.op("Unsqueeze", g.op("Mul", v, g.op("Unsqueeze", dt, g.const([2]))), g.const([3]))
        state = g.input(1, m.heads, m.head, m.states, dtype=FLOAT)
        state = g.op("Add", g.op("Mul", state, fall), g.op("Mul", grown, each[0]))
        y = g.op("ReduceSum", g.op("Mul", state, each[1]), g.const([3]), keepdims=0)
        y = g.op("Add", y, g.op("Mul", v, g.const_f32(np.ones((m.heads, 1)))))
        y = g.op("Cast", g.op("Reshape", y, g.const([1, m.inner])), to=TensorProto.FLOAT16)
        y = rmsnorm(g, g.op("Mul", y, silu(g, gate)), m.inner)
        x = g.op("Add", x, linear(g, y, m.inner, m.width, False))
        outputs += [state, cut(g, window, 2, 1, 4)]
    return [x, *outputs]


def mixture(g: Builder, x: str, width: int, inner: int, experts: int) -> str:
    """All experts at once, gated products weighted by the softmax of a router and summed: [1, 1, W] to itself."""
    shares = g.op("Softmax", linear(g, x, width, experts, False), axis=-1)
    shares = g.op("Reshape", shares, g.const([experts, 1, 1]))
    up = g.op("MatMul", x, g.weight(experts, width, inner))
    up = g.op("Mul", silu(g, up), g.op("MatMul", x, g.weight(experts, width, inner)))
    y = g.op("Mul", g.op("MatMul", up, g.weight(experts, inner, width)), shares)
    return g.op("ReduceSum", y, g.const([0]), keepdims=1)


def mamba_step(g: Builder, x: str, width: int, states: int = 16) -> tuple[str, list[str]]:
    """One token of a Mamba layer on [1, 1, W]; its new states."""
    inner, rank = 2 * width, width // 16
    path, gate = g.op("Split", linear(g, x, width, 2 * inner, False), count=2, axis=2)
    window = g.op("Concat", g.input(1, inner, 3), g.op("Reshape", path, g.const([1, inner, 1])), axis=2)
    path = g.op("ReduceSum", g.op("Mul", window, g.weight(inner, 4)), g.const([2]), keepdims=0)
    path = silu(g, g.op("Add", path, g.weight(inner)))
    parts = linear(g, path, inner, rank + 2 * states, False)
    dt, b, k = g.op("Split", parts, g.const([rank, states, states]), count=3, axis=1)
    dt = g.op("Unsqueeze", g.op("Softplus", linear(g, dt, rank, inner)), g.const([2]))
    fall = g.op("Exp", g.op("Mul", dt, g.const(-np.tile(np.arange(1.0, states + 1), (inner, 1)))))
    grown = g.op(
        "Mul", g.op("Mul", dt, g.op("Unsqueeze", b, g.const([1]))), g.op("Unsqueeze", path, g.const([2]))
    )
    state = g.op("Add", g.op("Mul", fall, g.input(1, inner, states)), grown)
    y = g.op("Squeeze", g.op("MatMul", state, g.op("Unsqueeze", k, g.const([2]))), g.const([2]))
    y = g.op("Add", y, g.op("Mul", path, g.weight(inner)))
    y = g.op("Mul", g.op("Reshape", y, g.const([1, 1, inner])), silu(g, gate))
    return linear(g, y, inner, width, False), [state, cut(g, window, 2, 1, 4)]


def interleaved_step(g: Builder, width: int, past: int, experts: int) -> list[str]:
    """Jamba: a token through Mamba, experts, attention with few keys and a cache, and a plain feed-forward."""
    x = g.input(1, 1, width)
    y, outputs = mamba_step(g, rmsnorm(g, x, width), width)
    x = g.op("Add", x, y)
    x = g.op("Add", x, mixture(g, rmsnorm(g, x, width), width, 2 * width, experts))
    count, few = width // 64, width // 256
    y = rmsnorm(g, x, width)
    q = g.op("Reshape", linear(g, y, width, width, False), g.const([1, few, count // few, 64]))
    k, v = (heads(g, linear(g, y, width, few * 64, False), 1, few, 64) for _ in range(2))
    k, v = (g.op("Concat", g.input(1, few, past, 64), t, axis=2) for t in (k, v))
    y = g.op("Reshape", attend(g, q, k, v, 64), g.const([1, 1, width]))
    x = g.op("Add", x, linear(g, y, width, width, False))
    y = rmsnorm(g, x, width)
    up = g.op("Mul", silu(g, linear(g, y, width, 2 * width, False)), linear(g, y, width, 2 * width, False))
    return [g.op("Add", x, linear(g, up, 2 * width, width, False)), k, v, *outputs]
