"""Head, link and tail of every cut: the curve, its best point, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from npusim.terminal.units import nbytes, time
from npusim.whatif.base import Value
from npusim.whatif.composed.cuts import Cut


@dataclass(frozen=True)
class Curve:
    """Microseconds [cuts]; NaN where a cut is not to be had. `steps`: how many the whole has."""

    cuts: Sequence[Cut]
    head_us: np.ndarray
    link_us: np.ndarray
    tail_us: np.ndarray
    steps: int

    @cached_property
    def total_us(self) -> np.ndarray:
        return np.asarray(self.head_us + self.link_us + self.tail_us)

    @cached_property
    def best(self) -> int:
        return int(np.nanargmin(self.total_us))

    @cached_property
    def best_inside(self) -> int | None:
        """The best cut that leaves work on both sides; None where there is none."""
        inside = [0 < cut.step < self.steps for cut in self.cuts]
        total = np.where(inside, self.total_us, np.nan)
        return None if np.isnan(total).all() else int(np.nanargmin(total))

    def where(self, place: int | None = None) -> str:
        """The best cut, or another, in words."""
        cut = self.cuts[self.best if place is None else place]
        if cut.step == self.steps:
            return "nowhere: all stays here"
        return f"behind {cut.node}" if cut.step else "before everything: all goes there"

    def lines(self) -> list[str]:
        """The parts of the best cut with work on both sides."""
        k = self.best_inside
        if k is None:
            return []
        cut = self.cuts[k]
        return [
            f"best with work on both sides: {self.where(k)}, {time(float(self.total_us[k]))}: head "
            f"{time(float(self.head_us[k]))} + link {time(float(self.link_us[k]))} ({nbytes(cut.nbytes)} in "
            f"{len(cut.tensors)} tensor{'s' * (len(cut.tensors) != 1)}) + tail {time(float(self.tail_us[k]))}"
        ]

    def numbers(self) -> dict[str, float]:
        """The best total, and those of the ends where the curve has them."""
        found = {"best_us": float(self.total_us[self.best]), "bytes": self.cuts[self.best].nbytes}
        if self.best_inside is not None:
            found["best_cut_us"] = float(self.total_us[self.best_inside])
        if not self.cuts[0].step:
            found["all_there_us"] = float(self.total_us[0])
        if self.cuts[-1].step == self.steps:
            found["all_here_us"] = float(self.total_us[-1])
        return found

    def rows(self) -> tuple[dict[str, Value], ...]:
        """The curve as a table."""
        return tuple(
            {
                "behind": cut.node or "(nothing)",
                "tensors": len(cut.tensors),
                "bytes": cut.nbytes,
                "head_us": float(a),
                "link_us": float(b),
                "tail_us": float(c),
                "total_us": float(a + b + c),
            }
            for cut, a, b, c in zip(self.cuts, self.head_us, self.link_us, self.tail_us, strict=True)
            if not np.isnan(c)
        )
