"""How one work is shared by the tiles, and cut into pieces in time.

All tiles work on one op in lock-step. A MAC work can be shared over its problems (heads, groups), its rows
or its output channels; which is cheapest depends on clocks and widths, so all are kept as priced
alternatives. A shared task ends when the largest share ends, hence the ceilings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, prod

from npusim.ops.counting import CHANNEL_BLOCK, PIXELS_PER_ROW, TABLE_BYTES
from npusim.work import EVERY_TILE, MacOp, MacWork, VectorWork

SMALL_POOL_ROWS = 56  # planes of up to so many rows are shared over channels where a channel needs no other
PIXELS_AT_ONCE = 16  # of an image that is turned to channels last
EMPTIER = 1.25  # times as much of the grid that rows of a scale may take before its columns are cut


def ceil_to(value: float, step: int) -> int:
    """`value` rounded up to a multiple of `step`."""
    return ceil(value / step) * step


def _rows(work: MacWork, parts: int) -> MacWork:
    """The share of rows of one of `parts` tiles, with the input rows it needs (halo included)."""
    out_h = ceil(work.out_h / parts)
    in_h = min(work.in_h, (out_h - 1) * work.stride_h + work.kernel_h)
    return replace(work, out_h=out_h, in_h=in_h)


def _columns(work: MacWork, parts: int) -> MacWork:
    """The share of columns of one of `parts` tiles, with the input columns it needs."""
    out_w = ceil(work.out_w / parts)
    return replace(work, out_w=out_w, in_w=min(work.in_w, (out_w - 1) * work.stride_w + work.kernel_w))


def _channels(work: MacWork, parts: int) -> MacWork:
    """The share of output channels of one of `parts` tiles, in whole groups of 16."""
    out_c = min(work.out_c, ceil_to(work.out_c / parts, CHANNEL_BLOCK))
    in_c = out_c if work.op != MacOp.CONVOLUTION else work.in_c
    return replace(work, out_c=out_c, in_c=in_c)


def _even_rows(work: MacWork) -> MacWork:
    """A work that is all channels or one row, laid out as rows so that it can be shared (element-wise only:
    its elements do not depend on each other)."""
    one_pixel = work.op == MacOp.ELTWISE and work.out_h * work.out_w <= 1 and work.write_tiles != EVERY_TILE
    if not one_pixel or work.out_c <= CHANNEL_BLOCK:
        return work
    rows = max(1, work.out_c // CHANNEL_BLOCK)
    return replace(work, out_h=rows, in_h=rows, out_c=ceil(work.out_c / rows), in_c=ceil(work.in_c / rows))


@dataclass(frozen=True, slots=True)
class Blocks:
    """Into how many blocks a work is cut in time, an axis each; `pieces` is their product. `terms`: summed ones."""

    groups: int = 1
    rows: int = 1
    columns: int = 1
    channels: int = 1
    terms: int = 1

    @property
    def pieces(self) -> int:
        return self.groups * self.rows * self.columns * self.channels * self.terms


UNCUT = Blocks()


def piece_of(work: MacWork, blocks: Blocks) -> tuple[MacWork, float]:
    """The work of one full piece, and how many of it the whole is (a last piece that is shorter counts for less)."""
    count = 1.0

    def block(extent: float, parts: int, step: int = 1) -> float:
        nonlocal count
        if parts == 1 or extent <= 1:
            return extent
        size = min(ceil_to(extent, step), ceil_to(extent / parts, step))
        count *= ceil_to(extent, step) / size if step > 1 else extent / size
        return size

    groups = block(work.groups, blocks.groups)
    out_h, out_w = block(work.out_h, blocks.rows), block(work.out_w, blocks.columns)
    out_c = block(work.out_c, blocks.channels, CHANNEL_BLOCK)
    in_c = block(work.in_c, blocks.terms, CHANNEL_BLOCK) if work.op == MacOp.CONVOLUTION else out_c
    in_h = min(work.in_h, (out_h - 1) * work.stride_h + work.kernel_h) if blocks.rows > 1 else work.in_h
    in_w = min(work.in_w, (out_w - 1) * work.stride_w + work.kernel_w) if blocks.columns > 1 else work.in_w
    piece = replace(
        work, groups=groups, out_h=out_h, out_w=out_w, out_c=out_c, in_c=in_c, in_h=in_h, in_w=in_w
    )
    return piece, count


def even_blocks(work: MacWork, pieces: int, tiles: int = 1) -> Blocks:
    """At least `pieces` blocks (as far as the work can be cut): over problems first, then rows, columns, and
    channels. Pooling and turning have independent channels: they go first, and the rows stay a full grid. So do
    columns that are many, of a work without a window: its few rows are for the tiles (Intel's schedules: 32 x 96 x
    4,097 is scaled on four tiles in pieces of 24 rows and 257 columns each). `tiles` share the rows of a piece."""
    if pieces <= 1:
        return UNCUT
    work = _even_rows(work)
    sixteens = max(1, ceil(work.out_c / CHANNEL_BLOCK))
    channels = 1
    if work.op in (MacOp.AVERAGE_POOL, MacOp.MAX_POOL, MacOp.PERMUTE, MacOp.PERMUTE_PARTS):
        turning = work.op in (MacOp.PERMUTE, MacOp.PERMUTE_PARTS)
        alone = turning and sixteens < pieces and _wide(work, pieces, 1)
        channels = 1 if alone else min(sixteens, pieces)
    elif work.op == MacOp.ELTWISE and work.out_h < pieces * tiles and not _wide(work, pieces, tiles):
        # no row for each tile: in no more pieces of rows than fill the grid on every tile, and blocks of channels
        channels = min(sixteens, ceil(pieces / max(1, work.out_h // (PIXELS_PER_ROW * tiles))))
    left = ceil(pieces / channels)
    groups = min(int(work.groups), left)
    left = ceil(left / groups)
    rows = 1 if _wide(work, left, tiles) else min(ceil(work.out_h), left)
    left = ceil(left / rows)
    columns = min(int(work.out_w), left)
    left = ceil(left / columns)
    channels = min(sixteens, channels * left)
    return Blocks(groups, rows, columns, channels)


def _wide(work: MacWork, pieces: int, tiles: int) -> bool:
    """Whether a work without a window along its columns is cut along these, not its rows: the rows of a piece would be
    no full grid, its columns are. So is a scale of less than a sixteen of channels: it lies flat as one there (Intel's
    schedules: 8 x 256 x 4,097 as 16 x 241 x 2,176 on NPU 4000, in 11 pieces of 50 of the last on each tile), and one
    whose rows would leave much more of the grid empty than its columns (16 x 128 x 3,001 on NPU 3720 in 11 pieces of 64
    rows and 273 columns on each tile; 32 x 128 x 701 on 4000 in four of 8 rows)."""
    across = (
        work.kernel_w if work.op in (MacOp.AVERAGE_POOL, MacOp.MAX_POOL) else work.kernel_h * work.kernel_w
    )
    window = work.op == MacOp.CONVOLUTION or across > 1
    flat = work.op == MacOp.DEPTHWISE and work.out_c < CHANNEL_BLOCK
    scale = work.op == MacOp.DEPTHWISE
    emptier = scale and _filled_up(work.out_h, pieces * tiles) > EMPTIER * _filled_up(work.out_w, pieces)
    across_rows = flat or emptier or work.out_h < PIXELS_PER_ROW * pieces * tiles
    return bool(not window and across_rows and work.out_w >= PIXELS_PER_ROW * pieces)


def _filled_up(size: float, parts: int) -> float:
    """How many times as many rows or columns the parts of them take when each fills lines of the grid."""
    return parts * ceil(ceil(size / parts) / PIXELS_PER_ROW) * PIXELS_PER_ROW / size


@lru_cache(maxsize=20_000)
def mac_shares(
    work: MacWork,
    tiles: int,
    blocks: Blocks = UNCUT,
    groups_over_tiles: bool = True,
    channels_to_all_tiles: bool = True,
    images: int = 1,
    columns_too: bool = False,
) -> tuple[tuple[tuple[MacWork, float], ...], tuple[str, ...]]:
    """Works of one tile, and how many run one after another, a way of sharing each; and the ways' names.

    `groups_over_tiles`: whole problems of a batch may go to different tiles (else every problem is split).
    `channels_to_all_tiles`: a convolution shared over channels writes those of every tile to all of them.
    `columns_too`: of a convolution that is cut along them and has few rows, the tiles may share columns.
    `blocks` cuts the work in time first. `images`: of a batch, stacked in the rows, that are taken one by one: every
    tile has its share of each (Intel's schedules, `slice_N` and `fn_N_call`)."""
    if images > 1 and work.groups == 1 and work.op < MacOp.ELTWISE:
        one = replace(work, out_h=work.out_h / images, in_h=work.in_h / images)
        cut = replace(blocks, rows=ceil(blocks.rows / images))
        shares, names = mac_shares(one, tiles, cut, groups_over_tiles, channels_to_all_tiles)
        return tuple((share, count * images) for share, count in shares), names
    work, count = piece_of(_even_rows(work), blocks)
    if tiles == 1:
        return ((work, count),), ("none",)
    ways: dict[str, MacWork]
    if work.op == MacOp.PERMUTE_PARTS:
        ways = _turning_shares(work, tiles)
        return tuple((share, count) for share in ways.values()), tuple(ways)
    ways = {}
    if work.write_tiles == EVERY_TILE:
        return ((work, count),), ("none",)
    if work.groups > 1 and groups_over_tiles:
        ways["groups"] = replace(work, groups=ceil(work.groups / tiles))
    if work.out_h > 1:
        ways["rows"] = _rows(work, tiles)
    thin = columns_too and blocks.columns > 1 and 1 < work.out_h < PIXELS_PER_ROW * tiles
    if thin and work.op == MacOp.CONVOLUTION and work.groups == 1 and work.out_w > 1:
        ways["columns"] = _columns(work, tiles)
    if work.out_c > CHANNEL_BLOCK:
        share = _channels(work, tiles)
        everywhere = work.op == MacOp.CONVOLUTION and channels_to_all_tiles
        ways["channels"] = replace(share, write_tiles=work.out_c / share.out_c) if everywhere else share
    if not ways:
        ways["none"] = work
    return tuple((share, count) for share in ways.values()), tuple(ways)


def _turning_shares(work: MacWork, tiles: int) -> dict[str, MacWork]:
    """A pass that writes in another order: its rows are shared where there is one for every tile, or its channels where
    there are sixteen for each (not where every tile has one row); else every tile does all of it. Several rows go in
    fours (Intel's schedules)."""
    ways: dict[str, MacWork] = {}
    if work.out_h >= tiles:
        ways["rows"] = _rows(work, tiles)
    if work.out_c >= tiles * CHANNEL_BLOCK and work.out_h != tiles:
        ways["channels"] = _channels(work, tiles)
    if not ways:
        ways["none"] = work
    if work.in_h > 1:
        ways = {n: replace(w, out_h=ceil_to(w.out_h, PIXELS_PER_ROW)) for n, w in ways.items()}
    return ways


def sum_of_parts(
    work: MacWork, parts: int, tiles: int, pieces: int
) -> tuple[tuple[tuple[MacWork, float], ...], tuple[str, ...]]:
    """Element-wise passes that add up the results of a product whose terms were cut in `parts`."""
    add = MacWork(
        MacOp.ELTWISE, work.out_h, work.out_w, work.out_c, work.out_c, work.out_h, work.out_w, groups=work.groups,
        input_bytes=work.output_bytes, weight_bytes=work.output_bytes, output_bytes=work.output_bytes,
    )  # fmt: skip
    ways, names = mac_shares(add, tiles, even_blocks(add, pieces))
    return tuple((share, count * (parts - 1)) for share, count in ways), names


def largest_cut(work: MacWork, piece_axis: str) -> int:
    """Into how many pieces the work can be cut at most along `piece_axis` ("rows" or "channels")."""
    channels = max(1, ceil(work.out_c / CHANNEL_BLOCK))
    if piece_axis == "channels":
        return int(channels)
    outer = ceil(work.groups * work.out_h * work.out_w)
    return int(outer if work.op == MacOp.CONVOLUTION else outer * channels)


def dsp_parts(work: VectorWork, tiles: int, per_tile: int, one_dsp: bool, tiles_for_split: int) -> int:
    """On how many DSPs at once a kernel runs.

    One, when the compiler does not split it; else all DSPs of `tiles_for_split` tiles, as far as the work has
    independent parts."""
    if one_dsp:
        return 1
    return max(1, min(int(min(tiles, tiles_for_split)) * per_tile, int(work.independent)))


def weight_bytes(work: MacWork, stored: float = 1.0) -> float:
    """Bytes of the second operand: channels padded to 16 (of a depthwise convolution its taps: 9 are 16, 25 are 32),
    and 16 bytes of table an output channel (Intel's schedules), and what is stored beside them. Zero for element-wise
    work and pooling. `stored`: bytes of a weight over those of its type."""
    if work.op not in (MacOp.CONVOLUTION, MacOp.DEPTHWISE):
        return 0.0
    out_c = ceil_to(work.out_c, CHANNEL_BLOCK)
    in_c = 1 if work.op == MacOp.DEPTHWISE else ceil_to(work.in_c, CHANNEL_BLOCK)
    taps = prod((work.kernel_h, work.kernel_w))
    taps = ceil_to(taps, CHANNEL_BLOCK) if work.op == MacOp.DEPTHWISE else taps
    size = work.weight_bytes * stored
    if work.weight_groups > 1:  # compressed, with a map of zeros
        size = size / work.weight_groups + 1 / 8
    each = taps * in_c * size + TABLE_BYTES
    return float(work.groups * out_c * each + work.side_bytes)
