"""Labelled values: where a value's axes really come from, and how to have them in another order.

Every axis longer than 1 gets a label, the same for axes that run together. `Layouts.support` says along
which labels a value really varies (an Expand, a Tile or an Unsqueeze adds an axis along which all
elements are the same); `Layouts.emit` makes the value anew with its real axes in a given order, past
all the moves in between: a Transpose behind a sole reader is never made and then undone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.elements import Elements
from xamba.facts.facts import Dim
from xamba.facts.reading import padding_of
from xamba.passes.steps import Label, Step, Steps
from xamba.workbench import Workbench

#: Constants above this size are turned by the compiler, not here.
LARGEST_CONSTANT = 2**20


class Layouts:
    """Labelled values of one product. `sizes` holds the length of every label."""

    def __init__(self, elements: Elements, bench: Workbench) -> None:
        self.elements, self.bench = elements, bench
        self.sizes: dict[str, Dim] = {}
        self._steps = Steps(elements, self.sizes)
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
            step = self._steps.of(value, labels) if own else None
            if step is not None:
                own &= set().union(
                    *(step.after(self.support(source, marks)) for source, marks in step.inputs)
                )
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
        step = self._steps.of(value, labels)
        if step is None:
            return direct, False
        copies = set(own) != self.support(value, labels)
        if direct == 0 and not copies and not step.moves:
            return 0, False
        through = sum(self.cost(source, marks, step.before(order)) for source, marks in step.inputs)
        if step.cut and step.after(step.before(order)) != [
            x for x in order if x in step.after(step.before(order))
        ]:
            through += self._count(own)  # the parts of a cut axis are wanted apart
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
        step = self._steps.of(value, labels)
        if step is not None and self._plan(value, labels, order)[1]:
            if step.cut:
                return self._cut(step, order)
            if step.moves:
                source, marks = step.inputs[0]
                return self.emit(source, marks, order)
            if step.padded:
                return self._padded(step, order)
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

    def _cut(self, step: Step, order: Sequence[str]) -> tuple[ir.Value, list[str]]:
        """The operand in the new order, its axes cut then; and turned where the parts are wanted apart."""
        source, marks = step.inputs[0]
        made, has = self.emit(source, marks, step.before(order))
        labels, dtype = step.after(has), self._dtype(source)
        value = self.reshape(made, self.lengths(has), self.lengths(labels), dtype)
        wanted = [x for x in order if x in labels]
        if wanted == labels:
            return value, labels
        perm = [labels.index(x) for x in wanted]
        return self.bench.node("Transpose", [value], self.lengths(wanted), dtype, {"perm": perm}), wanted

    def _padded(self, step: Step, order: Sequence[str]) -> tuple[ir.Value, list[str]]:
        """The Pad made anew on its operand in the new order."""
        node, (source, marks) = step.node, step.inputs[0]
        made, has = self.emit(source, marks, step.before(order))
        labels = step.after(has)
        found = padding_of(node, self.elements.facts, len(marks))
        assert found is not None
        at = {x: i for i, x in enumerate(step.after([x or "" for x in marks]))}
        pads = [side[at[x]] for side in found for x in labels]
        inputs = [made, self.bench.ints(pads, "xamba_pads"), *node.inputs[2:3]]
        return self.bench.node("Pad", inputs, self.lengths(labels), self._dtype(source)), labels

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
