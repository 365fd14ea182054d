"""Which elements of a value are known before the model runs: exactly zero, minus infinity, or broken.

A padded row, an initial state of zeros and a mask of minus infinity under an Exp are exact zeros, and a
product with an exact zero is one too, as long as the other factor is finite. `Elements` walks the
graph once and gives every value an array of codes, one dimension for each of its own, of length 1
where all elements along a dimension have the same code:

    ANY      nothing is known
    ZERO     exactly 0
    NEGINF   exactly minus infinity
    BROKEN   inf or NaN come out for certain or may (log of a zero, infinity times anything)

``finite=False``: a product with ZERO is ZERO only where the other factor is finite for certain
(`xamba.facts.finite`), since ``0 * inf`` is NaN. ``finite=True``: ANY is taken to be finite, so a
result differs from that of the graph only where the graph itself makes a NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import onnx_ir as ir

from xamba.facts.element_rules import RULES, Rule, combine, compress, unknown
from xamba.facts.facts import Facts
from xamba.facts.finite import certainly_finite
from xamba.facts.nodes import is_onnx
from xamba.facts.whole import Whole

ANY, ZERO, NEGINF, BROKEN = range(4)
#: Ops that make exact elements of operands of which nothing is known.
MAKERS = ("Pad", "Trilu", "ConstantOfShape", "CumSum")
#: Ops that make an infinity or a NaN of a zero.
RISKY = {"Log", "Reciprocal", "Pow", "Mod", "LpNormalization", "LogSoftmax", "Inverse", "Atanh", "Acosh"}
#: Constants above this size are weights; nobody looks for zeros in them.
LARGEST_CONSTANT = 2**20

Codes = np.ndarray


class Elements:
    """Codes of every value of the main graph of a model."""

    def __init__(self, facts: Facts, whole: Whole, finite: bool) -> None:
        self.facts, self.whole, self.finite = facts, whole, finite
        self._codes: dict[ir.Value, Codes | None] = {}
        self._constants: set[ir.Value] = set()
        self._lengths: set[ir.Value] = set()  # lengths, and what is computed of them
        for node in facts.model.graph:
            self._node(node)

    def of(self, value: ir.Value | None) -> Codes | None:
        """Codes of a value; None when nothing is known of any element."""
        if value is None:
            return None
        if value not in self._codes:
            self._codes[value] = self._constant(value)
        return self._codes[value]

    def is_zero(self, value: ir.Value | None) -> bool:
        """Whether every element is exactly 0."""
        codes = self.of(value)
        return codes is not None and codes.size > 0 and bool((codes == ZERO).all())

    def certainly_finite(self, value: ir.Value | None) -> bool:
        return value is not None and (self.finite or certainly_finite(value, self.facts))

    def is_constant(self, value: ir.Value) -> bool:
        """Whether the value is the same in every run."""
        held = value.const_value is not None and not value.is_graph_input()
        return held or value in self._constants

    def shape(self, value: ir.Value | None) -> tuple[int | str | None, ...] | None:
        return None if value is None else self.facts.of(value).shape

    def _constant(self, value: ir.Value) -> Codes | None:
        fact = self.facts.of(value)
        if not self.is_constant(value):
            return None
        if fact.dtype is None or not fact.dtype.is_floating_point():
            return None
        shape = fact.shape
        if shape is None or not all(isinstance(d, int) for d in shape):
            return None
        if prod(d for d in shape if isinstance(d, int)) > LARGEST_CONSTANT:
            return None
        data = self.whole.of(value)
        return None if data is None else constant_codes(data)

    def _node(self, node: ir.Node) -> None:
        present = [x for x in node.inputs if x is not None]
        if node.op_type == "CastLike" and is_onnx(node):
            present = present[:1]
        if node.op_type == "Constant" or (present and all(self.is_constant(x) for x in present)):
            if not node.op_type.startswith(("Random", "Bernoulli", "Multinomial")):
                self._constants.update(node.outputs)
            return  # `of` asks for the whole value
        whole_number = node.op_type in ("Shape", "Size") or any(x in self._lengths for x in present)
        if whole_number and len(node.outputs) == 1 and is_onnx(node):
            self._lengths.update(node.outputs)
            if self.facts.constant(node.outputs[0]) is not None:
                self._constants.update(node.outputs)
                return
        known = [self.of(x) for x in present]
        if node.op_type not in MAKERS and all(c is None for c in known):
            return
        shapes = [self.shape(out) for out in node.outputs]
        rule = RULES.get(node.op_type) if is_onnx(node) else None
        found: Sequence[Codes | None] | None = None
        if rule is not None and None not in shapes:
            found = Rule(self, node, shapes).apply(rule)  # type: ignore[arg-type]
        if found is None:
            lowest = ZERO if node.op_type in RISKY else NEGINF
            broken = any(c is not None and (c >= lowest).any() for c in known)
            broken = broken and node.op_type not in ("Shape", "Size")
            found = [unknown(shape, broken) for shape in shapes]
        for out, codes in zip(node.outputs, found, strict=True):
            self._codes[out] = None if codes is None or not codes.any() else compress(codes)


def constant_codes(data: np.ndarray) -> Codes | None:
    """Codes of known numbers."""
    data = np.asarray(data)
    if data.dtype.kind not in "fV":
        return None
    numbers = data.astype(np.float32)
    codes = np.zeros(data.shape, np.int8)
    codes[numbers == 0] = ZERO
    codes[np.isneginf(numbers)] = NEGINF
    codes[np.isnan(numbers) | np.isposinf(numbers)] = BROKEN
    return compress(codes) if codes.any() else None


__all__ = ["ANY", "BROKEN", "NEGINF", "ZERO", "Codes", "Elements", "combine", "constant_codes"]
