"""Fit an NPU's numbers to a profile of one model on it.

A profile determines some numbers and leaves others open; `profile_search` decides which. All others keep the value
of the base.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source
from npusim.errors import BadArgument
from npusim.measured.observations import Observations
from npusim.measured.search import CLOCK, GLOBALS, LEAST_ROWS, Search


@dataclass(frozen=True, slots=True)
class Fitted:
    """One number the profile determined. `error`: its standard error, relative to `after`:
    of the noise, and of numbers that are held and may be off by a tenth."""

    name: str
    before: float
    after: float
    error: float


@dataclass(frozen=True, slots=True)
class GroupError:
    """Mean absolute error in percent of one group of observations."""

    group: str
    rows: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class ProfileFit:
    """`before` and `after`; the `fitted` numbers; why others stayed; errors by group; the residuals' scatter."""

    before: Hardware
    after: Hardware
    fitted: tuple[Fitted, ...]
    undetermined: dict[str, str]
    errors: tuple[GroupError, ...]
    noise: float

    @property
    def changed(self) -> dict[str, Any]:
        """Dotted names and new values of what differs from the base."""
        old = self.before.numbers()
        return {name: value for name, value in self.after.numbers().items() if value != old[name]}


def fit_profile(hw: Hardware, seen: Observations, origin: str, clock_mhz: float = 0.0) -> ProfileFit:
    """`hw` with every number fitted that `seen` determines, source 'fitted', from `origin`.

    Args:
        clock_mhz: the MAC array's clock if the profile names it; then it is taken, not fitted.

    Raises BadArgument when there are fewer than three observations.
    """
    if len(seen.rows) < LEAST_ROWS:
        raise BadArgument(
            f"only {len(seen.rows)} times of the profile have a counterpart in the prediction; "
            "is it a profile of this model?"
        )
    start = hw.replace({CLOCK: float(clock_mhz)}) if clock_mhz else hw
    search = Search(start, seen)
    search.settle_globals(held=(CLOCK,) if clock_mhz else ())
    search.settle_kernels()
    held = [n for n in GLOBALS if not (clock_mhz and n == CLOCK)]
    search.prune(held)
    found = search.hw
    errors = dict(zip(search.free, search.reported_errors(held), strict=True))
    values = {name: float(f"{float(found.get(name)):.5g}") for name in search.free}
    if clock_mhz:
        values[CLOCK] = float(clock_mhz)
    # A fit that did not move a number by a rounding step is no change.
    moved = {n: v for n, v in values.items() if abs(v - float(hw.get(n))) > 1e-6 * abs(v)}
    after = hw.replace(moved, Source("fitted", origin)) if moved else hw
    return ProfileFit(
        before=hw,
        after=after,
        fitted=tuple(Fitted(n, float(hw.get(n)), v, errors.get(n, 0.0)) for n, v in values.items()),
        undetermined={n: why for n, why in search.undetermined.items() if n not in search.free},
        errors=tuple(_group_errors(seen, hw, after)),
        noise=search.noise(),
    )


def _group_errors(seen: Observations, before: Hardware, after: Hardware) -> list[GroupError]:
    groups = np.array([row.group for row in seen.rows])
    was, now = (np.abs(seen.predict(hw) / seen.us - 1) * 100 for hw in (before, after))
    return [
        GroupError(
            g, int((groups == g).sum()), float(was[groups == g].mean()), float(now[groups == g].mean())
        )
        for g in dict.fromkeys(groups.tolist())
    ]
