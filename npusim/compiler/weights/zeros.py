"""Weights stored without their zeros, as Intel's compiler estimates their transfers.

A grouped convolution becomes one over all channels whose other weights are zeros, left out in memory beside a map of
a bit a weight. Where the tiles share its rows, weights, map and table cross as one block and take the time of its
bytes. Where they share its channels, each tile fetches its own in two, and the estimate of 8.4 gives the map sixteen
times the time of its bytes, that of all weights in 16 bits with their zeros, whatever type they are of: 512 channels in
32 groups of 3 x 3, 147 KB of map for each of two tiles of NPU 3720 in 88 us, 101 KB of three of NPU 5010 in 21 (its
schedules of 45 grouped convolutions of five networks, ResNeXt and RegNet, 48 to 512 channels, 7 to 56 rows); of a
RegNetX in 8 bits the map of 416 channels, 99,840 bytes, in 60.1 us on NPU 3720 and 69,120 of NPU 5010 in 14.7, where
the weights take 2.7 and 0.7. So it is of weights of a pruned network (2,048 x 2,048 of fp16, 40 % zeros: 8 slices of
316 KB in 12.7 us, their maps of 33 KB in 20.4, as 524 KB take; of fewer weights than results all is one block)."""

from __future__ import annotations

from math import prod

from npusim.compiler.cutting.split import weight_bytes
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.place_tables import MAP_COUNTED
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

#: Planes of so many rows at most, and of so many a tile, are shared over channels (39 of the 45; 28 x 28 with 96
#: channels is on NPU 5010 too, 12 x 12 with 320 is not there, nor 14 x 14 behind a stride with 208 on 4000).
MOST_ROWS, ROWS_A_TILE = 14, 6


def counted(step: Placed, tiles: int) -> float:
    """How many times the bytes of a step's weights the compiler's estimate counts."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION or tiles == 1:
        return 1.0
    grouped = work.weight_groups > 1 and int(step.node.attribute("group", 1)) > 1
    if not (grouped or work.weight_map) or not step.fixed_bytes:
        return 1.0
    rows = work.out_h / step.images
    if rows > min(MOST_ROWS, ROWS_A_TILE * tiles) or work.out_c <= CHANNEL_BLOCK * (tiles - 1):
        return 1.0
    if not grouped:
        more = step.fixed_bytes * step.stored > work.out_h * work.out_w * work.out_c * work.output_bytes
        return float(1.0 + (MAP_COUNTED - 1) * work.weight_map) if more else 1.0
    return counted_in_groups(work)


def counted_in_groups(work: MacWork) -> float:
    """As many times of one whose groups are done as one: a bit for each of all weights is counted as two bytes."""
    map_bytes = prod((work.kernel_h, work.kernel_w, work.in_c, work.out_c)) / 8
    return float(1.0 + (MAP_COUNTED - 1) * map_bytes / weight_bytes(work))
