"""Into which blocks a product or convolution is cut when it does not fit: over rows, channels and summed terms.

The rule looks at structural numbers only (extents, bytes, tiles, scratchpad), never at a rate, so a sweep over
rates keeps one plan. Of all blocks that fit, the one standing beside the block that moves twice, it takes the
cheapest by two counts: multiply-accumulates on a grid of 4 x 4 pixels and 16 channels (a sliver fills it badly),
and bytes from and to DDR (an operand that is read again counts again). Intel's compiler cuts the same three axes
(`ic_tile` and `accumulator` in its schedules: terms summed up in parts); docs/compiler.md shows both beside each
other.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from math import ceil, inf
from typing import Any

import numpy as np

from npusim.compiler.cutting.by_time import BEHIND, quickest, shortlist
from npusim.compiler.cutting.fitted import AVOID, ONE, WAIT, WHOLE, Fitted, Operands
from npusim.compiler.cutting.nominal import nominal, ways_ns
from npusim.compiler.cutting.one_axis import (
    along_axis,
    along_one,
    along_whole_terms,
    as_columns,
    least_axes,
    strip_of_columns,
    turned_work,
)
from npusim.compiler.cutting.preferred import (
    MOST_EVEN,
    Ways,
    over_whole_rows,
    preferred,
    streams_over_channels,
)
from npusim.compiler.cutting.split import Blocks
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS
from npusim.work import MacWork

MACS_A_BYTE = 24  # of one tile beside one byte through DDR: between 14 (NPU 4000) and 28 (NPU 5010)
HALF_GRID = 16  # pixels at once, or channels, at which the array does half of what it can; at 64 it is full
PIECE_BYTES = 65_536  # what starting one more piece is worth
SHORT_PIECE_BYTES = 393_216  # cross in the 4.5 to 6.4 us that a piece takes however little it computes
STREAMED_PIECE_BYTES = 524_288  # ... where nothing but weights crosses
MACS_A_SUM = 240  # multiply-accumulates in the time the array adds two elements
GRID_ROWS = (8, 16)  # sides of a block of pixels in the array's grid modes
COLUMN_PARTS = (2, 4, 8, 16, 32)  # of planes that are cut over rows and columns
#: Where blocks along one axis are preferred (NPU 4000, 5010), so many channels on every tile cost so much more: the
#: array takes 1.2 times as long for a channel of 48 as of 64 on NPU 5010 (Intel's schedules: 1,024 x 8,192 x 2,048 in
#: 32 of 64 channels, 1,024 x 2,560 x 10,240 in 160, 4 of rows each; 43 and 214 of 48 without this).
THIN_CHANNELS, THIN_COSTS = 3 * CHANNEL_BLOCK, 1.2
#: Where blocks along two axes wait, they are as large as one fits, of so much more than two may fill (Intel's
#: schedules: 2,048 x 1,024 x 4,096 on NPU 3720 in 5 of 832 channels and 16 of 128 rows, 0.97 of a tile).
ALONE_ROOM = 0.95 / 0.85
FINER = (1, 2, 4)  # times as many blocks of rows as must be
#: Numbers of blocks of rows to choose among, where ways are compared by their time.
LADDER = np.array(
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256, 512, 1024, 4096]
)
LADDER_STEPS = (1, 2, 3, 5, 7)
TERM_STEP = 64  # terms are cut in blocks of at least so many channels


@lru_cache(maxsize=20_000)
def fitting_blocks(
    work: MacWork,
    operands: Operands,
    tiles: int,
    tile_bytes: float,
    two_axes: str = "",
    by_time: str = "",
    passes: int = 1,
) -> Fitted | None:
    """The cheapest blocks of which two fit; None when not even the smallest does.

    `tile_bytes`: what one scratchpad has for them. `two_axes`: WAIT where blocks along two of them wait for their
    transfers, AVOID where those along one are taken up to `TWO_WORTH` times as dear, ONE where they are of a
    convolution of an image (npusim.compiler.cutting.one_axis), WHOLE where only terms stay whole if they can.
    `by_time`: the generation whose preset's times the cheapest are compared by, in `passes` of the array a piece."""
    if two_axes == ONE:
        sized = operands, tiles, tile_bytes
        free = fitting_blocks(work, *sized, "", by_time, passes)
        if free is None or along_whole_terms(free.blocks, ceil(work.in_c / MAX_CHANNELS)):
            return free
        whole = fitting_blocks(work, *sized, WHOLE, by_time, passes)
        search = partial(
            _search, tiles=tiles, tile_bytes=tile_bytes, two_axes=ONE, by_time=by_time, passes=passes
        )
        return least_axes(free, whole, along_axis(work, operands, search, LADDER, tiles, tile_bytes))
    groups = int(work.groups)
    if groups > 1:
        at_once = tiles * tile_bytes / (2 * (operands.left + operands.right + operands.out) / groups)
        if at_once >= 1 and not operands.left_stays and not operands.out_stays:
            n = ceil(groups / min(groups, int(at_once)))
            return Fitted(Blocks(groups=n), 1, 1, n, n, 0.0, 0.0)
        each = Operands(operands.left / groups, operands.right / groups, operands.out / groups)
        one = fitting_blocks(replace(work, groups=1), each, tiles, tile_bytes, two_axes, by_time, passes)
        return None if one is None else _repeated(one, groups, "groups")
    how = tiles, tile_bytes, two_axes, by_time, passes
    upright = _search(work, operands, *how)
    turned = None
    if work.out_w > 1 and work.out_h < work.out_w:
        turned = _search(turned_work(work), operands, *how)
    best = turned if turned is not None and (upright is None or turned.cost < upright.cost) else upright
    if best is not None and best.partial_bytes > 0 and min(work.out_h, work.out_w) > GRID_ROWS[1]:
        both = _over_rows_and_columns(work, operands, *how)
        if both is not None and both.cost < best.cost:
            return both
    if turned is not None and best is turned:
        return as_columns(turned)
    if upright is None and turned is None and work.out_h > 1 and work.out_w > 1:
        rows = ceil(work.out_h)
        row = replace(work, out_h=1, in_h=work.kernel_h)
        inputs = operands.left * min(1.0, work.kernel_h / max(work.in_h, 1))
        each = replace(operands, left=inputs, out=operands.out / rows)
        thin = _search(turned_work(row), each, *how)
        if thin is not None:
            thin = as_columns(thin)
            again = rows * inputs / max(operands.left, 1.0)
            return replace(_repeated(thin, rows, "rows"), left_reads=thin.left_reads * again)
    return upright


