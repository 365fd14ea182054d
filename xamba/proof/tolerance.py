"""How far two models that compute the same may differ: derived from types and lengths of sums, not chosen.

Rounding. A sum of n terms computed in another order differs by at most ``n u`` times the sum of
magnitudes, and for n > 16 with near certainty by no more than ``4 sqrt(n) u`` (N. Higham, T. Mary,
"A new approach to probabilistic rounding error analysis", 2019: the n of the bound becomes
sqrt(n) times a small constant); u is the unit roundoff. Errors of s such sums one after the other are
independent and add as sqrt(s). What they perturb may then be rounded the other way once more::

    rounding = 4 u_s sqrt(n s) + 4 u_c     u: float32 2^-24, float16 2^-11, bfloat16 2^-8, float64 2^-53

Only sums that stand in one model and not in the other count (MatMul, Gemm, Conv, Einsum, CumSum,
ReduceSum, ReduceMean; same op, same operands, same result name is the same sum): n is the longest
of them, s the largest number of them on one path, u_s their coarsest type; u_c is the coarsest float
type in either model.

Tables. A piecewise linear table that stands in one model only is wrong by its error e, measured on the table
(`xamba.proof.table_errors`), not read from what the file says of itself. k tables with independent
errors add up to ``4 sqrt(e1^2 + ... + ek^2)``.

The sum of both is relative to the largest magnitude of an output, and never above 0.1: what needs
more than that has not kept the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod, sqrt

import numpy as np
import onnx_ir as ir

from xamba.facts.facts import Facts, facts_of
from xamba.facts.nodes import attribute, is_onnx
from xamba.proof.table_errors import allowance, tables_of

T = ir.DataType
ROUNDOFF = {T.DOUBLE: 2.0**-53, T.FLOAT: 2.0**-24, T.FLOAT16: 2.0**-11, T.BFLOAT16: 2.0**-8}
MARGIN = 4.0
SUMS = {"MatMul", "Gemm", "Conv", "Einsum", "CumSum", "ReduceSum", "ReduceMean"}
LARGEST = 0.1
CONSTANT_MARGIN = 1.25  # a rounded constant is off by one unit at most, and so is what it is a factor of
LARGEST_CONSTANT = 2**16  # elements of a constant that is looked into


@dataclass(frozen=True)
class Tolerance:
    """`total`, its three parts, and what they were derived from."""

    rounding: float
    tables: float
    dtype: str
    longest_sum: int
    sums_deep: int
    table_count: int
    constants: float = 0.0

    @property
    def total(self) -> float:
        return min(self.rounding + self.tables + self.constants, LARGEST)

    def __str__(self) -> str:
        text = f"{self.total:.2g} from {self.dtype}, sums of {self.longest_sum}, {self.sums_deep} deep"
        text += f", {self.table_count} tables ({self.tables:.2g})" if self.table_count else ""
        return text + (f", constants that float16 rounds ({self.constants:.2g})" if self.constants else "")


@dataclass(frozen=True)
class _Sum:
    """One sum of a model."""

    node: ir.Node
    length: int
    dtype: ir.DataType | None

    @property
    def key(self) -> tuple[object, ...]:
        names = [v.name if v is not None else None for v in self.node.inputs]
        return (self.node.op_type, self.node.outputs[0].name, *names)


def table_errors(first: ir.Model, second: ir.Model) -> list[float]:
    """Errors of the tables that stand in one model and not in the other."""
    return [max(allowance(one)) for one in set(tables_of(first)) ^ set(tables_of(second))]


def derive(first: ir.Model, second: ir.Model, errors: Sequence[float] | None = None) -> Tolerance:
    """The tolerance for two models that should compute the same; errors: of tables, if they are known."""
    sums = [_sums(first), _sums(second)]
    common = {s.key for s in sums[0]} & {s.key for s in sums[1]}
    differing = [[s for s in found if s.key not in common] for found in sums]
    both = differing[0] + differing[1]
    longest = max((s.length for s in both), default=0)
    deep = max(_deepest(m, {s.node for s in d}) for m, d in zip((first, second), differing, strict=True))
    coarsest = max(_float_types(first) | _float_types(second) | {T.DOUBLE}, key=lambda t: ROUNDOFF[t])
    rough = max((ROUNDOFF[s.dtype] for s in both if s.dtype in ROUNDOFF), default=0.0)
    rounding = MARGIN * (rough * sqrt(longest * deep) + ROUNDOFF[coarsest])
    errors = table_errors(first, second) if errors is None else errors
    tables = MARGIN * sqrt(sum(e * e for e in errors))
    return Tolerance(rounding, tables, coarsest.name.lower(), longest, deep, len(errors))


def _nodes(model: ir.Model) -> Iterator[ir.Node]:
    return iter(ir.traversal.RecursiveGraphIterator(model.graph))


def _sums(model: ir.Model) -> list[_Sum]:
    facts = facts_of(model)
    found = []
    for node in _nodes(model):
        if is_onnx(node) and node.op_type in SUMS and not facts.is_constant(node.outputs[0]):
            found.append(_Sum(node, sum_length(node, facts), facts.of(node.outputs[0]).dtype))
    return found


def _deepest(model: ir.Model, sums: set[ir.Node]) -> int:
    """The largest number of these nodes on one path."""
    depths: dict[ir.Value, int] = {}
    deepest = 0
    for node in _nodes(model):
        depth = max((depths.get(v, 0) for v in node.inputs if v is not None), default=0) + (node in sums)
        for out in node.outputs:
            depths[out] = depth
        deepest = max(deepest, depth)
    return deepest


def _float_types(model: ir.Model) -> set[ir.DataType]:
    """Float types the model computes or stores in."""
    facts = facts_of(model)
    values = [*model.graph.inputs, *model.graph.initializers.values()]
    values += [out for node in _nodes(model) for out in node.outputs]
    return {dtype for dtype in (facts.of(v).dtype for v in values) if dtype in ROUNDOFF}


def inexact_constants(first: ir.Model, second: ir.Model, narrow: set[ir.DataType]) -> float:
    """Error that float16 constants of one model only may have: a third is not a float16, a one is.

    Allowed where such a constant fills its significand to the last bit, so that it may have been rounded.
    """
    found = 0.0
    known = {_content(v) for v in first.graph.initializers.values()}
    for value in second.graph.initializers.values():
        tensor = value.const_value
        if tensor is None or tensor.dtype not in narrow or tensor.size > LARGEST_CONSTANT:
            continue
        if _content(value) in known:
            continue
        array = tensor.numpy().astype(np.float64).ravel()
        significand, _ = np.frexp(array[np.isfinite(array)])
        unit = ROUNDOFF[tensor.dtype]
        if ((significand / (2 * unit)) % 1 != 0).any() or ((significand / (4 * unit)) % 1 != 0).any():
            found = max(found, CONSTANT_MARGIN * unit)
    return found


def _content(value: ir.Value) -> object:
    tensor = value.const_value
    if tensor is None or tensor.size > LARGEST_CONSTANT:
        return value.name
    return (value.name, tensor.dtype, tuple(tensor.shape), tensor.numpy().tobytes())


def sum_length(node: ir.Node, facts: Facts) -> int:
    """Number of terms an output element of the node sums over; 1 when unknown or no sum."""
    if not is_onnx(node) or not node.inputs or node.inputs[0] is None:
        return 1
    shapes = [facts.of(v).shape if v is not None else None for v in node.inputs[:2]]
    x, w = shapes[0], shapes[1] if len(shapes) > 1 else None
    if not x:
        return 1
    dims: list[object] = []
    if node.op_type == "MatMul":
        dims = [x[-1]]
    elif node.op_type == "Gemm":
        dims = [x[0] if attribute(node, "transA", 0) else x[1]]
    elif node.op_type == "Conv" and w:
        dims = list(w[1:])
    elif node.op_type == "Einsum":
        dims = _contracted(node, facts)
    elif node.op_type == "CumSum":
        axis = facts.constant(node.inputs[1])
        dims = [] if axis is None else [x[int(axis.ravel()[0])]]
    elif node.op_type in ("ReduceSum", "ReduceMean"):
        axes = attribute(node, "axes", None) or (
            facts.constant(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1] is not None else None
        )
        dims = list(x) if axes is None else [x[int(a)] for a in axes]
    return max(1, prod(d for d in dims if isinstance(d, int)))


def _contracted(node: ir.Node, facts: Facts) -> list[object]:
    """Lengths of the letters of an Einsum that its output does not have."""
    left, _, right = node.attributes["equation"].as_string().replace(" ", "").partition("->")
    lengths: dict[str, object] = {}
    for letters, value in zip(left.split(","), node.inputs, strict=False):
        shape = facts.of(value).shape if value is not None else None
        if "." not in letters and shape is not None and len(shape) == len(letters):
            lengths.update(zip(letters, shape, strict=True))
    return [d for letter, d in lengths.items() if letter not in right]
