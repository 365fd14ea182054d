"""Pieces that several networks share, in the ops exporters write."""

from typing import Any

import numpy as np
from onnx import TensorProto

from tests.vendor.builder import Builder


def linear(g: Builder, x: str, width: int, out: int, bias: bool = True) -> str:
    """MatMul by a constant, and a bias."""
    y = g.op("MatMul", x, g.weight(width, out))
    return g.op("Add", g.weight(out), y) if bias else y


def layernorm(g: Builder, x: str, width: int) -> str:
    """LayerNormalization over the last axis."""
    return g.op("LayerNormalization", x, g.weight(width), g.weight(width), axis=-1, epsilon=1e-5)


def rmsnorm(g: Builder, x: str, width: int) -> str:
    """RMS norm in float32 between two casts, as language models have it."""
    wide = g.op("Cast", x, to=TensorProto.FLOAT)
    mean = g.op("ReduceMean", g.op("Pow", wide, g.const(np.float32(2))), axes=[-1])
    root = g.op("Reciprocal", g.op("Sqrt", g.op("Add", mean, g.const(np.float32(1e-5)))))
    return g.op("Mul", g.weight(width), g.op("Cast", g.op("Mul", wide, root), to=TensorProto.FLOAT16))


def silu(g: Builder, x: str) -> str:
    """x * sigmoid(x)."""
    return g.op("Mul", x, g.op("Sigmoid", x))


def gelu(g: Builder, x: str) -> str:
    """x * (1 + erf(x / sqrt 2)) * 0.5."""
    erf = g.op("Add", g.op("Erf", g.op("Div", x, g.const(2**0.5))), g.const(1.0))
    return g.op("Mul", g.op("Mul", x, erf), g.const(0.5))


def gelu_tanh(g: Builder, x: str) -> str:
    """0.5 x (1 + tanh(0.798 (x + 0.0447 x^3)))."""
    cube = g.op("Mul", g.op("Pow", x, g.const(3.0)), g.const(0.044715))
    tanh = g.op("Tanh", g.op("Mul", g.op("Add", x, cube), g.const(0.7978846)))
    return g.op("Mul", g.op("Mul", x, g.const(0.5)), g.op("Add", tanh, g.const(1.0)))


def heads(g: Builder, x: str, length: int, count: int, width: int) -> str:
    """[1, L, H*D] as [1, H, L, D]."""
    return g.op("Transpose", g.op("Reshape", x, g.const([1, length, count, width])), perm=[0, 2, 1, 3])


def attend(g: Builder, q: str, k: str, v: str, width: int, mask: str | None = None) -> str:
    """softmax(q k^T / sqrt D + mask) v on [1, H, L, D]."""
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = g.op("Mul", scores, g.const(width**-0.5))
    if mask:
        scores = g.op("Add", scores, mask)
    return g.op("MatMul", g.op("Softmax", scores, axis=-1), v)


def self_attention(g: Builder, x: str, length: int, count: int, width: int, **more: Any) -> str:
    """Attention of a sequence to itself or, with `context` and its `context_length`, `context_width`, to another."""
    size = count * width
    source = more.get("context", x)
    other, inner = more.get("context_length", length), more.get("context_width", size)
    q = heads(g, linear(g, x, size, size), length, count, width)
    k, v = (heads(g, linear(g, source, inner, size), other, count, width) for _ in range(2))
    y = g.op("Transpose", attend(g, q, k, v, width, more.get("mask")), perm=[0, 2, 1, 3])
    return linear(g, g.op("Reshape", y, g.const([1, length, size])), size, size)


def conv(
    g: Builder, x: str, ci: int, co: int, kernel: int = 3, stride: int = 1, groups: int = 1, bias: bool = True
) -> str:
    """A square convolution padded by K // 2."""
    weights = [g.weight(co, ci // groups, kernel, kernel), *([g.weight(co)] if bias else [])]
    pads = [kernel // 2] * 4
    return g.op("Conv", x, *weights, pads=pads, strides=[stride] * 2, group=groups, kernel_shape=[kernel] * 2)


def groupnorm(g: Builder, x: str, shape: tuple[int, ...], groups: int) -> str:
    """Reshape, InstanceNormalization, Reshape, scale and shift."""
    ones, zeros = g.const(np.ones(groups, np.float16)), g.const(np.zeros(groups, np.float16))
    y = g.op("InstanceNormalization", g.op("Reshape", x, g.const([0, groups, -1])), ones, zeros, epsilon=1e-5)
    y = g.op("Reshape", y, g.const(list(shape)))
    scale = (shape[1], *(1 for _ in shape[2:]))
    return g.op("Add", g.op("Mul", y, g.weight(*scale)), g.weight(*scale))


def embedding(g: Builder, words: int, width: int, length: int) -> str:
    """Rows of a table for int64 token ids."""
    return g.op("Gather", g.weight(words, width), g.input(1, length, dtype=TensorProto.INT64))


def cut(g: Builder, x: str, axis: int, begin: int, end: int) -> str:
    """Slice of one axis."""
    return g.op("Slice", x, *(g.const([v]) for v in (begin, end, axis)))


def conv_relu(g: Builder, x: str, ci: int, co: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> str:
    """Convolution and ReLU."""
    return g.op("Relu", conv(g, x, ci, co, kernel, stride, groups))


def dilated(g: Builder, x: str, ci: int, co: int, rate: int) -> str:
    """A 3x3 convolution whose taps lie `rate` apart, and ReLU."""
    weights = [g.weight(co, ci, 3, 3), g.weight(co)]
    return g.op("Relu", g.op("Conv", x, *weights, pads=[rate] * 4, dilations=[rate] * 2))


def halved(g: Builder, x: str, kernel: int = 3) -> str:
    """Max pooling of stride 2."""
    pads = [kernel // 2] * 4 if kernel > 2 else [0] * 4
    return g.op("MaxPool", x, kernel_shape=[kernel] * 2, strides=[2, 2], pads=pads)


def enlarged(g: Builder, x: str, factor: int, mode: str = "linear") -> str:
    """`factor` times the size, bilinear or nearest."""
    place = {"nearest": "asymmetric", "linear": "half_pixel"}[mode]
    return g.op(
        "Resize", x, "", g.const_f32([1, 1, factor, factor]), mode=mode, nearest_mode="floor",
        coordinate_transformation_mode=place,
    )  # fmt: skip


def excite(g: Builder, x: str, channels: int, inner: int) -> str:
    """Squeeze and excitation: each channel times a gate made of the channels' means."""
    s = g.op("Relu", conv(g, g.op("GlobalAveragePool", x), channels, inner, 1))
    return g.op("Mul", x, g.op("Sigmoid", conv(g, s, inner, channels, 1)))


def joined(g: Builder, y: str, length: int, size: int) -> str:
    """[1, H, L, D] as [1, L, H*D]."""
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, length, size]))
