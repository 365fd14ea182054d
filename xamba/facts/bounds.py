"""Between which numbers does a value certainly lie? Asked where a table holds only up to an end."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, exp, inf, isnan, log1p, sqrt, tanh

import numpy as np
import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.facts.nodes import attribute, is_onnx

Bounds = tuple[float, float]
ANYTHING: Bounds = (-inf, inf)

#: Functions that rise everywhere: bounds go through them.
RISING: dict[str, Callable[[float], float]] = {
    "Relu": lambda x: max(x, 0.0),
    "Sigmoid": lambda x: 0.5 + 0.5 * tanh(0.5 * x),
    "Tanh": tanh,
    "Erf": erf,
    "Exp": lambda x: exp(x) if x < 700 else inf,
    "Softplus": lambda x: x if x > 30 else log1p(exp(x)),
    "Sqrt": lambda x: sqrt(max(x, 0.0)),
}
#: Elements of the output are elements of the first input (or zeros, for Trilu and Pad).
MOVES = {
    "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Expand", "Slice", "Gather", "Split", "Tile", "Identity",
    "Flatten", "Cast", "ReduceMax", "ReduceMin", "ReduceMean", "Trilu",
}  # fmt: skip


def bounds(value: ir.Value | None, facts: Facts, depth: int = 32) -> Bounds:
    """Numbers a value never leaves, whatever the inputs of the model (NaN aside)."""
    if value is None:
        return ANYTHING
    constant = _constant(value, facts)
    if constant is not None:
        return constant
    node = value.producer()
    if node is None or depth == 0 or not is_onnx(node):
        return ANYTHING
    at = lambda index: bounds(node.inputs[index], facts, depth - 1) if index < len(node.inputs) else ANYTHING
    op = node.op_type
    if op in RISING:
        lo, hi = at(0)
        return RISING[op](lo), RISING[op](hi)
    if op in MOVES:
        found = at(0)
        return _around_zero(found) if op == "Trilu" else found
    if op in ("Softmax", "HardSigmoid"):
        return 0.0, 1.0
    if op in ("Abs", "Neg"):
        lo, hi = at(0)
        return (-hi, -lo) if op == "Neg" else (0.0 if lo <= 0 <= hi else min(abs(lo), abs(hi)), max(-lo, hi))
    if op == "Clip":
        return _clip(node, at)
    if op in ("Min", "Max"):
        pairs = [at(index) for index in range(len(node.inputs))]
        pick = min if op == "Min" else max
        return pick(lo for lo, _ in pairs), pick(hi for _, hi in pairs)
    if op in ("Where", "Concat"):
        pairs = [at(index) for index in range(op == "Where", len(node.inputs))]
        return min(lo for lo, _ in pairs), max(hi for _, hi in pairs)
    if op == "Sub" and _largest_of(node.inputs[1], node.inputs[0]):
        return -inf, 0.0
    if op in ("Add", "Sub", "Mul"):
        return _arithmetic(op, node, at)
    if op == "Pow" and _even(node.inputs[1], facts):
        return 0.0, inf
    return ANYTHING


def _constant(value: ir.Value, facts: Facts) -> Bounds | None:
    array = facts.constant(value)
    if array is None and value.const_value is not None and not value.is_graph_input():
        try:
            array = value.const_value.numpy()
        except (OSError, ValueError):
            return None
    if array is None or not array.size or (array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16"):
        return None
    wide = np.asarray(array, np.float64)
    return ANYTHING if np.isnan(wide).any() else (float(wide.min()), float(wide.max()))


def _around_zero(found: Bounds) -> Bounds:
    return min(found[0], 0.0), max(found[1], 0.0)


def _clip(node: ir.Node, at: Callable[[int], Bounds]) -> Bounds:
    lo, hi = at(0)
    if len(node.inputs) > 1 or not node.attributes:
        least = at(1)[0] if len(node.inputs) > 1 and node.inputs[1] is not None else -inf
        most = at(2)[1] if len(node.inputs) > 2 and node.inputs[2] is not None else inf
    else:
        least, most = attribute(node, "min", -inf), attribute(node, "max", inf)
    return min(max(lo, least), most), max(min(hi, most), least)


def _arithmetic(op: str, node: ir.Node, at: Callable[[int], Bounds]) -> Bounds:
    (a, b), (c, d) = at(0), at(1)
    if op == "Add":
        return a + c, b + d
    if op == "Sub":
        return a - d, b - c
    if node.inputs[0] is node.inputs[1]:
        return 0.0, max(a * a, b * b)
    products = [
        0.0 if isnan(x * y) else x * y for x in (a, b) for y in (c, d)
    ]  # 0 * inf: the bound is not met
    return min(products), max(products)


def _largest_of(largest: ir.Value | None, x: ir.Value | None) -> bool:
    """Whether one value is ReduceMax(x) along some axis, so that x less it is never positive."""
    node = None if largest is None else largest.producer()
    return node is not None and is_onnx(node) and node.op_type == "ReduceMax" and node.inputs[0] is x


def _even(exponent: ir.Value | None, facts: Facts) -> bool:
    array = facts.constant(exponent)
    return array is not None and array.size > 0 and bool((np.asarray(array, np.float64) % 2 == 0).all())
