"""Which numbers a profile determines, and their values: the search behind `npusim calibrate profile`.

A number is freed only while every freed number stays known to within `LIMIT`, by its standard error in relative
terms (covariance of the least squares, with the scatter of the residuals for noise). Numbers are tried in the order
of `GLOBALS`; kernel lines of the DSPs come last, and only where the profile contradicts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from npusim.arch.fit import fit_numbers
from npusim.arch.hardware import Hardware
from npusim.measured.certainty import State, errors_of, why
from npusim.measured.observations import LATENCY, Observations

CLOCK, STEP, HOST = "mac_array.clock_mhz", "step.minimum_ns", "host.latency_ns"
PORT_RATE = "dma.bytes_per_cycle"
GLOBALS = (
    CLOCK,
    "dsp.clock_mhz",
    "ddr.bandwidth_gb_per_s",
    "dma.latency_ns",
    STEP,
    HOST,
    PORT_RATE,
)
LIMIT = 0.2
LIMIT_HELD = 0.4  # of the error that counts numbers held too
LEAST_NOISE = 0.005  # residuals of a perfect profile are rounding; no number is known better than this allows
NOISE_AT_FIRST = 0.05
FAR = 0.05  # logarithm of a change
LEAST_ROWS = 3
HELD_OFF = 0.1  # relative; how far a number that is held may be from the truth
_FACTORS = np.array([0.25, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 4.0])
_STEPS_NS = np.array([0.0, 500, 1e3, 2e3, 3e3, 5e3, 7.5e3, 1e4, 1.5e4, 2e4, 3e4, 5e4])
_HOST_NS = np.array([0.0, 1e4, 3e4, 6e4, 1e5, 2e5, 4e5, 8e5, 2e6, 5e6])
_GRIDS = {STEP: _STEPS_NS, HOST: _HOST_NS}
_ODD_KERNEL = 3.0  # standard errors a kernel's rows must be off, together
_ODD_LEAST = 0.1  # and this far at least, in relative terms


class Search:
    """The state of one fit: the hardware so far, which numbers are free, and why others are not."""

    def __init__(self, hw: Hardware, seen: Observations) -> None:
        self.base, self.hw, self.seen = hw, hw, seen
        self.free: list[str] = []
        self.undetermined: dict[str, str] = {}

    def residuals(self) -> Any:
        """Relative errors of all rows, [n]."""
        return self.seen.predict(self.hw) / self.seen.us - 1

    def noise(self) -> float:
        """Scatter of the residuals, as of a normal distribution: the larger of two estimates that a few odd rows
        do not reach, the median size and the root mean square of the smaller nine tenths."""
        sizes = np.sort(np.abs(self.residuals()))
        spare = max(len(sizes) - len(self.free), 1)
        most = sizes[: max(int(len(sizes) * 0.9), 1)]
        scatter = max(float(np.median(sizes)) * 1.483, float(np.sqrt((most**2).mean())) * 1.26)
        return max(scatter * float(np.sqrt(len(sizes) / spare)), LEAST_NOISE)

    def slopes(self, names: Sequence[str]) -> Any:
        """Relative change of every row per relative change of every number: [n, names], weighted. One sweep."""
        step = 1e-3
        values = np.array([float(self.hw.get(name)) for name in names])
        spread = 1 + step * np.concatenate([np.eye(len(names)), -np.eye(len(names))])
        moved = self.hw.replace({name: values[j] * spread[:, j] for j, name in enumerate(names)})
        answer = self.seen.predict(moved) / self.seen.us[:, None]
        count = len(names)
        return (answer[:, :count] - answer[:, count:]) / (2 * step) * self.seen.weights[:, None]

    def standard_errors(self, slopes: Any = None) -> Any:
        """Of every free number, in relative terms; infinite where nothing determines them."""
        slopes = self.slopes(self.free) if slopes is None else slopes
        return errors_of(slopes, self.noise())

    def reported_errors(self, held: Sequence[str]) -> Any:
        """`standard_errors`, and what it would do to each number if one of the `held` were off by HELD_OFF."""
        if not self.free:
            return np.zeros(0)
        slopes = self.slopes(self.free)
        noise = self.standard_errors(slopes)
        others = [n for n in held if n not in self.free and float(self.hw.get(n)) > 0]
        if not others:
            return noise
        pull = np.linalg.pinv(slopes) @ self.slopes(others) * HELD_OFF
        return np.sqrt(noise**2 + (pull**2).sum(axis=1))

    def settle_globals(self, held: Sequence[str]) -> None:
        """Fit, then doubt: a number that moved far is set back to its base while the others are fitted anew.

        Where two numbers explain one profile (a slow clock and a long minimum step; a slow port and a slow DDR),
        the fit that changes fewer, and the earlier ones of GLOBALS, is kept unless the other is clearly better.
        """
        wanted = [n for n in GLOBALS if n not in held and (n != HOST or self._synchronous())]
        self._settle([n for n in wanted if n != PORT_RATE])
        best = self._state()
        self._restart()
        self._settle(wanted)
        if not self._state().clearly_better_than(best):
            self._back_to(best)
        out: set[str] = set()
        doubted: set[str] = set()
        best = self._state()
        while far := [n for n in best.free if n not in doubted and self._moved(best.hw, n) > FAR]:
            name = far[0]
            doubted.add(name)
            self._restart()
            self._settle([n for n in wanted if n not in {name, *out} and (n != PORT_RATE or n in best.free)])
            if not best.clearly_better_than(self._state()):
                out.add(name)
                doubted.clear()
                best = self._state()
        self._back_to(best)
        self.undetermined |= dict.fromkeys(out, "others explain the profile as well")

    def _moved(self, hw: Hardware, name: str) -> float:
        """How far a number is from its base, as a logarithm; from zero, any way is far."""
        before = float(self.base.get(name))
        return abs(float(np.log(float(hw.get(name)) / before))) if before > 0 else np.inf

    def _state(self) -> State:
        return State(
            self.hw,
            tuple(self.free),
            dict(self.undetermined),
            self.residuals() * self.seen.weights,
            self.noise(),
        )

    def _back_to(self, state: State) -> None:
        self.hw, self.free, self.undetermined = state.hw, list(state.free), dict(state.undetermined)

    def _restart(self) -> None:
        self.hw, self.free, self.undetermined = self.base, [], {}

    def _settle(self, wanted: list[str]) -> None:
        """Find roughly, select, fit; then try what was left out once more, near the answer."""
        for _ in range(2):
            for name in wanted:
                self._scan(name)
        wanted = self._positive(wanted)
        self.free = self._select(wanted)
        self._hold([n for n in wanted if n not in self.free])
        self._fit()
        for name in [n for n in wanted if n not in self.free]:
            self._try(name)

    def _try(self, name: str) -> None:
        """Free one number more, if the fit with it leaves all of them known to within LIMIT."""
        before, free = self.hw, self.free
        self._scan(name)
        self.free = [*free, name]
        self._fit()
        errors = dict(zip(self.free, self.standard_errors(), strict=True))
        worse = [n for n, error in errors.items() if not error < LIMIT]
        if name in worse or any(GLOBALS.index(n) < GLOBALS.index(name) for n in worse):
            self.hw, self.free = before, free
            return
        self.undetermined.pop(name, None)
        if worse:  # numbers that matter less make room
            self.free = [n for n in self.free if n not in worse]
            self.undetermined |= dict.fromkeys(
                worse, "the times that depend on it are few, or scatter too much"
            )
            self._hold(worse)
            self._fit()

    def prune(self, held: Sequence[str]) -> None:
        """Hold what the last fit leaves known worse than LIMIT, the worst first, and fit the others again."""
        while self.free:
            errors = self.standard_errors()
            if errors.max() < LIMIT:
                errors = self.reported_errors(held)
                if errors.max() < LIMIT_HELD:
                    return
            worst = self.free.pop(int(errors.argmax()))
            self.undetermined[worst] = "the times that depend on it are few, or scatter too much"
            self._hold([worst])
            self._fit()

    def settle_kernels(self) -> None:
        """Free the lines of kernels whose rows are off together, the most certain first."""
        for _ in range(2):
            odd = self._odd_kernels()
            if not odd:
                return
            for kernel in odd:
                line = f"dsp.kernels.{kernel}"
                both = [n for n in (f"{line}.cycles_per_element", f"{line}.launch_cycles") if self.hw.get(n)]
                new = [n for n in both if n not in self.free]
                chosen = self._select([*self.free, *new])
                if set(self.free) <= set(chosen):
                    self.free = chosen
                for name in new:
                    if name not in self.free:
                        self.undetermined[name] = "the profile shows this kernel at one size only"
            self._fit()

    def _scan(self, name: str) -> None:
        """The best of a grid of values, others as they are: the way past kinks a slope does not see."""
        now = float(self.hw.get(name))
        grid = _GRIDS.get(name)
        values = np.append(grid, now) if grid is not None else now * _FACTORS
        moved = self.hw.replace({name: values})
        errors = np.log(
            np.broadcast_to(self.seen.predict(moved), (len(self.seen.rows), len(values))).T / self.seen.us
        )
        costs = (np.sqrt(1 + (errors / 0.05) ** 2) * self.seen.weights).sum(axis=1)
        here = costs[-1] if grid is not None else costs[int(np.argmin(np.abs(_FACTORS - 1)))]
        if costs.min() < here * 0.99:
            self.hw = self.hw.replace({name: float(values[int(costs.argmin())])})

    def _positive(self, names: list[str]) -> list[str]:
        """Without those that stand at zero: a number that the profile gives no reason to leave zero."""
        zero = [n for n in names if float(self.hw.get(n)) <= 0]
        for name in zero:
            self.undetermined[name] = "no time in the profile asks for more than zero"
        return [n for n in names if n not in zero]

    def _select(self, names: Sequence[str]) -> list[str]:
        """As many of `names`, in their order, as stay known to within LIMIT together."""
        # Before the fit, residuals are no measure of the scatter: what is free will lower them.
        slopes, noise = self.slopes(names), min(self.noise(), NOISE_AT_FIRST)
        chosen: list[int] = []
        for j, name in enumerate(names):
            known = errors_of(slopes[:, [*chosen, j]], noise)
            if (known < LIMIT).all():
                chosen.append(j)
            else:
                self.undetermined[name] = why(slopes, names, chosen, j)
        return [names[j] for j in chosen]

    def _hold(self, names: Sequence[str]) -> None:
        self.hw = self.hw.replace({n: self.base.get(n) for n in names}) if names else self.hw

    def _fit(self) -> None:
        if not self.free:
            return
        found = fit_numbers(
            self.hw,
            self.free,
            self.seen.predict,
            self.seen.us,
            self.seen.weights,
            robust=max(self.noise() * 2, 0.01),
        )
        self.hw = self.hw.replace(found)

    def _synchronous(self) -> bool:
        return any(row.group == LATENCY and row.synchronous for row in self.seen.rows)

    def _odd_kernels(self) -> list[str]:
        residuals, noise = self.residuals(), self.noise()
        rows: dict[str, list[float]] = {}
        for row, residual in zip(self.seen.rows, residuals, strict=True):
            if row.kernel:
                rows.setdefault(row.kernel, []).append(float(residual))
        off = {k: abs(float(np.median(v))) / (noise / np.sqrt(len(v))) for k, v in rows.items()}
        odd = [k for k, z in off.items() if z > _ODD_KERNEL and abs(np.median(rows[k])) > _ODD_LEAST]
        return sorted(odd, key=lambda k: -off[k])
