"""Skips inside steps that are cut together: what one strip hands to a window and to an addition behind it.

The addition's strip is smaller than its maker's, by the rows that the window computes twice. The tiles share both in
equal parts, the first ones a row more, so a tile may hold other rows of the one than it needs of the other; then the
maker's strip is written to DDR and the addition's is read there (NPU 4000 and 5010; ResNet-50 at 320 pixels on 4000,
three strips of 27 rows: the first addition's 29, 31 and 28 rows cross for the second's 28, 29 and 27, of the second's
only those of the last strip, 27 for 26; of residual blocks of windows on 200 rows, two strips, all)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from npusim.compiler.lowering.place import Placed
from npusim.work import MacWork

Rows = tuple[int, int]  # of a plane: the first, and the one behind the last


class Skip(NamedTuple):
    """What step `maker` hands to step `reader` through DDR: shares of its plane that are written and read, rows that
    strips repeat counted each time."""

    maker: int
    reader: int
    written: float
    read: float


def tile_rows(rows: Rows, tiles: int) -> list[Rows]:
    """Which rows each tile has of so many: equal parts, the first ones a row more."""
    first, last = rows
    each, more = divmod(last - first, tiles)
    ends = list(accumulate([each + (i < more) for i in range(tiles)], initial=first))
    return list(pairwise(ends))


def held_by_tiles(made: Rows, wanted: Rows, tiles: int) -> bool:
    """Whether every tile makes what it wants of a strip; what lies around its own rows for a window does not count."""
    shares = zip(tile_rows(made, tiles), tile_rows(wanted, tiles), strict=True)
    return all(start <= a and b <= end for (start, end), (a, b) in shares if a < b)


def crossing_skips(steps: Sequence[Placed], strips: int, tiles: int) -> list[Skip]:
    """Skips of steps cut together in strips of rows that cross DDR in some of the strips: to a reader that is no
    window, behind one that looks over the edge."""
    heights = _heights(steps)
    if heights is None:
        return []
    makers = {n: i for i, s in enumerate(steps) for n in s.writes}
    skips = {(makers[n], k) for k, s in enumerate(steps) for n in s.reads if makers.get(n, k) < k - 1}
    every = [_wanted(steps, last) for last in tile_rows((0, heights[-1]), strips)]
    found = []
    for i, k in sorted(skips):
        crossing = [(w[i], w[k]) for w in every if not held_by_tiles(w[i], w[k], tiles)]
        if _window(steps[k]) is None and crossing:
            written, read = (sum(end - start for start, end in rows) for rows in zip(*crossing, strict=True))
            found.append(Skip(i, k, written / heights[i], read / heights[i]))
    return found


def _window(step: Placed) -> MacWork | None:
    work = step.only
    return work if isinstance(work, MacWork) and work.kernel_h > 1 else None


def _heights(steps: Sequence[Placed]) -> list[int] | None:
    """Rows of what each step makes; None where no window says them."""
    windows = [(i, w) for i, s in enumerate(steps) if (w := _window(s)) is not None]
    if not windows:
        return None
    first, work = windows[0]
    found = [int(work.in_h)] * first
    for step in steps[first:]:
        window = _window(step)
        found.append(found[-1] if window is None else int(window.out_h))
    return found


def _wanted(steps: Sequence[Placed], last: Rows) -> list[Rows]:
    """Which rows each step makes of a strip whose last step makes the rows `last`."""
    wanted: list[Rows | None] = [None] * len(steps)
    wanted[-1] = last
    makers = {n: i for i, s in enumerate(steps) for n in s.writes}
    for k in reversed(range(len(steps))):
        rows = wanted[k] or last
        window = _window(steps[k])
        if window is not None:
            above = int(window.kernel_h) // 2
            first = int(rows[0] * window.stride_h) - above
            end = int((rows[1] - 1) * window.stride_h) - above + int(window.kernel_h)
            rows = max(0, first), min(int(window.in_h), end)
        for name in steps[k].reads:
            if (i := makers.get(name, k)) < k:
                old = wanted[i] or rows
                wanted[i] = min(old[0], rows[0]), max(old[1], rows[1])
    return [w or last for w in wanted]
