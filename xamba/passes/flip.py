"""A CumSum between two reversals of its axis: Slice[::-1] -> CumSum -> Slice[::-1]."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.facts.nodes import is_onnx


@dataclass(frozen=True)
class Flip:
    """What the CumSum really reads and writes."""

    source: ir.Value
    end: ir.Node
    nodes: list[ir.Node]


def flipped_operand(node: ir.Node, axis: int, facts: Facts) -> Flip | None:
    """The reversals around a CumSum, when both are there and nobody else reads the values between."""
    before, out = node.inputs[0].producer() if node.inputs[0] is not None else None, node.outputs[0]
    uses = list(out.uses())
    if before is None or before.graph is not node.graph or out.is_graph_output() or len(uses) != 1:
        return None
    after = uses[0][0]
    if after.graph is not node.graph or not (flips(before, axis, facts) and flips(after, axis, facts)):
        return None
    source = before.inputs[0]
    return None if source is None else Flip(source, after, [node, before])


def flips(node: ir.Node, axis: int, facts: Facts) -> bool:
    """Whether a node is ``x[..., ::-1, ...]`` along this one axis and over its whole length."""
    if not is_onnx(node) or node.op_type != "Slice" or len(node.inputs) != 5:
        return False
    rank = len(facts.of(node.inputs[0]).shape or ()) if node.inputs[0] is not None else 0
    parts = [facts.constant(x) for x in node.inputs[1:]]
    if rank == 0 or any(p is None or p.size != 1 for p in parts):
        return False
    start, end, along, step = (int(p.ravel()[0]) for p in parts if p is not None)
    length = facts.of(node.inputs[0]).shape[axis]  # type: ignore[index,arg-type]
    if not isinstance(length, int) or along % rank != axis or step != -1:
        return False
    return (start == -1 or start >= length - 1) and end < -length


__all__ = ["Flip", "flipped_operand", "flips"]
