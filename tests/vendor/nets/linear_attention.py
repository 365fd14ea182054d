"""Layers whose keys and values are summed up in a matrix: receptance, gates, retention, memories, delta rules."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import (
    cut,
    gelu,
    heads,
    joined,
    layernorm,
    linear,
    rmsnorm,
    silu,
)
from tests.vendor.nets.state_space import causal_conv


def square_relu(g: Builder, x: str) -> str:
    """relu(x)^2."""
    y = g.op("Relu", x)
    return g.op("Mul", y, y)


def shifted(g: Builder, x: str, before: str, length: int) -> str:
    """The sequence one place later, `before` first."""
    return g.op("Concat", before, cut(g, x, 1, 0, length - 1), axis=1) if length > 1 else before


def receptance(g: Builder, length: int, count: int, width: int = 64, rank: int = 32) -> list[str]:
    """A RWKV-6 layer, its recurrence unrolled: token shifts, decays of low rank, D x D states, squared ReLU."""
    size = count * width
    x, state = g.input(1, length, size), g.input(1, count, width, width)
    y = layernorm(g, x, size)
    past = g.op("Sub", shifted(g, y, g.input(1, 1, size), length), y)
    mixed = [g.op("Add", y, g.op("Mul", past, g.weight(1, 1, size))) for _ in range(5)]
    r, k, v = (heads(g, linear(g, m, size, size, False), length, count, width) for m in mixed[:3])
    gate = silu(g, linear(g, mixed[3], size, size, False))
    low = linear(g, g.op("Tanh", linear(g, mixed[4], size, rank, False)), rank, size)
    fall = g.op("Exp", g.op("Neg", g.op("Exp", low)))
    fall = g.op("Reshape", g.op("Transpose", fall, perm=[0, 2, 1]), g.const([1, count, width, length]))
    bonus, turned, rows = g.weight(1, count, width, 1), g.op("Transpose", k, perm=[0, 1, 3, 2]), []
    for t in range(length):
        key, value, asked = cut(g, turned, 3, t, t + 1), cut(g, v, 2, t, t + 1), cut(g, r, 2, t, t + 1)
        outer = g.op("MatMul", key, value)
        rows.append(g.op("MatMul", asked, g.op("Add", state, g.op("Mul", bonus, outer))))
        state = g.op("Add", g.op("Mul", state, cut(g, fall, 3, t, t + 1)), outer)
    y2 = g.op("Concat", *rows, axis=2) if length > 1 else rows[0]
    y2 = g.op("Mul", layernorm(g, joined(g, y2, length, size), size), gate)
    x = g.op("Add", x, linear(g, y2, size, size, False))
    z = layernorm(g, x, size)
    past = g.op("Sub", shifted(g, z, g.input(1, 1, size), length), z)
    a, b = (g.op("Add", z, g.op("Mul", past, g.weight(1, 1, size))) for _ in range(2))
    wide = linear(g, square_relu(g, linear(g, a, size, 7 * size // 2, False)), 7 * size // 2, size, False)
    x = g.op("Add", x, g.op("Mul", g.op("Sigmoid", linear(g, b, size, size, False)), wide))
    return [x, state, cut(g, y, 1, length - 1, length), cut(g, z, 1, length - 1, length)]


def gated_chunks(g: Builder, length: int, chunk: int, count: int, keys: int, values: int) -> str:
    """Gated linear attention: decays of each key channel summed along chunks, states carried from chunk to chunk."""
    chunks, size = length // chunk, count * values
    x = g.input(1, length, size)
    y = rmsnorm(g, x, size)

    def parts(t: str, width: int) -> str:
        t = g.op("Reshape", t, g.const([chunks, chunk, count, width]))
        return g.op("Transpose", t, perm=[0, 2, 1, 3])

    q, k = (parts(linear(g, y, size, count * keys, False), keys) for _ in range(2))
    v = parts(linear(g, y, size, size, False), values)
    gate = linear(g, linear(g, y, size, 16, False), 16, count * keys)
    gate = parts(g.op("Mul", g.op("Log", g.op("Sigmoid", gate)), g.const(1 / 16)), keys)
    total = g.op("CumSum", gate, g.const(np.array(2)))
    last = cut(g, total, 2, chunk - 1, chunk)
    q = g.op("Mul", g.op("Mul", q, g.op("Exp", total)), g.const(keys**-0.5))
    inside = g.op(
        "MatMul", q, g.op("Transpose", g.op("Mul", k, g.op("Exp", g.op("Neg", total))), perm=[0, 1, 3, 2])
    )
    inside = g.op("MatMul", g.op("Mul", inside, g.const(np.tri(chunk)[None, None])), v)
    left = g.op("Transpose", g.op("Mul", k, g.op("Exp", g.op("Sub", last, total))), perm=[0, 1, 3, 2])
    left = g.op("MatMul", left, v)
    fall = g.op("Transpose", g.op("Exp", last), perm=[0, 1, 3, 2])
    state, rows = g.const(np.zeros((1, count, keys, values))), []
    for c in range(chunks):
        rows.append(g.op("MatMul", cut(g, q, 0, c, c + 1), state))
        if c < chunks - 1:
            state = g.op("Add", g.op("Mul", state, cut(g, fall, 0, c, c + 1)), cut(g, left, 0, c, c + 1))
    y2 = rmsnorm(g, g.op("Add", inside, g.op("Concat", *rows, axis=0)), values)
    y2 = g.op("Reshape", g.op("Transpose", y2, perm=[0, 2, 1, 3]), g.const([1, length, size]))
    y2 = g.op("Mul", y2, silu(g, linear(g, y, size, size, False)))
    return g.op("Add", x, linear(g, y2, size, size, False))


def retention_chunks(g: Builder, length: int, chunk: int, count: int, keys: int) -> str:
    """RetNet chunk by chunk: a fixed decay a head inside the chunk, states across; values twice as wide as keys."""
    chunks, size, values = length // chunk, count * keys, 2 * keys
    gammas, places = 1 - 2.0 ** (-5 - np.arange(count)), np.arange(chunk)
    gone = places[:, None] - places[None, :]
    inner = np.where(gone >= 0, gammas[:, None, None] ** np.maximum(gone, 0), 0)[None]
    x = g.input(1, length, size)
    y = layernorm(g, x, size)
    q, k = (heads(g, linear(g, y, size, size, False), length, count, keys) for _ in range(2))
    k = g.op("Mul", k, g.const(keys**-0.5))
    v = heads(g, linear(g, y, size, 2 * size, False), length, count, values)
    state, rows = g.const(np.zeros((1, count, keys, values))), []
    ahead = g.const((gammas[:, None] ** (places + 1))[None, :, :, None])
    behind = g.const((gammas[:, None] ** (chunk - 1 - places))[None, :, :, None])
    whole = g.const((gammas**chunk)[None, :, None, None])
    for c in range(chunks):
        a, b, z = (cut(g, t, 2, c * chunk, (c + 1) * chunk) for t in (q, k, v))
        scores = g.op("Mul", g.op("MatMul", a, g.op("Transpose", b, perm=[0, 1, 3, 2])), g.const(inner))
        row = g.op("MatMul", scores, z)
        rows.append(g.op("Add", row, g.op("MatMul", g.op("Mul", a, ahead), state)))
        if c < chunks - 1:
            new = g.op("MatMul", g.op("Transpose", g.op("Mul", b, behind), perm=[0, 1, 3, 2]), z)
            state = g.op("Add", g.op("Mul", state, whole), new)
    y2 = layernorm(g, g.op("Concat", *rows, axis=2), values)
    y2 = g.op("Mul", joined(g, y2, length, 2 * size), silu(g, linear(g, y, size, 2 * size, False)))
    x = g.op("Add", x, linear(g, y2, 2 * size, size, False))
    return g.op(
        "Add", x, linear(g, gelu(g, linear(g, layernorm(g, x, size), size, 2 * size)), 2 * size, size)
    )


def matrix_memory(g: Builder, length: int, count: int, width: int) -> str:
    """xLSTM's mLSTM over a whole prompt: exponential gates as a matrix of decays, made safe by the largest of a row."""
    inner = count * width
    size = inner // 2
    x = g.input(1, length, size)
    path, gate = g.op("Split", linear(g, layernorm(g, x, size), size, 2 * inner), count=2, axis=2)
    turned = causal_conv(g, path, length, inner)
    q, k = (heads(g, linear(g, turned, inner, inner), length, count, width) for _ in range(2))
    v = heads(g, linear(g, path, inner, inner), length, count, width)
    opened, kept = (g.op("Transpose", linear(g, turned, inner, count), perm=[0, 2, 1]) for _ in range(2))
    total = g.op("CumSum", g.op("Log", g.op("Sigmoid", kept)), g.const(np.array(2)))
    falls = g.op("Sub", g.op("Unsqueeze", total, g.const([3])), g.op("Unsqueeze", total, g.const([2])))
    falls = g.op("Add", falls, g.op("Unsqueeze", opened, g.const([2])))
    falls = g.op("Where", g.const(np.tri(length, dtype=bool)), falls, g.const(-65504.0))
    largest = g.op("ReduceMax", falls, axes=[3], keepdims=1)
    scores = g.op("MatMul", q, g.op("Transpose", g.op("Mul", k, g.const(width**-0.5)), perm=[0, 1, 3, 2]))
    scores = g.op("Mul", scores, g.op("Exp", g.op("Sub", falls, largest)))
    norm = g.op("Abs", g.op("ReduceSum", scores, g.const([3]), keepdims=1))
    norm = g.op("Max", norm, g.op("Exp", g.op("Neg", largest)))
    y = layernorm(g, g.op("Div", g.op("MatMul", scores, v), norm), width)
    y = g.op("Add", joined(g, y, length, inner), g.op("Mul", turned, g.weight(inner)))
    return g.op("Add", x, linear(g, g.op("Mul", y, silu(g, gate)), inner, size))


