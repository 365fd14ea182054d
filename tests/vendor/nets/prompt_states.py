"""Prompts of state-space and linear-attention models that the other files lack; one layer of each."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import cut, heads, joined, layernorm, linear, rmsnorm, self_attention, silu
from tests.vendor.nets.recurrences import short
from tests.vendor.nets.state_space import Sizes, mixer2


def expanded(g: Builder, length: int, chunk: int, count: int, width: int) -> str:
    """HGRN2: one less the forget gate is the key; decays inside chunks by running sums, states carried across."""
    size, chunks = count * width, length // chunk
    x = g.input(1, length, size)
    y = rmsnorm(g, x, size)

    def parts(t: str) -> str:
        return g.op(
            "Transpose", g.op("Reshape", t, g.const([chunks, chunk, count, width])), perm=[0, 2, 1, 3]
        )

    q = parts(silu(g, linear(g, y, size, size, False)))
    kept = g.op("Sigmoid", linear(g, y, size, size, False))
    kept = parts(g.op("Add", g.const(0.9), g.op("Mul", kept, g.const(0.1))))
    v, k = parts(linear(g, y, size, size, False)), g.op("Sub", g.const(1.0), kept)
    total = g.op("CumSum", g.op("Log", kept), g.const(np.array(2)))
    last = cut(g, total, 2, chunk - 1, chunk)
    q = g.op("Mul", q, g.op("Exp", total))
    near = g.op(
        "MatMul", q, g.op("Transpose", g.op("Mul", k, g.op("Exp", g.op("Neg", total))), perm=[0, 1, 3, 2])
    )
    near = g.op("MatMul", g.op("Mul", near, g.const(np.tri(chunk))), v)
    left = g.op("Mul", k, g.op("Exp", g.op("Sub", last, total)))
    left = g.op("MatMul", g.op("Transpose", left, perm=[0, 1, 3, 2]), v)
    fall = g.op("Transpose", g.op("Exp", last), perm=[0, 1, 3, 2])
    state, rows = g.const(np.zeros((1, count, width, width))), []
    for c in range(chunks):
        rows.append(g.op("MatMul", cut(g, q, 0, c, c + 1), state))
        state = g.op("Add", g.op("Mul", state, cut(g, fall, 0, c, c + 1)), cut(g, left, 0, c, c + 1))
    y = g.op("Transpose", g.op("Add", near, g.op("Concat", *rows, axis=0)), perm=[0, 2, 1, 3])
    y = linear(g, rmsnorm(g, g.op("Reshape", y, g.const([1, length, size])), size), size, size, False)
    x = g.op("Add", x, y)
    y = rmsnorm(g, x, size)
    up = g.op("Mul", silu(g, linear(g, y, size, 3 * size, False)), linear(g, y, size, 3 * size, False))
    return g.op("Add", x, linear(g, up, 3 * size, size, False))


def second_order(g: Builder, length: int, count: int, width: int, few: int = 16) -> str:
    """Based: queries and keys of 16 channels, 1 + q k + (q k)^2 / 2 for exp, causal; divided by the row's sum."""
    size = count * width
    x = g.input(1, length, size)
    y = layernorm(g, x, size)
    q, k = (heads(g, linear(g, y, size, few * count, False), length, count, few) for _ in range(2))
    v = heads(g, linear(g, y, size, size, False), length, count, width)
    near = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(few**-0.5))
    half = g.op("Mul", g.op("Mul", near, near), g.const(0.5))
    scores = g.op("Add", g.op("Add", near, g.const(1.0)), half)
    scores = g.op("Mul", scores, g.const(np.tri(length)[None, None]))
    under = g.op("Add", g.op("ReduceSum", scores, g.const([3]), keepdims=1), g.const(1e-4))
    y = joined(g, g.op("Div", g.op("MatMul", scores, v), under), length, size)
    return g.op("Add", x, linear(g, y, size, size, False))


def shift_and_diagonal(g: Builder, length: int, width: int) -> str:
    """H3: keys through a shift of four taps, times values, through a long kernel as a triangular product, times q."""
    x = g.input(1, length, width)
    y = layernorm(g, x, width)
    q, k, v = (linear(g, y, width, width) for _ in range(3))
    both = g.op("Transpose", g.op("Mul", short(g, k, width, 4), v), perm=[2, 0, 1])
    long = g.op("Squeeze", g.op("MatMul", both, g.weight(width, length, length)), g.const([1]))
    y = g.op(
        "Add",
        g.op("Unsqueeze", g.op("Transpose", long, perm=[1, 0]), g.const([0])),
        g.op("Mul", v, g.weight(width)),
    )
    x = g.op("Add", x, linear(g, g.op("Mul", q, y), width, width))
    y = layernorm(g, x, width)
    return g.op("Add", x, linear(g, g.op("Tanh", linear(g, y, width, 4 * width)), 4 * width, width))


def shared_attention(g: Builder, length: int, m: Sizes, count: int) -> str:
    """Zamba2: two Mamba-2 layers, then attention of twice the width over the hidden rows beside the embedded ones."""
    first = x = g.input(1, length, m.width)
    for _ in range(2):
        x = g.op("Add", x, mixer2(g, rmsnorm(g, x, m.width), length, m, True))
    wide = 2 * m.width
    y = rmsnorm(g, g.op("Concat", x, first, axis=2), wide)
    y = self_attention(g, y, length, count, wide // count)
    y = linear(g, y, wide, m.width, False)
    return g.op("Add", x, y)


PROMPT_STATES = {
    "hgrn2_256": ("SSM", lambda g: expanded(g, 256, 64, 6, 128)),
    "based_384": ("SSM", lambda g: second_order(g, 384, 12, 64)),
    "h3_128": ("SSM", lambda g: shift_and_diagonal(g, 128, 512)),
    "zamba2_L256": ("SSM", lambda g: shared_attention(g, 256, Sizes(640, 20, 64, 64, 128), 16)),
}
