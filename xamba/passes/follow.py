"""Following a value forward to the products that read it, past moves of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx_ir as ir

from xamba.facts.elements import Elements
from xamba.facts.move_rules import groups
from xamba.facts.nodes import attribute, is_onnx

MOVES = ("Reshape", "Unsqueeze", "Squeeze", "Flatten")


@dataclass(frozen=True)
class Reader:
    """A Mul that reads the value: its other factor, and the labels of the value's axes as the Mul sees them,
    lined up with the last axes of its result (None: an axis of length 1)."""

    node: ir.Node
    other: ir.Value
    labels: tuple[str | None, ...]


def readers(value: ir.Value, labels: Sequence[str | None], elements: Elements) -> list[Reader]:
    """All products that read the value; none when anything else reads it too."""
    found: list[Reader] = []
    shape = elements.shape(value)
    if value.is_graph_output() or shape is None or not value.uses():
        return []
    labels = [None if d == 1 else x for d, x in zip(shape, labels, strict=True)]
    for use in value.uses():
        node = use.node
        if not is_onnx(node) or node.graph is not elements.facts.model.graph:
            return []
        if node.op_type == "Mul":
            other = node.inputs[1 - use.idx]
            if other is None or other is value or len(elements.shape(node.outputs[0]) or ()) < len(labels):
                return []
            found.append(Reader(node, other, tuple(labels)))
            continue
        moved = _moved(node, use.idx, labels, elements)
        further = readers(node.outputs[0], moved, elements) if moved is not None else []
        if not further:
            return []
        found += further
    return found


def _moved(
    node: ir.Node, index: int, labels: Sequence[str | None], elements: Elements
) -> list[str | None] | None:
    """Labels of the result of a move; None when the node is none."""
    out = elements.shape(node.outputs[0])
    if index != 0 or out is None or node.inputs[0] is None:
        return None
    if node.op_type == "Transpose":
        perm = attribute(node, "perm", None) or list(range(len(labels)))[::-1]
        return [labels[axis] for axis in perm]
    if node.op_type == "Identity":
        return list(labels)
    if node.op_type not in MOVES:
        return None
    before = elements.shape(node.inputs[0]) or ()
    moved: list[str | None] = []
    at = 0
    try:
        parts = groups(before, out)
    except ValueError:
        return None
    for left, right in parts:
        mine = [x for x in labels[at : at + len(left)] if x is not None]
        at += len(left)
        if len(mine) > 1 or len([d for d in right if d != 1]) != len(mine):
            return None
        moved += [mine[0] if d != 1 else None for d in right]
    return moved
