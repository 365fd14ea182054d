"""What a tile holds of tensors and weights of images: a share, or all of it where a step is shared over channels."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import SMALL_PLANE_ROWS
from npusim.work import MacOp, MacWork

SMALL_INPUT_ROWS = 32  # of a window that steps over few rows
SMALL_CONVOLUTION_ROWS = 10
# A tile's share of rows, in twos; below so many rows of the plane no share is even.
EVEN_ROWS, EVEN_PLANE_ROWS = 4, 12
MIDDLE_ROWS = range(40, 49)  # of planes shared over channels where a tile holds input and result whole


def whole_on_tiles(steps: Sequence[Placed], tiles: int, middle_bytes: float = 0.0) -> set[str]:
    """Tensors that every tile holds whole: what windows of one channel each that are shared over channels read and
    write, and what convolutions of the smallest planes write (`SplitOverKernel` and `HKSwitch` in Intel's schedules
    of 502 networks: depthwise of 20 and 28 rows on NPU 4000 35 of 40, of 16 and 24 rows there 23 of 70; on 5010 of 14
    and 28 rows 31 of 32, of 24 rows 19 of 57; on 3720 of 10 rows 24 of 26, of 24 and 28 rows 3 of 59).

    `middle_bytes`: so do depthwise ones of `MIDDLE_ROWS` whose input and result are no more (on 5010 of 40, 41 and 48
    rows 15 of 16 of up to 1.33 MB, none of 4 of 1.5 MB and more; of 52 to 64 rows 5 of 20; on 4000 7 of 17)."""
    found: set[str] = set()
    for step in steps if tiles > 1 else ():
        work = step.only
        if not isinstance(work, MacWork) or work.out_h <= 1:
            continue
        if work.op == MacOp.DEPTHWISE and _over_channels(work, tiles, middle_bytes):
            found.update((*step.reads, *step.writes))
        elif work.op == MacOp.CONVOLUTION and work.out_h <= SMALL_CONVOLUTION_ROWS and work.out_w > 1:
            found.update(step.writes)
    return found


def weights_on_tile(step: Placed, tiles: int, middle_bytes: float = 0.0) -> float:
    """Bytes of its weights that a tile holds: all where rows are shared, a share where channels are, as they are on
    small planes and where there are more weights than results."""
    work = step.only
    if not isinstance(work, MacWork):
        return step.fixed_bytes / tiles
    if work.op == MacOp.DEPTHWISE:
        shared = _over_channels(work, tiles, middle_bytes)
    else:
        results_bytes = 2 * work.out_h * work.out_w * work.out_c
        shared = work.out_h <= SMALL_CONVOLUTION_ROWS or step.fixed_bytes > results_bytes
    return step.fixed_bytes / (tiles if shared else 1)


def _over_channels(work: MacWork, tiles: int, middle_bytes: float) -> bool:
    """Whether a depthwise convolution is shared over channels: on small planes whose rows the tiles share unevenly, or
    on middle ones."""
    rows = work.out_h / tiles
    evenly = rows >= EVEN_ROWS and rows % 2 == 0 and work.out_h > EVEN_PLANE_ROWS
    small = work.in_h <= SMALL_INPUT_ROWS and work.out_h <= SMALL_PLANE_ROWS and not evenly
    moved = (work.in_h * work.in_w + work.out_h * work.out_w) * work.out_c * work.output_bytes
    middle = work.out_h in MIDDLE_ROWS and work.stride_h == 1 and moved <= middle_bytes
    return tiles > 1 and (small or middle)
