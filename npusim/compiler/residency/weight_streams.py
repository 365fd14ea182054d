"""In how many pieces weights are streamed that do not fit beside what is kept."""

from __future__ import annotations

from math import ceil

from npusim.compiler.cutting.counts import SHORT_PIECE_BYTES, STREAMED_PIECE_BYTES
from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.pieces import IMAGE_CONVOLUTIONS, convolution_of, weight_copies
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS
from npusim.work import MacWork

FULL_CHANNELS = 64  # channels of a piece that keep the grid full
FINER_PARTS = 5  # times as many equal blocks of a part as would do if none had to be equal
LEAST_SIXTEENS = 2  # of an equal block on the tile that has most of it


def streamed_blocks(k: int, step: Placed, scratchpad: Scratchpad, r: Residence, need: float) -> int:
    """Blocks of channels that weights are streamed in, 0 where there are none or the result had better go through DDR
    with them. What others keep inside leaves where crossing twice costs less than the pieces it makes necessary; so
    does the result."""
    writes = sum([scratchpad.sizes[n] for n in step.writes])
    others = scratchpad.used_bytes - scratchpad.bytes_of(step.reads)
    room, tiles = scratchpad.pipelined_bytes - need, scratchpad.tiles
    passes = max(1, len(step.steps)) if scratchpad.memory.blocks_by_time else 1
    thrice = scratchpad.thrice
    by_tile = shares_channels(step, scratchpad)
    blocks = channel_blocks(step, room - others, tiles, passes, thrice, by_tile)
    # Weights alone are the least that crosses: where that is no better, nothing is searched again.
    if others and (not blocks or _short(step, blocks) - step.fixed_bytes > 2 * others):
        alone = channel_blocks(step, room, tiles, passes, thrice, by_tile)
        if alone and (not blocks or _short(step, blocks) - _short(step, alone) > 2 * others):
            scratchpad.make_room(k, step, r, scratchpad.resident_bytes)
            blocks = alone
    if blocks > 1:
        passing = ceil(2 * (step.fixed_bytes + writes) / (room + writes))
        if _short(step, blocks) - _short(step, passing) > 2 * writes:
            return 0
    return blocks


def _short(step: Placed, pieces: int) -> float:
    """Bytes that cross in the time of so many pieces: their weights, or what does while short pieces start."""
    return max(step.fixed_bytes, pieces * STREAMED_PIECE_BYTES)


