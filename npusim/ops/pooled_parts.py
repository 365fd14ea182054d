"""The parts of a pooling whose windows look over the edge of an image: centre, edges, corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip, one_tap
from npusim.work import MacOp, MacWork, MoveWork, Work


def edge_works(pool: MacWork, corner: bool) -> tuple[Work, ...]:
    """What becomes of a part at an edge."""
    size = pool.in_h * pool.in_w * pool.in_c * pool.input_bytes
    wide = -(-pool.in_w // CHANNEL_BLOCK) * CHANNEL_BLOCK
    made = pool.out_h * pool.out_w * pool.out_c * pool.output_bytes
    turn = one_tap(MacOp.PERMUTE_IMAGE, pool.in_h, wide, pool.in_c, pool.input_bytes)
    written = MoveWork(made, "scratchpad", "ddr")
    filled = MoveWork(size * wide / pool.in_w, "ddr", "scratchpad")
    if corner:
        inside = MoveWork(size, "scratchpad", "scratchpad")
        return MoveWork(size, "ddr", "ddr"), filled, turn, inside, pool, written
    return filled, turn, *(ddr_round_trip(size) if wide > pool.in_w else ()), pool, written


def parts_apart(work: MacWork, axes: Sequence[Sequence[int]], images: int) -> list[tuple[MacWork, int]]:
    """The poolings of an image whose padding is not counted, and over how many edges each looks: centre 0, edges 1,
    corners 2; row after row, none where no window lies inside. `axes`: of rows and columns, as `parts_of` takes them;
    `work` has all `images` below each other in its rows."""
    rows, columns = (parts_of(*axis) for axis in axes)
    if min(rows[1][0], columns[1][0]) < 1:
        return []
    return [
        (
            replace(
                work, out_h=images * high, out_w=wide, in_h=images * seen_h, in_w=seen_w, kernel_h=kernel_h,
                kernel_w=kernel_w, taps_inside=1.0,
            ),
            (i != 1) + (j != 1),
        )
        for i, (high, seen_h, kernel_h) in enumerate(rows)
        for j, (wide, seen_w, kernel_w) in enumerate(columns)
        if high and wide
    ]  # fmt: skip


def parts_of(size: int, outs: int, kernel: int, stride: int, begin: int) -> tuple[tuple[int, int, int], ...]:
    """Of the places of a window along an axis: those that look over the begin, those that do not, those that look over
    the end. Each: places, elements they see, elements of their window."""
    first = min(outs, -(-begin // stride))
    whole = max(0, min(outs, (size - kernel + begin) // stride + 1) - first)
    last = outs - first - whole
    seen = size - ((first + whole) * stride - begin)
    return (
        (first, (first - 1) * stride + kernel - begin, kernel - begin) if first else (0, 0, 1),
        (whole, (whole - 1) * stride + kernel, kernel),
        (last, seen, max(1, seen - (last - 1) * stride)) if last else (0, 0, 1),
    )