def unit(g: Builder, x: str) -> str:
    """Divided by its length along the last axis."""
    square = g.op("ReduceSum", g.op("Mul", x, x), g.const([-1]), keepdims=1)
    return g.op("Mul", x, g.op("Reciprocal", g.op("Sqrt", g.op("Add", square, g.const(1e-4)))))


def delta_step(g: Builder, size: int, count: int, keys: int, values: int, layers: int) -> list[str]:
    """One token of gated delta nets: the state forgets, what it says for a key is corrected by an outer product."""
    x, outputs = g.input(1, 1, size), []
    channels = 2 * count * keys + count * values
    for _ in range(layers):
        y = rmsnorm(g, x, size)
        path = g.op("Reshape", linear(g, y, size, channels, False), g.const([1, channels, 1]))
        window = g.op("Concat", g.input(1, channels, 3), path, axis=2)
        path = silu(
            g, g.op("ReduceSum", g.op("Mul", window, g.weight(channels, 4)), g.const([2]), keepdims=0)
        )
        q, k, v = g.op("Split", path, g.const([count * keys, count * keys, count * values]), count=3, axis=1)
        q, k = (unit(g, g.op("Reshape", t, g.const([1, count, 1, keys]))) for t in (q, k))
        v = g.op("Reshape", v, g.const([1, count, 1, values]))
        beta, fall = (g.op("Reshape", linear(g, y, size, count), g.const([1, count, 1, 1])) for _ in range(2))
        beta, fall = g.op("Sigmoid", beta), g.op("Exp", g.op("Neg", g.op("Softplus", fall)))
        state = g.op("Mul", g.input(1, count, keys, values), fall)
        wrong = g.op("Mul", g.op("Sub", v, g.op("MatMul", k, state)), beta)
        state = g.op("Add", state, g.op("MatMul", g.op("Transpose", k, perm=[0, 1, 3, 2]), wrong))
        y2 = rmsnorm(g, g.op("MatMul", q, state), values)
        gate = g.op("Reshape", linear(g, y, size, count * values, False), g.const([1, count, 1, values]))
        y2 = g.op("Reshape", g.op("Mul", y2, silu(g, gate)), g.const([1, 1, count * values]))
        x = g.op("Add", x, linear(g, y2, count * values, size, False))
        outputs += [state, cut(g, window, 2, 1, 4)]
    return [x, *outputs]


