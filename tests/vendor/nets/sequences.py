"""Recurrent nets, recommendation, and small dense nets."""

from itertools import pairwise

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import gelu, layernorm, linear


def lstm(g: Builder, steps: int, inputs: int, hidden: int, both: bool) -> str:
    """An LSTM over [T, 1, I], one direction or both, and a projection."""
    ways = 2 if both else 1
    weights = [
        g.weight(ways, 4 * hidden, inputs),
        g.weight(ways, 4 * hidden, hidden),
        g.weight(ways, 8 * hidden),
    ]
    y = recurrent(g, "LSTM", g.input(steps, 1, inputs), weights, hidden, both, steps, states=2)
    return linear(g, y, ways * hidden, 64)


def gru(g: Builder, steps: int, inputs: int, hidden: int, both: bool) -> str:
    """A GRU of the same form (the reset after the product, as PyTorch exports it)."""
    ways = 2 if both else 1
    weights = [
        g.weight(ways, 3 * hidden, inputs),
        g.weight(ways, 3 * hidden, hidden),
        g.weight(ways, 6 * hidden),
    ]
    y = recurrent(g, "GRU", g.input(steps, 1, inputs), weights, hidden, both, steps, 1, linear_before_reset=1)
    return linear(g, y, ways * hidden, 64)


def recurrent(
    g: Builder,
    kind: str,
    x: str,
    weights: list[str],
    hidden: int,
    both: bool,
    steps: int,
    states: int,
    **attributes: int,
) -> str:
    """The node and the turns around it: [T, D, 1, H] as [1, T, D * H]."""
    ways = 2 if both else 1
    start = [g.const(np.zeros((ways, 1, hidden), np.float16)) for _ in range(states)]
    direction = "bidirectional" if both else "forward"
    outputs = g.op(
        kind, x, *weights, "", *start, count=1 + states, hidden_size=hidden, direction=direction, **attributes
    )
    y = g.op("Transpose", outputs[0], perm=[0, 2, 1, 3])
    y = g.op("Reshape", y, g.const([steps, 1, ways * hidden]))
    return g.op("Transpose", y, perm=[1, 0, 2])


def dlrm(g: Builder, batch: int, tables: int, width: int, rows: int = 5000) -> str:
    """Recommendation: dense and sparse features, pairwise products, two chains of products."""
    dense = perceptron(g, g.input(batch, 13), (13, 256, 128, width))
    ids = g.input(batch, tables, dtype=TensorProto.INT64)
    parts = [g.op("Unsqueeze", dense, g.const([1]))]
    for i in range(tables):
        one = g.op("Gather", ids, g.const(np.array(i)), axis=1)
        parts.append(g.op("Unsqueeze", g.op("Gather", g.weight(rows, width), one), g.const([1])))
    x = g.op("Concat", *parts, axis=1)
    pairs = g.op("MatMul", x, g.op("Transpose", x, perm=[0, 2, 1]))
    flat = g.op("Reshape", pairs, g.const([batch, (tables + 1) ** 2]))
    both = g.op("Concat", dense, flat, axis=1)
    return g.op("Sigmoid", perceptron(g, both, (width + (tables + 1) ** 2, 512, 256, 1)))


def perceptron(g: Builder, x: str, sizes: tuple[int, ...]) -> str:
    """Products with ReLU between."""
    for i, (a, b) in enumerate(pairwise(sizes)):
        x = g.op("Gemm", x, g.weight(b, a), g.weight(b), transB=1)
        x = x if i == len(sizes) - 2 else g.op("Relu", x)
    return x


def mixer(g: Builder, rows: int, width: int, layers: int) -> str:
    """Products over rows and over channels in turn."""
    x = g.input(1, rows, width)
    for _ in range(layers):
        y = g.op("Transpose", layernorm(g, x, width), perm=[0, 2, 1])
        y = linear(g, gelu(g, linear(g, y, rows, 2 * rows)), 2 * rows, rows)
        x = g.op("Add", x, g.op("Transpose", y, perm=[0, 2, 1]))
        x = g.op(
            "Add",
            x,
            linear(g, gelu(g, linear(g, layernorm(g, x, width), width, 4 * width)), 4 * width, width),
        )
    return x