def _over_rows_and_columns(work: MacWork, o: Operands, *how: Any) -> Fitted | None:
    """The cheapest blocks of rows of a part of the columns; one after another, each with the weights again."""
    best: Fitted | None = None
    if o.left_stays or o.out_stays:
        return None
    for parts in COLUMN_PARTS:
        strip, share = strip_of_columns(work, parts)
        each = Operands(o.left * share, o.right, o.out / parts)
        one = _search(strip, each, *how)
        if one is None or strip.out_w < GRID_ROWS[0]:
            continue
        found = _repeated(one, parts, "columns")
        found = replace(found, left_reads=one.left_reads * share * parts)
        if best is None or found.cost < best.cost:
            best = found
    return best


def _repeated(one: Fitted, times: int, axis: str) -> Fitted:
    """The blocks of one problem, for `times` of them one after another."""
    again = 1 if axis == "groups" else times  # rows share their weights
    return replace(
        one,
        blocks=replace(one.blocks, **{axis: times}),
        right_reads=one.right_reads * again,
        left_blocks=one.left_blocks * times,
        right_blocks=one.right_blocks * times,
        partial_bytes=one.partial_bytes * times,
        cost=one.cost * times,
    )


def _counts(extent: float, step: int, most: int) -> list[int]:
    """Numbers of blocks worth trying: one for each block size in whole steps."""
    steps = ceil(extent / step)
    sizes = {ceil(steps / n) for n in range(1, min(steps, most) + 1)}
    return sorted({ceil(steps / size) for size in sizes})


def _on_grid(rows: Any, width: float, channels: Any) -> Any:
    """Pixels times channels that the grid goes through for a block, in the better of two block sizes: a last block that
    is not full counts like the others, and few pixels or channels at once keep the array waiting for operands."""
    best: Any = None
    for side in GRID_ROWS:
        across = _up(width, side) if width > side / 2 else _up(width, 4)
        pixels = np.minimum(rows, side) * min(width, side)
        waits = 1 + (HALF_GRID / np.maximum(pixels, 1)) ** 2 + (HALF_GRID / np.maximum(channels, 1)) ** 2
        through = _up(rows, side if side > GRID_ROWS[0] else 4) * across * waits
        best = through if best is None else np.minimum(best, through)
    return best * channels


