"""A tensor that is no image, laid out for its poolings by passes of the MAC array.

A reduction becomes poolings over an image of the axes in front of the reduced one as channels. Intel's schedules of
2026 (`ReduceMean` over the last, a middle and the first axis, 7 to 4,096 elements, all three NPUs) lay it out so:
- channels and pixels change places (`PermuteQuantize`); channels are padded to sixteens on the way;
- the innermost axis becomes a plane as square as its factors allow (768 as 32 x 24). Rows of whole sixteens stay
  inside; others are shared over channels behind that pass, through DDR, and are first widened to whole sixteens where
  channels must be padded too (768 to 1,024, through DDR as well);
- a middle axis of one pooling leaves one row, which one tile makes: its image crosses DDR too;
- of several poolings on NPU 4000 and 5010, each tile turns and pools whole sixteens of an image's channels, where there
  are sixteens for every tile and a tile holds its share twice; what the poolings hand on crosses DDR (8 and 24 images
  of 48 to 128 channels, 16 to 128 rows: 64 channels are 32, 16 and 16 on three tiles; not 32 channels, nor 4 MB);
- in front of the first axis there is no channel: a 1 x 1 convolution makes sixteen of each (`pad_[0, 15, 0, 0]`), which
  cross DDR where the first pooling leaves few rows; what lies behind that axis, where it fills no sixteens and is short
  or the axis is, is its channels, padded as it is loaded, and every pooling reads DDR and writes it (`in_expand`,
  `slice`: 600 x 40, 24 x 196 and 48 x 300 on NPU 3720, not 49 x 300 nor 60 x 130);
- rows of no whole sixteens are widened to such (5010 and 4000: by a copy) and cross DDR when they are laid out (2 x 300
  x 100; 80 x 1,225); of a batch, channels of no whole sixteens are filled up by a copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, SMALL_POOL_ROWS, ceil_to
from npusim.graph import Value
from npusim.ops.counting import (
    CHANNEL_BLOCK,
    chain_of_factors,
    ddr_round_trip,
    most_even_rectangle,
    one_tap,
    pixels,
)
from npusim.ops.pooling import plane_pools, poolings_down
from npusim.work import MacOp, MacWork, MoveWork, Work

LOADED_TURNED = "loaded_turned"  # a line that transfers turn on its way to a pooling
#: The lowerings; what lays their input out may be a convolution.
RELAID = frozenset({"pooling_chain_relayout", "pooling_chain_filled_up"})
# Of a first pooling: 2, 4 and 8 rows cross DDR, 16 do not; on NPU 5010, which pads nothing, 2 do, 8 do not.
LEAST_ROWS, LEAST_ROWS_UNPADDED = 16, 4
# Of a first axis and of what lies behind it: 48 x 300 and 1,000 x 120 lie as channels, 49 x 300 and 60 x 130 do not.
FEW_ROWS, FEW_COLUMNS = 48, 128
MANY_ROWS = 1450  # between 1,400 and 1,536
MANY_COLUMNS = 256  # between 128 and 512


def relaid(
    steps: tuple[Work, ...],
    source: Value,
    pads: bool,
    tiles: int = 0,
    tile_bytes: float = 0.0,
    copies: bool = False,
) -> tuple[Work, ...]:
    """Poolings behind the passes that lay `source` out for them, in place of the copy in front of them. `pads`: the
    generation pads images of few channels to 16; `copies`: it widens rows by a copy. `tiles` of `tile_bytes` share
    channels; none where they share rows."""
    move, *pools = steps
    if not isinstance(move, MoveWork) or not pools or not isinstance(pools[0], MacWork):
        return steps
    first = pools[0]
    length, channels, size = int(first.in_h), int(first.out_c), first.input_bytes
    columns = int(first.out_w)
    uneven = columns > 1 and columns % CHANNEL_BLOCK != 0
    if uneven and move.nbytes == source.npu_bytes * CHANNEL_BLOCK:
        return _uneven_first_axis(source, [p for p in pools if isinstance(p, MacWork)], length, columns)
    if move.nbytes == source.npu_bytes * CHANNEL_BLOCK and source.elements % CHANNEL_BLOCK == 0:
        least = LEAST_ROWS if pads else LEAST_ROWS_UNPADDED
        through = ddr_round_trip(move.nbytes) if first.out_h < least else ()
        return (
            spread_out(source.elements / CHANNEL_BLOCK, CHANNEL_BLOCK, CHANNEL_BLOCK**2, size),
            *through,
            *pools,
        )
    turn = _turned(move.nbytes / size, source, size)
    if uneven:
        filled = _images(source) > 1 and move.nbytes > source.npu_bytes
        wide = 1.0 if filled else ceil_to(columns, CHANNEL_BLOCK) / columns
        copied = move.nbytes if filled else source.npu_bytes * wide
        turn = _turned(move.nbytes / size * wide, source, size)
        copy = (MoveWork(copied, "ddr", "ddr"),) if filled or copies else ()
        return *copy, turn, *ddr_round_trip(move.nbytes), *pools
    if first.out_w > 1 and len(pools) > 1 and tiles:
        over = _over_channels(first, source, tiles, tile_bytes)
        if over is not None:
            return over, *_through_ddr(pools)
    if first.out_w > 1:  # one row of results is no work for several tiles
        return turn, *(ddr_round_trip(move.nbytes) if first.out_h <= 1 else ()), *pools
    if len(source.shape) == 4 and source.shape[0] > 1 and source.shape[3] == length:
        return turn, *_along_rows(pools, source.shape)
    rows, columns = most_even_rectangle(length)
    pools = list(plane_pools(first, rows, columns))
    whole = move.nbytes == source.npu_bytes
    if columns % PIXELS_AT_ONCE == 0 or (rows > SMALL_POOL_ROWS and whole):
        return turn, *pools
    wide = ceil_to(columns, PIXELS_AT_ONCE) / columns
    widened: tuple[Work, ...] = ()
    if columns > 1 and length % CHANNEL_BLOCK:
        widened = (MoveWork(source.npu_bytes * wide, "ddr", "ddr"),)
    elif columns > 1 and not whole:
        terms = length // CHANNEL_BLOCK
        widen = spread_out(source.elements / terms, terms, ceil(terms * wide), size)
        widened = (widen, *ddr_round_trip(source.npu_bytes * wide))
    if widened:
        turn = _turned(length * channels * wide, source, size)
    return *widened, turn, *ddr_round_trip(move.nbytes), *pools


def _uneven_first_axis(source: Value, pools: list[MacWork], length: int, columns: int) -> tuple[Work, ...]:
    """Poolings of a first axis of `length` in front of `columns` that fill no sixteens."""
    wide, size = ceil_to(columns, CHANNEL_BLOCK), source.npu_bytes / source.elements
    if length <= FEW_ROWS or columns <= FEW_COLUMNS:
        lying = replace(pools[0], out_w=1, in_w=1, out_c=wide, in_c=wide)
        return tuple(_through_ddr(poolings_down(lying, chain_of_factors(length)), columns / wide))
    first = pools[0]
    if length > MANY_ROWS:
        return tuple(_first_as_it_lies(first, length, columns, wide, size))
    spread = spread_out(length * wide / CHANNEL_BLOCK, CHANNEL_BLOCK, CHANNEL_BLOCK**2, size)
    copied = MoveWork(length * wide * size, "ddr", "ddr")
    return copied, spread, *ddr_round_trip(source.npu_bytes * CHANNEL_BLOCK), *pools


def _first_as_it_lies(first: MacWork, length: int, columns: int, wide: float, size: float) -> Iterator[Work]:
    """Poolings of many rows that fill no sixteens: the first has what lies behind the axis as its channels;
    what it makes is copied to sixteens of them and expanded for the others (1,536 to 4,096 x 150 to 1,000;
    1,000, 1,280 and 1,400 rows are expanded as they are)."""
    chain = chain_of_factors(length)
    rows = chain[0][1]
    yield from poolings_down(replace(first, out_w=1, in_w=1, out_c=wide, in_c=wide), chain[:1])
    made = rows * columns * size
    yield from ddr_round_trip(made)
    yield from (MoveWork(made, "ddr", "ddr"), MoveWork(made, "ddr", "ddr"))
    yield spread_out(rows * wide / CHANNEL_BLOCK, CHANNEL_BLOCK, CHANNEL_BLOCK**2, size)
    yield from ddr_round_trip(made * CHANNEL_BLOCK)
    yield from poolings_down(replace(first, in_h=rows), chain[1:])


def _over_channels(first: MacWork, source: Value, tiles: int, tile_bytes: float) -> MacWork | None:
    """The pass that turns images for poolings shared over channels: a row for sixteen of them, all images side by side;
    None where they are not shared so."""
    images = _images(source)
    sixteens, rest = divmod(first.out_c, images * CHANNEL_BLOCK)
    if rest or sixteens < tiles or 2 * _share_bytes(first, sixteens, tiles) > tile_bytes:
        return None
    columns = images * first.in_h * first.in_w
    return one_tap(MacOp.PERMUTE_IMAGE, int(sixteens), columns, CHANNEL_BLOCK, first.input_bytes)


def image_waits(steps: tuple[Work, ...], tiles: int, tile_bytes: float) -> bool:
    """Whether an image whose channels the tiles share so waits for the one before it: a tile does not hold it beside
    the other and what that became (Intel's schedules of NPU 5010: 22 us an image where the largest share is 0.5 MiB,
    9.7 of them the turn and 9.1 the next one's transfers; 384 KiB overlap), or the tiles do not hold one pooled along
    its rows (64 x 128 x 128)."""
    if (
        len(steps) < 3
        or not isinstance(turn := steps[0], MacWork)
        or not isinstance(pool := steps[1], MacWork)
    ):
        return False
    if along_rows(steps):
        return bool(3 * turn.out_h * turn.out_w * turn.out_c * turn.output_bytes > tiles * tile_bytes)
    batch = turn.op == MacOp.PERMUTE_IMAGE and turn.out_c * turn.out_h < pool.out_c
    if not batch or turn.out_w <= pool.in_h * pool.in_w or not isinstance(steps[2], MoveWork):
        return False
    return 3 * _share_bytes(pool, turn.out_h, tiles) > tile_bytes


def along_rows(steps: tuple[Work, ...]) -> bool:
    """Whether images are turned, and their rows pooled."""
    turn, pool = steps[:2] if len(steps) > 1 else (None, None)
    if not isinstance(turn, MacWork) or not isinstance(pool, MacWork):
        return False
    return bool(turn.op == MacOp.PERMUTE_IMAGE and pool.kernel_w > pool.kernel_h == 1)


def expands(steps: tuple[Work, ...]) -> bool:
    """Whether a first axis is expanded to sixteen channels for its poolings (4.8 MB of 197 x 768 cross DDR on NPU 4000,
    4.1 MB of 1,000 x 128 do not)."""
    return isinstance(steps[0], MacWork) and steps[0].op == MacOp.CONVOLUTION


def pooled_by_columns(pool: MacWork) -> bool:
    """Whether a first axis is pooled column by column: many columns, whole sixteens of them (300 x 768, 512 x 512 and
    1,024 x 2,048; 1,024 x 197, 1,024 x 1,000 and 1,000 x 128 cross DDR in Intel's schedules of NPU 5010)."""
    return bool(pool.in_w % CHANNEL_BLOCK == 0 and pool.in_w >= MANY_COLUMNS)


def _share_bytes(pool: MacWork, sixteens: float, tiles: int) -> float:
    """Bytes of the largest tile's channels of one image."""
    return float(ceil(sixteens / tiles) * CHANNEL_BLOCK * pool.in_h * pool.in_w * pool.input_bytes)


def _through_ddr(pools: Sequence[Work], share: float = 1.0) -> Iterator[Work]:
    """Poolings, and between them what they hand on: a `share` of it, the rest is padding."""
    for pool in pools[:-1]:
        yield pool
        if isinstance(pool, MacWork):
            yield from ddr_round_trip(share * pool.out_h * pool.out_w * pool.out_c * pool.output_bytes)
    yield pools[-1]


def _images(source: Value) -> int:
    """Of a batch."""
    return source.shape[0] if len(source.shape) == 4 else 1


def _along_rows(pools: Sequence[Work], shape: tuple[int, ...]) -> Iterator[MacWork]:
    """Poolings of the rows of a batch of images, whose channels stay channels (8 x 64 x 128 x 128 in Intel's
    schedules: 64 channels, 128 x 128 by a window of 1 x 8)."""
    for pool in pools:
        if isinstance(pool, MacWork):
            channels = shape[0] * shape[1]
            yield replace(
                pool, out_h=shape[2], in_h=shape[2], out_w=int(pool.out_h), in_w=int(pool.in_h), out_c=channels,
                in_c=channels, kernel_h=1, kernel_w=pool.kernel_h, stride_h=1, stride_w=pool.stride_h,
            )  # fmt: skip


def _turned(elements: float, source: Value, size: float) -> MacWork:
    """The pass that moves channels innermost, image by image where there are several."""
    images = _images(source)
    rows = elements / CHANNEL_BLOCK / 4 / images
    return one_tap(MacOp.PERMUTE_IMAGE, rows, 4, CHANNEL_BLOCK, size, groups=images)


def spread_out(count: float, terms: int, channels: int, size: float) -> MacWork:
    """A 1 x 1 convolution of `count` pixels that spreads elements out."""
    return one_tap(MacOp.CONVOLUTION, *pixels(count), channels, size, terms=terms)
