"""How far rounding alone may move the answer of a model: measured, on the inputs in question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.errors import BadModel
from xamba.proof.difference import plain
from xamba.proof.runtime import Runner
from xamba.proof.twins import PHASE, shaken

RUNS = 4
MARGIN = 8.0  # a correct rewrite may differ by this many times the spread of the runs


@dataclass(frozen=True)
class Spread:
    """Largest |change| of an output's finite elements. unsure: elements whose whole number, or whose being
    finite, changes with the rounding."""

    size: float
    unsure: np.ndarray


class Shake:
    """The shaken twin of the first model, built when first asked."""

    def __init__(self, model: ir.Model, runtime: str, tables: Mapping[str, tuple[float, float]]) -> None:
        self._model, self.runtime, self.tables = model, runtime, tables
        self._runner: Runner | None = None
        self.broken = False

    def spread(self, feeds: dict[str, np.ndarray], answer: dict[str, Any]) -> dict[str, Spread]:
        """Of every output; nothing when the twin does not run."""
        if self.broken:
            return {}
        try:
            if self._runner is None:
                self._runner = Runner(shaken(self._model, self.tables), self.runtime, "a twin")
            runs = [self._runner(feeds | {PHASE: _phase(k)}) for k in range(RUNS)]
        except BadModel:
            self.broken = True
            return {}
        found = {}
        for name, other in zip(answer, zip(*(run.values() for run in runs), strict=True), strict=True):
            whole = np.asarray(answer[name]).dtype.kind in "iub"
            found[name] = _spread(plain(answer[name]), [plain(value) for value in other], whole)
        return found


def _phase(run: int) -> np.ndarray:
    return np.array(1.0 + 1.7 * run, np.float32)


def _spread(a: np.ndarray, others: list[np.ndarray], whole: bool) -> Spread:
    unsure, size = np.zeros(a.shape, bool), 0.0
    for other in others:
        if other.shape != a.shape:
            return Spread(np.inf, np.ones(a.shape, bool))
        finite = np.isfinite(a) & np.isfinite(other)
        wrong = np.abs(np.where(finite, a, 0) - np.where(finite, other, 0))
        size = max(size, float(wrong.max(initial=0.0)))
        unsure |= (wrong > 0) if whole else np.isfinite(a) != np.isfinite(other)
    return Spread(size, unsure)
