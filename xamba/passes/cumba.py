"""CumBA: CumSum becomes a MatMul with a triangular mask of ones.

Rule (XAMBA, arXiv 2502.06924, section on CumBA), for a CumSum along axis ``a`` of length ``L`` of
``x`` with shape ``[*outer, L, *inner]``::

    CumSum(x, a)  =  T x      with  T[i, j] = 1 if j <= i else 0          T: [L, L]

* last axis (no inner):   ``x [*outer, L] @ T^T [L, L]``
* one inner dimension:    ``T [L, L] @ x [*outer, L, inner]``
* more inner dimensions:  Reshape to ``[*outer, L, prod(inner)]``, the product above, Reshape back
* ``exclusive``: the strict triangle. ``reverse``: the transposed triangle.
* a CumSum between two Slices that reverse its axis (what torch makes of a reversed cumsum) becomes
  one product with the transposed triangle.
* ``block=b``: with ``L = n b`` the mask shrinks from L^2 to b^2 + n^2: a triangle within each block
  plus the sum of the blocks before it::

      x: [*outer, n, b, inner]    y = T_b x + (strict T_n) (1_b x)

  Where no divisor of L is near `block` (a prime length), the axis is padded with zeros behind to n blocks of equal
  length, and the rows of the padding are cut off again. Without `block`, axes longer than 1,024 are split
  (`xamba.passes.blocks.split` says how).

One mask serves all CumSums of the same length, direction and type, and all masks of a model together stay within
`max_mask_mib`. Whole numbers are rewritten with ``integers=True`` only: no NPU multiplies them.

**Caveat.** A masked product multiplies every element by 0 or 1, and ``0 * inf = NaN``: where x holds
an infinity or a NaN, a CumSum keeps the finite sums before it and the product does not.
``refuse_nonfinite=True`` keeps every CumSum whose operand is not finite for certain (see `xamba.facts.finite`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import onnx_ir as ir

from xamba.errors import BadArgument, Keep
from xamba.facts.facts import Facts
from xamba.facts.finite import certainly_finite
from xamba.facts.nodes import attribute, is_onnx
from xamba.passes.base import XambaPass
from xamba.passes.blocks import SHORTEST, Cut, Triangle, blocked, split, whole
from xamba.passes.flip import flipped_operand
from xamba.passes.operand import Tensor, matmul_type, operand_of
from xamba.passes.text import model_text, option
from xamba.workbench import Workbench

#: Shortest axis that is rewritten where nobody names the pass. By Intel's compiler 2026.4.1 on NPU 5010, the only
#: generation of which it prices CumSum, segment sums gain from 96 rows on and lose at 48 and less; at 64 the number of
#: heads decides (xamba/choice/data/witness.csv).
CAUTIOUS = 96


@dataclass(frozen=True)
class CumBA(XambaPass):
    """CumSum becomes a MatMul with a triangular mask of ones.

    block: split axes longer than this into blocks of at most this length (None: axes over 1,024, as fits best).
    max_mask_mib: what all masks of a model may take together, in MiB; a CumSum beyond it is kept.
    min_length: keep a CumSum along a shorter axis (1: none; `CAUTIOUS` where nobody names the pass).
    integers: rewrite integer CumSums too; no NPU takes the product.
    refuse_nonfinite: keep a CumSum whose operand may hold inf or NaN.
    """

    block: int | None = option(None, "--block", "longest block of a mask.")
    max_mask_mib: float = option(32.0, "--max-mask-mib", "all masks of a model together, in MiB.")
    min_length: int = option(1, "--min-length", f"keep shorter axes; {CAUTIOUS} where no passes are named.")
    integers: bool = option(False, "--integers", "rewrite sums of whole numbers too.")
    refuse_nonfinite: bool = option(
        False, "--refuse-nonfinite", "keep a CumSum whose operand may hold inf or NaN."
    )

    name: ClassVar[str] = "cumba"
    default: ClassVar[bool] = True
    unasked: ClassVar[Mapping[str, Any]] = {"min_length": CAUTIOUS}
    order: ClassVar[int] = 50
    examples: ClassVar[tuple[str, ...]] = (
        model_text("float[N,6] x", "float[N,6] y", "ax = Constant<value = int64 {-1}>() y = CumSum(x, ax)"),
        model_text(
            "float[2,8,3,N] x",
            "float[2,8,3,N] y",
            "ax = Constant<value = int64 {1}>() y = CumSum<exclusive = 1, reverse = 1>(x, ax)",
        ),
        model_text(
            "float[N,8,3] x",
            "float[N,8,3] y",
            """
            start = Constant<value = int64[1] {-1}>() end = Constant<value = int64[1] {-100}>()
            axis = Constant<value = int64[1] {1}>() ax = Constant<value = int64 {1}>()
            turned = Slice(x, start, end, axis, start)
            summed = CumSum(turned, ax)
            y = Slice(summed, start, end, axis, start)
            """,
        ),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            model_text("float[2,6] x, int64 ax", "float[2,6] y", "y = CumSum(x, ax)"),
            "its axis is not a constant",
        ),
        (
            model_text(
                "float[2,N] x", "float[2,N] y", "ax = Constant<value = int64 {1}>() y = CumSum(x, ax)"
            ),
            "free length ('N')",
        ),
        (
            model_text(
                "int64[2,6] x", "int64[2,6] y", "ax = Constant<value = int64 {1}>() y = CumSum(x, ax)"
            ),
            "no NPU takes a product of int64",
        ),
        (
            model_text(
                "float[1,20000000] x",
                "float[1,20000000] y",
                "ax = Constant<value = int64 {1}>() y = CumSum(x, ax)",
            ),
            "MiB for all masks of a model",
        ),
    )

    def __post_init__(self) -> None:
        if self.block is not None and self.block < 1:
            raise BadArgument(f"block is {self.block}; a block has at least one element")
        if self.min_length < 1:
            raise BadArgument(f"min_length is {self.min_length}; an axis has at least one element")

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type == "CumSum"

    def rewrite(self, node: ir.Node, bench: Workbench, facts: Facts) -> str:
        axis_value = facts.constant(node.inputs[1])
        if axis_value is None:
            raise Keep("its axis is not a constant")
        if axis_value.size != 1:
            raise Keep(f"its axis is a list of {axis_value.size} numbers, not one")
        x = operand_of(node, facts)
        axis = _axis(int(axis_value.ravel()[0]), x.rank)
        length = x.static(axis, "scanned")
        if length < self.min_length:
            raise Keep(
                f"its axis of {length} is shorter than {self.min_length}: by Intel's compiler a short sum is quicker "
                f"than its product; --min-length 1 rewrites it all the same"
            )
        matmul_type(x.dtype, bench.opset, self.integers)
        if self.refuse_nonfinite and not certainly_finite(x.value, facts):
            raise Keep("its operand may hold inf or NaN, and 0 * inf is NaN in a masked product")
        reverse, exclusive = bool(attribute(node, "reverse", 0)), bool(attribute(node, "exclusive", 0))
        end, pattern, source = node, [], x.value
        flip = flipped_operand(node, axis, facts)
        if flip is not None:
            source, end, reverse, pattern = flip.source, flip.end, not reverse, flip.nodes
        triangle = Triangle(bench, x.dtype, exclusive, reverse)
        last = axis == x.rank - 1
        cut = self._cut(length, triangle, last)
        tensor = Tensor(bench, source, x.shape, x.dtype)
        y = whole(tensor, axis, triangle) if cut is None else blocked(tensor, axis, cut, triangle)
        bench.replace(end, y.value, pattern)
        return _describe(length, cut, reverse, exclusive, bool(pattern))

    def _cut(self, length: int, triangle: Triangle, last: bool) -> Cut | None:
        """How to split the axis: None for one mask. Raises `Keep` where the budget for masks does not do."""
        cuts = [split(length, self.block)]
        if self.block is None and cuts == [None]:
            cuts.append(split(length, SHORTEST))  # where many lengths ask for masks
        sizes = [triangle.new_bytes(length, cut, last) for cut in cuts]
        have, budget = triangle.bytes_so_far(), self.max_mask_mib * 2**20
        for cut, size in zip(cuts, sizes, strict=True):
            # Half of the budget is left to blocks, so that the first lengths do not take it all.
            limit = budget / 2 if cut is None and self.block is None and cuts[-1] is not None else budget
            if size == 0 or have + size <= limit:
                return cut
        raise Keep(
            f"its masks would take {min(sizes) / 2**20:.4g} MiB on top of {have / 2**20:.4g}, and "
            f"{self.max_mask_mib:g} MiB for all masks of a model are allowed; give --max-mask-mib or --block"
        )


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise Keep(f"its axis {axis} is outside rank {rank}")
    return axis % rank


def _describe(length: int, cut: Cut | None, reverse: bool, exclusive: bool, flip: bool) -> str:
    words = [f"MatMul with a {length} x {length} triangle"]
    if cut is not None:
        words = [f"blocks of {cut.block} and a carry over {cut.count}"]
        words += [f"padded by {cut.padding(length)}"] * bool(cut.padding(length))
    words += ["reverse"] * reverse + ["exclusive"] * exclusive + ["both flips folded"] * flip
    return ", ".join(words)
