"""Looking at a graph backwards from one node: who made this value, is it that constant?"""

from __future__ import annotations

from dataclasses import dataclass, field

import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.facts.nodes import is_onnx


@dataclass(frozen=True)
class Match:
    """``activation(x; parameter)``, times `factor` if there is one. `nodes` are the pattern's nodes
    before the last one; they go if nobody else reads them."""

    activation: str
    x: ir.Value
    parameter: float = 1.0
    nodes: list[ir.Node] = field(default_factory=list)
    factor: ir.Value | None = None


def made_by(value: ir.Value | None, op_type: str) -> ir.Node | None:
    """The node that makes a value, if it is this op."""
    node = None if value is None else value.producer()
    return node if node is not None and is_onnx(node) and node.op_type == op_type else None


def scalar(value: ir.Value | None, facts: Facts) -> float | None:
    """The number of a one-element constant."""
    found = facts.constant(value) if value is not None and not _is_run_value(value) else None
    return None if found is None or found.size != 1 else float(found.ravel()[0])


def _is_run_value(value: ir.Value) -> bool:
    """Cheap no: a value that an op of the running model makes is not a constant."""
    node = value.producer()
    return value.const_value is None and (
        node is None or node.op_type not in ("Constant", "Identity", "Cast")
    )


def near(value: ir.Value | None, number: float, facts: Facts) -> bool:
    found = scalar(value, facts)
    return found is not None and abs(found - number) <= 2e-3 * abs(number)


def split(node: ir.Node, number: float, facts: Facts) -> ir.Value | None:
    """The other operand of ``v op number`` or ``number op v``."""
    a, b = node.inputs[0], node.inputs[1]
    return a if near(b, number, facts) else b if near(a, number, facts) else None
