"""A pass's time at many numbers of rows from few plans.

The time of one plan is piecewise linear in the sizes of its tensors, and between two contexts whose plans are of one
structure it is nearly linear: only counts that come rounded up to whole blocks bend it. So the ends are planned, and
the middle of a stretch; where the straight line misses the middle by more than `TOLERANCE`, both halves are looked at
again. `tests/generating/test_curve.py` plans every position and holds the line to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from npusim.generating.passes import Pass

TOLERANCE = 0.01  # of the time at the middle of a stretch
MOST_PLANS = 12
LEAST_STRETCH = 64  # rows; a shorter one is a straight line


@dataclass(frozen=True, slots=True)
class Curve:
    """Planned passes by rows before them, ascending; between them, straight lines."""

    knots: tuple[Pass, ...]

    def time_us(self, past: Iterable[int] | np.ndarray) -> np.ndarray:
        """Microseconds at each number of rows."""
        return self._at(past, [p.time_us for p in self.knots])

    def parts_us(self, past: Iterable[int] | np.ndarray) -> dict[str, np.ndarray]:
        """The parts at each number of rows; they sum to the time."""
        where = np.asarray(list(past))
        return {name: self._at(where, [p.parts_us[name] for p in self.knots]) for name in self.knots[0].parts_us}

    def read_bytes(self, past: Iterable[int] | np.ndarray) -> np.ndarray:
        """Bytes a pass must read at each number of rows."""
        return self._at(past, [p.must.read for p in self.knots])

    def nearest(self, past: float) -> Pass:
        """The planned pass closest to so many rows."""
        return min(self.knots, key=lambda p: abs(p.past - past))

    def mean(self, past: range) -> Pass:
        """A pass that stands for all of a run: their mean time and parts, the rest of the nearest planned one."""
        where = np.asarray(past)
        stands = self.nearest(float(where.mean()))
        parts = {name: float(found.mean()) for name, found in self.parts_us(where).items()}
        return replace(stands, time_us=float(self.time_us(where).mean()), parts_us=parts)

    def _at(self, past: Iterable[int] | np.ndarray, values: list[float]) -> np.ndarray:
        return np.interp(np.asarray(list(past), dtype=float), [p.past for p in self.knots], values)


def curve(plan_at: Callable[[int], Pass], low: int, high: int, most: int = MOST_PLANS) -> Curve:
    """The curve from `low` to `high` rows, of at most `most` plans (2 at least, 1 where the ends are one)."""
    knots = {low: plan_at(low)}
    if high > low:
        knots[high] = plan_at(high)
    waiting = [(low, high)]
    while waiting and len(knots) < most:
        waiting.sort(key=lambda ends: _bend(knots, ends))
        a, b = waiting.pop()
        if b - a < 2 * LEAST_STRETCH or knots[a].time_us == knots[b].time_us:
            continue
        middle = _middle(a, b)
        knots[middle] = plan_at(middle)
        line = np.interp(middle, [a, b], [knots[a].time_us, knots[b].time_us])
        if abs(line - knots[middle].time_us) > TOLERANCE * knots[middle].time_us:
            waiting += [(a, middle), (middle, b)]
    return Curve(tuple(knots[p] for p in sorted(knots)))


def _bend(knots: dict[int, Pass], ends: tuple[int, int]) -> float:
    """What a stretch may hide: the difference of its ends; the largest is looked at first."""
    a, b = (knots[end].time_us for end in ends)
    return abs(a - b) / min(a, b)


def _middle(a: int, b: int) -> int:
    """Half way on a logarithmic scale where a stretch is of more than a decade, else half way; a multiple of 64."""
    at = (max(a, 1) * b) ** 0.5 if b > 10 * max(a, 1) else (a + b) / 2
    return min(max(round(at / LEAST_STRETCH) * LEAST_STRETCH, a + 1), b - 1)
