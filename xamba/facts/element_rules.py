"""How exact elements travel through an op: one rule for each op that `xamba.facts.elements` follows.

A rule gets the codes of the inputs (see `xamba.facts.elements`) and returns those of the outputs, or
None when it cannot say. An op without a rule keeps nothing; BROKEN comes out where an infinity goes in,
and where a zero goes into a logarithm, a reciprocal or their like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import onnx_ir as ir

from xamba.facts.move_rules import MOVES
from xamba.facts.nodes import attribute

if TYPE_CHECKING:
    from xamba.facts.elements import Elements

ANY, ZERO, NEGINF, BROKEN = range(4)
#: Codes of one value, at most; beyond it nothing is followed.
LARGEST = 2**23

Codes = np.ndarray
NEVER = np.zeros((), bool)
Shape = tuple[int | str | None, ...]

#: f(0) = 0, and finite numbers stay finite.
KEEP_ZERO = {
    "Neg", "Abs", "Sqrt", "Relu", "Tanh", "Sin", "Atan", "Sign", "Floor", "Ceil", "Round", "Erf", "LeakyRelu",
    "Elu", "Gelu", "Swish", "Softsign", "HardSwish", "Mish", "ReduceMean", "ReduceMax", "ReduceMin",
}  # fmt: skip
#: Finite numbers stay finite.
BOUNDED = {"Sigmoid", "Softplus", "Cos", "HardSigmoid", "Clip", "Selu", "Celu"}


def compress(codes: Codes) -> Codes:
    """Length 1 along every dimension whose elements have the same code."""
    for axis in range(codes.ndim):
        if codes.shape[axis] > 1:
            first = codes.take([0], axis)
            if (codes == first).all():
                codes = first
    return np.ascontiguousarray(codes)


def unknown(shape: Shape | None, broken: bool) -> Codes | None:
    """Nothing is known; `broken`: and it may be inf or NaN for certain."""
    return np.full((1,) * len(shape or ()), BROKEN, np.int8) if broken else None


def combine(zero: np.ndarray, neginf: np.ndarray, broken: np.ndarray) -> Codes:
    """Codes from three masks; broken wins, then minus infinity."""
    zero, neginf, broken = np.broadcast_arrays(zero, neginf, broken)
    return np.select([broken, neginf, zero], [BROKEN, NEGINF, ZERO], ANY).astype(np.int8)


class Rule:
    """One node under a rule: its inputs' codes, shapes and constants."""

    def __init__(self, elements: Elements, node: ir.Node, shapes: Sequence[Shape]) -> None:
        self.elements, self.node, self.shapes = elements, node, shapes

    def apply(self, rule: Callable[[Rule], Sequence[Codes | None] | None]) -> Sequence[Codes | None] | None:
        try:
            return rule(self)
        except (ValueError, IndexError, TypeError):  # a shape that is not known well enough
            return None

    def codes(self, index: int) -> Codes:
        """Codes of an input, ANY where nothing is known."""
        value = self.node.inputs[index]
        found = self.elements.of(value)
        return np.zeros((1,) * len(self.shape(index)), np.int8) if found is None else found

    def shape(self, index: int) -> Shape:
        shape = self.elements.shape(self.node.inputs[index])
        if shape is None:
            raise ValueError("rank unknown")
        return shape

    def ints(self, index: int) -> list[int] | None:
        if index >= len(self.node.inputs) or self.node.inputs[index] is None:
            return None
        found = self.elements.facts.constant(self.node.inputs[index])
        if found is None:
            raise ValueError("not a constant")
        return [int(x) for x in np.atleast_1d(found).ravel()]

    def axes(self, place: int = 1) -> list[int] | None:
        named = attribute(self.node, "axes", None)
        return list(named) if named is not None else self.ints(place)

    def full(self, codes: Codes, shape: Shape, axes: Sequence[int]) -> Codes:
        """Codes with these axes at their full length."""
        target = [shape[i] if i in axes else codes.shape[i] for i in range(codes.ndim)]
        if not all(isinstance(d, int) for d in target):
            raise ValueError("free length")
        if prod(d for d in target if isinstance(d, int)) > LARGEST:
            raise ValueError("too large")
        return np.broadcast_to(codes, target)  # type: ignore[arg-type]


def _mul(r: Rule) -> list[Codes | None]:
    a, b = r.codes(0), r.codes(1)
    left = r.elements.certainly_finite(r.node.inputs[1])
    right = r.elements.certainly_finite(r.node.inputs[0])
    bad = (a >= NEGINF) | (b >= NEGINF)
    zero = ((a == ZERO) & (left | (b == ZERO))) | ((b == ZERO) & (right | (a == ZERO)))
    return [combine(zero & ~bad, NEVER, bad)]


def _div(r: Rule) -> list[Codes | None]:
    a, b = r.codes(0), r.codes(1)
    return [combine((a == ZERO) & r.elements.finite, NEVER, (a >= NEGINF) | (b != ANY))]


def _pow(r: Rule) -> list[Codes | None] | None:
    exponent = r.elements.whole.of(r.node.inputs[1])
    if exponent is None or not (np.asarray(exponent, np.float64) > 0).all():
        return None
    return _keep_zero(r)


def _add(r: Rule) -> list[Codes | None]:
    a, b = r.codes(0), r.codes(1)
    subtracts = r.node.op_type == "Sub"
    broken = (a == BROKEN) | (b == BROKEN) | (subtracts & (b == NEGINF))
    either = (a == NEGINF) | (b == NEGINF)
    sure = r.elements.finite | ((a != ANY) & (b != ANY))
    return [combine((a == ZERO) & (b == ZERO), either & sure, broken | (either & ~sure))]


