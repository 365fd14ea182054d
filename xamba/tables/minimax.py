"""Minimax placement: the best line of a segment, and breaks that make all segments equally wrong.

Within a segment the best line is the one whose largest weighted error is smallest (three equal errors
of alternating sign: Chebyshev; found by Remez exchange). The breaks are then moved until all
segments have the same error: the error of a segment grows with its length, so no other placement
has a smaller largest error. Lines of neighbouring segments need not meet at the break (a table holds
a slope and an offset for each); they jump by twice the error at most.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
Function = Callable[[Array], Array]
MANY = 128  # beyond so many segments, breaks start from those of a table with this many
SAMPLES = 33  # points per segment; the error between two of them is below 0.3 % of the segment's own


def place(f: Function, weight: Function, lo: float, hi: float, segments: int) -> tuple[Array, Array, Array]:
    """Breaks [segments + 1], slopes and offsets [segments] of the minimax table on [lo, hi]."""
    lengths = np.full(segments, (hi - lo) / segments)
    if segments > MANY:
        lengths = np.diff(_refined(place(f, weight, lo, hi, MANY)[0], segments))
    best: tuple[float, Array, Array, Array] | None = None
    for _ in range(400 if segments <= MANY else 40):
        breaks = lo + np.concatenate([[0.0], np.cumsum(lengths)])
        breaks[-1] = hi
        slopes, offsets, errors = best_lines(f, weight, breaks)
        if best is None or errors.max() < best[0]:
            best = (errors.max(), breaks, slopes, offsets)
        if errors.max() <= 1.002 * errors.min():
            break
        # A segment's error grows with the square of its length (the cube at an inflection).
        target = np.exp(np.mean(np.log(np.maximum(errors, 1e-12 * errors.max() + 1e-300))))
        lengths = lengths * np.clip((target / np.maximum(errors, 1e-300)) ** 0.3, 0.5, 2.0)
        lengths *= (hi - lo) / lengths.sum()
    assert best is not None
    return best[1:]


def _refined(breaks: Array, segments: int) -> Array:
    """The breaks of a table with more segments, spaced as these are: nearly where they belong."""
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(np.arange(len(breaks)), breaks)(np.linspace(0, len(breaks) - 1, segments + 1))


def best_lines(f: Function, weight: Function, breaks: Array) -> tuple[Array, Array, Array]:
    """Best line of every segment and its largest weighted error, all segments at once."""
    at = 0.5 * (1 - np.cos(np.pi * np.arange(SAMPLES) / (SAMPLES - 1)))
    x = breaks[:-1, None] + np.diff(breaks)[:, None] * at
    y, w = f(x), weight(x)
    rows: Array = np.arange(len(x))
    first: Array = np.zeros(len(x), int)
    middle: Array = first + SAMPLES // 2
    last: Array = first + SAMPLES - 1
    for _ in range(2 * SAMPLES):
        slope, offset, level = _through(x, y, w, rows, first, middle, last)
        residual = (y - slope[:, None] * x - offset[:, None]) / w
        worst = np.abs(residual).argmax(axis=1)
        largest = np.abs(residual[rows, worst])
        if (largest <= np.abs(level) * (1 + 1e-9) + 1e-15).all():
            break
        first, middle, last = _exchange(first, middle, last, worst, residual[rows, worst] * level > 0)
    return slope, offset, np.maximum(largest, np.abs(level))


def _through(
    x: Array, y: Array, w: Array, rows: Array, i: Array, j: Array, k: Array
) -> tuple[Array, Array, Array]:
    """The line whose weighted errors at three points are e, -e, e; returns slope, offset, e."""
    x0, x1, x2 = x[rows, i], x[rows, j], x[rows, k]
    y0, y1, y2 = y[rows, i], y[rows, j], y[rows, k]
    w0, w1, w2 = w[rows, i], w[rows, j], w[rows, k]
    curved = (x2 - x1) * y0 - (x2 - x0) * y1 + (x1 - x0) * y2
    level = curved / ((x2 - x1) * w0 + (x2 - x0) * w1 + (x1 - x0) * w2)
    slope = ((y2 - level * w2) - (y0 - level * w0)) / (x2 - x0)
    return slope, y0 - level * w0 - slope * x0, level


def _exchange(i: Array, j: Array, k: Array, p: Array, like_ends: Array) -> tuple[Array, Array, Array]:
    """Take the worst point p into the three, so that their signs still alternate."""
    before, left, right, behind = p < i, (p > i) & (p < j), (p > j) & (p < k), p > k
    new_i = np.where((before | left) & like_ends, p, i)
    new_j = np.where((left | right) & ~like_ends, p, j)
    new_k = np.where((right | behind) & like_ends, p, k)
    shift_up, shift_down = before & ~like_ends, behind & ~like_ends
    return (
        np.where(shift_up, p, np.where(shift_down, j, new_i)),
        np.where(shift_up, i, np.where(shift_down, k, new_j)),
        np.where(shift_up, j, np.where(shift_down, p, new_k)),
    )


def place_around_zero(
    f: Function, weight: Function, lo: float, hi: float, segments: int
) -> tuple[Array, Array, Array]:
    """`place` on both sides of zero, with the segments shared out so that the larger error is smallest."""

    def halves(left: int) -> tuple[Any, Any, float, float]:
        below, above = place(f, weight, lo, 0.0, left), place(f, weight, 0.0, hi, segments - left)
        return below, above, _worst(f, weight, below[0]), _worst(f, weight, above[0])

    if segments > MANY:  # errors fall with the square of the number: the shares stay what they are
        breaks = place_around_zero(f, weight, lo, hi, MANY)[0]
        left = round(int(np.searchsorted(breaks, 0.0)) * segments / MANY)
        below, above, *_ = halves(min(max(left, 1), segments - 1))
        return _joined(below, above)
    few, many = 1, segments - 1  # more segments on the left: a smaller error there, a larger one on the right
    while few < many:
        left = (few + many) // 2
        *_, below_error, above_error = halves(left)
        few, many = (left + 1, many) if below_error > above_error else (few, left)
    tries = [halves(left) for left in {max(few - 1, 1), few}]
    below, above, *_ = min(tries, key=lambda pair: max(pair[2:]))
    return _joined(below, above)


def _joined(below: Any, above: Any) -> tuple[Array, Array, Array]:
    breaks = np.concatenate([below[0], above[0][1:]])
    return breaks, np.concatenate([below[1], above[1]]), np.concatenate([below[2], above[2]])


def _worst(f: Function, weight: Function, breaks: Array) -> float:
    return float(best_lines(f, weight, breaks)[2].max())
