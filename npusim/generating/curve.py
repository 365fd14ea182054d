"""A pass's time at many numbers of rows from few plans.

The time of one plan is piecewise linear in the sizes of its tensors. Between two contexts whose plans are of one
structure (the same ways of running the same steps on the same engines) it is nearly linear: only counts that come
rounded up to whole blocks bend it. Where the structure changes, such as when scores no longer fit the scratchpad, it
may jump. So the ends are planned, and the middle of a stretch, again and again where a straight line may miss most.
Contexts of whole sixteens are cheaper by up to a third, as no row of theirs is filled up: of steps of one token, which
pass through all contexts, the line is of the fifteen in sixteen that are not, but for an end that was asked for; of
static caches, whose rows are multiples of 64, of such caches alone.
`tests/generating/test_curve.py` plans contexts in between and holds the line to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from npusim.generating.passes import Pass

TOLERANCE = 0.01  # of the time: less is no matter
BENT = (
    0.1  # of the rise between two plans of one structure, what a straight line misses in the middle at most
)
NARROW = 1.07  # a jump is found to within this factor of rows
MOST_PLANS = 8
GRAIN = 64  # rows; a stretch of fewer than two is a straight line
FULL = 16  # rows of a tensor as the MAC array holds them: a number they divide needs no filling up


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
        return {
            name: self._at(where, [p.parts_us[name] for p in self.knots]) for name in self.knots[0].parts_us
        }

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
        where = np.asarray(list(past), dtype=float)
        return np.asarray(np.interp(where, [p.past for p in self.knots], values))


def curve(
    plan_at: Callable[[int], Pass],
    low: int,
    high: int,
    most: int = MOST_PLANS,
    known: Iterable[Pass] = (),
    every: int = 1,
) -> Curve:
    """The curve from `low` to `high` rows, of at most `most` plans (2 at least, 1 where the ends are one), and one more
    beside each end of whole sixteens; of them, `known` are there already. The passes asked for lie `every` so many rows
    from `low`: 1 for steps of a token, 64 for static caches of such sizes, the rows of a pass for those over a
    prompt."""
    knots = {one.past: one for one in known if low <= one.past <= high and (one.past - low) % every == 0}
    beside = _beside(low, high, every)
    knots |= {past: plan_at(past) for past in sorted({low, high, *beside}) if past not in knots}
    # stretches, and by how much a line may miss in each
    waiting = dict.fromkeys(pairwise(sorted(knots)), math.inf)
    while waiting and len(knots) < most + len(beside):
        a, b = max(waiting, key=lambda ends: waiting[ends])
        if waiting.pop((a, b)) < TOLERANCE or b - a < 2 * max(GRAIN, every) or b < a * NARROW:
            continue
        middle = _middle(a, b, low, every)
        knots[middle] = plan_at(middle)
        for part in ((a, middle), (middle, b)):
            waiting[part] = _hidden(*(knots[end] for end in part))
    return Curve(tuple(knots[p] for p in sorted(knots)))


def _beside(low: int, high: int, every: int) -> list[int]:
    """The contexts beside ends of whole sixteens, for steps: one such end would pull down the line to the next knot."""
    if every != 1 or high - low < 2 * GRAIN:
        return []
    return [at for end, at in ((low, low + 1), (high, high - 1)) if (end + 1) % FULL == 0]


def _hidden(one: Pass, other: Pass) -> float:
    """By what part of the time a straight line between two plans may miss: by all of the rise where they are of two
    structures, as it may be a jump, else by what rounding up bends."""
    rise = abs(other.time_us - one.time_us) / min(one.time_us, other.time_us)
    return rise * (1.0 if one.structure != other.structure else BENT)


def _middle(a: int, b: int, low: int, every: int) -> int:
    """A place in the middle of a stretch, on a logarithmic scale where it is of more than a factor of four, else half
    way: of passes over a prompt one of theirs; of steps with the token itself half way between two multiples of 64, and
    one more."""
    at = math.sqrt(max(a, 1) * b) if b > 4 * max(a, 1) else (a + b) / 2
    if every > 1:
        first, last = (a - low) // every + 1, -(-(b - low) // every) - 1
        return low + every * min(max(round((at - low) / every), first), last)
    return min(max(round(at / GRAIN) * GRAIN + GRAIN // 2, a + 1), b - 1)
