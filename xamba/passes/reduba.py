"""ReduBA: ReduceSum and ReduceMean become a MatMul with ones.

Rule (XAMBA, arXiv 2502.06924, section on ReduBA), for the sum of ``x`` over axes of lengths whose
product is ``K``::

    sum over the last axis:       x [*outer, K] @ 1 [K, 1]               -> [*outer, 1]
    over the one before the last: 1 [1, K] @ x [*outer, K, inner]        -> [*outer, 1, inner]
    over any other run of axes:   Reshape to [*outer, K, prod(inner)], the product above, Reshape back

* Axes that are not neighbours are summed run by run, the last run first.
* An axis of length 1 costs no product: it is squeezed away (``keepdims=0``) or left as it is.
* No axes: all axes, or Identity with ``noop_with_empty_axes=1``.
* ``mean=True``: the mean uses ``1/K`` in place of ``1``. A mean of integers is kept (it rounds).
* Integers are summed by ``integers=True`` only: no NPU multiplies them, and a product wraps around where a
  runtime's sum may saturate.

There are no zeros in the mask, so infinities and NaNs come out as they would from a sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.facts import Facts
from xamba.facts.nodes import attribute, is_onnx
from xamba.passes.base import XambaPass
from xamba.passes.operand import INTEGERS, Operand, Tensor, matmul_type, operand_of
from xamba.passes.text import model_text, option
from xamba.workbench import Workbench

#: 1/K is a normal number of the type up to here (float16: 2^-14 is its smallest normal number).
LONGEST_MEAN = {ir.DataType.FLOAT16: 2**14}


@dataclass(frozen=True)
class ReduBA(XambaPass):
    """ReduceSum and ReduceMean become a MatMul with ones.

    mean: rewrite ReduceMean too. By default means stay: a product in its place hides the fused normalisation.
    integers: rewrite integer sums too; no NPU takes the product, and it wraps around.
    """

    mean: bool = option(False, "--mean/--no-mean", "rewrite ReduceMean too.")
    integers: bool = option(False, "--integers", "rewrite sums of whole numbers too.")

    name: ClassVar[str] = "reduba"
    default: ClassVar[bool] = True
    order: ClassVar[int] = 60
    #: A mean as a product pays where the compiler does not fuse the normalisation around it: the price decides.
    candidates: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"mean": True})
    examples: ClassVar[tuple[str, ...]] = (
        model_text(
            "float[N,6] x",
            "float[N] y",
            "a = Constant<value = int64[1] {-1}>() y = ReduceSum<keepdims = 0>(x, a)",
        ),
        model_text(
            "float[2,N,4,3] x",
            "float[2,N,1,1] y",
            "a = Constant<value = int64[2] {2, 3}>() y = ReduceSum(x, a)",
        ),
        model_text(
            "float[N,5,4,3] x",
            "float[N,4] y",
            "a = Constant<value = int64[2] {1, 3}>() y = ReduceSum<keepdims = 0>(x, a)",
        ),
        model_text(
            "float[N,1,4] x",
            "float[N,4] y",
            "a = Constant<value = int64[1] {1}>() y = ReduceSum<keepdims = 0>(x, a)",
        ),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (model_text("float[2,6] x", "float[2,1] y", "y = ReduceMean<axes = [1]>(x)"), "fused normalisation"),
        (
            model_text(
                "float[2,N] x", "float[2,1] y", "a = Constant<value = int64[1] {1}>() y = ReduceSum(x, a)"
            ),
            "free length ('N')",
        ),
        (
            model_text(
                "int64[2,6] x", "int64[2,1] y", "a = Constant<value = int64[1] {1}>() y = ReduceSum(x, a)"
            ),
            "no NPU takes a product of int64",
        ),
        (model_text("float[2,6] x, int64[1] a", "float[2,1] y", "y = ReduceSum(x, a)"), "not a constant"),
    )

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type in ("ReduceSum", "ReduceMean")

    def rewrite(self, node: ir.Node, bench: Workbench, facts: Facts) -> str:
        is_mean = node.op_type == "ReduceMean"
        axes = _axes(node, facts)
        noop = bool(attribute(node, "noop_with_empty_axes", 0))
        x = operand_of(node, facts)
        if not axes and noop:
            bench.replace(node, bench.node("Identity", [x.value], x.shape, x.dtype))
            return "Identity"
        axes = _normal(axes, x.rank)
        if is_mean and not self.mean and any(x.shape[axis] != 1 for axis in axes):
            raise Keep("as a product it would no longer be part of a fused normalisation (--mean makes one)")
        lengths = {axis: x.static(axis, "summed") for axis in axes}
        keepdims = bool(attribute(node, "keepdims", 1))
        summed = [axis for axis in axes if lengths[axis] != 1]
        if summed:
            self._check_type(x, bench.opset, is_mean, prod(lengths.values()))
        tensor = Tensor(bench, x.value, x.shape, x.dtype)
        if not summed:
            return _no_work(tensor, node, axes, keepdims)
        runs = _runs(summed)
        if len(runs) == 1:
            y = _sum_run(tensor, runs[0], is_mean, keepdims, axes)
        else:
            y = tensor
            for run in reversed(runs):
                y = _sum_run(y, run, is_mean, True, run)
            y = y if keepdims else y.squeeze(axes)
        bench.replace(node, y.value)
        size = " x ".join(str(prod(lengths[a] for a in run)) for run in runs)
        return f"MatMul with {size} {'reciprocals' if is_mean else 'ones'}"

    def _check_type(self, x: Operand, opset: int, is_mean: bool, count: int) -> None:
        matmul_type(x.dtype, opset, self.integers)
        if is_mean and x.dtype in INTEGERS:
            raise Keep("a mean of integers rounds, a product does not")
        if is_mean and count > LONGEST_MEAN.get(x.dtype, count):
            raise Keep(f"1/{count} is no normal number of the type {x.dtype.name.lower()}")


def _axes(node: ir.Node, facts: Facts) -> list[int]:
    """Axes as written: an attribute in early opsets, an input later; none is an empty list."""
    if "axes" in node.attributes:
        return list(node.attributes["axes"].as_ints())
    if len(node.inputs) < 2 or node.inputs[1] is None:
        return []
    found = facts.constant(node.inputs[1])
    if found is None:
        raise Keep("its axes are not a constant")
    return [int(a) for a in found.ravel()]


def _normal(axes: list[int], rank: int) -> list[int]:
    """Axes in order, counted from the front; all of them when none is given."""
    bad = [a for a in axes if not -rank <= a < rank]
    if bad:
        raise Keep(f"its axis {bad[0]} is outside rank {rank}")
    return sorted({a % rank for a in axes}) if axes else list(range(rank))


def _runs(axes: list[int]) -> list[list[int]]:
    """Axes grouped into runs of neighbours: [0, 2, 3] -> [[0], [2, 3]]."""
    runs: list[list[int]] = []
    for axis in axes:
        if runs and runs[-1][-1] == axis - 1:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    return runs


def _no_work(x: Tensor, node: ir.Node, axes: list[int], keepdims: bool) -> str:
    """All summed axes have length 1 (or there are none to sum): the elements stay as they are."""
    if keepdims or not axes:
        x.bench.replace(node, x.bench.node("Identity", [x.value], x.shape, x.dtype))
        return "Identity, its axes have length 1"
    x.bench.replace(node, x.squeeze(axes).value)
    return "Squeeze, its axes have length 1"


def _sum_run(x: Tensor, run: list[int], is_mean: bool, keepdims: bool, dropped: list[int]) -> Tensor:
    """Sum over neighbouring axes; without `keepdims` the axes in `dropped` (run and length 1) go away."""
    first, after = run[0], run[-1] + 1
    outer, inner = x.shape[:first], x.shape[after:]
    count = prod(int(d) for d in x.shape[first:after] if isinstance(d, int))
    size = x.inner_size(after - 1)
    kept_shape = (*outer, *(1,) * len(run), *inner)
    final = [d for i, d in enumerate(kept_shape) if keepdims or i not in dropped]

    merged = x
    if len(run) > 1 or len(inner) > 1:
        tail = [count] + ([] if not inner else [-1 if size is None else size])
        shape = (*outer, count, *([size] if inner else []))
        merged = Tensor(x.bench, x.bench.reshape(x.value, [0] * first + tail, shape, x.dtype), shape, x.dtype)
    mask = np.full((count, 1) if not inner else (1, count), 1 / count if is_mean else 1.0)
    hint = f"xamba_{'mean' if is_mean else 'ones'}_{count}_{x.dtype.name.lower()}"
    ones = x.bench.constant(mask, x.dtype, hint, ("ones", is_mean, mask.shape, x.dtype))
    y = merged.matmul_left(ones, (*outer, 1, merged.shape[-1])) if inner else None
    y = y or merged.matmul_right(ones, (*outer, 1))
    if list(y.shape) == final and len(inner) <= 1:
        return y
    if len(run) == 1 and len(inner) <= 1:
        return y.squeeze(dropped)
    same = first if keepdims else min(dropped)  # so many leading dimensions stay in their place
    target = [0 if i < same else d if isinstance(d, int) else -1 for i, d in enumerate(final)]
    if target.count(-1) <= 1:
        return Tensor(x.bench, x.bench.reshape(y.value, target, final, x.dtype), tuple(final), x.dtype)
    return _free_restore(x, y, kept_shape, [] if keepdims else dropped, after)


def _free_restore(
    x: Tensor, y: Tensor, kept_shape: tuple[int | str | None, ...], dropped: list[int], after: int
) -> Tensor:
    """Several free dimensions behind the summed axes: take their lengths from the operand's Shape."""
    bench, integer = x.bench, ir.DataType.INT64
    shape = bench.node("Shape", [x.value], [x.rank], integer)
    tail = bench.node(
        "Slice",
        [shape, bench.ints([after], "xamba_start"), bench.ints([x.rank], "xamba_end")],
        [x.rank - after],
        integer,
    )
    head = bench.ints([0] * (y.rank - 2) + [1] * (after - (y.rank - 2)), "xamba_head")
    target = bench.node("Concat", [head, tail], [x.rank], integer, {"axis": 0})
    restored = Tensor(
        bench, bench.node("Reshape", [y.value, target], kept_shape, x.dtype), kept_shape, x.dtype
    )
    return restored.squeeze(dropped) if dropped else restored
