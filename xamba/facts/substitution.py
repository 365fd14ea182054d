"""Finding a forward substitution that is written out row by row, whatever ops it is spelled with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from xamba.facts.elements import Elements
from xamba.facts.index_map import MIXES, VIEWS, IndexMap
from xamba.facts.nodes import is_onnx
from xamba.facts.reading import reduced_axes

LARGEST = 2**22


@dataclass
class Substitution:
    """``matrix[i, :i] += matrix[i, :i] @ matrix[:i, :i]`` for i = 1, 2, ..; `steps` are the Adds.

    result: the value after the last row; None when rows are missing.
    """

    matrix: ir.Value
    size: int
    steps: list[ir.Node] = field(default_factory=list)
    result: ir.Value | None = None


def substitutions(graph: ir.Graph, elements: Elements) -> list[Substitution]:
    """All substitutions of at least two steps in a graph."""
    found: list[Substitution] = []
    adds = [n for n in graph if is_onnx(n) and n.op_type == "Add" and len(n.inputs) == 2]
    used: set[ir.Node] = set()
    for place, node in enumerate(adds):
        if node in used:
            continue
        reader = _start(node, elements)
        if reader is None:
            continue
        for later in adds[place:]:
            if later not in used and reader.take(later):
                used.add(later)
        if len(reader.found.steps) > 1:
            reader.finish()
            found.append(reader.found)
    return found


def _start(node: ir.Node, elements: Elements) -> _Reader | None:
    for row, total in (node.inputs, reversed(node.inputs)):
        if terms_of(total) is None:
            continue
        source = row
        while source is not None:
            maker = source.producer()
            if maker is None or not is_onnx(maker) or maker.op_type not in VIEWS:
                break
            source = maker.inputs[0]
        shape = None if source is None else elements.shape(source)
        if source is None or shape is None or len(shape) < 2 or elements.is_constant(source):
            continue
        n = shape[-1]
        if not isinstance(n, int) or n < 2 or shape[-2] != n or None in shape:
            continue
        lengths = [d if isinstance(d, int) else 1 for d in shape]
        if np.prod(lengths) <= LARGEST:
            reader = _Reader(Substitution(source, n), lengths, elements)
            if reader.matches(node):
                return reader
    return None


def terms_of(value: ir.Value | None) -> ir.Node | None:
    """The MatMul, the ReduceSum of a Mul, or the Mul (a sum of one term) that a value is, past moves that keep its
    elements in order."""
    for _ in range(8):
        node = None if value is None else value.producer()
        if node is None or not is_onnx(node):
            return None
        if node.op_type in ("MatMul", "Mul"):
            return node
        if node.op_type == "ReduceSum":
            mul = node.inputs[0].producer() if node.inputs[0] is not None else None
            return node if mul is not None and mul.op_type == "Mul" and is_onnx(mul) else None
        if node.op_type not in ("Squeeze", "Unsqueeze", "Reshape", "Identity"):
            return None
        value = node.inputs[0]
    return None


class _Reader:
    """Takes one Add after the other as the next step.

    Elements are numbered by their place in the matrix; those that a step wrote have `total` added.
    """

    def __init__(self, found: Substitution, lengths: list[int], elements: Elements) -> None:
        self.found, self.elements = found, elements
        self.places = np.arange(int(np.prod(lengths))).reshape(lengths)
        self.total = self.places.size
        self.map = IndexMap(elements, {found.matrix: self.places})

    def matches(self, node: ir.Node) -> bool:
        return self._row(node) is not None

    def take(self, node: ir.Node) -> bool:
        """Whether this Add is the next row; then later readers see its elements as written."""
        row = self._row(node)
        if row is None:
            return False
        self.found.steps.append(node)
        self.map.write(node.outputs[0], row + self.total)
        return True

    def _row(self, node: ir.Node) -> np.ndarray | None:
        """Places of the row that an Add makes, if it is the next one."""
        i, n = len(self.found.steps) + 1, self.found.size
        if i >= n:
            return None
        for value, total in (node.inputs, reversed(node.inputs)):
            terms = terms_of(total)
            if terms is None:
                continue
            row = self.map.of(value)
            if row is None or row.size != self.places.size // (n * n) * i:
                continue
            pair = self._terms(terms, row.shape)
            if pair is None:
                continue
            wanted = self.places[..., i, :i].reshape(-1)
            if not np.array_equal(row.reshape(-1), wanted):
                continue
            if self._is_product(row, pair[0], pair[1], i) or self._is_product(row, pair[1], pair[0], i):
                return row
        return None

    def _terms(self, node: ir.Node, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray] | None:
        """Numbers of the two factors of every term, the terms of one sum along a last axis."""
        if node.op_type == "MatMul":
            a, b = (self.map.of(x) for x in node.inputs)
            if a is None or b is None or min(a.ndim, b.ndim) < 2:
                return None
            left, right = a[..., :, None, :], np.swapaxes(b, -1, -2)[..., None, :, :]
        elif node.op_type == "Mul":
            a, b = (self.map.of(x) for x in node.inputs)
            if a is None or b is None:
                return None
            left, right = a[..., None], b[..., None]
        else:
            mul = node.inputs[0].producer()  # type: ignore[union-attr]
            assert mul is not None
            a, b = (self.map.of(x) for x in mul.inputs)
            if a is None or b is None:
                return None
            left, right = np.broadcast_arrays(a, b)
            try:
                over = sorted(reduced_axes(node, self.elements.facts, left.ndim))
            except ValueError:
                return None
            rest = [x for x in range(left.ndim) if x not in over]
            count = int(np.prod([left.shape[x] for x in over]))
            left, right = (
                np.transpose(x, [*rest, *over]).reshape([*(x.shape[r] for r in rest), count])
                for x in (left, right)
            )
        try:
            left, right = np.broadcast_arrays(left, right)
            return left.reshape(*shape, left.shape[-1]), right.reshape(*shape, left.shape[-1])
        except ValueError:
            return None

    def _is_product(self, row: np.ndarray, left: np.ndarray, right: np.ndarray, i: int) -> bool:
        """Whether the sums are row i, columns before i, times the rows before, as they now are."""
        if left.shape[-1] != i:
            return False
        n, total = self.found.size, self.total
        batch, column = row // (n * n), row % n
        if (left >= total).any():
            return False
        order = np.argsort(left % n, axis=-1)
        left, right = np.take_along_axis(left, order, -1), np.take_along_axis(right, order, -1)
        inner = np.broadcast_to(np.arange(i), left.shape)
        if not np.array_equal(left, (batch[..., None] * n + i) * n + inner):
            return False
        wanted = (batch[..., None] * n + inner) * n + column[..., None]
        written = np.where(inner > column[..., None], wanted + total, wanted)
        return np.array_equal(right, written)

    def finish(self) -> None:
        """Find the value in which all rows are written."""
        if len(self.found.steps) != self.found.size - 1:
            return
        lower = np.tril(np.ones((self.found.size,) * 2, bool), -1)
        wanted = np.where(lower, self.places + self.total, self.places)
        waiting, seen = [self.found.steps[-1].outputs[0]], set[ir.Value]()
        for value in _forward(waiting, seen):
            numbers = self.map.of(value)
            read = value.is_graph_output() or bool(value.uses())
            if read and numbers is not None and np.array_equal(numbers, wanted):
                self.found.result = value


def _forward(waiting: list[ir.Value], seen: set[ir.Value]) -> Iterable[ir.Value]:
    """Values moved from others, nearest first."""
    while waiting:
        value = waiting.pop(0)
        for use in value.uses():
            node = use.node
            if is_onnx(node) and node.op_type in VIEWS | MIXES and node.outputs[0] not in seen:
                seen.add(node.outputs[0])
                waiting.append(node.outputs[0])
                yield node.outputs[0]
