"""Vision Mamba: patches of an image scanned in both directions; one layer."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import cut, linear, rmsnorm, silu
from tests.vendor.nets.recurrences import short


def both_ways(g: Builder, side: int, width: int, states: int = 16) -> str:
    """Vision Mamba: patches of 16, a selective scan forward and one backward, each unrolled, and their sum."""
    inner, rank, length = 2 * width, width // 16, side * side
    x = g.op("Conv", g.input(1, 3, 16 * side, 16 * side), g.weight(width, 3, 16, 16), strides=[16, 16])
    x = g.op("Transpose", g.op("Reshape", x, g.const([1, width, length])), perm=[0, 2, 1])
    x = g.op("Add", x, g.weight(1, length, width))
    path, gate = g.op("Split", linear(g, rmsnorm(g, x, width), width, 2 * inner, False), count=2, axis=2)
    total = ""
    for backward in (False, True):
        order = np.arange(length)[::-1].copy() if backward else np.arange(length)
        y = g.op("Gather", path, g.const(order), axis=1) if backward else path
        y = silu(g, short(g, y, inner, 4))
        dt, b, c = g.op(
            "Split",
            linear(g, y, inner, rank + 2 * states, False),
            g.const([rank, states, states]),
            count=3,
            axis=2,
        )
        dt = g.op("Unsqueeze", g.op("Softplus", linear(g, dt, rank, inner)), g.const([3]))
        fall = g.op("Exp", g.op("Mul", dt, g.const(-np.tile(np.arange(1.0, states + 1), (inner, 1)))))
        grown = g.op(
            "Mul", g.op("Mul", dt, g.op("Unsqueeze", y, g.const([3]))), g.op("Unsqueeze", b, g.const([2]))
        )
        state, rows = g.const(np.zeros((1, 1, inner, states))), []
        for t in range(length):
            state = g.op("Add", g.op("Mul", cut(g, fall, 1, t, t + 1), state), cut(g, grown, 1, t, t + 1))
            seen = g.op("Mul", state, g.op("Unsqueeze", cut(g, c, 1, t, t + 1), g.const([2])))
            rows.append(g.op("ReduceSum", seen, g.const([3]), keepdims=0))
        y = g.op("Add", g.op("Concat", *rows, axis=1), g.op("Mul", y, g.weight(inner)))
        y = g.op("Gather", y, g.const(order), axis=1) if backward else y
        total = g.op("Add", total, y) if total else y
    return g.op("Add", x, linear(g, g.op("Mul", total, silu(g, gate)), inner, width, False))


SCANNED_IMAGES = {
    "vim_tiny_16": ("SSM", lambda g: both_ways(g, 4, 192)),
}
