"""State-space and recurrent networks: steps, stacks, readers of text lines, scans by doubling."""

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.grouped_states import mamba_step
from tests.vendor.nets.layers import (
    attend,
    conv_relu,
    cut,
    embedding,
    gelu,
    heads,
    joined,
    layernorm,
    linear,
    rmsnorm,
    silu,
)
from tests.vendor.nets.linear_attention import shifted, square_relu
from tests.vendor.nets.sequences import recurrent
from tests.vendor.nets.state_space import Sizes, mixer2

FLOAT = TensorProto.FLOAT


def mamba_token(g: Builder, width: int, layers: int, words: int = 8000) -> list[str]:
    """One token through several Mamba layers, an embedding in front and a head behind; states in and out."""
    x, outputs = embedding(g, words, width, 1), []
    for _ in range(layers):
        y, states = mamba_step(g, rmsnorm(g, x, width), width)
        x = g.op("Add", x, y)
        outputs += states
    return [linear(g, rmsnorm(g, x, width), width, words, False), *outputs]


def mixed_time(g: Builder, x: str, before: str, size: int) -> str:
    """A share of this token and the rest of the one before."""
    share = g.weight(1, 1, size)
    rest = g.op("Sub", g.const(1.0), share)
    return g.op("Add", g.op("Mul", x, share), g.op("Mul", before, rest))


def weighted_keys(g: Builder, length: int, size: int, layers: int) -> list[str]:
    """RWKV-4: sums of values weighted by exp of keys, numerator and denominator kept with their maximum (float32)."""
    x, outputs = g.input(1, length, size), []
    for _ in range(layers):
        y = layernorm(g, x, size)
        last = shifted(g, y, g.input(1, 1, size), length)
        k, v, r = (linear(g, mixed_time(g, y, last, size), size, size, False) for _ in range(3))
        k, v = (g.op("Cast", t, to=FLOAT) for t in (k, v))
        top, below, most = (g.input(1, 1, size, dtype=FLOAT) for _ in range(3))
        bonus, fall = g.const_f32(np.full((1, 1, size), 0.3)), g.const_f32(np.full((1, 1, size), -0.5))
        rows = []
        for t in range(length):
            key, value = (cut(g, z, 1, t, t + 1) if length > 1 else z for z in (k, v))
            seen = g.op("Add", key, bonus)
            high = g.op("Max", most, seen)
            a, b = g.op("Exp", g.op("Sub", most, high)), g.op("Exp", g.op("Sub", seen, high))
            over = g.op("Add", g.op("Mul", a, top), g.op("Mul", b, value))
            rows.append(g.op("Div", over, g.op("Add", g.op("Mul", a, below), b)))
            old = g.op("Add", most, fall)
            most = g.op("Max", old, key)
            a, b = g.op("Exp", g.op("Sub", old, most)), g.op("Exp", g.op("Sub", key, most))
            top = g.op("Add", g.op("Mul", a, top), g.op("Mul", b, value))
            below = g.op("Add", g.op("Mul", a, below), b)
        out = g.op("Cast", g.op("Concat", *rows, axis=1) if length > 1 else rows[0], to=TensorProto.FLOAT16)
        x = g.op("Add", x, linear(g, g.op("Mul", g.op("Sigmoid", r), out), size, size, False))
        z = layernorm(g, x, size)
        past = shifted(g, z, g.input(1, 1, size), length)
        wide = square_relu(g, linear(g, mixed_time(g, z, past, size), size, 4 * size, False))
        gate = g.op("Sigmoid", linear(g, mixed_time(g, z, past, size), size, size, False))
        x = g.op("Add", x, g.op("Mul", gate, linear(g, wide, 4 * size, size, False)))
        outputs += [top, below, most]
    return [x, *outputs]


def stacked(
    g: Builder, kind: str, steps: int, inputs: int, hidden: int, layers: int, classes: int = 40
) -> str:
    """Layers of GRU or LSTM of one direction, one above the other, and a product with softmax."""
    gates, states = {"LSTM": (4, 2), "GRU": (3, 1)}[kind]
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    x, width = g.input(steps, 1, inputs), inputs
    for _ in range(layers):
        weights = [
            g.weight(1, gates * hidden, width),
            g.weight(1, gates * hidden, hidden),
            g.weight(1, 2 * gates * hidden),
        ]
        y = recurrent(g, kind, x, weights, hidden, False, steps, states, **more)
        x, width = g.op("Transpose", y, perm=[1, 0, 2]), hidden
    return g.op("LogSoftmax", linear(g, x, hidden, classes), axis=-1)


def text_line(g: Builder, width: int, hidden: int, letters: int = 37) -> str:
    """CRNN: a line of text 32 high through seven convolutions to one row, two LSTMs of both directions, letters."""
    x, ci = g.input(1, 1, 32, width), 1
    for co, pool in ((64, 2), (128, 2), (256, 0), (256, 1), (512, 0), (512, 1)):
        x, ci = conv_relu(g, x, ci, co), co
        if pool:
            x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, pool], pads=[0, 2 - pool, 0, 0])
    x = g.op("Relu", g.op("Conv", x, g.weight(ci, ci, 2, 1), g.weight(ci)))
    steps = width // 4
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, ci, steps])), perm=[2, 0, 1])
    inner = ci
    for _ in range(2):
        weights = [g.weight(2, 4 * hidden, inner), g.weight(2, 4 * hidden, hidden), g.weight(2, 8 * hidden)]
        y = recurrent(g, "LSTM", x, weights, hidden, True, steps, 2)
        y = linear(g, y, 2 * hidden, hidden)
        x, inner = g.op("Transpose", y, perm=[1, 0, 2]), hidden
    return linear(g, x, hidden, letters)


