"""The small arithmetic on shapes and constants that exporters leave in their graphs.

`fold` computes the value of a node from the known values of its inputs; `folded_shape` the shape
that a partly known value gives. A vector whose entries are partly known (a free batch dimension
among numbers) is an object array, with the name of a free dimension or None for what is no number.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.facts.fact import MAX_ELEMENTS, Fact, constant_tensor
from xamba.facts.nodes import attribute

Dims = tuple[Any, ...]
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Equal": np.equal,
    "Less": np.less,
    "Greater": np.greater,
    "LessOrEqual": np.less_equal,
    "GreaterOrEqual": np.greater_equal,
}
NEVER = (
    "Random",
    "Bernoulli",
    "Multinomial",
    "Expand",
    "Tile",
    "Dropout",
    "QuantizeLinear",
    "DequantizeLinear",
)


def fold(node: ir.Node, inputs: list[Fact]) -> np.ndarray | None:
    """The value of the node's output, as far as it is known and small; else None."""
    op = node.op_type
    if op in ("Shape", "Size"):
        return _shape_op(node, inputs[0].shape)
    if op == "Constant":
        tensor = constant_tensor(node)
        return None if tensor is None or tensor.size > MAX_ELEMENTS else np.asarray(tensor.numpy())
    values = [fact.value for fact in inputs]
    if not values or any(v is None and x is not None for v, x in zip(values, node.inputs, strict=True)):
        return None
    try:
        return _compute(node, op, values)
    except (ValueError, IndexError, TypeError, KeyError, ZeroDivisionError, OverflowError):
        return None


def _shape_op(node: ir.Node, shape: Dims | None) -> np.ndarray | None:
    if shape is None:
        return None
    if node.op_type == "Size":
        return np.array(prod(shape), np.int64) if all(isinstance(d, int) for d in shape) else None
    start, end = attribute(node, "start", 0), attribute(node, "end", None)
    return _vector(shape[start:end])


def _vector(dims: Dims) -> np.ndarray:
    """A shape as a vector: int64 when all is known, an object array with names and None otherwise."""
    if all(isinstance(d, int) for d in dims):
        return np.array(dims, np.int64)
    return np.array(dims, object)


def _settle(array: np.ndarray) -> np.ndarray:
    """An object array of numbers only becomes int64 again."""
    if array.dtype == object and all(isinstance(x, int | np.integer) for x in array.ravel()):
        return array.astype(np.int64)
    return array


def _compute(node: ir.Node, op: str, values: list[Any]) -> np.ndarray | None:
    x = values[0]
    partial = any(v is not None and v.dtype == object for v in values)
    if op == "Identity":
        return x
    if op == "Cast":
        return x if partial else x.astype(ir.DataType(node.attributes["to"].as_int()).numpy())
    if op == "Gather":
        taken = np.take(x, values[1].astype(np.int64), axis=attribute(node, "axis", 0))
        return _settle(np.asarray(taken, dtype=x.dtype))
    if op in ("Unsqueeze", "Squeeze"):
        axes = attribute(node, "axes", None) if len(values) < 2 else values[1].tolist()
        if op == "Squeeze":
            return np.squeeze(x, None if axes is None else tuple(axes))
        return np.expand_dims(x, tuple(axes)) if axes else x
    if op == "Concat":
        if partial:
            values = [v.astype(object) for v in values]
        return np.concatenate(values, axis=node.attributes["axis"].as_int())
    if op == "Slice" and len(values) >= 3:
        return _settle(_slice(x, *values[1:]))
    if op in ARITHMETIC and partial:
        known = lambda x: x is not None and not isinstance(x, str)
        one = lambda a, b: ARITHMETIC[op](a, b) if known(a) and known(b) else None
        result = np.asarray(np.frompyfunc(one, 2, 1)(*values), dtype=object)
        return _settle(result)
    if op in ARITHMETIC:
        with np.errstate(all="ignore"):
            return np.asarray(ARITHMETIC[op](*values))
    if op == "Where" and partial:
        pick = lambda c, a, b: None if c is None or isinstance(c, str) else a if c else b
        return _settle(np.asarray(np.frompyfunc(pick, 3, 1)(*values), dtype=object))
    if op == "Reshape" and not partial:
        target = [x.shape[i] if d == 0 else int(d) for i, d in enumerate(values[1])]
        return x.reshape(target)
    if op == "ConstantOfShape" and not partial:
        if prod(int(d) for d in x) > MAX_ELEMENTS:
            return None
        fill = attribute(node, "value", None)
        filled = np.zeros(1, np.float32) if fill is None else np.asarray(fill.numpy())
        return np.full(tuple(int(d) for d in x), filled.ravel()[0])
    return None if partial or op.startswith(NEVER) else _reference(node, values)


