"""Fit named hardware numbers to rows with known results.

The model under fit is the simulator's own pricing function. All partial derivatives come from one call of it,
on a hardware description whose numbers are arrays: a Jacobian is a sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware

#: Predictions of all rows, [n, p], on hardware whose fitted numbers are arrays [p].
Predict = Callable[[Hardware], Any]

_STEP = 1e-4
_ROBUST = 0.05


def fit_numbers(
    hw: Hardware,
    names: Sequence[str],
    predict: Predict,
    truth: Any,
    weights: Any = 1.0,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    evaluations: int = 60,
    robust: float = _ROBUST,
) -> dict[str, float]:
    """The numbers `names` that bring `predict` closest to `truth` [n] in relative error, starting from `hw`.

    Args:
        weights: how much a row's error counts, [n] or one number.
        bounds: lowest and highest value of a name; others may move a factor of 50 either way.
        robust: relative errors well beyond this count linearly: a few odd rows do not bend the fit.
    """
    from scipy.optimize import least_squares

    start = np.array([max(float(hw.get(name)), 1e-6) for name in names])
    limits = [
        (bounds or {}).get(name, (value / 50, value * 50)) for name, value in zip(names, start, strict=True)
    ]
    low, high = np.log(np.array(limits)).T
    spread = 1 + _STEP * np.eye(len(names) + 1)[:, 1:]  # row 0 is the point itself, row j moves number j

    def evaluate(theta: Any) -> tuple[Any, Any]:
        values = np.exp(theta) * np.where(theta + _STEP > high, 2 - spread, spread)
        moved = hw.replace({name: values[:, j] for j, name in enumerate(names)})
        error = (predict(moved) / np.asarray(truth)[:, None] - 1) * np.reshape(weights, (-1, 1))
        step = np.log(values[1:].diagonal()) - theta
        return error[:, 0], (error[:, 1:] - error[:, :1]) / step

    cache: dict[bytes, tuple[Any, Any]] = {}

    def both(theta: Any) -> tuple[Any, Any]:
        key = theta.tobytes()
        if key not in cache:
            cache.clear()
            cache[key] = evaluate(theta)
        return cache[key]

    def residuals(theta: Any) -> Any:
        return both(theta)[0]

    def jacobian(theta: Any) -> Any:
        return both(theta)[1]

    def solve(theta: Any) -> Any:
        return least_squares(
            residuals,
            np.clip(theta, low + 1e-9, high - 1e-9),
            jac=jacobian,
            bounds=(low, high),
            loss="soft_l1",
            f_scale=robust,
            max_nfev=evaluations,
        )

    found = solve(np.log(start))
    stuck = found.x < low + 0.1  # logarithms of small numbers have no slope to come back on: once more
    if stuck.any():
        found = min(found, solve(np.where(stuck, np.log(start), found.x)), key=lambda each: each.cost)
    return {name: float(f"{value:.5g}") for name, value in zip(names, np.exp(found.x), strict=True)}
