"""Graphs of a few ops that belong together, by name: what compilers are expected to fuse."""

from collections.abc import Callable

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import attend


def activated(g: Builder, ci: int, co: int, kernel: int, stride: int, size: int) -> str:
    """convrelu_CI_CO_K_S_HW: a convolution with a bias, and a ReLU."""
    weights = g.weight(co, ci, kernel, kernel), g.weight(co)
    x = g.op("Conv", g.input(1, ci, size, size), *weights, pads=[kernel // 2] * 4, strides=[stride] * 2)
    return g.op("Relu", x)


def masked(g: Builder, heads: int, rows: int, width: int) -> str:
    """masked_H_L_D: a constant lower triangle chooses between an input and -65504."""
    kept = g.const(np.tri(rows, width, dtype=bool))
    return g.op("Where", kept, g.input(1, heads, rows, width), g.const(-65504.0))


def gated_products(g: Builder, rows: int, width: int, inner: int) -> str:
    """swiglu_L_D_I: two products of one input, the Swish of one times the other."""
    x = g.input(1, rows, width)
    a, b = (g.op("MatMul", x, g.weight(width, inner)) for _ in range(2))
    return g.op("Mul", g.op("Mul", a, g.op("Sigmoid", a)), b)


def attention(g: Builder, heads: int, rows: int, width: int) -> str:
    """attention_H_L_D: products, scale and softmax of one layer's heads, all inputs of the graph."""
    return attend(g, *(g.input(1, heads, rows, width) for _ in range(3)), width)


def excited(g: Builder, channels: int, size: int) -> str:
    """excite_C_HW: squeeze and excitation with a quarter of the channels, without biases."""
    x = g.input(1, channels, size, size)
    s = g.op("Relu", g.op("Conv", g.op("GlobalAveragePool", x), g.weight(channels // 4, channels, 1, 1)))
    return g.op("Mul", x, g.op("Sigmoid", g.op("Conv", s, g.weight(channels, channels // 4, 1, 1))))


def divided_by_length(g: Builder, rows: int, width: int) -> str:
    """l2_L_D: rows divided by their length."""
    x = g.input(1, rows, width)
    return g.op("Div", x, g.op("ReduceL2", x, axes=[-1], keepdims=1))


#: Kinds whose name is numbers only.
FORMS: dict[str, Callable[..., str]] = {
    "convrelu": activated, "masked": masked, "swiglu": gated_products, "attention": attention, "excite": excited,
    "l2": divided_by_length,
}  # fmt: skip
