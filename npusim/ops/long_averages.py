"""Average poolings of windows longer than the MAC array takes: 11 places, 15 on NPU 5010.

Intel's compiler 8.4 does one of three things (its schedules of windows of 13 to 25, of images and lines, NPU 3720 and
5010):

- Windows side by side are pooled by their factors, one behind the other (npusim.ops.long_strides).
- An image whose padding is not counted is cut into centre, edges and corners (`edges_apart` in npusim.ops.pooling), and
  what is too long of each in slices, whose results are added: 15 x 15 on 3720 11 and 4 each way, 25 x 25 11, 11 and 3;
  on 5010 15 and 10 (`pool_center/sub_avgpool_0_1`, `sub_add_1`). Each slice is loaded for itself.
- Others are a kernel on one DSP, whatever the window, in time with what is read and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from npusim.ops.counting import one_tap
from npusim.ops.long_strides import ALONE, Axis, side_by_side
from npusim.ops.pooled_parts import edge_works, parts_apart
from npusim.work import MacOp, MacWork, MoveWork, Work


def long_average(work: MacWork, axes: Sequence[Axis], limit: int) -> tuple[Work, ...]:
    """The works of such a pooling, one behind another; none where it is a kernel. `axes`: one or two; `work` has all
    images of a batch below each other in its rows."""
    high, wide = (*axes, ALONE)[:2]
    images = work.out_h // high.outs
    if not padded(high) and not padded(wide):
        return side_by_side(work, axes, limit)
    works: list[Work] = []
    for pool, edges in parts_apart(work, (high, wide), images):
        around = edge_works(pool, corner=edges == 2) if edges else (pool,)
        works += [x for w in around for x in (_slices(pool, limit) if w is pool else (w,))]
    return tuple(works)


def padded(axis: Axis) -> bool:
    """Whether windows reach beyond an axis."""
    reached = (axis.outs - 1) * axis.stride + axis.kernel
    return axis.begin > 0 or reached > axis.size


def _slices(pool: MacWork, limit: int) -> tuple[Work, ...]:
    """A pooling in slices of its window, each of which reads what it sees anew, and their sums."""
    works: list[Work] = []
    for a in range(0, pool.kernel_h, limit):
        for b in range(0, pool.kernel_w, limit):
            high, wide = min(limit, pool.kernel_h - a), min(limit, pool.kernel_w - b)
            part = replace(
                pool, kernel_h=high, kernel_w=wide,
                in_h=pool.in_h - pool.kernel_h + high, in_w=pool.in_w - pool.kernel_w + wide,
            )  # fmt: skip
            if works:
                works.append(
                    MoveWork(part.in_h * part.in_w * part.in_c * part.input_bytes, "ddr", "scratchpad")
                )
                sums = one_tap(MacOp.ELTWISE, pool.out_h, pool.out_w, pool.out_c, pool.output_bytes)
                works += [part, sums]
            else:
                works.append(part)
    return tuple(works)
