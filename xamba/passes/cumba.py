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

  ``b`` is the largest divisor of L that is not above `block`.

One mask serves all CumSums of the same length, direction and type. Integers wrap around in a
MatMul exactly as in a CumSum, so int32, int64, uint32 and uint64 are rewritten too (`integers`).

**Caveat.** A masked product multiplies every element by 0 or 1, and ``0 * inf = NaN``: where x holds
an infinity or a NaN, a CumSum keeps the finite sums before it and the product does not.
``refuse_nonfinite=True`` keeps every CumSum whose operand is not finite for certain (see `xamba.facts.finite`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import onnx_ir as ir

from xamba.errors import BadArgument, Keep
from xamba.facts.facts import Facts
from xamba.facts.finite import certainly_finite
from xamba.facts.nodes import attribute, is_onnx
from xamba.passes.base import XambaPass
from xamba.passes.flip import flipped_operand
from xamba.passes.operand import INTEGERS, Tensor, matmul_type, operand_of
from xamba.passes.text import model_text, option
from xamba.workbench import Workbench


@dataclass(frozen=True)
class CumBA(XambaPass):
    """CumSum becomes a MatMul with a triangular mask of ones.

    block: split axes longer than this into blocks of at most this length (None: one mask).
    max_mask_mib: keep a CumSum whose mask would be larger than this many MiB.
    integers: rewrite integer CumSums too.
    refuse_nonfinite: keep a CumSum whose operand may hold inf or NaN.
    """

    block: int | None = option(None, "--block", "longest block of a mask.")
    max_mask_mib: float = option(64.0, "--max-mask-mib", "largest mask, in MiB.")
    integers: bool = option(True, "--integers", "rewrite sums of whole numbers too.")
    refuse_nonfinite: bool = option(
        False, "--refuse-nonfinite", "keep a CumSum whose operand may hold inf or NaN."
    )

    name: ClassVar[str] = "cumba"
    default: ClassVar[bool] = True
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
    )

    def __post_init__(self) -> None:
        if self.block is not None and self.block < 1:
            raise BadArgument(f"block is {self.block}; a block has at least one element")

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type == "CumSum"

    def rewrite(self, node: ir.Node, bench: Workbench, facts: Facts) -> str:
        axis_value = facts.constant(node.inputs[1])
        if axis_value is None:
            raise Keep("its axis is not a constant")
        x = operand_of(node, facts)
        axis = _axis(int(axis_value.ravel()[0]), x.rank)
        length = x.static(axis, "scanned")
        matmul_type(x.dtype, bench.opset, self.integers)
        if self.refuse_nonfinite and not certainly_finite(x.value, facts):
            raise Keep("its operand may hold inf or NaN, and 0 * inf is NaN in a masked product")
        block = self._block_of(length)
        self._check_mask(length if block is None else max(block, length // block), x.dtype)

        reverse, exclusive = bool(attribute(node, "reverse", 0)), bool(attribute(node, "exclusive", 0))
        end, pattern, source = node, [], x.value
        flip = flipped_operand(node, axis, facts)
        if flip is not None:
            source, end, reverse, pattern = flip.source, flip.end, not reverse, flip.nodes
        triangle = Triangle(bench, x.dtype, exclusive, reverse)
        tensor = Tensor(bench, source, x.shape, x.dtype)
        y = _whole(tensor, axis, triangle) if block is None else _blocked(tensor, axis, block, triangle)
        bench.replace(end, y.value, pattern)
        return _describe(length, block, reverse, exclusive, bool(pattern))

    def _block_of(self, length: int) -> int | None:
        """Block length, or None when one mask does."""
        if self.block is None or length <= self.block:
            return None
        best = max(d for d in range(1, self.block + 1) if length % d == 0)
        return best if best > 1 else None

    def _check_mask(self, length: int, dtype: ir.DataType) -> None:
        mib = length * length * dtype.itemsize / 2**20
        if mib > self.max_mask_mib:
            raise Keep(f"its mask would take {mib:.0f} MiB of {self.max_mask_mib:g} MiB allowed; give block=")


@dataclass(frozen=True)
class Triangle:
    """The masks one CumSum needs."""

    bench: Workbench
    dtype: ir.DataType
    exclusive: bool
    reverse: bool

    def mask(self, length: int, left: bool, strict: bool | None = None) -> ir.Value:
        """Mask [length, length] for ``mask @ x`` (left) or ``x @ mask``; shared by content."""
        strict = self.exclusive if strict is None else strict
        lower = left != self.reverse
        kind = f"{'strict_' if strict else ''}{'lower' if lower else 'upper'}"
        key = ("triangle", length, lower, strict, self.dtype)
        ones = np.ones((length, length), np.float32 if self.dtype not in INTEGERS else np.int32)
        array: Any = np.tril(ones, -int(strict)) if lower else np.triu(ones, int(strict))
        hint = f"xamba_{kind}_{length}_{self.dtype.name.lower()}"
        return self.bench.constant(array, self.dtype, hint, key)


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise Keep(f"its axis {axis} is outside rank {rank}")
    return axis % rank


def _whole(x: Tensor, axis: int, triangle: Triangle) -> Tensor:
    length = x.shape[axis]
    assert isinstance(length, int)
    if axis == x.rank - 1:
        return x.matmul_right(triangle.mask(length, left=False), x.shape)
    if axis == x.rank - 2:
        return x.matmul_left(triangle.mask(length, left=True), x.shape)
    merged = x.merge_inner(axis)
    return merged.matmul_left(triangle.mask(length, left=True), merged.shape).restore(x)


def _blocked(x: Tensor, axis: int, block: int, triangle: Triangle) -> Tensor:
    length = x.shape[axis]
    assert isinstance(length, int)
    count, dtype, bench = length // block, x.dtype, x.bench
    last = axis == x.rank - 1
    outer, inner = x.shape[:axis], x.inner_size(axis)
    tail = (block,) if last else (block, inner)
    target = [0] * axis + [count, block] + ([] if last else [inner if isinstance(inner, int) else -1])
    blocks = Tensor(
        bench,
        bench.reshape(x.value, target, (*outer, count, *tail), dtype),
        (*outer, count, *tail),
        dtype,
    )
    ones = bench.constant(np.ones((block, 1) if last else (1, block)), dtype, f"xamba_ones_{block}")
    carry_mask = triangle.mask(count, left=True, strict=True)
    if last:  # [*outer, n, b] -> totals [*outer, n, 1]
        inside = blocks.matmul_right(triangle.mask(block, left=False), blocks.shape)
        totals = blocks.matmul_right(ones, (*outer, count, 1))
        carry = totals.matmul_left(carry_mask, totals.shape)
    else:  # [*outer, n, b, inner] -> totals [*outer, n, 1, inner] -> [*outer, n, inner] and back
        inside = blocks.matmul_left(triangle.mask(block, left=True), blocks.shape)
        totals = blocks.matmul_left(ones, (*outer, count, 1, inner)).squeeze([axis + 1])
        carry = totals.matmul_left(carry_mask, totals.shape).unsqueeze(axis + 1)
    y = bench.node("Add", [inside.value, carry.value], blocks.shape, dtype)
    return Tensor(bench, y, blocks.shape, dtype).restore(x)


def _describe(length: int, block: int | None, reverse: bool, exclusive: bool, flip: bool) -> str:
    words = [f"MatMul with a {length} x {length} triangle"]
    if block is not None:
        words = [f"blocks of {block} and a carry over {length // block}"]
    words += ["reverse"] * reverse + ["exclusive"] * exclusive + ["both flips folded"] * flip
    return ", ".join(words)
