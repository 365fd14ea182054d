"""Whole values of constants that are too big for `Facts` (masks of the size of a chunk), by numpy.

`Facts` folds small whole numbers only. The masks of a scan are made by a few ops from nothing
(ConstantOfShape, Trilu, Not, Cast) or lie in the file; `Whole` computes them when a pass asks.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.facts.fact import constant_tensor
from xamba.facts.facts import Facts
from xamba.facts.folding import ARITHMETIC
from xamba.facts.nodes import attribute, is_onnx

#: Elements of the largest constant that is looked into.
LARGEST = 2**22

UNARY: dict[str, Callable[..., Any]] = {
    "Identity": lambda x: x,
    "Not": np.logical_not,
    "Neg": np.negative,
    "Exp": np.exp,
    "Abs": np.abs,
}
BINARY: dict[str, Callable[..., Any]] = ARITHMETIC | {"And": np.logical_and, "Or": np.logical_or}


class Whole:
    """Values of constants, each computed once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[ir.Value, np.ndarray | None] = {}

    def of(self, value: ir.Value | None) -> np.ndarray | None:
        """The value when it is the same in every run and has at most `LARGEST` elements, else None."""
        if value is None:
            return None
        if value not in self._known:
            self._known[value] = None  # a circle would be no graph; this only guards the recursion
            self._known[value] = self._compute(value)
        return self._known[value]

    def _compute(self, value: ir.Value) -> np.ndarray | None:
        if value.is_graph_input():
            return None
        node = value.producer()
        if value.const_value is not None:
            return _data(value.const_value)
        if node is None or not is_onnx(node):
            return None
        if node.op_type == "Constant":
            tensor = constant_tensor(node)
            return None if tensor is None else _data(tensor)
        small = self._facts.constant(value)
        return small if small is not None else self._made(node)

    def _made(self, node: ir.Node) -> np.ndarray | None:
        op = node.op_type
        if op == "ConstantOfShape":
            shape = self._facts.constant(node.inputs[0]) if node.inputs[0] is not None else None
            if shape is None or prod(int(d) for d in shape) > LARGEST:
                return None
            fill = attribute(node, "value", None)
            filled = np.zeros(1, np.float32) if fill is None else np.asarray(fill.numpy())
            return np.broadcast_to(filled.ravel()[0], tuple(int(d) for d in shape))
        if op == "CastLike":  # of the second operand only the type counts
            x, like = self.of(node.inputs[0]), node.inputs[1]
            dtype = self._facts.of(like).dtype if like is not None else None
            return None if x is None or dtype is None else x.astype(dtype.numpy())
        if op not in (*UNARY, *BINARY, *MADE):
            return None
        inputs = [self.of(x) for x in node.inputs]
        if any(x is None for x, v in zip(inputs, node.inputs, strict=True) if v is not None):
            return None
        with np.errstate(all="ignore"):
            try:
                return _apply(node, op, inputs)
            except (ValueError, IndexError, TypeError):
                return None


MADE = {
    "Trilu", "Cast", "Where", "Expand", "Reshape", "Unsqueeze", "Squeeze", "Transpose", "Concat", "Range", "Gather",
    "Tile",
}  # fmt: skip


def _apply(node: ir.Node, op: str, inputs: list[np.ndarray | None]) -> np.ndarray | None:
    x = inputs[0]
    assert x is not None
    if op in UNARY:
        return np.asarray(UNARY[op](x))
    if op in BINARY:
        return np.asarray(BINARY[op](x, inputs[1]))
    if op == "Cast":
        return x.astype(ir.DataType(node.attributes["to"].as_int()).numpy())
    if op == "Where":
        left: Any = inputs[1]
        right: Any = inputs[2]
        return np.asarray(np.where(x, left, right))
    if op == "Concat":
        return np.concatenate([v for v in inputs if v is not None], attribute(node, "axis", 0))
    if op == "Transpose":
        return np.transpose(x, attribute(node, "perm", None))
    argument = inputs[1] if len(inputs) > 1 else None
    if op == "Trilu":
        offset = 0 if argument is None else int(argument.ravel()[0])
        return np.triu(x, offset) if attribute(node, "upper", 1) else np.tril(x, offset)
    if op in ("Unsqueeze", "Squeeze"):
        axes = attribute(node, "axes", None) if argument is None else argument.tolist()
        if op == "Squeeze":
            return np.squeeze(x, None if axes is None else tuple(axes))
        return np.expand_dims(x, tuple(axes))
    if argument is None:
        return None
    if op == "Gather":
        return np.take(x, argument.astype(np.int64), attribute(node, "axis", 0))
    if op == "Range" and inputs[2] is not None:
        return np.arange(x.item(), argument.item(), inputs[2].item(), dtype=x.dtype)
    dims = [int(d) for d in argument]
    if op == "Tile":
        return np.tile(x, dims) if x.size * prod(dims) <= LARGEST else None
    if op == "Expand":
        shape = np.broadcast_shapes(x.shape, dims)
        return np.broadcast_to(x, shape) if prod(shape) <= LARGEST else None
    copied = not attribute(node, "allowzero", 0)
    return x.reshape([x.shape[i] if d == 0 and copied else d for i, d in enumerate(dims)])


def _data(tensor: ir.TensorProtocol) -> np.ndarray | None:
    if tensor.size > LARGEST or tensor.dtype == ir.DataType.STRING:
        return None
    try:
        return np.asarray(tensor.numpy())
    except (OSError, ValueError):  # the weights are not there
        return None