def delta_chunks(g: Builder, length: int, chunk: int, count: int, width: int) -> str:
    """A delta net's prompt: each chunk's triangular inverse by doubling, states carried from chunk to chunk."""
    chunks, size = length // chunk, count * width
    x = g.input(1, length, size)
    y = rmsnorm(g, x, size)

    def parts(t: str, each: int) -> str:
        return g.op("Transpose", g.op("Reshape", t, g.const([chunks, chunk, count, each])), perm=[0, 2, 1, 3])

    q, k, v = (parts(silu(g, linear(g, y, size, size, False)), width) for _ in range(3))
    q, k = unit(g, q), unit(g, k)
    beta = parts(g.op("Sigmoid", linear(g, y, size, count)), 1)
    turned = g.op("Transpose", k, perm=[0, 1, 3, 2])
    power = g.op("MatMul", g.op("Mul", k, beta), turned)
    power = g.op("Mul", power, g.const(-np.tri(chunk, k=-1)[None, None]))
    inverse, done = g.op("Add", power, g.const(np.eye(chunk)[None, None])), 2
    while done < chunk:
        power = g.op("MatMul", power, power)
        inverse = g.op("Add", inverse, g.op("MatMul", inverse, power))
        done *= 2
    w, u = (g.op("MatMul", inverse, g.op("Mul", t, beta)) for t in (k, v))
    inside = g.op("Mul", g.op("MatMul", q, turned), g.const(np.tri(chunk)[None, None]))
    state, rows = g.const(np.zeros((1, count, width, width))), []
    for c in range(chunks):
        a, b, z, old, near = (cut(g, t, 0, c, c + 1) for t in (q, turned, u, w, inside))
        new = g.op("Sub", z, g.op("MatMul", old, state))
        rows.append(g.op("Add", g.op("MatMul", a, state), g.op("MatMul", near, new)))
        if c < chunks - 1:
            state = g.op("Add", state, g.op("MatMul", b, new))
    y = rmsnorm(g, g.op("Concat", *rows, axis=0), width)
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, length, size]))
    return g.op("Add", x, linear(g, y, size, size, False))
