"""Standard errors of fitted numbers, reasons why others stay open, and which of two fits is the better one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware

CLEARLY = 3.0  # difference of misfit that decides between two of them


@dataclass(frozen=True, slots=True)
class State:
    """A finished fit: all that is needed to come back to it, its weighted residuals [n] and their scatter."""

    hw: Hardware
    free: tuple[str, ...]
    undetermined: dict[str, str]
    residuals: Any
    noise: float

    def clearly_better_than(self, other: State) -> bool:
        """Does it fit better, by more than a number of its own is worth? In units of the smaller scatter; rows
        that are far off count by how far, not by its square."""
        scale = min(self.noise, other.noise)
        mine, theirs = (
            float((np.sqrt(1 + (s.residuals / scale) ** 2) - 1).sum()) + len(s.free) for s in (self, other)
        )
        return mine < theirs - CLEARLY


def errors_of(slopes: Any, noise: float) -> Any:
    """Relative standard errors of the columns of a Jacobian [n, p]; infinite for a singular one."""
    sizes = np.linalg.norm(slopes, axis=0)
    if (sizes < 1e-9).any():
        return np.full(slopes.shape[1], np.inf)
    inverse = np.linalg.pinv(slopes / sizes, rcond=1e-9)
    if np.linalg.matrix_rank(slopes / sizes, tol=1e-6) < slopes.shape[1]:
        return np.full(slopes.shape[1], np.inf)
    return noise * np.linalg.norm(inverse, axis=1) / sizes


def why(slopes: Any, names: Sequence[str], chosen: list[int], j: int) -> str:
    """The reason in words: nothing depends on it, or it moves the same times as another number."""
    size = np.linalg.norm(slopes[:, j])
    if size < 1e-9:
        return "no time in the profile depends on it"
    if not chosen:
        return "the times that depend on it scatter too much"
    others = np.linalg.norm(slopes[:, chosen], axis=0)
    alike = np.abs(slopes[:, j] @ slopes[:, chosen]) / (size * np.maximum(others, 1e-12))
    if alike.max() > 0.7:
        return f"it moves the same times as {names[chosen[int(alike.argmax())]]}"
    return "the times that depend on it are few, or scatter too much"
