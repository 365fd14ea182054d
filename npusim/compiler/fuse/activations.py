"""Activations written out as several nodes -> one node: Swish, Gelu, HardSwish, Softplus, Mish.

Intel's compiler does the same, so their kernels are priced, not their parts."""

from __future__ import annotations

from dataclasses import replace
from math import isclose, pi, sqrt

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node


def _other(node: Node, name: str) -> str | None:
    """The other operand of a binary node, None when `name` is not an operand."""
    if len(node.inputs) != 2 or name not in node.inputs:
        return None
    return node.inputs[1] if node.inputs[0] == name else node.inputs[0]


def _fused(node: Node, op_type: str, x: str, **attributes: object) -> Node:
    return replace(node, op_type=op_type, domain="", inputs=(x,), attributes=dict(attributes), post_ops=())


def swish(r: Rewriter) -> None:
    """x * Sigmoid(x) and x * Sigmoid(alpha*x) -> Swish."""
    for index, node in r.items("Mul"):
        for gate in node.inputs:
            found = r.maker(gate, "Sigmoid")
            x = _other(node, gate)
            if found is None or x is None or not r.private(gate, {index}):
                continue
            inner = found[1].inputs[0]
            if inner == x:
                r.replace([found[0], index], _fused(node, "Swish", x, alpha=1.0))
                break
            scaled = r.maker(inner, "Mul")
            beta = scaled and _other(scaled[1], x)
            alpha = r.scalar(beta) if beta else None
            if scaled and alpha is not None and r.private(inner, {found[0]}):
                r.replace([scaled[0], found[0], index], _fused(node, "Swish", x, alpha=alpha))
                break
    for index, node in r.items("QuickGelu"):
        r.replace([index], _fused(node, "Swish", node.inputs[0], alpha=node.attribute("alpha", 1.702)))


def softplus(r: Rewriter) -> None:
    """Log(Exp(x) + 1) -> Softplus, as OpenVINO reads it from ONNX files too (SoftPlusFusion)."""
    for index, node in r.items("Log"):
        added = r.maker(node.inputs[0], "Add")
        if added is None:
            continue
        for term in added[1].inputs:
            grown, one = r.maker(term, "Exp"), _other(added[1], term)
            if grown is None or one is None or r.scalar(one) != 1.0:
                continue
            if r.private(term, {added[0]}) and r.private(node.inputs[0], {index}):
                r.replace([grown[0], added[0], index], _fused(node, "Softplus", grown[1].inputs[0]))
                break


def mish(r: Rewriter) -> None:
    """x * Tanh(Softplus(x)) -> Mish (OpenVINO's MishFusion): all 72 of YOLOv4 as torch exports it, on all NPUs."""
    for index, node in r.items("Mul"):
        for gate in node.inputs:
            turned = r.maker(gate, "Tanh")
            inner = turned and r.maker(turned[1].inputs[0], "Softplus")
            x = _other(node, gate)
            if not turned or not inner or x is None or inner[1].inputs[0] != x:
                continue
            if r.private(gate, {index}) and r.private(turned[1].inputs[0], {turned[0]}):
                r.replace([inner[0], turned[0], index], _fused(node, "Mish", x))
                break


def hard_swish(r: Rewriter) -> None:
    """x * HardSigmoid(x) -> HardSwish; x * Clip(x + 3, 0, 6) / 6 too."""
    for index, node in r.items("Mul"):
        for gate in node.inputs:
            x = _other(node, gate)
            found = r.maker(gate, "HardSigmoid")
            if x is not None and found and found[1].inputs[0] == x and r.private(gate, {index}):
                r.replace([found[0], index], _fused(node, "HardSwish", x))
                break
            clip = r.maker(gate, "Clip")
            add = clip and r.maker(clip[1].inputs[0], "Add")
            if not (x is not None and clip and add and x in add[1].inputs and r.private(gate, {index})):
                continue
            after = r.reader(node.outputs[0], "Div", "Mul")
            if after and r.private(clip[1].inputs[0], {clip[0]}):
                scale = r.scalar(_other(after[1], node.outputs[0]) or "")
                if scale is not None and (isclose(scale, 6.0) or isclose(scale, 1 / 6, rel_tol=1e-3)):
                    r.replace([add[0], clip[0], index, after[0]], _fused(after[1], "HardSwish", x))
                    break


