"""Shape rules of elementwise ops, and the values of those that shape arithmetic uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from npusim.graph import DType
from npusim.loading.rules import Op, Out, broadcast, rule, small
from npusim.loading.tensors import dtype_of, numpy_type


def divide(a: Any, b: Any) -> Any:
    """ONNX division: towards zero for integers."""
    if not np.issubdtype(a.dtype, np.integer):
        return np.divide(a, b)
    quotient = np.floor_divide(np.abs(a), np.abs(b))
    return np.where((a < 0) != (b < 0), -quotient, quotient)


UNARY_VALUES: dict[str, Callable[[Any], Any]] = {
    "Abs": np.abs,
    "Neg": np.negative,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
    "Sqrt": np.sqrt,
    "Exp": np.exp,
    "Log": np.log,
    "Reciprocal": np.reciprocal,
    "Sign": np.sign,
    "Relu": lambda x: np.maximum(x, 0),
    "Not": np.logical_not,
    "BitwiseNot": np.invert,
    "IsNaN": np.isnan,
}
BINARY_VALUES: dict[str, Callable[[Any, Any], Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": divide,
    "Pow": np.power,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Xor": np.logical_xor,
    "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor,
    "Equal": np.equal,
    "Greater": np.greater,
    "Less": np.less,
    "GreaterOrEqual": np.greater_equal,
    "LessOrEqual": np.less_equal,
    "Max": np.maximum,
    "Min": np.minimum,
}
TO_BOOL = frozenset({"Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "IsNaN", "IsInf"})


@rule(
    *UNARY_VALUES, "IsInf", "Sigmoid", "Tanh", "Erf", "Softplus", "Softsign", "Sin", "Cos", "Tan",
    "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Elu", "Selu", "Celu", "LeakyRelu",
    "ThresholdedRelu", "HardSigmoid", "HardSwish", "Swish", "Mish", "Gelu", "Shrink", "Softmax",
    "LogSoftmax", "Hardmax", "CumSum", "CumProd", "Trilu", "LpNormalization",
    "MeanVarianceNormalization", "InstanceNormalization", "GroupNormalization",
    "RMSNormalization", "LRN", "PRelu", "Clip", "ReverseSequence",
)  # fmt: skip
def same_shape(op: Op) -> list[Out]:
    """The output has the shape of the first input."""
    x = op.x()
    dtype = DType.BOOL if op.kind in TO_BOOL else x.dtype
    compute = UNARY_VALUES.get(op.kind)
    data = None
    if compute is not None and x.data is not None and small(x.shape):
        data = np.asarray(compute(x.data), numpy_type(dtype))
    elif op.kind == "Clip" and x.data is not None:
        data = clip(op)
    return [Out(dtype, x.shape, data)]


def clip(op: Op) -> np.ndarray | None:
    data: Any = op.x().data
    for index, name, pick in ((1, "min", np.maximum), (2, "max", np.minimum)):
        bound = op.opt(index)
        if bound is None and name not in op.attributes:
            continue
        limit = op.attributes[name] if bound is None else bound.data
        if limit is None:
            return None
        data = pick(data, limit)
    return np.asarray(data, numpy_type(op.x().dtype))


@rule(*(kind for kind in BINARY_VALUES if kind not in ("Max", "Min")), "Mod", "BitShift")
def binary(op: Op) -> list[Out]:
    a, b = op.x(0), op.x(1)
    if a.dtype is not b.dtype and op.kind not in ("Pow", "BitShift"):
        raise ValueError(f"its inputs have two types, {a.dtype.label} and {b.dtype.label}")
    shape = broadcast(a.shape, b.shape)
    dtype = DType.BOOL if op.kind in TO_BOOL else a.dtype
    data = None
    if a.data is not None and b.data is not None and small(shape):
        compute = BINARY_VALUES.get(op.kind)
        if op.kind == "Mod":
            compute = np.fmod if op.attributes.get("fmod", 0) else np.mod
        if compute is not None:
            data = np.asarray(compute(a.data, b.data)).astype(numpy_type(dtype), copy=False)
    return [Out(dtype, shape, data)]


@rule("Max", "Min", "Sum", "Mean")
def variadic(op: Op) -> list[Out]:
    values = [op.x(index) for index in range(len(op.inputs) or 1)]
    shape = broadcast(*(v.shape for v in values))
    data = None
    if op.kind in BINARY_VALUES and small(shape) and all(v.data is not None for v in values):
        data = np.broadcast_to(np.asarray(values[0].data), shape)
        for value in values[1:]:
            data = np.asarray(BINARY_VALUES[op.kind](data, value.data))
    return [Out(values[0].dtype, shape, data)]


@rule("Where")
def where(op: Op) -> list[Out]:
    condition, a, b = op.x(0), op.x(1), op.x(2)
    shape = broadcast(condition.shape, a.shape, b.shape)
    data = None
    if small(shape) and not any(v.data is None for v in (condition, a, b)):
        data = np.where(np.asarray(condition.data), np.asarray(a.data), np.asarray(b.data))
    return [Out(a.dtype, shape, data)]


@rule("Cast", "CastLike")
def cast(op: Op) -> list[Out]:
    x = op.x()
    to = op.x(1).dtype if op.kind == "CastLike" else dtype_of(op.attributes["to"])
    data = None
    if x.data is not None and DType.STRING not in (to, x.dtype):
        data = x.data.astype(numpy_type(to))
    return [Out(to, x.shape, data)]


@rule("Dropout")
def dropout(op: Op) -> list[Out]:
    x = op.x()
    return [Out(x.dtype, x.shape), Out(DType.BOOL, x.shape)]


@rule("QuantizeLinear")
def quantize(op: Op) -> list[Out]:
    x, zero = op.x(), op.opt(2)
    if op.attributes.get("output_dtype", 0):
        dtype = dtype_of(op.attributes["output_dtype"])
    else:
        dtype = zero.dtype if zero is not None else DType.UINT8
    return [Out(dtype, x.shape)]


@rule("DequantizeLinear")
def dequantize(op: Op) -> list[Out]:
    if op.attributes.get("output_dtype", 0):
        return [Out(dtype_of(op.attributes["output_dtype"]), op.x().shape)]
    return [Out(op.x(1).dtype, op.x().shape)]


@rule("DynamicQuantizeLinear")
def dynamic_quantize(op: Op) -> list[Out]:
    return [Out(DType.UINT8, op.x().shape), Out(DType.FLOAT, ()), Out(DType.UINT8, ())]
