"""One step back from a labelled value: what op made it, and the labels of that op's operands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import onnx_ir as ir

from xamba.facts.axes import ELEMENTWISE
from xamba.facts.elements import Elements
from xamba.facts.facts import Dim
from xamba.facts.move_rules import groups
from xamba.facts.nodes import attribute, is_onnx
from xamba.facts.reading import padding_of

#: A label of an axis; None for an axis of length 1.
Label = str | None


@dataclass(frozen=True)
class Step:
    """What a value is made of: `inputs` with their labels, by an op that moves or works element by element.

    padded: labels of axes that the op makes longer, with the label of the same axis before it.
    cut: labels of axes that were one before, with the label of that one.
    """

    node: ir.Node
    inputs: tuple[tuple[ir.Value, tuple[Label, ...]], ...]
    moves: bool
    padded: tuple[tuple[str, str], ...] = ()
    cut: tuple[tuple[tuple[str, ...], str], ...] = ()

    def before(self, labels: Sequence[str]) -> list[str]:
        """These labels as the operand has them; the place of a cut axis is that of its first part."""
        names = dict(self.padded) | {x: whole for parts, whole in self.cut for x in parts}
        return list(dict.fromkeys(names.get(x, x) for x in labels))

    def after(self, labels: Iterable[str]) -> list[str]:
        names = {b: (a,) for a, b in self.padded} | {whole: parts for parts, whole in self.cut}
        return [y for x in labels for y in names.get(x, (x,))]


class Steps:
    """Steps back through one graph. `sizes` holds the length of every label, and gets those of new ones."""

    def __init__(self, elements: Elements, sizes: dict[str, Dim]) -> None:
        self.elements, self.sizes = elements, sizes

    def of(self, value: ir.Value, labels: Sequence[Label]) -> Step | None:
        """One step back from a value, if the op in between moves axes or works element by element."""
        node = value.producer()
        if node is None or not is_onnx(node) or value.is_graph_output() or self.elements.is_constant(value):
            return None
        shapes = [self.elements.shape(x) for x in node.inputs if x is not None]
        if not shapes or shapes[0] is None or node.inputs[0] is None:
            return None
        if node.op_type in ("Transpose", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Expand", "Tile"):
            cut: list[tuple[tuple[str, ...], str]] = []
            marks = self._moved(node, shapes[0], labels, cut)
            return None if marks is None else Step(node, ((node.inputs[0], marks),), True, cut=tuple(cut))
        if node.op_type in ("Cast", "Identity") and _same_type(node, value, self.elements):
            return Step(node, ((node.inputs[0], tuple(labels)),), True)
        if node.op_type == "Pad":
            return self._pad_step(node, shapes[0], labels)
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

    def _pad_step(self, node: ir.Node, before: tuple[Dim, ...], labels: Sequence[Label]) -> Step | None:
        """A Pad by constant numbers; one that adds nothing is a move."""
        found = padding_of(node, self.elements.facts, len(before))
        if node.inputs[0] is None or found is None or attribute(node, "mode", "constant") != "constant":
            return None
        axes = [a for a in range(len(before)) if found[0][a] or found[1][a]]
        if not axes:
            return Step(node, ((node.inputs[0], tuple(labels)),), True)
        marks, padded = list(labels), []
        for a in axes:
            x, d = labels[a], before[a]
            if (
                x is None
                or not isinstance(d, int)
                or d == 1
                or "pads" in node.attributes
                or min(found[0][a], found[1][a]) < 0
            ):
                return None
            short = f"{x}~{d}"
            if self.sizes.setdefault(short, d) != d:
                return None
            marks[a] = short
            padded.append((x, short))
        return Step(node, ((node.inputs[0], tuple(marks)),), False, tuple(padded))

    def _moved(
        self,
        node: ir.Node,
        before: tuple[Dim, ...],
        labels: Sequence[Label],
        cut: list[tuple[tuple[str, ...], str]],
    ) -> tuple[Label, ...] | None:
        """Labels of the operand of a move from those of its result, and what it cuts; None where it merges."""
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
            if len(mine) > 1 and len([d for d in left if d != 1]) == 1:
                whole = f"({','.join(mine)})"
                if not all(isinstance(self.sizes[x], int) for x in mine):
                    return None
                self.sizes[whole] = prod(d for x in mine if isinstance(d := self.sizes[x], int))
                cut.append((tuple(mine), whole))
                mine = [whole]
            if len([d for d in left if d != 1]) != len(mine) or len(mine) > 1:
                return None
            marks += [mine[0] if d != 1 else None for d in left]
        return tuple(marks)


def _same_type(node: ir.Node, value: ir.Value, elements: Elements) -> bool:
    source = node.inputs[0]
    return source is not None and elements.facts.of(source).dtype == elements.facts.of(value).dtype
