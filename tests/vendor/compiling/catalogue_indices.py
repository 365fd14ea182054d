"""Forms of ops with indices, of quantisation."""

import numpy as np

from tests.vendor.compiling.forms import SHAPES, G, form

FLOATS = "float32 float16"
WIDE = "float32 float16 bfloat16 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64"


# Indices
@form("Gather", ranks=(1, 2, 3, 4, 5, 6), types="all")
def gather(g: G, rank: int, dtype: str):
    return g.op("Gather", g.x(SHAPES[rank], dtype), g.x((3,), "int64"), axis=0)


def _gather(name: str, axis: int, shape: tuple[int, ...], index: str, constant: bool):
    @form("Gather", name, ranks=(2, 3, 4), types=FLOATS)
    def other(g: G, rank: int, dtype: str):
        where = g.c(np.zeros(shape), index) if constant else g.x(shape, index)
        return g.op("Gather", g.x(SHAPES[rank], dtype), where, axis=axis)


_gather("scalar", 1, (), "int64", True)
_gather("last", -1, (3,), "int64", True)
_gather("matrix of int32", 1, (2, 3), "int32", False)
_gather("run-time scalar", 1, (), "int32", False)


@form("Gather", "table", types=WIDE)
def gather_table(g: G, rank: int, dtype: str):
    return g.op("Gather", g.w((100, 16), dtype), g.x((2, 8), "int64"), axis=0)


@form("GatherElements", ranks=(1, 2, 3, 4, 5), types="all")
def gather_elements(g: G, rank: int, dtype: str):
    return g.op("GatherElements", g.x(SHAPES[rank], dtype), g.x((*SHAPES[rank][:-1], 5), "int64"), axis=-1)


@form("GatherND", ranks=(2, 3, 4, 5), types="all")
def gather_nd(g: G, rank: int, dtype: str):
    return g.op("GatherND", g.x(SHAPES[rank], dtype), g.x((5, 2), "int64"))


@form("GatherND", "batch")
def gather_nd_batch(g: G, rank: int, dtype: str):
    return g.op("GatherND", g.x((2, 4, 16)), g.x((2, 3, 1), "int64"), batch_dims=1)


@form("ScatterElements", ranks=(1, 2, 3, 4, 5), types="all")
def scatter_elements(g: G, rank: int, dtype: str):
    part = (*SHAPES[rank][:-1], 5)
    return g.op("ScatterElements", g.x(SHAPES[rank], dtype), g.x(part, "int64"), g.x(part, dtype), axis=-1)


@form("Scatter", opset=10)
def scatter(g: G, rank: int, dtype: str):
    return g.op("Scatter", g.x((2, 4)), g.x((1, 3), "int64"), g.x((1, 3)), axis=1)


@form("ScatterND", ranks=(1, 2, 3, 4, 5, 6), types="all")
def scatter_nd(g: G, rank: int, dtype: str):
    return g.op(
        "ScatterND", g.x(SHAPES[rank], dtype), g.x((2, 1), "int64"), g.x((2, *SHAPES[rank][1:]), dtype)
    )


@form("ScatterND", "constant", ranks=(2, 3, 4, 5, 6))
def scatter_nd_constant(g: G, rank: int, dtype: str):
    return g.op(
        "ScatterND", g.x(SHAPES[rank], dtype), g.c([[0], [1]], "int64"), g.x((2, *SHAPES[rank][1:]), dtype)
    )


def _scatter(op: str, how: str):
    @form(op, how, ranks=(3,))
    def scatter(g: G, rank: int, dtype: str):
        index, part = ((2, 4, 5), (2, 4, 5)) if op == "ScatterElements" else ((2, 1), (2, 4, 16))
        return g.op(op, g.x((2, 4, 16)), g.x(index, "int64"), g.x(part), reduction=how)


for _how in ("add", "mul", "max", "min"):
    _scatter("ScatterElements", _how)
    _scatter("ScatterND", _how)


@form("ReverseSequence", types="float32 int32")
def reverse(g: G, rank: int, dtype: str):
    return g.op("ReverseSequence", g.x((4, 6, 8), dtype), g.x((6,), "int64"), batch_axis=1, time_axis=0)


@form("TensorScatter")
def tensor_scatter(g: G, rank: int, dtype: str):
    return g.op("TensorScatter", g.x((2, 3, 16, 8)), g.x((2, 3, 2, 8)), g.x((2,), "int64"))


# Quantisation
@form("QuantizeLinear", types="uint8 int8 int16 uint16", ranks=(1, 2, 3, 4, 5))
def quantize(g: G, rank: int, dtype: str):
    return g.op("QuantizeLinear", g.x(SHAPES[rank]), g.c(0.1), g.c(0, dtype))


@form("DequantizeLinear", types="uint8 int8 int16 uint16 int32", ranks=(1, 2, 3, 4, 5))
def dequantize(g: G, rank: int, dtype: str):
    return g.op("DequantizeLinear", g.x(SHAPES[rank], dtype), g.c(0.1), g.c(0, dtype))


@form("QuantizeLinear", "axis", types="uint8 int8")
def quantize_axis(g: G, rank: int, dtype: str):
    return g.op("QuantizeLinear", g.x((2, 4, 8)), g.c([0.1, 0.2, 0.3, 0.4]), g.c([0] * 4, dtype), axis=1)


@form("DequantizeLinear", "axis", types="uint8 int8")
def dequantize_axis(g: G, rank: int, dtype: str):
    return g.op(
        "DequantizeLinear", g.x((2, 4, 8), dtype), g.c([0.1, 0.2, 0.3, 0.4]), g.c([0] * 4, dtype), axis=1
    )


@form("DequantizeLinear", "blocks", types="int8")
def dequantize_blocks(g: G, rank: int, dtype: str):
    return g.op("DequantizeLinear", g.x((8, 8), dtype), g.w((8, 2)), axis=1, block_size=4)


@form("DynamicQuantizeLinear")
def dynamic_quantize(g: G, rank: int, dtype: str):
    return g.op("DynamicQuantizeLinear", g.x(SHAPES[2]), count=3)