def _slice(x: np.ndarray, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> np.ndarray:
    axes = range(len(starts)) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    index: list[slice] = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts.tolist(), ends.tolist(), steps, strict=True):
        size = x.shape[axis]
        if step < 0 and end < -size:
            end = None
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def _reference(node: ir.Node, values: list[Any]) -> np.ndarray | None:
    """Any other op on small whole numbers (or a few floats), by ONNX's reference implementation."""
    for v in values:
        if v is not None and v.dtype.kind not in "iub" and v.size > 64:
            return None
    from onnx.reference import ReferenceEvaluator

    feeds = {x.name or "": v for x, v in zip(node.inputs, values, strict=True) if x is not None}
    try:
        outputs: Any = ReferenceEvaluator(ir.serde.serialize_node(node)).run(None, feeds)
        found = outputs[0]
    except Exception:  # an op the reference does not know or refuses is simply not folded
        return None
    small = isinstance(found, np.ndarray | np.generic) and found.size <= MAX_ELEMENTS
    return np.asarray(found) if small else None


def folded_shape(node: ir.Node, inputs: list[Fact]) -> Dims | None:
    """Output shape of ops that take a shape as input, from a partly known one."""
    op = node.op_type
    if op == "ConstantOfShape" and inputs[0].value is not None:
        return tuple(_dim(d) for d in inputs[0].value)
    if op == "Tile":
        return _tile(inputs)
    if op not in ("Reshape", "Expand") or len(inputs) < 2 or inputs[1].value is None:
        return None
    shape, target = inputs[0].shape, [_dim(d) for d in inputs[1].value]
    if op == "Expand":
        return None if shape is None else _broadcast(shape, tuple(target))
    return _reshape(shape, target, bool(attribute(node, "allowzero", 0)))


def _tile(inputs: list[Fact]) -> Dims | None:
    """A free length that is repeated once stays what it is."""
    shape, repeats = inputs[0].shape, inputs[1].value if len(inputs) == 2 else None
    if shape is None or repeats is None or len(repeats) != len(shape):
        return None
    times = [_dim(n) for n in repeats]
    return tuple(
        d if n == 1 else d * n if isinstance(d, int) and isinstance(n, int) else None
        for d, n in zip(shape, times, strict=True)
    )


def _dim(d: Any) -> int | str | None:
    return d if d is None or isinstance(d, str) else int(d)


def _reshape(shape: Dims | None, target: list[Any], allowzero: bool) -> Dims:
    dims: list[Any] = []
    for index, d in enumerate(target):
        copied = d == 0 and not allowzero
        dims.append((shape[index] if shape is not None and index < len(shape) else None) if copied else d)
    if -1 in dims:
        rest = None
        others = [d for d in dims if d != -1]
        if shape is not None and None not in others:
            left, right = list(shape), others
            for symbol in [d for d in right if isinstance(d, str)]:  # a free dimension that is copied cancels
                if symbol in left:
                    left.remove(symbol)
                    right = [d for i, d in enumerate(right) if i != right.index(symbol)]
            if all(isinstance(d, int) for d in (*left, *right)) and prod(right):
                rest = prod(left) // prod(right)
            elif _spent(left, right):
                rest = next(d for d in left if not isinstance(d, int))
        dims[dims.index(-1)] = rest
    elif dims.count(None) == 1 and shape is not None and all(isinstance(d, int) for d in shape):
        known = prod(d for d in dims if isinstance(d, int))
        if known and not any(isinstance(d, str) for d in dims):
            dims[dims.index(None)] = prod(shape) // known
    return tuple(dims)


def _spent(left: list[Any], right: list[Any]) -> bool:
    """Whether one free length is left when all others are spent: then -1 stands for it."""
    known = [d for d in left if isinstance(d, int)]
    return (
        len(left) == len(known) + 1 and all(isinstance(d, int) for d in right) and prod(known) == prod(right)
    )


def _broadcast(a: Dims, b: Dims) -> Dims:
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    out = []
    for x, y in zip(a, b, strict=True):
        if x == 1:
            out.append(y)
        elif y == 1 or x == y:
            out.append(x)
        else:
            out.append(x if isinstance(x, int) else y if isinstance(y, int) else None)
    return tuple(out)
