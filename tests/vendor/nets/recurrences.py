"""Recurrences in plain ops: long and short convolutions, diagonal states, scans by doubling, unrolled cells."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    attend,
    conv,
    cut,
    gelu,
    gelu_tanh,
    heads,
    layernorm,
    linear,
    rmsnorm,
    self_attention,
    silu,
)


def long_convolution(g: Builder, length: int, width: int, taps: int) -> str:
    """Hyena: three short depthwise convolutions, a gate, a long depthwise one of `taps`, a second gate."""
    x = g.input(1, length, width)
    y = g.op("Transpose", linear(g, layernorm(g, x, width), width, 3 * width), perm=[0, 2, 1])
    y = g.op("Conv", y, g.weight(3 * width, 1, 3), g.weight(3 * width), group=3 * width, pads=[2, 0])
    a, b, v = g.op("Split", y, count=3, axis=1)
    v = g.op("Mul", v, a)
    y = g.op("Conv", v, g.weight(width, 1, taps), group=width, pads=[taps - 1, 0])
    y = g.op("Mul", g.op("Add", y, g.op("Mul", v, g.weight(width, 1))), b)
    x = g.op("Add", x, linear(g, g.op("Transpose", y, perm=[0, 2, 1]), width, width))
    return g.op(
        "Add", x, linear(g, gelu(g, linear(g, layernorm(g, x, width), width, 4 * width)), 4 * width, width)
    )


def diagonal_kernel(g: Builder, length: int, width: int) -> str:
    """S4D: the kernel of every channel as a lower triangular product over its length, then a gated product."""
    x = g.input(1, length, width)
    y = g.op("Unsqueeze", g.op("Transpose", layernorm(g, x, width), perm=[0, 2, 1]), g.const([3]))
    kernel = np.tril(np.random.default_rng(1).standard_normal((width, length, length)) * 0.02)
    z = g.op("MatMul", g.const(kernel[None]), y)
    z = g.op(
        "Add",
        g.op("Squeeze", z, g.const([3])),
        g.op("Mul", g.op("Squeeze", y, g.const([3])), g.weight(width, 1)),
    )
    z = linear(g, gelu(g, g.op("Transpose", z, perm=[0, 2, 1])), width, 2 * width)
    value, gate = g.op("Split", z, count=2, axis=2)
    return g.op("Add", x, g.op("Mul", value, g.op("Sigmoid", gate)))


def diagonal_step(g: Builder, width: int, states: int, layers: int) -> list[str]:
    """One token of S4D: complex states as two real ones each, turned and damped, read by a sum."""
    x, outputs = g.input(1, width), []
    for _ in range(layers):
        y = g.op("Unsqueeze", layernorm(g, x, width), g.const([2]))
        real, imag = g.input(1, width, states), g.input(1, width, states)
        a, b = g.weight(width, states), g.weight(width, states)
        new = g.op("Sub", g.op("Mul", real, a), g.op("Mul", imag, b))
        new = g.op("Add", new, g.op("Mul", y, g.weight(width, states)))
        imag = g.op("Add", g.op("Mul", real, b), g.op("Mul", imag, a))
        read = g.op(
            "Sub", g.op("Mul", new, g.weight(width, states)), g.op("Mul", imag, g.weight(width, states))
        )
        z = g.op("Add", g.op("ReduceSum", read, g.const([2]), keepdims=0), g.op("Mul", x, g.weight(width)))
        value, gate = g.op("Split", linear(g, gelu(g, z), width, 2 * width), count=2, axis=1)
        x = g.op("Add", x, g.op("Mul", value, g.op("Sigmoid", gate)))
        outputs += [new, imag]
    return [x, *outputs]


def later(g: Builder, x: str, by: int, length: int, width: int, fill: float) -> str:
    """[1, L, C] moved `by` places later, `fill` in front."""
    front = g.const(np.full((1, by, width), fill))
    return g.op("Concat", front, cut(g, x, 1, 0, length - by), axis=1)


def doubled(g: Builder, fall: str, x: str, length: int, width: int) -> str:
    """h_t = a_t h_(t-1) + x_t over [1, L, C], in log2(L) steps of two products and a sum each."""
    by = 1
    while by < length:
        x = g.op("Add", x, g.op("Mul", fall, later(g, x, by, length, width, 0.0)))
        if 2 * by < length:
            fall = g.op("Mul", fall, later(g, fall, by, length, width, 1.0))
        by *= 2
    return x


def short(g: Builder, x: str, width: int, taps: int) -> str:
    """A causal depthwise convolution over [1, L, C]."""
    y = g.op("Transpose", x, perm=[0, 2, 1])
    y = g.op("Conv", y, g.weight(width, 1, taps), g.weight(width), group=width, pads=[taps - 1, 0])
    return g.op("Transpose", y, perm=[0, 2, 1])


def gated_recurrence(g: Builder, length: int, width: int, inner: int) -> str:
    """Griffin: a branch of Gelu, one of a short convolution and a gated linear recurrence, multiplied; a gated MLP."""
    x = g.input(1, length, width)
    y = rmsnorm(g, x, width)
    gate = gelu_tanh(g, linear(g, y, width, inner))
    path = short(g, linear(g, y, width, inner), inner, 4)
    opened, kept = (g.op("Sigmoid", linear(g, path, inner, inner)) for _ in range(2))
    fall = g.op("Mul", kept, g.weight(inner))
    fall, twice = g.op("Exp", fall), g.op("Exp", g.op("Mul", fall, g.const(2.0)))
    scale = g.op("Sqrt", g.op("Max", g.op("Sub", g.const(1.0), twice), g.const(0.0)))
    state = doubled(g, fall, g.op("Mul", scale, g.op("Mul", opened, path)), length, inner)
    x = g.op("Add", x, linear(g, g.op("Mul", state, gate), inner, width))
    y = rmsnorm(g, x, width)
    up = g.op("Mul", gelu_tanh(g, linear(g, y, width, 3 * width)), linear(g, y, width, 3 * width))
    return g.op("Add", x, linear(g, up, 3 * width, width))


def smallest_gates(g: Builder, length: int, width: int, layers: int) -> str:
    """minGRU: one gate and one candidate from the input alone, the states by doubling; norms and residuals between."""
    x = g.input(1, length, width)
    for _ in range(layers):
        y = layernorm(g, x, width)
        gate = g.op("Sigmoid", linear(g, y, width, width))
        new = g.op("Mul", gate, linear(g, y, width, width))
        state = doubled(g, g.op("Sub", g.const(1.0), gate), new, length, width)
        x = g.op("Add", x, linear(g, state, width, width))
    return linear(g, layernorm(g, x, width), width, 64)


def short_gates(g: Builder, length: int, width: int, inner: int, attention: int) -> str:
    """LFM2: two layers of gated short convolutions and one of attention, each with a gated feed-forward."""
    x = g.input(1, length, width)
    for layer in range(3):
        y = rmsnorm(g, x, width)
        if layer < 2:
            b, c, v = g.op("Split", linear(g, y, width, 3 * width, False), count=3, axis=2)
            y = linear(g, g.op("Mul", c, short(g, g.op("Mul", b, v), width, 3)), width, width, False)
        else:
            y = self_attention(g, y, length, attention, width // attention)
        x = g.op("Add", x, y)
        y = rmsnorm(g, x, width)
        up = g.op("Mul", silu(g, linear(g, y, width, inner, False)), linear(g, y, width, inner, False))
        x = g.op("Add", x, linear(g, up, inner, width, False))
    return x


def image_memory(g: Builder, steps: int, size: int, ci: int, hidden: int) -> str:
    """A convolutional LSTM: the four gates by one 3x3 over image and state, unrolled, the last state to one channel."""
    weights = g.weight(4 * hidden, ci + hidden, 3, 3), g.weight(4 * hidden)
    state = cell = g.const(np.zeros((1, hidden, size, size), np.float16))
    for _ in range(steps):
        both = g.op("Concat", g.input(1, ci, size, size), state, axis=1)
        i, f, o, new = g.op("Split", g.op("Conv", both, *weights, pads=[1] * 4), count=4, axis=1)
        i, f, o = (g.op("Sigmoid", t) for t in (i, f, o))
        cell = g.op("Add", g.op("Mul", f, cell), g.op("Mul", i, g.op("Tanh", new)))
        state = g.op("Mul", o, g.op("Tanh", cell))
    return conv(g, state, hidden, 1, 1)


def attended_cell(g: Builder, steps: int, inputs: int, hidden: int) -> str:
    """A GRU cell in plain ops, unrolled, one product for each side; the states are averaged by attention in the end."""
    x, state = g.input(1, steps, inputs), g.const(np.zeros((1, 1, hidden), np.float16))
    before = linear(g, x, inputs, 3 * hidden)
    weight, bias, rows = g.weight(hidden, 3 * hidden), g.weight(3 * hidden), []
    for t in range(steps):
        a = g.op("Split", cut(g, before, 1, t, t + 1), count=3, axis=2)
        b = g.op("Split", g.op("Add", g.op("MatMul", state, weight), bias), count=3, axis=2)
        reset, keep = (g.op("Sigmoid", g.op("Add", a[i], b[i])) for i in range(2))
        new = g.op("Tanh", g.op("Add", a[2], g.op("Mul", reset, b[2])))
        state = g.op("Add", g.op("Mul", keep, g.op("Sub", state, new)), new)
        rows.append(state)
    y = g.op("Concat", *rows, axis=1)
    k = g.op("Unsqueeze", y, g.const([0]))
    y = attend(g, heads(g, linear(g, state, hidden, hidden), 1, 1, hidden), k, k, hidden)
    return linear(g, g.op("Reshape", y, g.const([1, hidden])), hidden, 64)
