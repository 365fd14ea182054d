"""Swish and Gelu, which are products of a value with a bent copy of itself, in any order of factors."""

from __future__ import annotations

from math import pi, sqrt

import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.facts import Facts
from xamba.patterns.matching import Match, close, made_by, near, product_of, split
from xamba.patterns.sigmoid import ratio, sigmoid_of


def product(node: ir.Node, facts: Facts) -> Match | None:
    factors, inner = _factors(node)
    found = _gelu(factors, facts)
    if found is not None:
        return Match(found.activation, found.x, nodes=[*inner, *found.nodes])
    own = list(node.inputs)
    for gate in factors:
        sigmoid = sigmoid_of(gate, facts)
        if sigmoid is None:
            continue
        rest = [f for f in factors if f is not gate]
        for x in rest:
            alpha = ratio(sigmoid.z, x, facts)
            if alpha is None or not (gate in own or x in own):
                continue
            others = [f for f in rest if f is not x]
            if len(others) > 1:
                continue
            scaled = made_by(sigmoid.z, "Mul") if sigmoid.z is not x else None
            nodes = [*inner, *sigmoid.nodes] + ([scaled] if scaled is not None else [])
            return Match("Swish", x, alpha * sigmoid.scale, nodes, others[0] if others else None)
        if gate in own and len(factors) == 2:
            raise Keep("a * sigmoid(b) with another b is a gate, not Swish")
    return None


def _factors(node: ir.Node) -> tuple[list[ir.Value], list[ir.Node]]:
    """Factors of a product, with products that only this one reads taken apart (four factors at most)."""
    factors: list[ir.Value] = []
    inner: list[ir.Node] = []
    for value in node.inputs:
        part = made_by(value, "Mul")
        lone = value is not None and len(value.uses()) == 1 and not value.is_graph_output()
        if part is not None and lone and len(inner) < 2:
            inner.append(part)
            factors += [v for v in part.inputs if v is not None]
        elif value is not None:
            factors.append(value)
    return factors, inner


def _gelu(factors: list[ir.Value], facts: Facts) -> Match | None:
    """0.5 x (1 + Erf(x / sqrt 2)) and 0.5 x (1 + Tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
    if len(factors) != 3 or not any(near(f, 0.5, facts) for f in factors):
        return None
    for value in factors:
        add = made_by(value, "Add")
        bent = split(add, 1.0, facts) if add is not None else None
        others = [f for f in factors if f is not value and not near(f, 0.5, facts)]
        if add is None or bent is None or len(others) != 1:
            continue
        x = others[0]
        erf, tanh = made_by(bent, "Erf"), made_by(bent, "Tanh")
        if erf is not None and _is_over_root_two(erf.inputs[0], x, facts):
            scaled = erf.inputs[0].producer() if erf.inputs[0] is not None else None
            return Match("Gelu", x, nodes=[add, erf] + ([scaled] if scaled is not None else []))
        cubic = _cubic(tanh.inputs[0], x, facts) if tanh is not None else None
        if tanh is not None and cubic is not None:
            return Match("GeluTanh", x, nodes=[add, tanh, *cubic])
    return None


def _is_over_root_two(z: ir.Value | None, x: ir.Value, facts: Facts) -> bool:
    div, mul = made_by(z, "Div"), made_by(z, "Mul")
    if div is not None:
        return div.inputs[0] is x and near(div.inputs[1], sqrt(2), facts)
    return mul is not None and split(mul, 1 / sqrt(2), facts) is x


def _cubic(z: ir.Value | None, x: ir.Value, facts: Facts) -> list[ir.Node] | None:
    """Nodes of sqrt(2/pi) (x + 0.044715 x^3), also as sqrt(2/pi) x (1 + 0.044715 x^2), the powers in any form."""
    outer = product_of(z, facts)
    sums = [
        value for value, power in outer.powers.items() if power == 1 and made_by(value, "Add") is not None
    ]
    dtype = facts.of(x).dtype
    if len(sums) != 1 or not close(outer.factor, sqrt(2 / pi), dtype):
        return None
    add = made_by(sums[0], "Add")
    assert add is not None
    power = outer.powers.get(x, 0)
    if len(outer.powers) != 1 + (power > 0) or power > 1:
        return None
    for first, bent in (tuple(add.inputs), tuple(reversed(add.inputs))):
        if not (first is x if power == 0 else near(first, 1.0, facts)):
            continue
        inner = product_of(bent, facts)
        if inner.powers == {x: 3 - power} and close(inner.factor, 0.044715, dtype):
            return [*outer.nodes, add, *inner.nodes]
    return None
