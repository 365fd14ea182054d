"""Sigmoid as the op and as 1 / (1 + e^-x), and x / (1 + e^-x)."""

from __future__ import annotations

from dataclasses import dataclass, field

import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.patterns.matching import Match, made_by, near, scalar, split


@dataclass(frozen=True)
class Gate:
    """``sigmoid(scale z)`` and the nodes that make it; `scale` is -1 or 1 times what an inner constant says."""

    z: ir.Value
    scale: float
    nodes: list[ir.Node] = field(default_factory=list)


def sigmoid_of(value: ir.Value | None, facts: Facts) -> Gate | None:
    """What a value is the sigmoid of: Sigmoid(z), Reciprocal(1 + e^-z) or 1 / (1 + e^-z)."""
    op = made_by(value, "Sigmoid")
    if op is not None and op.inputs[0] is not None:
        return Gate(op.inputs[0], 1.0, [op])
    one_over, quotient = made_by(value, "Reciprocal"), made_by(value, "Div")
    if one_over is not None:
        inner = one_plus_exp(one_over.inputs[0], facts)
        return None if inner is None else Gate(inner.z, inner.scale, [one_over, *inner.nodes])
    if quotient is not None and near(quotient.inputs[0], 1.0, facts):
        inner = one_plus_exp(quotient.inputs[1], facts)
        return None if inner is None else Gate(inner.z, inner.scale, [quotient, *inner.nodes])
    return None


def one_plus_exp(value: ir.Value | None, facts: Facts) -> Gate | None:
    """``1 + e^(-scale z)`` in either order."""
    add = made_by(value, "Add")
    exp = made_by(split(add, 1.0, facts), "Exp") if add is not None else None
    if add is None or exp is None:
        return None
    turned = _negative(exp.inputs[0], facts)
    return None if turned is None else Gate(turned.z, turned.scale, [add, exp, *turned.nodes])


def _negative(value: ir.Value | None, facts: Facts) -> Gate | None:
    """``-scale z``: Neg(z), or z times a negative number."""
    neg, mul = made_by(value, "Neg"), made_by(value, "Mul")
    if neg is not None and neg.inputs[0] is not None:
        return Gate(neg.inputs[0], 1.0, [neg])
    if mul is None:
        return None
    for z, constant in (tuple(mul.inputs), tuple(reversed(mul.inputs))):
        number = scalar(constant, facts)
        if z is not None and number is not None and number < 0:
            return Gate(z, -number, [mul])
    return None


def quotient(node: ir.Node, facts: Facts) -> Match | None:
    """Div: 1 / (1 + e^-x) is Sigmoid, x / (1 + e^(-alpha x)) is Swish."""
    gate = sigmoid_of(node.outputs[0], facts)
    if gate is not None:
        return Match("Sigmoid", gate.z, nodes=gate.nodes[1:]) if gate.scale == 1 else None
    inner = one_plus_exp(node.inputs[1], facts)
    x = node.inputs[0]
    if inner is None or x is None:
        return None
    alpha, scaled = ratio(inner.z, x, facts), made_by(inner.z, "Mul")
    if alpha is None:
        return None
    return Match(
        "Swish", x, alpha * inner.scale, [*inner.nodes, *([scaled] if inner.z is not x and scaled else [])]
    )


def reciprocal(node: ir.Node, facts: Facts) -> Match | None:
    """Reciprocal(1 + e^-x) is Sigmoid."""
    gate = sigmoid_of(node.outputs[0], facts)
    return Match("Sigmoid", gate.z, nodes=gate.nodes[1:]) if gate is not None and gate.scale == 1 else None


def ratio(z: ir.Value | None, x: ir.Value, facts: Facts) -> float | None:
    """alpha, when z is x or alpha x."""
    if z is x:
        return 1.0
    scaled = made_by(z, "Mul")
    if scaled is None:
        return None
    a, b = scaled.inputs[0], scaled.inputs[1]
    number = scalar(b, facts) if a is x else scalar(a, facts) if b is x else None
    return number if number is not None and number > 0 else None
