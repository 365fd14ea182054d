"""Convolutions of images are cut along one axis: rows, columns or channels, their terms whole.

Of 4,530 that Intel's compiler 8.4 cuts by themselves in its schedules of 380 convolutional networks on three NPUs nine
are cut along two axes, 4,173 along channels, 348 along rows or columns. Terms are parted of products, and of windows
whose taps lie so far apart that not even sixteen channels' weights fit. 512 channels of 38 x 38 by 3 x 3 on NPU 4000
and 5010 go in 16 blocks of channels, the image inside, which takes the array 1.15 times as long as rows and terms
would; so blocks along one axis are taken up to `TWO_WORTH` times as dear, as those of products."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import ceil

import numpy as np

from npusim.compiler.cutting.fitted import Fitted, Operands
from npusim.compiler.cutting.preferred import TWO_WORTH
from npusim.compiler.cutting.split import Blocks
from npusim.work import MacWork

Search = Callable[[MacWork, Operands], Fitted | None]


def turned_work(work: MacWork) -> MacWork:
    """The same work with rows and columns changed over."""
    return replace(
        work, out_h=work.out_w, out_w=work.out_h, in_h=work.in_w, in_w=work.in_h,
        kernel_h=work.kernel_w, kernel_w=work.kernel_h, stride_h=work.stride_w, stride_w=work.stride_h,
    )  # fmt: skip


def as_columns(found: Fitted) -> Fitted:
    """Blocks of rows of a work that was turned, as what they are of the work as it was: of columns."""
    return replace(found, blocks=replace(found.blocks, rows=1, columns=found.blocks.rows))


def strip_of_columns(work: MacWork, parts: int) -> tuple[MacWork, float]:
    """One of so many strips of columns, and what share of the input's columns it reads."""
    out_w = ceil(work.out_w / parts)
    in_w = min(work.in_w, (out_w - 1) * work.stride_w + work.kernel_w)
    return replace(work, out_w=out_w, in_w=in_w), in_w / max(float(work.in_w), 1.0)


def along_axis(
    work: MacWork, o: Operands, search: Search, numbers: Iterable[float], tiles: int, tile_bytes: float
) -> Fitted | None:
    """The cheapest blocks along one axis: rows, columns or channels; None where there are none. `search`: blocks of
    channels or rows that the tiles share; `numbers` of strips of columns to try."""
    ways = [search(work, o), _over_columns(work, o, search, numbers, tiles, tile_bytes)]
    if work.out_w > 1 and (found := search(turned_work(work), o)) is not None:
        ways.append(as_columns(found))
    alone = [w for w in ways if w is not None and _axes(w.blocks) <= 1]
    return min(alone, key=lambda w: w.cost, default=None)


def _over_columns(
    work: MacWork, o: Operands, search: Search, numbers: Iterable[float], tiles: int, tile_bytes: float
) -> Fitted | None:
    """The fewest strips of columns of which two fit beside the weights, whose rows the tiles share."""
    if o.left_stays or o.out_stays or work.out_w <= 1:
        return None
    for parts in (int(n) for n in numbers if 1 < n <= work.out_w):
        strip, share = strip_of_columns(work, parts)
        moving = 2 * (o.left * share + o.out / parts)
        if min(o.right + moving / tiles, o.right / tiles + moving) > tile_bytes:
            continue
        one = search(strip, Operands(o.left * share, o.right, o.out / parts))
        if one is None or one.blocks.pieces > 1 or not one.overlaps:
            continue
        cheap = search(strip, Operands(o.left * share, o.right / parts, o.out / parts))
        cost = parts * (cheap.cost if cheap is not None else one.cost)
        return Fitted(Blocks(columns=parts), share * parts, 1.0, parts, 1, 0.0, cost)
    return None


def _axes(blocks: Blocks) -> int:
    """Along how many axes blocks are cut."""
    return sum(n > 1 for n in (blocks.rows, blocks.columns, blocks.channels, blocks.terms))


def along_whole_terms(blocks: Blocks, least_terms: int) -> bool:
    """Whether blocks go along one axis already, their terms as whole as they can be."""
    return _axes(replace(blocks, terms=1)) <= 1 and blocks.terms <= least_terms


def least_axes(free: Fitted | None, *ways: Fitted | None) -> Fitted | None:
    """Of the cheapest way of all and those that leave terms whole and go along one axis, the last of which each is no
    more than `TWO_WORTH` times as dear as the one before. It keeps the cost of the cheapest: whether an image stays
    inside is not decided by the way that its reader is cut then (192 channels of 64 x 64 normalised on NPU 5010)."""
    best = free
    for way in ways:
        if best is not None and way is not None and way.cost <= TWO_WORTH * best.cost:
            best = way
    return replace(best, cost=free.cost) if best is not None and free is not None else best


def along_one(
    rows: np.ndarray, channels: np.ndarray, terms: np.ndarray, beside: np.ndarray, fits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of the ways that fit twice (`beside`) and of all that fit, those along one axis, where there are such: those that
    leave the terms as whole as they can be, if any."""
    alone = ((rows > 1) * 1 + (channels > 1) + (terms > terms.min()) <= 1) & fits
    whole = alone & (terms == terms.min())
    for kept in (whole & beside, whole, alone):
        if kept.any():
            return kept & beside, kept
    return beside, fits