def _exp(r: Rule) -> list[Codes | None]:
    a = r.codes(0)
    return [combine(a == NEGINF, NEVER, a == BROKEN)]


def _where(r: Rule) -> list[Codes | None] | None:
    a, b = r.codes(1), r.codes(2)
    condition = r.elements.whole.of(r.node.inputs[0])
    if condition is None:
        bad = (a >= NEGINF) | (b >= NEGINF)
        return [combine((a == ZERO) & (b == ZERO), (a == NEGINF) & (b == NEGINF), bad & (a != b))]
    if condition.size > LARGEST:
        return None
    return [np.where(condition, a, b)]


def _keep_zero(r: Rule) -> list[Codes | None]:
    a = r.codes(0)
    if r.node.op_type.startswith("Reduce"):
        return _reduce(r)
    return [combine(a == ZERO, NEVER, a >= NEGINF)]


def _bounded(r: Rule) -> list[Codes | None]:
    return [combine(NEVER, NEVER, r.codes(0) >= NEGINF)]


def _reduce(r: Rule) -> list[Codes | None]:
    a, rank = r.codes(0), len(r.shape(0))
    axes = r.axes()
    if not axes and attribute(r.node, "noop_with_empty_axes", 0):
        return [a]
    over = tuple(x % rank for x in axes) if axes else tuple(range(rank))
    keep = bool(attribute(r.node, "keepdims", 1))
    reduced = combine(
        (a == ZERO).all(over, keepdims=keep),
        (a == NEGINF).any(over, keepdims=keep) & np.bool_(r.elements.finite),
        (a == BROKEN).any(over, keepdims=keep)
        | ((a == NEGINF).any(over, keepdims=keep) & np.bool_(not r.elements.finite)),
    )
    return [reduced]


def _cumsum(r: Rule) -> list[Codes | None]:
    axis = (r.ints(1) or [0])[0] % len(r.shape(0))
    a = r.codes(0)
    if a.shape[axis] == 1:
        return [a]
    flip = [slice(None)] * a.ndim
    if attribute(r.node, "reverse", 0):
        flip[axis] = slice(None, None, -1)
    turned = a[tuple(flip)]
    if attribute(r.node, "exclusive", 0):
        first = np.full_like(turned.take([0], axis), ZERO)
        turned = np.concatenate([first, turned.take(range(turned.shape[axis] - 1), axis)], axis)
    zero = np.logical_and.accumulate(turned == ZERO, axis)
    neginf = np.logical_or.accumulate(turned == NEGINF, axis)
    broken = np.logical_or.accumulate(turned == BROKEN, axis)
    codes = combine(zero, neginf & np.bool_(r.elements.finite), broken)
    return [codes[tuple(flip)]]


def _contract(r: Rule, equation: str) -> list[Codes | None] | None:
    """Sum of products: ZERO where every term is, BROKEN where one term is."""
    a, b = r.codes(0), r.codes(1)
    terms, _out = equation.split("->")
    left, right = terms.split(",")
    lengths: dict[str, int] = {}
    for labels, codes in ((left, a), (right, b)):
        for label, d in zip(labels, codes.shape, strict=True):
            lengths[label] = max(lengths.get(label, 1), d)
    if prod(lengths.values()) > 2**28:
        return None
    shape = lambda labels: [lengths[x] for x in labels]
    a, b = np.broadcast_to(a, shape(left)), np.broadcast_to(b, shape(right))
    total = lambda x, y: np.einsum(equation, x.astype(np.float32), y.astype(np.float32), optimize=True)
    ones_a, ones_b = np.ones(a.shape), np.ones(b.shape)
    broken = (total(a >= NEGINF, ones_b) + total(ones_a, b >= NEGINF)) > 0
    use_a = r.elements.certainly_finite(r.node.inputs[1])
    use_b = r.elements.certainly_finite(r.node.inputs[0])
    if use_a or use_b:
        rest = total(a != ZERO if use_a else ones_a, b != ZERO if use_b else ones_b)
    else:
        rest = total(ones_a, ones_b) - total(a == ZERO, b == ZERO)
    return [combine(rest == 0, NEVER, broken)]


def _einsum(r: Rule) -> list[Codes | None] | None:
    equation = str(attribute(r.node, "equation", "")).replace(" ", "")
    if len(r.node.inputs) != 2 or "->" not in equation or "." in equation:
        return None
    if any(len(set(term)) != len(term) for term in equation.split("->")[0].split(",")):
        return None
    return _contract(r, equation)


def _matmul(r: Rule) -> list[Codes | None] | None:
    ra, rb = len(r.shape(0)), len(r.shape(1))
    if min(ra, rb) < 2:
        return None
    batch = "abcdefgh"[-(max(ra, rb) - 2) :] if max(ra, rb) > 2 else ""
    left, right = batch[len(batch) - (ra - 2) :], batch[len(batch) - (rb - 2) :]
    return _contract(r, f"{left}mk,{right}kn->{batch}mn")


RULES: dict[str, Callable[[Rule], Sequence[Codes | None] | None]] = {
    "Mul": _mul,
    "Div": _div,
    "Pow": _pow,
    "Add": _add,
    "Sub": _add,
    "Exp": _exp,
    "Where": _where,
    "ReduceSum": _reduce,
    "CumSum": _cumsum,
    "MatMul": _matmul,
    "Einsum": _einsum,
    **dict.fromkeys(KEEP_ZERO, _keep_zero),
    **dict.fromkeys(BOUNDED, _bounded),
    **MOVES,
}