def channel_blocks(
    step: Placed, room: float, tiles: int, passes: int = 1, thrice: float = 0.0, by_tile: bool = False
) -> int:
    """Blocks of channels (times those of terms) of which two fit into `room` bytes, none of them a sliver; 0 when there
    are none. Equal blocks of whole sixteens on every tile where there are some (8,192 channels: 32 of 256; Intel's
    schedules), else as few as fit. `passes` of the array are in every piece. `thrice`: bytes of a tile that holds a
    block three times, where such blocks are no slivers. `by_tile`: whole sixteens on every tile, as many as fit
    twice; a piece costs one more to begin."""
    work = convolution_of(step)
    if work is None or work.groups > 1 or room <= 0:
        return 0
    full, terms = ceil_to(work.out_c, CHANNEL_BLOCK), term_blocks(step)
    most = terms * max(1, full // min(full, FULL_CHANNELS))
    copies = weight_copies(step, tiles)
    # Narrower weights lie in the scratchpad as they are stored.
    held = step.fixed_bytes * step.stored * copies
    wanted = max(1, ceil(2 * held / room))
    if wanted > most:
        return 0
    sixteens = full // CHANNEL_BLOCK
    if wanted > 1 and work.out_c > MAX_CHANNELS and step.node.op_type in PRODUCTS and copies == 1:
        of_parts = _blocks_of_parts(work.out_c, held / full, wanted, room / tiles, thrice, tiles, terms)
        if of_parts and of_parts <= most:
            return of_parts
    if wanted > 1 and by_tile and (fit := int(room * sixteens / (2 * held * tiles))):
        own = ceil(sixteens / tiles)
        return min((ceil(own / each) for each in range(1, fit + 1)), key=lambda n: n * (ceil(own / n) + 1))
    if wanted > 1:
        thrice *= copies == 1
        # More pieces take longer than their weights.
        short = max(wanted, int(step.fixed_bytes / passes / SHORT_PIECE_BYTES))
        reach, fewest = 3 if thrice else 2, 0
        for even in range(wanted, min(reach * wanted, short, most) + 1):
            if even % terms or sixteens % (even // terms) or (fewest and not thrice):
                continue
            on_tile = (
                ceil(sixteens * terms / even / tiles) * tiles / sixteens / terms if copies == 1 else 1 / even
            )
            if 2 * held * on_tile <= room:
                fewest = fewest or even
                if 3 * held * on_tile <= thrice * tiles:
                    return even
        if fewest:
            return fewest
    return ceil(full / ceil_to(full / wanted, CHANNEL_BLOCK))


def _blocks_of_parts(
    out_c: float, channel_bytes: float, wanted: int, room: float, thrice: float, tiles: int, terms: int
) -> int:
    """Blocks of a product of more than `MAX_CHANNELS` output channels, which is made in equal parts of no more, each in
    equal blocks of whole sixteens of which two fit into a tile's `room` (three into `thrice`), or in as few as fit
    where there are none. `channel_bytes`: of a channel's weights; `wanted`: blocks if none had to be equal.

    Intel's schedules: 1 x 2,048 and 4,096 by 11,008 on NPU 4000 in 2 x 43 blocks of 32 channels a tile (128 and 64
    fit), the latter in as many on 5010; 1 x 2,048 by 50,304 on 4000 in 6 x 15 and 37, on 5010 in 6 x 25 and 37. A part
    of an odd number of sixteens goes in as few as fit (1 x 2,048 by 8,336: 11 and 13 on NPU 3720, 8 and 10 on 4000), as
    does one whose equal blocks would be a sixteen a tile (1 x 4,096 by 6,848, 107 blocks of four sixteens: on NPU 3720
    and 5010 so, on 4000 in 11, as many as fit once)."""
    parts = ceil(out_c / MAX_CHANNELS)
    each = ceil_to(out_c / parts, CHANNEL_BLOCK)
    found = 0
    for size in [each] * (parts - 1) + [out_c - each * (parts - 1)]:
        sixteens = ceil(size / CHANNEL_BLOCK)
        fits = int(min(room / 2, thrice / 3 if thrice else room) / (CHANNEL_BLOCK * channel_bytes / terms))
        if not fits:
            return 0
        fewest = ceil(sixteens / (fits * tiles))
        most = FINER_PARTS * ceil(wanted / parts / terms) if sixteens % 2 == 0 else 0
        least = min(LEAST_SIXTEENS, fits)
        equal = (n for n in range(1, most + 1) if sixteens % n == 0)
        even = (n for n in equal if least <= ceil(sixteens / n / tiles) <= fits)
        found += terms * next(even, fewest)
    return found


def shares_channels(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether the tiles share the channels of a window on small planes whose weights stream (Intel's schedules of
    1,280 channels by 3 x 3 on 16 x 16 pixels, of 512 and 1,024 on 14 to 24; on NPU 5010 those are cut along rows too,
    and dearer in strips of channels here than there, so they may share rows)."""
    memory = scratchpad.memory
    if scratchpad.tiles == 1 or scratchpad.generation not in memory.streamed_over_channels:
        return False
    work = step.only
    if not isinstance(work, MacWork) or step.node.op_type not in IMAGE_CONVOLUTIONS or step.images > 1:
        return False
    window = work.kernel_h > 1 and work.kernel_w > 1  # of a 1x1 convolution rows are shared, as of a product
    return window and weight_copies(step, scratchpad.tiles) == 1


def only_over_channels(step: Placed, pieces: int, need: float, scratchpad: Scratchpad) -> bool:
    """Whether no tile has room for two pieces of streamed weights whole, as each must have that computes some rows by
    all channels: then the tiles share the channels of a piece."""
    if pieces == 1 or not shares_channels(step, scratchpad):
        return False
    two = 2 * step.fixed_bytes * step.stored / pieces
    return two + need / scratchpad.tiles > scratchpad.pipelined_bytes / scratchpad.tiles


def term_blocks(step: Placed) -> int:
    """Blocks of summed terms that streamed weights are cut in: one piece of the array's work takes `MAX_CHANNELS` input
    channels at most (Intel's schedules: 1 x 16,384 x 2,048 on NPU 4000 in two halves of the terms, 16 pieces of 128
    channels each, added up by an element-wise pass)."""
    work = convolution_of(step)
    return ceil(work.in_c / MAX_CHANNELS) if work is not None and step.node.op_type in PRODUCTS else 1