def _chain(r: Rewriter, start: str, steps: list[str], x: str) -> tuple[list[int], Node] | None:
    """Follow the only readers of `start` through Mul/Add with a constant or `x`; each step is tried in any
    order among 'x' (times x), 'half' (times 0.5). Returns the members and the last node."""
    members: list[int] = []
    left = list(steps)
    name = start
    last: Node | None = None
    while left:
        found = r.reader(name, "Mul")
        if found is None:
            return None
        other = _other(found[1], name)
        if other is None:
            return None
        half = r.maker(other, "Mul") if other != x else None
        if other == x and "x" in left:
            left.remove("x")
        elif (s := r.scalar(other)) is not None and isclose(s, 0.5) and "half" in left:
            left.remove("half")
        elif half and x in half[1].inputs and r.private(other, {found[0]}) and {"x", "half"} <= set(left):
            s = r.scalar(_other(half[1], x) or "")
            if s is None or not isclose(s, 0.5):
                return None
            members.append(half[0])
            left = []
        else:
            return None
        members.append(found[0])
        last, name = found[1], found[1].outputs[0]
    return (members, last) if last is not None else None


def gelu_erf(r: Rewriter) -> None:
    """0.5 * x * (1 + Erf(x / sqrt 2)), factors in any order -> Gelu."""
    for index, node in r.items("Erf"):
        scaled = r.maker(node.inputs[0], "Div", "Mul")
        plus = r.reader(node.outputs[0], "Add")
        if not scaled or not plus or not r.private(node.inputs[0], {index}):
            continue
        x = next((n for n in scaled[1].inputs if not r.constant(n)), None)
        factor = r.scalar(_other(scaled[1], x) or "") if x else None
        if (
            x is None
            or factor is None
            or not (isclose(factor, sqrt(2), rel_tol=1e-3) or isclose(factor, sqrt(0.5), rel_tol=1e-3))
        ):
            continue
        tail = _chain(r, plus[1].outputs[0], ["x", "half"], x)
        if tail:
            r.replace([scaled[0], index, plus[0], *tail[0]], _fused(tail[1], "Gelu", x))


def gelu_tanh(r: Rewriter) -> None:
    """0.5 * x * (1 + Tanh(sqrt(2/pi) * (x + 0.044715 x^3))) -> Gelu."""
    for index, node in r.items("Tanh"):
        scaled = r.maker(node.inputs[0], "Mul")
        plus = r.reader(node.outputs[0], "Add")
        if not scaled or not plus:
            continue
        inner = next((n for n in scaled[1].inputs if not r.constant(n)), None)
        factor = r.scalar(_other(scaled[1], inner) or "") if inner else None
        added = r.maker(inner, "Add") if inner else None
        if not added or factor is None or not isclose(factor, sqrt(2 / pi), rel_tol=1e-2):
            continue
        for x in added[1].inputs:
            cubic = r.maker(_other(added[1], x) or "", "Mul")
            if cubic is None:
                continue
            members, names = [cubic[0]], [n for n in cubic[1].inputs if not r.constant(n)]
            while names and (power := r.maker(names.pop(), "Pow", "Mul")):
                members.append(power[0])
                names += [n for n in power[1].inputs if n != x and not r.constant(n)]
            tail = _chain(r, plus[1].outputs[0], ["x", "half"], x)
            if tail:
                r.replace(
                    [*members, added[0], scaled[0], index, plus[0], *tail[0]], _fused(tail[1], "Gelu", x)
                )
            break
