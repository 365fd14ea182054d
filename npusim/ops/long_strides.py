"""Poolings whose strides, or windows side by side, are more than the MAC array takes: 8 places, and 11 (15 on 5010).

Intel's compiler 8.4 (`small-stride`, `maxpool_downsample`, `first_split`, `second_split` in its schedules of 26
poolings of lines and images on NPU 3720 and 5010, windows of 8 to 3,000 places):

- A stride above 8 is made by its largest divisor up to 8 first, and every so many-th of those results is kept by a max
  pooling of one tap: 10 places by a stride of 5, then every second, 9 by 3 and every third; 12 on NPU 5010 by 6.
- Windows side by side that are too long are pooled by the largest divisor up to 8 first, and so on with the rest
  until it fits: 20 is 5 and 4, 30 is 6 and 5, 50 is 5 and 10 (by a stride of 5, then every second), 3,000 is 8, 5, 5,
  5, 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from math import prod
from typing import NamedTuple

from npusim.ops.slicing import MAX_STRIDE, largest_stride
from npusim.work import MacOp, MacWork


class Axis(NamedTuple):
    """One axis of a pooling: places of the image and of the result, window, stride, zeros in front."""

    size: int
    outs: int
    kernel: int
    stride: int
    begin: int


ALONE = Axis(1, 1, 1, 1, 0)  # the second axis of a line


def side_by_side(work: MacWork, axes: Sequence[Axis], limit: int) -> tuple[MacWork, ...]:
    """The poolings of such windows, one behind the other; none where they overlap, or have a prime factor above
    `limit`. `axes`: one or two; `work` has all images of a batch below each other in its rows."""
    high, wide = (*axes, ALONE)[:2]
    images = work.out_h // high.outs
    down, across = factors(high, limit), factors(wide, limit)
    if not down or not across:
        return ()
    works: list[MacWork] = []
    rows, columns = work.in_h, work.in_w
    for i, (a, b) in enumerate(zip_longest(down, across, fillvalue=1)):
        out_h, out_w = images * high.outs * prod(down[i + 1 :]), wide.outs * prod(across[i + 1 :])
        part = replace(
            work, in_h=rows, in_w=columns, out_h=out_h, out_w=out_w, kernel_h=a, kernel_w=b,
            stride_h=_step(high, down, i), stride_w=_step(wide, across, i),
        )  # fmt: skip
        works += small_strides(part, images)
        rows, columns = out_h, out_w
    return tuple(works)


def factors(axis: Axis, limit: int) -> list[int]:
    """The windows an axis is pooled by, one behind the other; none where the array cannot do it so."""
    found, left = [], axis.kernel
    while left > limit:
        part = max([d for d in range(1, MAX_STRIDE + 1) if left % d == 0])
        if axis.stride != axis.kernel or part == 1:
            return []
        found.append(part)
        left //= part
    return [*found, left]


def _step(axis: Axis, parts: Sequence[int], i: int) -> int:
    """The stride of the `i`th of the windows an axis is pooled by."""
    if i >= len(parts):
        return 1
    return parts[i] if len(parts) > 1 else axis.stride


def small_strides(work: MacWork, images: float) -> tuple[MacWork, ...]:
    """A pooling by strides that the array can do, and the pass that keeps every so many-th of its results; itself
    where its strides are small, or prime. `images`: that lie below each other in its rows."""
    # Of one result no stride is seen.
    strides = [
        int(s) if outs > 1 else 1
        for s, outs in ((work.stride_h, work.out_h / images), (work.stride_w, work.out_w))
    ]
    down = [largest_stride(s) for s in strides]
    kept = [s // d for s, d in zip(strides, down, strict=True)]
    if kept == [1, 1] or 1 in [d for d, k in zip(down, kept, strict=True) if k > 1]:
        return (work,)
    made = replace(
        work, out_h=images * ((work.out_h / images - 1) * kept[0] + 1), out_w=(work.out_w - 1) * kept[1] + 1,
        stride_h=down[0], stride_w=down[1],
    )  # fmt: skip
    passed = replace(
        work, op=MacOp.MAX_POOL, in_h=made.out_h, in_w=made.out_w, kernel_h=1, kernel_w=1,
        stride_h=kept[0], stride_w=kept[1], taps_inside=1.0,
    )  # fmt: skip
    return made, passed
