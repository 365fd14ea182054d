"""Where each element of a value comes from, when only moves lie in between.

`IndexMap` runs the moves (Slice, Gather, Reshape, Transpose, Scatter, Concat, ...) on whole numbers that stand for
the elements of some root values, so any spelling of "row i, columns before i" reads the same.
"""

from __future__ import annotations

from math import prod

import numpy as np
import onnx_ir as ir

from xamba.facts.elements import Elements
from xamba.facts.nodes import attribute, is_onnx
from xamba.facts.reading import slices

LARGEST = 2**24
#: Ops whose elements are elements of the first operand.
VIEWS = {
    "Slice", "Gather", "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Flatten", "Identity", "Expand", "Tile",
    "Split", "Cast", "GatherND", "GatherElements",
}  # fmt: skip
#: Ops that put elements of one operand among those of another.
MIXES = {"ScatterND", "ScatterElements", "Scatter", "Concat"}


class IndexMap:
    """Numbers of elements for roots, and for everything moved from them."""

    def __init__(self, elements: Elements, roots: dict[ir.Value, np.ndarray]) -> None:
        self.elements = elements
        self._known: dict[ir.Value, np.ndarray | None] = dict(roots)

    def of(self, value: ir.Value | None) -> np.ndarray | None:
        """The numbers of a value's elements; None when something else than a move lies in between."""
        if value is None:
            return None
        if value not in self._known:
            self._known[value] = None
            node = value.producer()
            if node is not None and is_onnx(node) and node.op_type in VIEWS | MIXES:
                try:
                    self._known[value] = self._move(node, value)
                except (ValueError, IndexError, TypeError):
                    self._known[value] = None
        return self._known[value]

    def write(self, value: ir.Value, numbers: np.ndarray) -> None:
        """Give the elements of another value their numbers; call it before its readers are asked for."""
        self._known[value] = numbers

    def _numbers(self, value: ir.Value | None) -> np.ndarray:
        found = self.elements.whole.of(value) if value is not None else None
        if found is None:
            found = self.elements.facts.constant(value)
        if found is None:
            raise ValueError("not constant")
        return np.asarray(found)

    def _move(self, node: ir.Node, value: ir.Value) -> np.ndarray | None:
        op = node.op_type
        if op in MIXES:
            return self._mix(node)
        x = self.of(node.inputs[0])
        found = self.elements.shape(value)
        if x is None or found is None or None in found:
            return None
        shape = [d if isinstance(d, int) else 1 for d in found]  # one batch stands for all
        if op == "Cast":
            same = self.elements.facts.of(value).dtype == self.elements.facts.of(node.inputs[0]).dtype  # type: ignore[arg-type]
            return x if same else None
        if op == "Identity":
            return x
        if op in ("Reshape", "Unsqueeze", "Squeeze", "Flatten"):
            return x.reshape(shape)
        if op == "Transpose":
            return np.transpose(x, attribute(node, "perm", None))
        if op == "Expand":
            return np.broadcast_to(x, shape) if prod(shape) <= LARGEST else None
        if op == "Tile":
            return np.tile(x, [int(n) for n in self._numbers(node.inputs[1])])
        if op == "Slice":
            index = [slice(None)] * x.ndim
            for axis, (first, last, step) in slices(node, self.elements.facts, x.shape).items():
                index[axis] = slice(first, None if last < 0 else last, step)
            return x[tuple(index)]
        axis = attribute(node, "axis", 0) % x.ndim
        if op == "Gather":
            return np.take(x, self._numbers(node.inputs[1]).astype(np.int64), axis)
        if op == "Split":
            at = list(node.outputs).index(value)
            lengths = [(self.elements.shape(o) or ())[axis] for o in node.outputs]
            start = sum(int(d) for d in lengths[:at] if isinstance(d, int))
            return np.take(x, range(start, start + int(lengths[at] or 0)), axis)
        index_array = self._numbers(node.inputs[1]).astype(np.int64)
        if op == "GatherElements":
            return np.take_along_axis(x, index_array % x.shape[axis], axis)
        if attribute(node, "batch_dims", 0):
            return None
        return x[tuple(np.moveaxis(index_array, -1, 0))]

    def _mix(self, node: ir.Node) -> np.ndarray | None:
        parts = [self.of(x) for x in node.inputs]
        if node.op_type == "Concat":
            known = [p for p in parts if p is not None]
            return np.concatenate(known, attribute(node, "axis", 0)) if len(known) == len(parts) else None
        data, updates = self.of(node.inputs[0]), self.of(node.inputs[2])
        if data is None or updates is None or attribute(node, "reduction", "none") != "none":
            return None
        index, result = self._numbers(node.inputs[1]).astype(np.int64), data.copy()
        if node.op_type == "ScatterND":
            rows = index.reshape(-1, index.shape[-1])
            if len(np.unique(rows, axis=0)) != len(rows):
                return None  # the same place twice
            result[tuple(np.moveaxis(index, -1, 0))] = updates
            return result
        axis = attribute(node, "axis", 0) % data.ndim
        where = list(np.indices(index.shape))
        where[axis] = index % data.shape[axis]
        result[tuple(where)] = updates
        return result
