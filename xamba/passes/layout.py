"""Labelled values: where a value's axes really come from, and how to have them in another order.

Every axis longer than 1 gets a label, the same for axes that run together. `Layouts.support` says along
which labels a value really varies (an Expand, a Tile or an Unsqueeze adds an axis along which all
elements are the same); `Layouts.emit` makes the value anew with its real axes in a given order, past
all the moves in between: a Transpose behind a sole reader is never made and then undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.axes import ELEMENTWISE
from xamba.facts.elements import Elements
from xamba.facts.facts import Dim
from xamba.facts.move_rules import groups
from xamba.facts.nodes import attribute, is_onnx
from xamba.workbench import Workbench

#: A label of an axis; None for an axis of length 1.
Label = str | None
#: Constants above this size are turned by the compiler, not here.
LARGEST_CONSTANT = 2**20


@dataclass(frozen=True)
class Step:
    """What a value is made of: `inputs` with their labels, by an op that moves or works element by element."""

    node: ir.Node
    inputs: tuple[tuple[ir.Value, tuple[Label, ...]], ...]
    moves: bool


class Layouts:
    """Labelled values of one product. `sizes` holds the length of every label."""

    def __init__(self, elements: Elements, bench: Workbench) -> None:
        self.elements, self.bench = elements, bench
        self.sizes: dict[str, Dim] = {}
        self._supports: dict[tuple[ir.Value, tuple[Label, ...]], set[str]] = {}
        self._plans: dict[tuple[ir.Value, tuple[Label, ...], tuple[str, ...]], tuple[int, bool]] = {}

    def label(self, value: ir.Value, names: Sequence[str]) -> tuple[Label, ...]:
        """Give the axes of a value these labels; axes of length 1 have none.

        Raises `Keep` when the shape is unknown or lengths of one label differ.
        """
        shape = self.elements.shape(value)
        if shape is None or len(shape) != len(names):
            raise Keep("the shape of an operand is unknown")
        labels: list[Label] = []
        for name, d in zip(names, shape, strict=True):
            if d == 1:
                labels.append(None)
                continue
            if d is None or self.sizes.setdefault(name, d) != d:
                raise Keep("its operands have free lengths that may broadcast or not")
            labels.append(name)
        return tuple(labels)

    def support(self, value: ir.Value, labels: Sequence[Label]) -> set[str]:
        """Labels along which the value may vary."""
        key = (value, tuple(labels))
        if key not in self._supports:
            own = {x for x in labels if x is not None}
            step = self._step(value, labels) if own else None
            if step is not None:
                own &= set().union(*(self.support(source, marks) for source, marks in step.inputs))
            self._supports[key] = own
        return self._supports[key]

    def cost(self, value: ir.Value, labels: Sequence[Label], order: Sequence[str]) -> int:
        """Elements that have to be turned to have the real axes in this order."""
        return self._plan(value, labels, order)[0]

    def _plan(self, value: ir.Value, labels: Sequence[Label], order: Sequence[str]) -> tuple[int, bool]:
        """The cheapest cost, and whether it is reached by going through the op that makes the value."""
        key = (value, tuple(labels), tuple(order))
        if key not in self._plans:
            self._plans[key] = self._cheapest(value, labels, order)
        return self._plans[key]

    def _cheapest(self, value: ir.Value, labels: Sequence[Label], order: Sequence[str]) -> tuple[int, bool]:
        own = [x for x in labels if x is not None]
        direct = 0 if own == [x for x in order if x in own] else self._count(own)
        step = self._step(value, labels)
        if step is None:
            return direct, False
        copies = set(own) != self.support(value, labels)
        if direct == 0 and not copies and not step.moves:
            return 0, False
        through = sum(self.cost(source, marks, order) for source, marks in step.inputs)
        if copies or through < direct or (step.moves and through == direct):
            return through, True
        return direct, False

    def _count(self, labels: Sequence[str]) -> int:
        count = 1
        for x in labels:
            d = self.sizes[x]
            count *= d if isinstance(d, int) else 1
        return count

    def emit(
        self, value: ir.Value, labels: Sequence[Label], order: Sequence[str]
    ) -> tuple[ir.Value, list[str]]:
        """The value with its axes as in `order`, axes of length 1 left out; and the labels it has."""
        step = self._step(value, labels)
        if step is not None and self._plan(value, labels, order)[1]:
            if step.moves:
                source, marks = step.inputs[0]
                return self.emit(source, marks, order)
            return self._again(step, value, labels, order)
        own = [x for x in labels if x is not None]
        wanted = [x for x in order if x in own]
        data = self.elements.whole.of(value) if self.elements.is_constant(value) else None
        dtype = self._dtype(value)
        if data is not None and data.size <= LARGEST_CONSTANT:
            turned = np.transpose(
                data.reshape([d for d in data.shape if d != 1]), [own.index(x) for x in wanted]
            )
            return self.bench.constant(np.ascontiguousarray(turned), dtype, "xamba_turned"), wanted
        if own == wanted:
            return self.reshape(value, self.elements.shape(value) or (), self.lengths(own), dtype), wanted
        flat = self.reshape(value, self.elements.shape(value) or (), self.lengths(own), dtype)
        perm = [own.index(x) for x in wanted]
        return self.bench.node("Transpose", [flat], self.lengths(wanted), dtype, {"perm": perm}), wanted

    def _again(
        self, step: Step, value: ir.Value, labels: Sequence[Label], order: Sequence[str]
    ) -> tuple[ir.Value, list[str]]:
        """The op that works element by element, made anew on operands in the new order."""
        support = self.support(value, labels)
        wanted = [x for x in order if x in support]
        inputs: list[ir.Value | None] = []
        at = {id(source): made for source, made in self._emitted(step, order)}
        for x in step.node.inputs:
            if x is None:
                inputs.append(None)
                continue
            made, has = at[id(x)]
            shape = [self.sizes[w] if w in has else 1 for w in wanted]
            while shape and shape[0] == 1:
                shape = shape[1:]
            inputs.append(self.reshape(made, self.lengths(has), shape, self._dtype(x)))
        attributes = {k: a.value for k, a in step.node.attributes.items()}
        out = self.bench.node(step.node.op_type, inputs, self.lengths(wanted), self._dtype(value), attributes)
        return out, wanted

    def _emitted(self, step: Step, order: Sequence[str]) -> list[tuple[ir.Value, tuple[ir.Value, list[str]]]]:
        return [(source, self.emit(source, marks, order)) for source, marks in step.inputs]

    def lengths(self, labels: Sequence[str]) -> list[Dim]:
        return [self.sizes[x] for x in labels]

    def reshape(
        self, x: ir.Value, before: Sequence[Dim], after: Sequence[Dim], dtype: ir.DataType
    ) -> ir.Value:
        """A Reshape, none where the shape is that already. Raises `Keep` for several free lengths."""
        if list(before) == list(after):
            return x
        target = [d if isinstance(d, int) else -1 for d in after]
        for i, d in enumerate(after):
            if target.count(-1) > 1 and target[i] == -1 and i < len(before) and before[i] == d:
                target[i] = 0
        if target.count(-1) > 1:
            raise Keep("its operands have several free lengths")
        return self.bench.reshape(x, target, after, dtype)

    def _dtype(self, value: ir.Value) -> ir.DataType:
        dtype = self.elements.facts.of(value).dtype
        if dtype is None:
            raise Keep("the type of an operand is unknown")
        return dtype

    def _step(self, value: ir.Value, labels: Sequence[Label]) -> Step | None:
        """One step back from a value, if the op in between moves axes or works element by element."""
        node = value.producer()
        if node is None or not is_onnx(node) or value.is_graph_output() or self.elements.is_constant(value):
            return None
        shapes = [self.elements.shape(x) for x in node.inputs if x is not None]
        if not shapes or shapes[0] is None or node.inputs[0] is None:
            return None
        if node.op_type in ("Transpose", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Expand", "Tile"):
            marks = self._moved(node, shapes[0], labels)
            return None if marks is None else Step(node, ((node.inputs[0], marks),), True)
        if node.op_type in ("Cast", "Identity") and self._dtype(node.inputs[0]) == self._dtype(value):
            return Step(node, ((node.inputs[0], tuple(labels)),), True)
        if node.op_type not in ELEMENTWISE or len(value.uses()) != 1 or len(node.outputs) != 1:
            return None
        inputs = []
        for x in node.inputs:
            shape = None if x is None else self.elements.shape(x)
            if x is None:
                continue
            if shape is None or len(shape) > len(labels):
                return None
            tail = list(labels)[len(labels) - len(shape) :]
            inputs.append((x, tuple(None if d == 1 else t for d, t in zip(shape, tail, strict=True))))
        return Step(node, tuple(inputs), False)

    def _moved(
        self, node: ir.Node, before: tuple[Dim, ...], labels: Sequence[Label]
    ) -> tuple[Label, ...] | None:
        """Labels of the operand of a move from those of its result; None when an axis is cut or merged."""
        if node.op_type == "Transpose":
            perm = attribute(node, "perm", None) or list(range(len(before)))[::-1]
            marks: list[Label] = [None] * len(before)
            for after, axis in enumerate(perm):
                marks[axis] = labels[after]
            return tuple(marks)
        shape = self.elements.shape(node.outputs[0])
        if shape is None:
            return None
        if node.op_type in ("Expand", "Tile"):
            tail = list(labels)[len(labels) - len(before) :]
            same = all(a in (1, b) for a, b in zip(before, shape[len(shape) - len(before) :], strict=True))
            found = tuple(None if d == 1 else t for d, t in zip(before, tail, strict=True))
            return found if same else None
        marks = []
        at = 0
        try:
            parts = groups(before, shape)
        except ValueError:
            return None
        for left, right in parts:
            mine = [x for x in labels[at : at + len(right)] if x is not None]
            at += len(right)
            if len([d for d in left if d != 1]) != len(mine) or len(mine) > 1:
                return None
            marks += [mine[0] if d != 1 else None for d in left]
        return tuple(marks)
