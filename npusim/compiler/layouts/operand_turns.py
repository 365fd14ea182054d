"""How the right side of a product is turned to rows of terms: which pass, in which rows, and whether it crosses DDR."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.place import Placed
from npusim.compiler.rules.profile import CompilerProfile
from npusim.compiler.sharing.distribution import PARTS, sharing_of
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, PIXELS_PER_ROW, ddr_round_trip
from npusim.work import MacOp, MacWork, MoveWork, Work

#: Axes of a side that is read as lines of one product (`reorder_in_1/to_maxpool` in Intel's schedules); of more it is a
#: batch's, were it of one (`rhs_transpose/memperm_NCWH/to_maxpool`, [1, 64, 1, 4001] of Gemma's cache on NPU 3720).
MOST_LINES = 3
FEWEST_SEEN = 128  # rows of values of shared heads; of fewer nobody has looked whether they are padded in DDR
#: Columns that are filled up for the pass as they are loaded: by how many channels at most, in how many heads a tile
#: and bytes at least (300 to 304 of 10 heads, 72 to 80 of 16 on NPU 5010; not 197 to 208, 1,000 to 1,008 of 4 heads,
#: 77 to 80 of 98,560 bytes).
MOST_FILLED, HEADS_FILLED, FILLED_BYTES = 8, 2, 2**17


class Turned(NamedTuple):
    """`op` over `shape`, rows, columns and channels; `rows` in place of its, if any; `everywhere`: on every tile."""

    op: MacOp
    shape: tuple[int, int, int]
    rows: int = 0
    everywhere: bool = False


def turned_as(extents: tuple[int, ...], tiles: int, generation: str, profile: CompilerProfile) -> Turned:
    """The pass over the right side [.., terms, columns] of a product. A problem is a row, its terms the columns. On
    generations that give whole problems to tiles, one alone has its terms as rows, and of fewer problems than tiles
    every tile turns all (Intel's schedules: 1x384x128x1 on a tile of 3, 1x64x2x2049 on each of 3 and of 4), which
    makes two problems dearer than four: not where turns keep the law of doubling (`operands_in_strips`).
    A tile's problems count in fours there (`problems_turned_in_fours`): its two of four,
    1x64x2x2601, take as long as four."""
    heads, terms, channels = prod(extents[:-2]), *extents[-2:]
    if heads == 1 and (generation in profile.groups_over_tiles or len(extents) <= MOST_LINES):
        return Turned(MacOp.PERMUTE_IMAGE, (terms, 1, channels))
    shared = heads > 1 and generation in profile.memory.operands_in_strips
    if generation not in profile.groups_over_tiles or heads >= tiles or shared:
        whole = Turned(MacOp.PERMUTE, ((1, *extents)[-3], terms, channels))
        fast = profile.memory.problems_turned_in_fours.get(generation, 0)
        if heads < tiles or min(terms, channels) >= fast:
            return whole
        return whole._replace(rows=ceil_to(-(-heads // tiles), PIXELS_PER_ROW), everywhere=True)
    return Turned(MacOp.PERMUTE, (heads, PIXELS_PER_ROW, channels), everywhere=True)


def takes_channels(reader: Placed) -> bool:
    """Whether the tiles, which share the terms of a product's only problem as rows to turn them, hand them to it
    through DDR, as it is shared over channels: it has more of them than rows, the shorter side, which every tile reads
    (Intel's schedules of NPU 3720 and 5010: 16 x 352 x 192, 80 x 128 x 320, 256 x 512 x 512 cross; 64 x 64 x 64,
    160 x 64 x 96, 200 x 512 x 192 do not). Where turns keep the law of doubling all cross: more rows would take less
    time."""
    first = reader.steps[0]
    return isinstance(first, MacWork) and ceil_to(first.out_c, CHANNEL_BLOCK) > first.out_h * first.out_w


def by_transfers(reader: Placed, value: Value, tiles: int) -> bool:
    """Whether the DMA turns the right side [heads, terms, columns] of a batch of products that a graph reads: where
    columns fill no sixteens, as it does a Transpose of such (`memperm_NCWH/unrolled_permuteDMA` in Intel's schedules
    of 6 x 32 x 190, 40 x 80 x 33, 21 x 64 x 228). Columns that little fills up go by a pass, heads of whole sixteens by
    two: 16 heads would be three times as dear as 8, so not where turns keep the law of doubling."""
    heads, columns = prod(value.shape[:-2]), value.shape[-1]
    if heads == 1 or columns % CHANNEL_BLOCK == 0 or "npusim.shared" in reader.node.attributes:
        return False
    if heads % CHANNEL_BLOCK == 0:
        return False
    few = heads < HEADS_FILLED * tiles or value.npu_bytes < FILLED_BYTES
    return few or ceil_to(columns, CHANNEL_BLOCK) - columns > MOST_FILLED


def passes_of(
    reader: Placed,
    value: Value,
    work: MacWork,
    generation: str,
    profile: CompilerProfile,
    tiles: int,
    tile_bytes: float,
) -> tuple[tuple[Work, ...], str]:
    """The pass `work` over the right side of `reader`, or two with a way through DDR in between; how it is shared."""
    # A head for several queries (`npusim.shared`) is one product: nothing is taken apart, but padded it is all the same
    # (values of 1,025, 2,001 and 4,001 rows of 1 to 8 heads, on three NPUs).
    shared = "npusim.shared" in reader.node.attributes
    batched = getattr(reader.steps[0], "groups", 1) > 1 and not shared
    terms, columns = value.shape[-2:]
    uneven = terms % CHANNEL_BLOCK > 0 or columns % CHANNEL_BLOCK > 0  # then it is padded in DDR
    leaves = (batched and generation in profile.memory.turned_through_ddr) or (
        uneven and (batched or (shared and terms > FEWEST_SEEN))
    )
    always = generation in profile.memory.operands_in_strips
    lone = work.op == MacOp.PERMUTE_IMAGE and len(value.shape) <= MOST_LINES
    if lone and not shared and (always or takes_channels(reader)):
        sharing = PARTS
    else:
        sharing = "" if leaves else sharing_of(reader, lambda _: None, len(value.shape))
    # Two passes where columns are uneven and the batch fills sixteens (`memperm_NCWH/0` and `/1`), or, where turns
    # keep the law of doubling, whatever it is: 16 problems are not three times as dear as 8.
    twice = always or prod(value.shape[:-2]) % CHANNEL_BLOCK == 0
    if leaves and columns % CHANNEL_BLOCK and twice:
        return (work, *ddr_round_trip(value.elements * work.input_bytes), work), sharing
    in_one = 2 * value.npu_bytes <= tiles * tile_bytes and not always
    if batched and columns % CHANNEL_BLOCK and in_one and generation not in profile.groups_over_tiles:
        # What filled the columns up is cut off by a copy (`memperm_NCWH/slice` of 4 x 1,000 x 128 on NPU 3720).
        return (work, MoveWork(value.npu_bytes, "ddr", "ddr")), sharing
    if shared and leaves and generation in profile.groups_over_tiles:
        # Values of which a tile does not hold its share of the heads are padded in DDR (4.2 MB of 8 heads on NPU 5010,
        # not 3.2 MB; 6.2 on 4000, not 4.7), one head by the strides of its loads.
        heads = prod(value.shape[:-2])
        share = -(-heads // tiles) * ceil_to(terms, CHANNEL_BLOCK) * columns * work.input_bytes
        if heads > 1 and share > tile_bytes:
            return (work, MoveWork(value.npu_bytes, "ddr", "ddr")), sharing
    return (work,), sharing