def _up(value: Any, step: Any) -> Any:
    return np.ceil(value / step) * step


def _search(
    work: MacWork, o: Operands, tiles: int, tile_bytes: float, two_axes: str, by_time: str, passes: int
) -> Fitted | None:
    """All numbers of channel and term blocks, both ways over the tiles, both loop orders, one piece or two at once, and
    rows in as few blocks as fit or in more."""
    channel_counts = _counts(work.out_c, CHANNEL_BLOCK, 4096)
    least = ceil(work.in_c / MAX_CHANNELS)  # halves of more terms than one piece takes (Intel's schedules)
    more = [] if o.out_stays or o.left_stays else _counts(work.in_c, TERM_STEP, 16)
    term_counts = [n for n in more if n >= least] or [least]
    finest = LADDER_STEPS if by_time else FINER
    axes = np.meshgrid(channel_counts, term_counts, (0, 1), (0, 1), (0, 1), finest, indexing="ij")
    channels, terms, by_channels, weights_stay, waits, finer = (a.reshape(-1).astype(float) for a in axes)
    over_rows = 1 - by_channels
    height, width = float(work.out_h), float(work.out_w)
    block_c = np.where(channels > 1, _up(np.ceil(work.out_c / channels), CHANNEL_BLOCK), work.out_c)
    block_k = np.where(terms > 1, _up(np.ceil(work.in_c / terms), CHANNEL_BLOCK), work.in_c)
    share_c, share_k = block_c / work.out_c, np.minimum(1.0, block_k / work.in_c)
    # Bytes on one tile: of the weights of a block, of one row of inputs and of outputs, and of the rows around.
    on_each = np.where(by_channels > 0, tiles, 1.0)
    weights = o.right * share_c * share_k / on_each
    spread = np.where(over_rows > 0, 1.0 / tiles, 1.0)
    input_row = o.left / max(float(work.in_h), 1.0)
    per_row = input_row * min(work.stride_h, work.kernel_h) * share_k * spread
    around = input_row * max(0.0, work.kernel_h - work.stride_h) * share_k * spread
    out_row = o.out / max(height, 1.0) * share_c / tiles
    # Every tile reads all inputs where it makes a share of the channels.
    whole = (o.left * spread if o.left_stays else 0.0) + (o.out / tiles if o.out_stays else 0.0)
    stand = (weights_stay > 0) | (channels * terms == 1)
    weights_kept = np.where(stand | (waits > 0), 1.0, 2.0)
    inputs_kept = np.where(stand & (waits == 0), 2.0, 1.0)
    per_row = (0.0 if o.left_stays else per_row * inputs_kept) + (
        0.0 if o.out_stays else (2 - waits) * out_row
    )
    around = 0.0 if o.left_stays else around * inputs_kept
    by_itself = two_axes == WAIT
    room = (
        tile_bytes * np.where(by_itself * waits > 0, ALONE_ROOM, 1.0)
        - whole
        - weights * weights_kept
        - around
    )
    most = np.floor(np.maximum(room, 0.0) / np.maximum(per_row, 1e-9))
    fits = (room >= 0) & (most >= min(1.0, height))
    tall = GRID_ROWS[0] * np.where(over_rows > 0, tiles, 1.0)  # rows that fill the grid on every tile
    most = np.where((most >= tall) & (most < height), np.floor(most / tall) * tall, most)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.where(fits, np.ceil(height / np.maximum(np.minimum(most, height), min(1.0, height))), 1.0)
    if by_time:  # the same numbers of blocks of rows however much room there is
        more_rows = LADDER[np.minimum(np.searchsorted(LADDER, rows) + finer - 1, len(LADDER) - 1).astype(int)]
        rows = np.where(finer > 1, np.maximum(rows, more_rows), rows)
    else:
        rows = rows * finer
    rows = np.minimum(rows, max(1.0, np.ceil(height)))
    block_h = np.ceil(height / rows) if height > 1 else np.full_like(rows, height)
    block_h = np.where(
        (rows > 1) & (block_h > tall / 2), np.minimum(_up(block_h, tall), np.maximum(most, block_h)), block_h
    )
    # Whole rows: blocks of full height fewer than asked for cover everything.
    rows = np.where(rows > 1, np.ceil(height / block_h), 1.0)
    # Weights that stand beside one block of rows stand for nothing: the next block of them arrives beside.
    fits &= (weights_stay == 0) | (rows > 1) | (channels == 1) | (waits > 0)
    two = (rows > 1) * 1 + (channels > 1) + (terms > 1) > 1
    beside = fits & (waits == (two if by_itself else 0))
    if two_axes == ONE:
        beside, fits = along_one(rows, channels, terms, beside, fits)
    elif two_axes == WHOLE and (uncut := fits & (terms == terms.min())).any():
        beside, fits = uncut & beside, uncut
    fits = beside if beside.any() else fits  # one at a time only where two never fit
    if not fits.any():
        return None
    streams = streams_over_channels(work, two_axes, by_time)
    streamable = fits
    if streams:
        streamable = over_whole_rows(work, rows, channels, terms, by_channels * (tiles - 1) + 1, fits)
        fits = fits if by_time else streamable
    on_tile_h = np.where(over_rows > 0, np.ceil(block_h / tiles), block_h)
    on_tile_c = _up(block_c / on_each, CHANNEL_BLOCK)
    taps = work.kernel_h * work.kernel_w
    thin = (two_axes == AVOID) & (over_rows > 0) & (channels > 1) & (on_tile_c == THIN_CHANNELS)
    padded = (
        np.where(thin, THIN_COSTS, 1.0)
        * _on_grid(on_tile_h, width, on_tile_c)
        * _up(block_k, CHANNEL_BLOCK)
        * taps
    )
    full_rows = np.where(rows > 1, height / block_h, 1.0)
    macs = padded * full_rows * channels * terms
    # Bytes: who stands still is read once a block, who moves is read again for each block of the other.
    halo = 1 + (rows - 1) * max(0.0, work.kernel_h - work.stride_h) / max(float(work.in_h), 1.0)
    left_reads = np.where((weights_stay > 0) & (rows > 1), channels, 1.0) * halo
    right_reads = np.where((weights_stay > 0) | (channels == 1), 1.0, rows)
    left_traffic = 0.0 if o.left_stays else o.left * left_reads
    out_traffic = 0.0 if o.out_stays else o.out
    held = whole + weights * weights_kept + around + per_row * block_h
    spare = tile_bytes * tiles - held * tiles
    partial = np.where((terms > 1) & (spare < 2 * o.out), 4 * (terms - 1) * o.out, 0.0)
    nbytes = left_traffic + o.right * right_reads + out_traffic
    pieces = rows * channels * terms
    short = STREAMED_PIECE_BYTES if height * width <= MOST_EVEN else SHORT_PIECE_BYTES
    compute = np.maximum(macs / MACS_A_BYTE, short * pieces)
    shorter = np.minimum(compute, nbytes)
    hidden = np.where(waits > 0, 1.0, BEHIND) * shorter
    # Nothing hides the first block's way in and the last one's way out.
    first = o.right * share_c * share_k + (0.0 if o.left_stays else o.left / (rows * terms))
    cost = np.maximum(compute, nbytes) + hidden + PIECE_BYTES * pieces + first + out_traffic / pieces
    # Sums come behind the product and hide behind nothing.
    one_sum = PIECE_BYTES + max(short, height * width * work.out_c * MACS_A_SUM / tiles / MACS_A_BYTE)
    cost += partial + (terms - 1) * one_sum
    cost = np.where(fits, cost, inf)

    def fitted(i: int, price: float) -> Fitted:
        r, c, t = (int(a[i]) for a in (rows, channels, terms))
        left_blocks = t * r * (c if weights_stay[i] and r > 1 else 1)
        right_blocks = t * c * (1 if weights_stay[i] or c == 1 else r)
        reads = float(left_reads[i]), float(right_reads[i])
        return Fitted(
            Blocks(rows=r, channels=c, terms=t), *reads, left_blocks, right_blocks, float(partial[i]), price,
            not waits[i],
        )  # fmt: skip

    if by_time and (hw := nominal(by_time)) is not None:
        kinds = np.stack([rows, channels, terms, left_reads, right_reads], axis=1)
        uncut = streamable & streams & (rows == 1) & (terms == terms.min()) & (waits == 0)
        few, streamed = shortlist(cost, kinds, uncut)
        few_ways = [fitted(i, 0.0) for i in few]
        ns, moving = ways_ns(work, o, few_ways, tiles, hw, passes)
        fastest = quickest(ns, moving, streamed)
        return replace(few_ways[fastest], cost=float(ns[fastest]))
    ways = Ways(rows, channels, terms, two, waits, cost)
    return fitted(*preferred(work, o, ways, two_axes))
