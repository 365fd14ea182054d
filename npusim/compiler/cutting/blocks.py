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
from math import ceil
from typing import Any

from npusim.compiler.cutting.counts import GRID_ROWS
from npusim.compiler.cutting.fitted import ONE, WHOLE, Fitted, Operands
from npusim.compiler.cutting.one_axis import (
    along_axis,
    along_whole_terms,
    as_columns,
    least_axes,
    strip_of_columns,
    turned_work,
)
from npusim.compiler.cutting.room import LADDER
from npusim.compiler.cutting.search import search
from npusim.compiler.cutting.split import Blocks
from npusim.ops.counting import MAX_CHANNELS
from npusim.work import MacWork

COLUMN_PARTS = (2, 4, 8, 16, 32)  # of planes that are cut over rows and columns


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
        one_axis = partial(
            search, tiles=tiles, tile_bytes=tile_bytes, two_axes=ONE, by_time=by_time, passes=passes
        )
        return least_axes(free, whole, along_axis(work, operands, one_axis, LADDER, tiles, tile_bytes))
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
    upright = search(work, operands, *how)
    turned = None
    if work.out_w > 1 and work.out_h < work.out_w:
        turned = search(turned_work(work), operands, *how)
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
        thin = search(turned_work(row), each, *how)
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
        one = search(strip, each, *how)
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
