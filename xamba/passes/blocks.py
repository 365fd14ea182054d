"""A cumulative sum as products with triangles of ones: whole, or block by block with a carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.passes.operand import INTEGERS, Tensor
from xamba.workbench import Workbench

#: Up to here one mask of L^2 elements does (4 MiB in float32).
LONGEST_WHOLE = 1024
#: Blocks are not made shorter than this without being asked: a product fills a MAC array only when it is long.
SHORTEST = 256
#: Names of masks in a model begin like this.
PREFIXES = ("xamba_lower_", "xamba_upper_", "xamba_strict_", "xamba_ones_")


@dataclass(frozen=True)
class Cut:
    """An axis as `count` blocks of `block` elements, the last of them partly padding."""

    count: int
    block: int

    def padding(self, length: int) -> int:
        return self.count * self.block - length


def split(length: int, block: int | None) -> Cut | None:
    """How an axis is cut into blocks, None where one mask does.

    block: the longest block allowed; None leaves axes of up to `LONGEST_WHOLE` whole and cuts longer ones near their
    square root, where ``b^2 + (L / b)^2`` is least, in multiples of 16.

    A divisor of the length is taken where there is one that is not below half the longest block; otherwise the
    blocks are of equal length with as little padding as possible.
    """
    if length <= (LONGEST_WHOLE if block is None else block):
        return None
    longest = block or max(SHORTEST, 16 * (isqrt(length - 1) // 16 + 1))
    divisor = max(d for d in range(1, longest + 1) if length % d == 0)
    if 2 * divisor > longest:
        return Cut(length // divisor, divisor) if divisor > 1 else None
    count = -(-length // longest)
    size = -(-length // count)
    return Cut(count, size) if size > 1 else None


@dataclass(frozen=True)
class Triangle:
    """The masks one CumSum needs."""

    bench: Workbench
    dtype: ir.DataType
    exclusive: bool
    reverse: bool

    def _what(self, length: int, left: bool, strict: bool | None = None) -> tuple[str, tuple[Any, ...]]:
        """Name and key of a mask."""
        strict, lower = self.exclusive if strict is None else strict, left != self.reverse
        name = f"xamba_{'strict_' * strict}{'lower' if lower else 'upper'}_{length}_{self.dtype.name.lower()}"
        return name, ("triangle", length, lower, strict, self.dtype)

    def mask(self, length: int, left: bool, strict: bool | None = None) -> ir.Value:
        """Mask [length, length] for ``mask @ x`` (left) or ``x @ mask``; shared by content."""
        name, key = self._what(length, left, strict)
        _, _, lower, strict, _ = key
        ones = np.ones((length, length), np.float32 if self.dtype not in INTEGERS else np.int32)
        array: Any = np.tril(ones, -int(strict)) if lower else np.triu(ones, int(strict))
        return self.bench.constant(array, self.dtype, name, key)

    def ones(self, shape: Sequence[int]) -> ir.Value:
        """A row or a column of ones; shared by content."""
        hint = f"xamba_ones_{max(shape)}_{self.dtype.name.lower()}"
        return self.bench.constant(np.ones(shape), self.dtype, hint, ("ones", tuple(shape), self.dtype))

    def new_bytes(self, length: int, cut: Cut | None, last: bool) -> int:
        """Bytes of the triangles that are not in the model yet."""
        wanted = {self._what(length if cut is None else cut.block, not last)}
        if cut is not None:
            wanted.add(self._what(cut.count, True, True))
        new = [key for name, key in wanted if not self.bench.has_constant(name, key)]
        return sum(key[1] ** 2 * self.dtype.itemsize for key in new)

    def bytes_so_far(self) -> int:
        """Bytes of all masks in the model."""
        tensors = [
            v.const_value
            for name, v in self.bench.model.graph.initializers.items()
            if name.startswith(PREFIXES)
        ]
        return sum(t.nbytes for t in tensors if t is not None)


def whole(x: Tensor, axis: int, triangle: Triangle) -> Tensor:
    """One product with one mask."""
    length = x.shape[axis]
    assert isinstance(length, int)
    if axis == x.rank - 1:
        return x.matmul_right(triangle.mask(length, left=False), x.shape)
    if axis == x.rank - 2:
        return x.matmul_left(triangle.mask(length, left=True), x.shape)
    merged = x.merge_inner(axis)
    return merged.matmul_left(triangle.mask(length, left=True), merged.shape).restore(x)


def blocked(x: Tensor, axis: int, cut: Cut, triangle: Triangle) -> Tensor:
    """Products within blocks, and a carry of what the blocks before sum up to."""
    length = x.shape[axis]
    assert isinstance(length, int)
    if cut.padding(length):
        return blocked(x.pad(axis, cut.padding(length)), axis, cut, triangle).cut(axis, length)
    count, block, last = cut.count, cut.block, axis == x.rank - 1
    outer, inner = x.shape[:axis], x.inner_size(axis)
    blocks = x.reshape(
        [0] * axis + [count, block] + ([] if last else [-1 if inner is None else inner]),
        (*outer, count, block) if last else (*outer, count, block, inner),
    )
    ones = triangle.ones((block, 1) if last else (1, block))
    carry_mask = triangle.mask(count, left=True, strict=True)
    if last:  # [*outer, n, b] -> totals [*outer, n, 1]
        inside = blocks.matmul_right(triangle.mask(block, left=False), blocks.shape)
        totals = blocks.matmul_right(ones, (*outer, count, 1))
        carry = totals.matmul_left(carry_mask, totals.shape)
    else:  # [*outer, n, b, inner] -> totals [*outer, n, 1, inner] -> [*outer, n, inner] and back
        inside = blocks.matmul_left(triangle.mask(block, left=True), blocks.shape)
        totals = blocks.matmul_left(ones, (*outer, count, 1, inner)).squeeze([axis + 1])
        carry = totals.matmul_left(carry_mask, totals.shape).unsqueeze(axis + 1)
    y = x.bench.node("Add", [inside.value, carry.value], blocks.shape, x.dtype)
    return Tensor(x.bench, y, blocks.shape, x.dtype).restore(x)
