"""What the graphs of a served model take: each prompt graph behind any number of rows, and a token at any place.

With a static cache, as OpenVINO's pipeline for NPUs compiles it, a prompt graph of any size reads the rows of the
longest prompt, and a token those of the whole context, whatever they hold. With a growing one there is a graph for
every place, of which few are planned (`npusim.generating.curve`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from npusim.band import band_us
from npusim.generating.answer import steps_of
from npusim.generating.asked import Asked
from npusim.generating.curve import Curve, curve
from npusim.generating.graphs import Passes
from npusim.generating.passes import Conditions, Pass, run
from npusim.report.record import Doubt

PLANS = 4  # of one prompt graph over all places


@dataclass(slots=True)
class Prices:
    """Of one model on one NPU; `longest`: rows of the longest prompt, rounded up to a graph's size."""

    passes: Passes
    on: Conditions
    asked: Asked
    longest: int
    _curves: dict[int, Curve] = field(default_factory=dict)
    _steps: Curve | None = None

    def prompt_us(self, size: int, past: np.ndarray) -> np.ndarray:
        """Of the prompt graph of a size behind each of so many rows."""
        return self._prompt(size).time_us(past)

    def steps_us(self, first: int, tokens: int) -> np.ndarray:
        """Of each of so many tokens, the first of which has `first` rows before it."""
        line = self._step()
        if not self.asked.growing or self.passes.recurrent:
            return np.full(tokens, line.knots[-1].time_us)
        return line.time_us(range(first, first + tokens))

    def band_us(self, prompts: dict[int, float], steps_us: float) -> tuple[float, float]:
        """Between which the whole lies in 80 of 100 cases.

        Args:
            prompts: microseconds of all passes of each prompt graph.
            steps_us: microseconds of all tokens' passes.
        """
        parts = [(us, self._prompt(size).knots[0]) for size, us in prompts.items()]
        parts += [(steps_us, self._step().knots[-1])] if steps_us else []
        whole = sum(us for us, _ in parts)
        return band_us(whole, _together(parts, whole))

    @property
    def warnings(self) -> tuple[str, ...]:
        lines = [*self._curves.values(), *([self._steps] if self._steps else [])]
        return tuple(dict.fromkeys(w for line in lines for p in line.knots for w in p.warnings))

    def _prompt(self, size: int) -> Curve:
        if size not in self._curves:
            one = not self.asked.growing or self.passes.recurrent
            past = 0 if self.passes.recurrent else max(self.longest - size, 0)
            low = past if one else 0
            self._curves[size] = curve(lambda p: self._run(size, p), low, past, most=PLANS, every=size)
        return self._curves[size]

    def _step(self) -> Curve:
        if self._steps is None:
            self._steps = steps_of(self.passes, self.on, self.asked.before, band=True)
        return self._steps

    def _run(self, size: int, past: int) -> Pass:
        return run(self.passes.graph(size, past), self.on, past, size, band=True)


def _together(parts: Sequence[tuple[float, Pass]], whole: float) -> tuple[Doubt, ...]:
    """What makes the band of a sum: equal numbers of the machine move all parts at once."""
    ends: dict[tuple[str, str], list[float]] = {}
    for us, one in parts:
        factor = us / one.time_us if one.time_us else 0.0
        for doubt in one.doubts:
            both = ends.setdefault((doubt.npu, doubt.name), [whole, whole])
            both[0] += factor * (doubt.low_us - one.time_us)
            both[1] += factor * (doubt.high_us - one.time_us)
    return tuple(Doubt(npu, name, low, high) for (npu, name), (low, high) in ends.items())


def asked_for(longest_prompt: int, longest_answer: int, base: Asked) -> Asked:
    """The question whose cache holds every request."""
    return replace(base, prompt=longest_prompt, tokens=longest_answer).checked()
