"""The polynomial of a degree that is least wrong on an interval, by Remez exchange."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Array = Any
GRID = 4001
ROUNDS = 60


def minimax(f: Callable[[Array], Array], lo: float, hi: float, degree: int) -> tuple[Array, float]:
    """Coefficients (lowest first) with the smallest largest relative error on [lo, hi], and that error.

    Remez: on degree + 2 points the error is made equal with alternating sign; the points are then moved to where
    the error is largest in each run of one sign, until the two agree.
    """
    grid = lo + (hi - lo) * 0.5 * (1 - np.cos(np.pi * np.arange(GRID) / (GRID - 1)))
    values = f(grid)
    at = np.round(np.linspace(0, GRID - 1, degree + 2)).astype(int)
    coefficients, worst = np.zeros(degree + 1), np.inf
    for _ in range(ROUNDS):
        x, y = grid[at], values[at]
        rows = np.column_stack(
            [np.vander(x, degree + 1, increasing=True), (-1.0) ** np.arange(len(at)) * np.abs(y)]
        )
        *found, level = np.linalg.solve(rows, y)
        error = (np.polynomial.polynomial.polyval(grid, found) - values) / np.abs(values)
        if np.abs(error).max() < worst:
            coefficients, worst = np.array(found), float(np.abs(error).max())
        if np.abs(error).max() <= abs(level) * (1 + 1e-6):
            break
        runs = np.split(np.arange(GRID), np.flatnonzero(np.diff(np.sign(error))) + 1)
        peaks = np.array([run[np.abs(error[run]).argmax()] for run in runs])
        while len(peaks) > degree + 2:  # drop the smaller end, the signs stay alternating
            peaks = peaks[1:] if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else peaks[:-1]
        if len(peaks) < degree + 2:
            break
        at = peaks
    return coefficients, worst


def log1p_over_u(u: Array) -> Array:
    """``log(1 + u) / u``, 1 at 0."""
    u = np.asarray(u, np.float64)
    safe = np.where(u == 0, 1.0, u)
    return np.where(u == 0, 1.0, np.log1p(safe) / safe)


@cache
def softplus_polynomial(degree: int) -> tuple[tuple[float, ...], float]:
    """P with ``log(1 + u) = u P(u)`` on [0, 1], and its largest relative error, which is Softplus's too."""
    coefficients, error = minimax(log1p_over_u, 0.0, 1.0, degree)
    return tuple(float(c) for c in coefficients), error
