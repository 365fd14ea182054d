"""The activations ActiBA knows, in the forms exporters write them.

`match` looks at one node, the last of a pattern, and says which activation of which value it
computes. Constants are read through `Facts`, so a Constant node, an initializer and an Identity
of either are the same.
"""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.facts.nodes import attribute, is_onnx
from xamba.patterns.matching import Match
from xamba.patterns.products import product
from xamba.patterns.sigmoid import quotient, reciprocal
from xamba.patterns.softplus import softplus_add, softplus_log, softplus_neg, softplus_where

#: Ops that are an activation by themselves.
ATOMS = {"Softplus", "Sigmoid", "Tanh", "Exp", "Swish", "Gelu", "QuickGelu", "FastGelu"}


def match(node: ir.Node, facts: Facts) -> Match | None:
    """The activation whose last node this is, or None. A near miss raises `Keep` with the reason."""
    if node.domain in ("com.microsoft",) and node.op_type in ("QuickGelu", "FastGelu", "Gelu"):
        return _microsoft(node)
    if not is_onnx(node) or node.op_type not in MATCHERS:
        return None
    return MATCHERS[node.op_type](node, facts)


def _microsoft(node: ir.Node) -> Match | None:
    x = node.inputs[0]
    if x is None or (len(node.inputs) > 1 and node.inputs[1] is not None):
        return None
    if node.op_type == "QuickGelu":
        return Match("Swish", x, float(attribute(node, "alpha", 1.702)))
    return Match("Gelu" if node.op_type == "Gelu" else "GeluTanh", x)


def _atom(node: ir.Node, facts: Facts) -> Match | None:
    x = node.inputs[0]
    if x is None:
        return None
    if node.op_type == "Swish":
        return Match("Swish", x, float(attribute(node, "alpha", 1.0)))
    if node.op_type == "Gelu":
        return Match("GeluTanh" if attribute(node, "approximate", "none") == "tanh" else "Gelu", x)
    return Match(node.op_type, x)


MATCHERS: dict[str, Callable[[ir.Node, Facts], Match | None]] = {
    **dict.fromkeys(("Softplus", "Sigmoid", "Tanh", "Exp", "Swish", "Gelu"), _atom),
    "Log": softplus_log,
    "Add": softplus_add,
    "Neg": softplus_neg,
    "Where": softplus_where,
    "Mul": product,
    "Div": quotient,
    "Reciprocal": reciprocal,
}
