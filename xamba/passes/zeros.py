"""Zeros: what is added to a value and is exactly zero in every run goes, with all that computes it.

Rule, for ``y = a + b`` or ``y = a - b`` where every element of ``b`` is known to be 0::

    a + b  =  a - b  =  a           (shape of a = shape of y; otherwise Expand)

Known zeros are constants, ``exp(-inf)`` under a mask and padding, and what sums, products and moves make
of them (`xamba.facts.elements`). In Mamba-2 this is the dead state: a prompt that fits in one chunk starts
from a state of zeros and no later chunk reads the state it leaves, so the products that carry the state
between chunks and back into the rows are all zero. Everything that only such a sum read is removed; a
final state that is an output of the model stays, with what computes it.

A product of a zero is a zero only if the other factor is finite, ``0 * inf`` is NaN. By default that
has to be certain (`xamba.facts.finite`). ``assume_finite=True`` takes it for granted where no op makes an
infinity by itself (a logarithm of a zero, a mask of -inf without Exp): the answer then differs from the
model's own only where that one has a NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import onnx_ir as ir

from xamba.errors import Keep, NotMine
from xamba.facts.elements import ZERO, Elements
from xamba.facts.facts import Facts
from xamba.facts.nodes import is_onnx
from xamba.passes.by_element import ByElement, elements_of
from xamba.passes.text import model_text, option
from xamba.passes.unread import drop_unread
from xamba.workbench import Workbench

#: A state carried over two places: zeros in front, a decay that is zero above the diagonal.
_STATE = """
zero = Constant<value = float {0.0}>()
half = Constant<value = float {0.5}>()
square = Constant<value = int64[2] {2, 2}>()
ones = ConstantOfShape<value = float[1] {1.0}>(square)
lower = Trilu<upper = 0>(ones)
mask = Equal(lower, zero)
gate = Where(g, half, lower)
decay = Where(mask, zero, gate)
shape = Shape(new)
first = Expand(zero, shape)
states = Concat<axis = 1>(first, new)
carried = MatMul(decay, states)
start = Constant<value = int64[1] {START}>()
end = Constant<value = int64[1] {END}>()
one = Constant<value = int64[1] {1}>()
before = Slice(carried, start, end, one)
y = Add(x, before)
"""


def _state(start: int, end: int, new: str) -> str:
    body = _STATE.replace("{START}", f"{{{start}}}").replace("{END}", f"{{{end}}}")
    return model_text(
        "bool[N,2,2] g, bool[N,1,3] n, float[N,1,3] m, float[N,1,3] x", "float[N,1,3] y", new + body
    )


@dataclass(frozen=True)
class Zeros(ByElement):
    """What is exactly zero is not added, and what computes it is gone (the dead state of Mamba-2).

    assume_finite: take what a zero is multiplied by to be finite.
    """

    assume_finite: bool = option(
        False, "--assume-finite", "take what a zero is multiplied by to be finite (0 * inf is NaN)."
    )

    name: ClassVar[str] = "zeros"
    order: ClassVar[int] = 20
    examples: ClassVar[tuple[str, ...]] = (
        _state(0, 1, "yes = Constant<value = float {3.0}>()\nnew = Where(n, yes, yes)"),
        model_text(
            "float[N,4] x, bool[N,4] b",
            "float[N,4] y",
            """
            one = Constant<value = float {1.0}>()
            zero = Constant<value = float {0.0}>()
            c = Where(b, one, one)
            s = Abs(c)
            z = Mul(s, zero)
            y = Sub(x, z)
            """,
        ),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (_state(0, 1, "new = Mul(m, m)"), "assume_finite"),
        (
            model_text(
                "float[N,2,4] x",
                "float[N,2,4] y",
                """
                mask = Constant<value = float[2,2] {0.0, 0.0, 0.0, 1.0}>()
                s = Sigmoid(x)
                z = MatMul(mask, s)
                y = Add(x, z)
                """,
            ),
            "zero in part only: 1 of 2",
        ),
    )

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type in ("Add", "Sub") and len(node.inputs) == 2

    def finite(self) -> bool:
        return self.assume_finite

    def rewrite_known(self, node: ir.Node, bench: Workbench, elements: Elements) -> str:
        zero = _zero_operand(node, elements)
        if zero is None:
            self._say_why_not(node, bench, elements)
            raise NotMine
        return _take_out(node, zero, bench, elements.facts)

    def _say_why_not(self, node: ir.Node, bench: Workbench, elements: Elements) -> None:
        bolder = elements_of(bench, elements.facts, True)
        if not self.assume_finite and _zero_operand(node, bolder) is not None:
            raise Keep(
                "an operand is zero only if what it was multiplied by is finite (0 * inf is NaN); "
                "assume_finite=True (--assume-finite) says that it is"
            )
        for value in node.inputs:
            codes = bolder.of(value)
            several = codes is not None and sum(d > 1 for d in codes.shape) > 1  # a triangle, not a state
            if codes is not None and not several and (codes == ZERO).any() and not (codes == ZERO).all():
                axis = max(range(codes.ndim), key=lambda i: codes.shape[i])
                whole = [i for i in range(codes.shape[axis]) if (codes.take(i, axis) == ZERO).all()]
                if 0 in whole and _from_a_product(
                    value
                ):  # padding is zero at the end, a first state in front
                    raise Keep(
                        f"an operand is zero in part only: {len(whole)} of {codes.shape[axis]} along axis {axis} "
                        f"(a state that a later chunk reads is not dead)"
                    )


def _zero_operand(node: ir.Node, elements: Elements) -> int | None:
    """Place of the operand that goes: a zero that is computed, not one that lies in the file."""
    for place in (1, 0) if node.op_type == "Add" else (1,):
        value = node.inputs[place]
        if value is not None and elements.is_zero(value) and not elements.is_constant(value):
            return place
    return None


def _from_a_product(value: ir.Value | None) -> bool:
    """Whether a product of two runtime values lies a few moves before the value: a state at work."""
    for _ in range(6):
        node = None if value is None else value.producer()
        if node is None or not node.inputs:
            return False
        if node.op_type in ("ReduceSum", "MatMul", "Einsum"):
            return True
        value = node.inputs[0]
    return False


def _take_out(node: ir.Node, place: int, bench: Workbench, facts: Facts) -> str:
    zero, other, out = node.inputs[place], node.inputs[1 - place], node.outputs[0]
    if other is None or zero is None:
        raise NotMine
    before, after = facts.of(other).shape, facts.of(out).shape
    if before is None or after is None:
        raise Keep("the shape of an operand is unknown")
    if before != after:
        if not all(isinstance(d, int) for d in after):
            raise Keep("the zero operand widens the other one along a free length")
        target = bench.ints([d for d in after if isinstance(d, int)], "xamba_shape")
        bench.replace(node, bench.node("Expand", [other, target], after, facts.of(other).dtype))
    elif out.is_graph_output():
        bench.replace(node, bench.node("Identity", [other], after, facts.of(other).dtype))
    else:
        out.replace_all_uses_with(other)
        assert node.graph is not None
        node.graph.remove(node, safe=True)
    gone = drop_unread([zero])
    return f"its other operand; the zero and {gone} nodes that computed it are gone"
