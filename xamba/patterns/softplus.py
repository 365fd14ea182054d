"""Softplus in the forms exporters write it; each function looks at the last node of one form."""

from __future__ import annotations

import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.facts import Facts
from xamba.facts.nodes import is_onnx
from xamba.patterns.matching import Match, made_by, scalar, split

#: ``Where(x > threshold, x, softplus(x))`` is softplus to 1e-4 from here on (PyTorch's default is 20).
LEAST_THRESHOLD = 9.0


def softplus_log(node: ir.Node, facts: Facts) -> Match | None:
    """Log(Exp(x) + 1)."""
    add = made_by(node.inputs[0], "Add")
    exp = made_by(split(add, 1.0, facts), "Exp") if add is not None else None
    if add is None or exp is None or exp.inputs[0] is None:
        return None
    return Match("Softplus", exp.inputs[0], nodes=[add, exp])


def softplus_add(node: ir.Node, facts: Facts) -> Match | None:
    """Relu(x) + Log(Exp(-|x|) + 1), either way round."""
    for relu_value, log_value in (tuple(node.inputs), tuple(reversed(node.inputs))):
        log = made_by(log_value, "Log")
        inner = softplus_log(log, facts) if log is not None else None
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


def softplus_neg(node: ir.Node, facts: Facts) -> Match | None:
    """-Log(Sigmoid(-x))."""
    log = made_by(node.inputs[0], "Log")
    sigmoid = made_by(log.inputs[0], "Sigmoid") if log is not None else None
    neg = made_by(sigmoid.inputs[0], "Neg") if sigmoid is not None else None
    if log is None or sigmoid is None or neg is None or neg.inputs[0] is None:
        return None
    return Match("Softplus", neg.inputs[0], nodes=[log, sigmoid, neg])


def softplus_where(node: ir.Node, facts: Facts) -> Match | None:
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
        found = (softplus_log if node.op_type == "Log" else softplus_add)(node, facts)
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
