"""The cheapest of all ways to cut one product, or convolution without groups, in blocks of rows, channels and terms."""

from __future__ import annotations

import numpy as np

from npusim.compiler.cutting.asked import Asked, asked
from npusim.compiler.cutting.by_time import quickest, shortlist
from npusim.compiler.cutting.cost import Costs, costs
from npusim.compiler.cutting.fitted import ONE, WAIT, WHOLE, Fitted, Operands
from npusim.compiler.cutting.nominal import nominal, ways_ns
from npusim.compiler.cutting.one_axis import along_one
from npusim.compiler.cutting.preferred import Ways, over_whole_rows, preferred, streams_over_channels
from npusim.compiler.cutting.room import RowBlocks, held, row_blocks
from npusim.compiler.cutting.split import Blocks
from npusim.work import MacWork


def search(
    work: MacWork, o: Operands, tiles: int, tile_bytes: float, two_axes: str, by_time: str, passes: int
) -> Fitted | None:
    """The way taken, of all that are thought of and fit; None where none does. Parameters: `fitting_blocks`."""
    ways, by_itself = asked(work, o, by_time), two_axes == WAIT
    kept = held(work, o, ways, tiles)
    blocks = row_blocks(work, ways, kept, tiles, tile_bytes, by_itself, by_time)
    two = (blocks.rows > 1) * 1 + (ways.channels > 1) + (ways.terms > 1) > 1
    fits = _allowed(ways, blocks, two & by_itself, two_axes)
    if not fits.any():
        return None
    streams = streams_over_channels(work, two_axes, by_time)
    streamable = fits
    if streams:
        shared = ways.by_channels * (tiles - 1) + 1
        streamable = over_whole_rows(work, blocks.rows, ways.channels, ways.terms, shared, fits)
        fits = fits if by_time else streamable
    blocks = RowBlocks(blocks.rows, blocks.height, fits)
    found = costs(work, o, ways, blocks, kept, tiles, tile_bytes, two_axes)
    if by_time and (hw := nominal(by_time)) is not None:
        kinds = (blocks.rows, ways.channels, ways.terms, found.left_reads, found.right_reads)
        uncut = streamable & streams & (blocks.rows == 1) & (ways.terms == ways.terms.min()) & ~ways.waits
        few, streamed = shortlist(found.cost, np.stack(kinds, axis=1), uncut)
        of_few = [_fitted(ways, blocks, found, i, 0.0) for i in few]
        ns, moving = ways_ns(work, o, of_few, tiles, hw, passes)
        fastest = quickest(ns, moving, streamed)
        return _fitted(ways, blocks, found, few[fastest], float(ns[fastest]))
    thought_of = Ways(blocks.rows, ways.channels, ways.terms, two, ways.waits, found.cost)
    return _fitted(ways, blocks, found, *preferred(work, o, thought_of, two_axes))


def _allowed(ways: Asked, blocks: RowBlocks, alone: np.ndarray, two_axes: str) -> np.ndarray:
    """Which ways are left of those that fit: of which two pieces do (one, where it is to be `alone`), along one axis
    or with whole terms where that is asked for; one piece at a time only where two never fit."""
    fits = blocks.fits
    beside = fits & (ways.waits == alone)
    if two_axes == ONE:
        beside, fits = along_one(blocks.rows, ways.channels, ways.terms, beside, fits)
    elif two_axes == WHOLE and (uncut := fits & (ways.terms == ways.terms.min())).any():
        beside, fits = uncut & beside, uncut
    return beside if beside.any() else fits


def _fitted(ways: Asked, blocks: RowBlocks, found: Costs, i: int, cost: float) -> Fitted:
    """The `i`-th way, with what was compared."""
    r, c, t = (int(a[i]) for a in (blocks.rows, ways.channels, ways.terms))
    stay = bool(ways.weights_stay[i])
    return Fitted(
        Blocks(rows=r, channels=c, terms=t),
        left_reads=float(found.left_reads[i]),
        right_reads=float(found.right_reads[i]),
        left_blocks=t * r * (c if stay and r > 1 else 1),
        right_blocks=t * c * (1 if stay or c == 1 else r),
        partial_bytes=float(found.partial_bytes[i]),
        cost=cost,
        overlaps=not ways.waits[i],
    )
