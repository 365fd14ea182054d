"""What each way to cut a product costs by counts: what the array goes through, what crosses DDR, and what of the
shorter hides behind the longer."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from npusim.compiler.cutting.asked import Asked
from npusim.compiler.cutting.by_time import BEHIND
from npusim.compiler.cutting.counts import (
    MACS_A_BYTE,
    MACS_A_SUM,
    PIECE_BYTES,
    SHORT_PIECE_BYTES,
    STREAMED_PIECE_BYTES,
    on_grid,
    up,
)
from npusim.compiler.cutting.fitted import AVOID, Operands
from npusim.compiler.cutting.preferred import MOST_EVEN
from npusim.compiler.cutting.room import Held, RowBlocks
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork

#: Where blocks along one axis are preferred (NPU 4000, 5010), so many channels on every tile cost so much more: the
#: array takes 1.2 times as long for a channel of 48 as of 64 on NPU 5010 (Intel's schedules: 1,024 x 8,192 x 2,048 in
#: 32 of 64 channels, 1,024 x 2,560 x 10,240 in 160, 4 of rows each; 43 and 214 of 48 without this).
THIN_CHANNELS, THIN_COSTS = 3 * CHANNEL_BLOCK, 1.2


@dataclass(frozen=True, slots=True)
class Costs:
    """Of each way: its `cost`, infinite where it does not fit; how many times each operand crosses from DDR; bytes of
    sums of parts of the terms, written and read back."""

    cost: np.ndarray
    left_reads: np.ndarray
    right_reads: np.ndarray
    partial_bytes: np.ndarray


def costs(
    work: MacWork, o: Operands, ways: Asked, blocks: RowBlocks, kept: Held, tiles: int, room: float, two: str
) -> Costs:
    """In bytes through DDR, and what the array does counted as such. `room`: bytes that a tile has; `two`: what is done
    about blocks along two axes (`npusim.compiler.cutting.fitted`)."""
    rows, channels, terms = blocks.rows, ways.channels, ways.terms
    area = float(work.out_h) * float(work.out_w)
    macs = _macs(work, ways, blocks, tiles, two)
    # Bytes: who stands still is read once a block, who moves is read again for each block of the other.
    halo = 1 + (rows - 1) * max(0.0, work.kernel_h - work.stride_h) / max(float(work.in_h), 1.0)
    left_reads = np.where(ways.weights_stay & (rows > 1), channels, 1.0) * halo
    right_reads = np.where(ways.weights_stay | (channels == 1), 1.0, rows)
    out_traffic = 0.0 if o.out_stays else o.out
    spare = room * tiles - kept.of(blocks.height) * tiles
    partial = np.where((terms > 1) & (spare < 2 * o.out), 4 * (terms - 1) * o.out, 0.0)
    nbytes = (0.0 if o.left_stays else o.left * left_reads) + o.right * right_reads + out_traffic
    pieces = rows * channels * terms
    short = STREAMED_PIECE_BYTES if area <= MOST_EVEN else SHORT_PIECE_BYTES
    compute = np.maximum(macs / MACS_A_BYTE, short * pieces)
    hidden = np.where(ways.waits, 1.0, BEHIND) * np.minimum(compute, nbytes)
    # Nothing hides the first block's way in and the last one's way out.
    first = o.right * ways.share_c * ways.share_k + (0.0 if o.left_stays else o.left / (rows * terms))
    cost = np.maximum(compute, nbytes) + hidden + PIECE_BYTES * pieces + first + out_traffic / pieces
    # Sums come behind the product and hide behind nothing.
    one_sum = PIECE_BYTES + max(short, area * work.out_c * MACS_A_SUM / tiles / MACS_A_BYTE)
    cost += partial + (terms - 1) * one_sum
    return Costs(np.where(blocks.fits, cost, inf), left_reads, right_reads, partial)


def _macs(work: MacWork, ways: Asked, blocks: RowBlocks, tiles: int, two: str) -> np.ndarray:
    """Multiply-accumulates that the array of one tile goes through for all blocks of each way."""
    rows = np.where(ways.by_channels, blocks.height, np.ceil(blocks.height / tiles))
    channels = up(ways.block_c / ways.on_each(tiles), CHANNEL_BLOCK)
    thin = (two == AVOID) & ~ways.by_channels & (ways.channels > 1) & (channels == THIN_CHANNELS)
    padded = (
        np.where(thin, THIN_COSTS, 1.0)
        * on_grid(rows, float(work.out_w), channels)
        * up(ways.block_k, CHANNEL_BLOCK)
        * (work.kernel_h * work.kernel_w)
    )
    full_rows = np.where(blocks.rows > 1, float(work.out_h) / blocks.height, 1.0)
    return np.asarray(padded * full_rows * ways.channels * ways.terms)
