"""Swish and Gelu, which are products of a value with a bent copy of itself, in any order of factors."""

from __future__ import annotations

from math import pi, sqrt

import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.facts import Facts
from xamba.patterns.matching import Match, made_by, near, scalar, split


def product(node: ir.Node, facts: Facts) -> Match | None:
    factors, inner = _factors(node)
    found = _gelu(factors, facts)
    if found is not None:
        return Match(found.activation, found.x, nodes=[*inner, *found.nodes])
    own = list(node.inputs)
    for gate in factors:
        sigmoid = made_by(gate, "Sigmoid")
        if sigmoid is None:
            continue
        rest = [f for f in factors if f is not gate]
        for x in rest:
            alpha = _ratio(sigmoid.inputs[0], x, facts)
            if alpha is None or not (gate in own or x in own):
                continue
            others = [f for f in rest if f is not x]
            if len(others) > 1:
                continue
            scaled = made_by(sigmoid.inputs[0], "Mul") if alpha != 1 else None
            nodes = [*inner, sigmoid] + ([scaled] if scaled is not None else [])
            return Match("Swish", x, alpha, nodes, others[0] if others else None)
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


def _ratio(z: ir.Value | None, x: ir.Value, facts: Facts) -> float | None:
    """alpha, when z is x or alpha x."""
    if z is x:
        return 1.0
    scaled = made_by(z, "Mul")
    if scaled is None:
        return None
    a, b = scaled.inputs[0], scaled.inputs[1]
    return scalar(b, facts) if a is x else scalar(a, facts) if b is x else None


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
    """Nodes of sqrt(2/pi) * (x + 0.044715 * Pow(x, 3))."""
    outer = made_by(z, "Mul")
    add = made_by(split(outer, sqrt(2 / pi), facts), "Add") if outer is not None else None
    if outer is None or add is None or x not in list(add.inputs):
        return None
    small = made_by(add.inputs[1] if add.inputs[0] is x else add.inputs[0], "Mul")
    cube = made_by(split(small, 0.044715, facts), "Pow") if small is not None else None
    if small is None or cube is None or cube.inputs[0] is not x or not near(cube.inputs[1], 3.0, facts):
        return None
    return [outer, add, small, cube]