def complex_scan(g: Builder, length: int, width: int, states: int) -> str:
    """S5: real and imaginary states of one system, an associative scan by doubling, Gelu, a gated product."""
    x = g.input(1, length, width)
    y = layernorm(g, x, width)
    re, im = (linear(g, y, width, states, False) for _ in range(2))
    angle = np.arange(1, states + 1) / states * np.pi / 4
    by = 1
    while by < length:
        a, b = 0.99**by * np.cos(by * angle), 0.99**by * np.sin(by * angle)
        a, b = (g.const(t[None, None]) for t in (a, b))
        zeros = g.const(np.zeros((1, by, states)))
        old_re, old_im = (g.op("Concat", zeros, cut(g, t, 1, 0, length - by), axis=1) for t in (re, im))
        re = g.op("Add", re, g.op("Sub", g.op("Mul", old_re, a), g.op("Mul", old_im, b)))
        im = g.op("Add", im, g.op("Add", g.op("Mul", old_re, b), g.op("Mul", old_im, a)))
        by *= 2
    out = g.op("Sub", linear(g, re, states, width, False), linear(g, im, states, width, False))
    out = gelu(g, g.op("Add", out, g.op("Mul", y, g.weight(width))))
    return g.op("Add", x, g.op("Mul", out, g.op("Sigmoid", linear(g, out, width, width))))


def scalar_memory(g: Builder, steps: int, count: int, width: int) -> str:
    """An sLSTM of `count` heads, unrolled: exponential gates kept by a running maximum, block products a head."""
    size = count * width
    x = g.input(1, steps, size)
    before = linear(g, layernorm(g, x, size), size, 4 * size)
    before = g.op("Reshape", before, g.const([steps, 4 * count, 1, width]))
    weight = g.weight(4, count, width, width)
    zero = g.const(np.zeros((count, 1, width)))
    h, c, n, m, rows = zero, zero, g.const(np.ones((count, 1, width))), zero, []
    for t in range(steps):
        now = g.op("Reshape", cut(g, before, 0, t, t + 1), g.const([4, count, 1, width]))
        all4 = g.op("Add", now, g.op("MatMul", g.op("Unsqueeze", h, g.const([0])), weight))
        i, f, z, o = (g.op("Squeeze", p, g.const([0])) for p in g.op("Split", all4, count=4, axis=0))
        kept = g.op("Add", f, m)
        m = g.op("Max", kept, i)
        i, f = g.op("Exp", g.op("Sub", i, m)), g.op("Exp", g.op("Sub", kept, m))
        c = g.op("Add", g.op("Mul", f, c), g.op("Mul", i, g.op("Tanh", z)))
        n = g.op("Add", g.op("Mul", f, n), i)
        h = g.op("Mul", g.op("Sigmoid", o), g.op("Div", c, n))
        rows.append(g.op("Reshape", h, g.const([1, 1, size])))
    y = layernorm(g, g.op("Concat", *rows, axis=1), size)
    return g.op("Add", x, linear(g, y, size, size))


def local_hybrid(g: Builder, length: int, m: Sizes, count: int, window: int) -> str:
    """Samba-like: a Mamba-2 layer, attention to the last `window` tokens, a gated feed-forward after each."""
    x, each = g.input(1, length, m.width), m.width // count
    away = np.arange(length)[:, None] - np.arange(length)[None]
    mask = g.const(np.where((away >= 0) & (away < window), np.float16(0), np.float16(-65504))[None, None])
    for layer in range(2):
        y = rmsnorm(g, x, m.width)
        if layer == 0:
            x = g.op("Add", x, mixer2(g, y, length, m, True))
        else:
            q, k, v = (heads(g, linear(g, y, m.width, m.width, False), length, count, each) for _ in range(3))
            y = joined(g, attend(g, q, k, v, each, mask), length, m.width)
            x = g.op("Add", x, linear(g, y, m.width, m.width, False))
        y = rmsnorm(g, x, m.width)
        up = g.op(
            "Mul",
            silu(g, linear(g, y, m.width, 2 * m.width, False)),
            linear(g, y, m.width, 2 * m.width, False),
        )
        x = g.op("Add", x, linear(g, up, 2 * m.width, m.width, False))
    return x


def complex_tokens(g: Builder, width: int, states: int, layers: int) -> list[str]:
    """One token of linear recurrent units: complex diagonal states in and out, gated by a GLU."""
    x, outputs = g.input(1, width), []
    for _ in range(layers):
        y = layernorm(g, x, width)
        re, im = (linear(g, y, width, states, False) for _ in range(2))
        old_re, old_im, a, b = (
            g.input(1, states),
            g.input(1, states),
            g.weight(1, states),
            g.weight(1, states),
        )
        re = g.op("Add", re, g.op("Sub", g.op("Mul", old_re, a), g.op("Mul", old_im, b)))
        im = g.op("Add", im, g.op("Add", g.op("Mul", old_re, b), g.op("Mul", old_im, a)))
        out = g.op("Sub", linear(g, re, states, width, False), linear(g, im, states, width, False))
        left, right = g.op("Split", linear(g, gelu(g, out), width, 2 * width), count=2, axis=1)
        x = g.op("Add", x, g.op("Mul", left, g.op("Sigmoid", right)))
        outputs += [re, im]
    return [x, *outputs]
