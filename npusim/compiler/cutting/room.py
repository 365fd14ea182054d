"""How many rows of a block fit in a tile's scratchpad beside what the block before and the block behind need."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from npusim.compiler.cutting.asked import Asked
from npusim.compiler.cutting.counts import GRID_ROWS, up
from npusim.compiler.cutting.fitted import Operands
from npusim.work import MacWork

#: Where blocks along two axes wait, they are as large as one fits, of so much more than two may fill (Intel's
#: schedules: 2,048 x 1,024 x 4,096 on NPU 3720 in 5 of 832 channels and 16 of 128 rows, 0.97 of a tile).
ALONE_ROOM = 0.95 / 0.85
#: Numbers of blocks of rows to choose among, where ways are compared by their time.
LADDER = np.array(
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256, 512, 1024, 4096]
)


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes on one tile, of each way: tensors that stay `whole`, the `weights` of the blocks there, and of their inputs
    and outputs those `per_row` and of the rows `around` a block."""

    whole: np.ndarray | float
    weights: np.ndarray
    around: np.ndarray | float
    per_row: np.ndarray | float

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Bytes that blocks of so many rows hold."""
        return np.asarray(self.whole + self.weights + self.around + self.per_row * rows)


def held(work: MacWork, o: Operands, ways: Asked, tiles: int) -> Held:
    """Twice of what moves beside what stands: the next block arrives meanwhile."""
    share_c, share_k = ways.share_c, ways.share_k
    spread = np.where(ways.by_channels, 1.0, 1.0 / tiles)
    input_row = o.left / max(float(work.in_h), 1.0)
    out_row = o.out / max(float(work.out_h), 1.0) * share_c / tiles
    stand = ways.weights_stay | (ways.channels * ways.terms == 1)
    inputs_kept = np.where(stand & ~ways.waits, 2.0, 1.0)
    per_row = input_row * min(work.stride_h, work.kernel_h) * share_k * spread * inputs_kept
    around = input_row * max(0.0, work.kernel_h - work.stride_h) * share_k * spread * inputs_kept
    return Held(
        # Every tile reads all inputs where it makes a share of the channels.
        whole=(o.left * spread if o.left_stays else 0.0) + (o.out / tiles if o.out_stays else 0.0),
        weights=o.right * share_c * share_k / ways.on_each(tiles) * np.where(stand | ways.waits, 1.0, 2.0),
        around=0.0 if o.left_stays else around,
        per_row=(0.0 if o.left_stays else per_row) + (0.0 if o.out_stays else (2 - ways.waits) * out_row),
    )


@dataclass(frozen=True, slots=True)
class RowBlocks:
    """Of each way, the number of blocks of `rows`, the height of each, and whether it `fits`."""

    rows: np.ndarray
    height: np.ndarray
    fits: np.ndarray


def row_blocks(
    work: MacWork, ways: Asked, kept: Held, tiles: int, tile_bytes: float, by_itself: bool, by_time: str
) -> RowBlocks:
    """As few blocks of rows as fit, or more where a way asks for finer ones. `by_itself`: a block that waits has all of
    a tile."""
    height = float(work.out_h)
    room = tile_bytes * np.where(by_itself & ways.waits, ALONE_ROOM, 1.0)
    room = room - kept.whole - kept.weights - kept.around
    most = np.floor(np.maximum(room, 0.0) / np.maximum(kept.per_row, 1e-9))
    fits = (room >= 0) & (most >= min(1.0, height))
    tall = GRID_ROWS[0] * np.where(ways.by_channels, 1.0, tiles)  # rows that fill the grid on every tile
    most = np.where((most >= tall) & (most < height), np.floor(most / tall) * tall, most)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.where(fits, np.ceil(height / np.maximum(np.minimum(most, height), min(1.0, height))), 1.0)
    if by_time:  # the same numbers of blocks of rows however much room there is
        further = np.searchsorted(LADDER, rows) + ways.finer - 1
        more_rows = LADDER[np.minimum(further, len(LADDER) - 1).astype(int)]
        rows = np.where(ways.finer > 1, np.maximum(rows, more_rows), rows)
    else:
        rows = rows * ways.finer
    rows = np.minimum(rows, max(1.0, ceil(height)))
    each = np.ceil(height / rows) if height > 1 else np.full_like(rows, height)
    whole_grids = (rows > 1) & (each > tall / 2)
    each = np.where(whole_grids, np.minimum(up(each, tall), np.maximum(most, each)), each)
    # Whole rows: blocks of full height fewer than asked for cover everything.
    rows = np.where(rows > 1, np.ceil(height / each), 1.0)
    # Weights that stand beside one block of rows stand for nothing: the next block of them arrives beside.
    fits &= ~ways.weights_stay | (rows > 1) | (ways.channels == 1) | ways.waits
    return RowBlocks(rows, each, fits)
