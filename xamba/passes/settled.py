"""Has a value stood still by some row, so that its last row is also the last row of its first part?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xamba.facts.axes import ELEMENTWISE, Place
from xamba.facts.elements import ZERO
from xamba.facts.nodes import attribute

if TYPE_CHECKING:
    from xamba.passes.shorten import Shortening

MOVES = {"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Expand", "Tile", "Flatten"}


def settled(place: Place, work: Shortening, depth: int = 32) -> bool:
    """Whether the rows from the last new one on are all equal: a running sum over zeros, and what ops that
    treat rows alone make of it."""
    value, axis = place
    node = value.producer()
    if node is None or depth == 0 or node not in work.region.nodes:
        return False
    if node in work.region.pads:
        return work.new > work.short
    if node.op_type == "CumSum":
        along = work.elements.facts.constant(node.inputs[1])
        shape = work.elements.shape(value)
        if along is None or shape is None or node.inputs[0] is None:
            return False
        if int(along.ravel()[0]) % len(shape) != axis:
            return settled((node.inputs[0], axis), work, depth - 1)
        plain = not attribute(node, "reverse", 0) and not attribute(node, "exclusive", 0)
        return plain and work.tail((node.inputs[0], axis), ZERO)
    if node.op_type not in ELEMENTWISE | MOVES:
        return False
    for group in work.region.nodes[node].groups:
        if place in group:
            others = [p for p in group if p[0] is not value]
            constant = any(work.elements.is_constant(p[0]) for p in others)
            return not constant and all(settled(p, work, depth - 1) for p in others)
    return False
