"""What a tile holds of tensors and weights of images: a share, or all of it where a step is shared over channels."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import SMALL_PLANE_ROWS
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

SMALL_INPUT_ROWS = 32  # of a window that steps over few rows
SMALL_CONVOLUTION_ROWS = 10
# A tile's share of rows, in twos; below so many rows of the plane no share is even.
EVEN_ROWS, EVEN_PLANE_ROWS = 4, 12
ROWS_AT_ONCE = 4  # of the array's grid
QUARTER = 0.25  # of a tile: from so many weights on a convolution's channels are shared or cut


def whole_on_tiles(
    steps: Sequence[Placed], tiles: int, held_bytes: float = 0.0, most_weights: float = inf
) -> set[str]:
    """Tensors that every tile holds whole: what windows of one channel each that are shared over channels read and
    write, and what convolutions of the smallest planes write (`SplitOverKernel` and `HKSwitch` in Intel's schedules
    of 502 networks: depthwise of 20 and 28 rows on NPU 4000 35 of 40, of 16 and 24 rows there 23 of 70; on 5010 of 14
    and 28 rows 31 of 32, of 24 rows 19 of 57; on 3720 of 10 rows 24 of 26, of 24 and 28 rows 3 of 59).

    `held_bytes`: where given, not rows decide but whether a tile holds input and result whole in so many bytes, and no
    tile has more work over channels than over rows (`_held_whole`). `most_weights`: bytes of weights of a window
    over all channels from which on the tiles share these (`_window_over_channels`)."""
    found: set[str] = set()
    for step in steps if tiles > 1 else ():
        work = step.only
        if not isinstance(work, MacWork) or work.out_h <= 1:
            continue
        if work.op == MacOp.DEPTHWISE and _over_channels(work, tiles, held_bytes):
            found.update((*step.reads, *step.writes))
        elif work.op == MacOp.CONVOLUTION and work.out_h <= SMALL_CONVOLUTION_ROWS and work.out_w > 1:
            found.update(step.writes)
        elif step.fixed_bytes > most_weights and _window_over_channels(work, step.fixed_bytes, tiles):
            found.update((*step.reads, *step.writes))
    return found


def weights_on_tile(step: Placed, tiles: int, held_bytes: float = 0.0) -> float:
    """Bytes of its weights that a tile holds: all where rows are shared, a share where channels are, as they are on
    small planes and where there are more weights than results."""
    work = step.only
    if not isinstance(work, MacWork):
        return step.fixed_bytes / tiles
    if work.op == MacOp.DEPTHWISE:
        shared = _over_channels(work, tiles, held_bytes)
    else:
        results_bytes = 2 * work.out_h * work.out_w * work.out_c
        shared = work.out_h <= SMALL_CONVOLUTION_ROWS or step.fixed_bytes > results_bytes
    return step.fixed_bytes / (tiles if shared else 1)


def _over_channels(work: MacWork, tiles: int, held_bytes: float) -> bool:
    """Whether a depthwise convolution is shared over channels: where a tile holds it whole in `held_bytes`, or, where
    that is not given, on small planes whose rows the tiles share unevenly."""
    if tiles == 1:
        return False
    if held_bytes:
        return _held_whole(work, tiles, held_bytes)
    rows = work.out_h / tiles
    evenly = rows >= EVEN_ROWS and rows % 2 == 0 and work.out_h > EVEN_PLANE_ROWS
    return work.in_h <= SMALL_INPUT_ROWS and work.out_h <= SMALL_PLANE_ROWS and not evenly


def _held_whole(work: MacWork, tiles: int, held_bytes: float) -> bool:
    """Whether a tile holds a depthwise convolution's input and result whole, in `held_bytes`, and the largest share of
    its channels, in sixteens, is no more work than that of its rows, in fours: equal shares of channels are the least
    there is, others count where all sixteens are full (672 in Intel's schedules of NPU 5010: 611 so, 516 by rows; of
    equal shares 265 of 281 that fit are shared over channels, and 67 of 68 over rows that do not)."""
    blocks = ceil_to(work.out_c, CHANNEL_BLOCK)
    pixels = work.in_h * work.in_w + work.out_h * work.out_w
    if pixels * blocks * work.output_bytes > held_bytes:
        return False
    share = ceil_to(work.out_c / tiles, CHANNEL_BLOCK) * tiles / blocks
    by_rows = ceil_to(ceil(work.out_h / tiles), ROWS_AT_ONCE) * tiles / ceil_to(work.out_h, ROWS_AT_ONCE)
    return bool(share <= 1 or (blocks == work.out_c and share < by_rows))


def _window_over_channels(work: MacWork, fixed_bytes: float, tiles: int) -> bool:
    """Whether the tiles share the channels of a window over all channels that has many weights, each of them seeing
    the whole image and getting the whole result: equal sixteens of more weights than results. Of such ones in Intel's
    schedules with more weights than a quarter of a tile holds 206 of 226 are shared so on NPU 4000 and 191 of 197 on
    5010, of fewer weights 6 of 52 and 6 of 36, of unequal sixteens none of 78 and 29 of 165; on NPU 3720 60 of 82."""
    window = work.op == MacOp.CONVOLUTION and work.groups == 1 and work.kernel_h * work.kernel_w > 1
    if not window or work.out_w <= 1 or fixed_bytes <= 2 * work.out_h * work.out_w * work.out_c:
        return False
    return ceil_to(work.out_c, CHANNEL_BLOCK) % (tiles * CHANNEL_BLOCK) == 0
