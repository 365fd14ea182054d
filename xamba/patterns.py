"""The activations ActiBA knows, in the forms exporters write them.

`match` looks at one node, the last of a pattern, and says which activation of which value it
computes. Constants are read through `Facts`, so a Constant node, an initializer and an Identity
of either are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import pi, sqrt

import onnx_ir as ir

from xamba.base import Keep, is_onnx
from xamba.facts import Facts
from xamba.folding import attribute

#: ``Where(x > threshold, x, softplus(x))`` is softplus to 1e-4 from here on (PyTorch's default is 20).
LEAST_THRESHOLD = 9.0
#: Ops that are an activation by themselves.
ATOMS = {"Softplus", "Sigmoid", "Tanh", "Exp", "Swish", "Gelu", "QuickGelu", "FastGelu"}


@dataclass(frozen=True)
class Match:
    """``activation(x; parameter)``, times `factor` if there is one. `nodes` are the pattern's nodes
    before the last one; they go if nobody else reads them."""

    activation: str
    x: ir.Value
    parameter: float = 1.0
    nodes: list[ir.Node] = field(default_factory=list)
    factor: ir.Value | None = None


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


# Softplus ---------------------------------------------------------------------------------------


def _log(node: ir.Node, facts: Facts) -> Match | None:
    """Log(Exp(x) + 1)."""
    add = made_by(node.inputs[0], "Add")
    exp = made_by(split(add, 1.0, facts), "Exp") if add is not None else None
    if add is None or exp is None or exp.inputs[0] is None:
        return None
    return Match("Softplus", exp.inputs[0], nodes=[add, exp])


def _add(node: ir.Node, facts: Facts) -> Match | None:
    """Relu(x) + Log(Exp(-|x|) + 1), either way round."""
    for relu_value, log_value in (tuple(node.inputs), tuple(reversed(node.inputs))):
        log = made_by(log_value, "Log")
        inner = _log(log, facts) if log is not None else None
        if log is None or inner is None:
            continue
        neg = made_by(inner.x, "Neg")
        absolute = made_by(neg.inputs[0], "Abs") if neg is not None else None
        positive = _positive_part(relu_value, facts)
        if neg is None or absolute is None or positive is None or positive[0] is not absolute.inputs[0]:
            continue
        return Match("Softplus", positive[0], nodes=[positive[1], log, *inner.nodes, neg, absolute])
    return None


def _positive_part(value: ir.Value | None, facts: Facts) -> tuple[ir.Value, ir.Node] | None:
    """x and the node, of Relu(x), Max(x, 0) or Clip(x, 0)."""
    node = value.producer() if value is not None else None
    if node is None or not is_onnx(node) or node.inputs[0] is None:
        return None
    inputs = node.inputs
    if node.op_type == "Relu":
        return node.inputs[0], node
    if node.op_type == "Max" and len(inputs) == 2:
        for x, zero in (tuple(inputs), tuple(reversed(inputs))):
            if x is not None and scalar(zero, facts) == 0:
                return x, node
    if node.op_type == "Clip" and len(inputs) >= 2 and scalar(inputs[1], facts) == 0:
        return (node.inputs[0], node) if len(inputs) == 2 or inputs[2] is None else None
    return None


def _neg(node: ir.Node, facts: Facts) -> Match | None:
    """-Log(Sigmoid(-x))."""
    log = made_by(node.inputs[0], "Log")
    sigmoid = made_by(log.inputs[0], "Sigmoid") if log is not None else None
    neg = made_by(sigmoid.inputs[0], "Neg") if sigmoid is not None else None
    if log is None or sigmoid is None or neg is None or neg.inputs[0] is None:
        return None
    return Match("Softplus", neg.inputs[0], nodes=[log, sigmoid, neg])


def _where(node: ir.Node, facts: Facts) -> Match | None:
    """Where(beta x > threshold, x, Softplus(beta x) / beta)."""
    inner = _softplus_of(node.inputs[2], facts)
    if inner is None:
        return None
    compare, x = made_by(node.inputs[0], "Greater"), node.inputs[1]
    if compare is None or x is None or inner.x is not x:
        raise Keep("it chooses between Softplus and another value, so it is no thresholded Softplus")
    threshold = scalar(compare.inputs[1], facts)
    scaled = made_by(compare.inputs[0], "Mul")
    same = compare.inputs[0] is x and inner.parameter == 1
    if scaled is not None and split(scaled, inner.parameter, facts) is x:
        same = True
    if not same or threshold is None or threshold < LEAST_THRESHOLD:
        raise Keep(f"its threshold is not a constant of at least {LEAST_THRESHOLD:g} on the same value")
    nodes = [compare, *inner.nodes] + ([scaled] if scaled is not None else [])
    return Match("Softplus", x, inner.parameter, nodes)


def _softplus_of(value: ir.Value | None, facts: Facts) -> Match | None:
    """A value that is Softplus(x) or Softplus(beta x) / beta, in any of its forms."""
    node = value.producer() if value is not None else None
    if node is None or not is_onnx(node):
        return None
    if node.op_type == "Softplus":
        return Match("Softplus", node.inputs[0], nodes=[node])  # type: ignore[arg-type]
    if node.op_type in ("Log", "Add"):
        found = MATCHERS[node.op_type](node, facts)
        return None if found is None else Match("Softplus", found.x, nodes=[node, *found.nodes])
    if node.op_type not in ("Div", "Mul") or len(node.inputs) != 2:
        return None
    number = scalar(node.inputs[1], facts)
    inner = _softplus_of(node.inputs[0], facts) if number else None
    if inner is None or not number or inner.parameter != 1:
        return None
    beta = number if node.op_type == "Div" else 1 / number
    scaled = made_by(inner.x, "Mul")
    x = split(scaled, beta, facts) if scaled is not None else None
    if scaled is None or x is None or beta <= 0:
        return None
    return Match("Softplus", x, beta, [node, *inner.nodes, scaled])


# Swish and Gelu: products -----------------------------------------------------------------------


def _mul(node: ir.Node, facts: Facts) -> Match | None:
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


MATCHERS: dict[str, Callable[[ir.Node, Facts], Match | None]] = {
    **dict.fromkeys(("Softplus", "Sigmoid", "Tanh", "Exp", "Swish", "Gelu"), _atom),
    "Log": _log,
    "Add": _add,
    "Neg": _neg,
    "Where": _where,
    "Mul": _mul,
}
