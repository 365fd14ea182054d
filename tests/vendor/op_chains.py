"""Graphs of a few ops that belong together, by name: what compilers are expected to fuse."""

from collections.abc import Callable

import numpy as np
from onnx import TensorProto

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


def gelu_by_tanh(g: Builder, rows: int, width: int) -> str:
    """gelutanh_L_D: Gelu in plain ops, as exporters write its approximation."""
    x = g.input(1, rows, width)
    cubed = g.op("Mul", g.op("Pow", x, g.const(3.0)), g.const(0.044715))
    inner = g.op("Mul", g.op("Add", x, cubed), g.const(0.7978846))
    return g.op("Mul", g.op("Mul", x, g.const(0.5)), g.op("Add", g.op("Tanh", inner), g.const(1.0)))


def eight_bits(g: Builder, x: str) -> str:
    """QuantizeLinear and DequantizeLinear."""
    step = g.const(np.array(0.02, np.float32)), g.const(np.array(128, np.uint8))
    return g.op("DequantizeLinear", g.op("QuantizeLinear", x, *step), *step)


def stored(g: Builder, *shape: int) -> str:
    """A constant of 8 bits, dequantized."""
    values = (np.arange(np.prod(shape)) * 37 % 251 - 125).astype(np.int8).reshape(shape)
    return g.op(
        "DequantizeLinear",
        g.const(values),
        g.const(np.array(0.01, np.float32)),
        g.const(np.array(0, np.int8)),
    )


def product_of_eight_bits(g: Builder, rows: int, terms: int, width: int) -> str:
    """qdq_M_K_N: a product between QuantizeLinear and DequantizeLinear, weights in 8 bits; float32 in and out."""
    x = eight_bits(g, g.input(1, rows, terms, dtype=TensorProto.FLOAT))
    return eight_bits(g, g.op("MatMul", x, stored(g, terms, width)))


def conv_of_eight_bits(g: Builder, ci: int, co: int, kernel: int, stride: int, size: int) -> str:
    """qdqconv_CI_CO_K_S_HW: the same of a convolution."""
    x = eight_bits(g, g.input(1, ci, size, size, dtype=TensorProto.FLOAT))
    pads, strides = [kernel // 2] * 4, [stride] * 2
    return eight_bits(g, g.op("Conv", x, stored(g, co, ci, kernel, kernel), pads=pads, strides=strides))


def channels_normalised(g: Builder, channels: int, size: int) -> str:
    """ln2d_C_HW: a norm of each pixel over its channels written out, with a scale and a shift, between two 1x1
    convolutions (NAFNet and the necks of image encoders)."""

    def mean(x: str) -> str:
        return g.op("ReduceMean", x, axes=[1], keepdims=1)

    x = g.op("Conv", g.input(1, channels, size, size), g.weight(channels, channels, 1, 1))
    away = g.op("Sub", x, mean(x))
    spread = g.op("Sqrt", g.op("Add", mean(g.op("Pow", away, g.const(2.0))), g.const(1e-4)))
    scaled = g.op("Mul", g.op("Div", away, spread), g.weight(channels, 1, 1))
    return g.op("Conv", g.op("Add", scaled, g.weight(channels, 1, 1)), g.weight(channels, channels, 1, 1))


#: Kinds whose name is numbers only.
FORMS: dict[str, Callable[..., str]] = {
    "convrelu": activated, "masked": masked, "swiglu": gated_products, "attention": attention, "excite": excited,
    "l2": divided_by_length, "gelutanh": gelu_by_tanh, "qdq": product_of_eight_bits, "qdqconv": conv_of_eight_bits,
    "ln2d": channels_normalised,
}  # fmt: skip
