"""How wrong a table is, measured in the arithmetic of the type it is applied to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np

Array = Any
LEAST_SAMPLES = 8192
#: Least samples of a segment; the error is a parabola there, so 1 / PER_SEGMENT^2 of it is missed.
PER_SEGMENT = 129
TYPES: dict[str, Any] = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


def apply(breaks: Sequence[float], slopes: Sequence[float], offsets: Sequence[float], x: Array) -> Array:
    """The table at x in float32, as the op computes it, in the type of x."""
    wide = x.astype(np.float32)
    index = np.searchsorted(np.asarray(breaks, np.float32), wide, side="right")
    slope, offset = np.asarray(slopes, np.float32)[index], np.asarray(offsets, np.float32)[index]
    return np.where(slope == 0, offset, slope * wide + offset).astype(x.dtype)


def measure(
    breaks: Sequence[float],
    slopes: Sequence[float],
    offsets: Sequence[float],
    lo: float,
    hi: float,
    f: Callable[[Array], Array],
    weight: Callable[[Array], Array],
    dtype: str,
) -> tuple[float, float]:
    """Largest absolute error and largest error divided by `weight`, of all x in [lo, hi] of the type.

    A 16-bit type is gone through number by number; float32 is sampled, and the rounding of the line added.
    """
    x = _every(TYPES[dtype], lo, hi) if dtype in TYPES else _samples(breaks, lo, hi)
    if not x.size:
        return 0.0, 0.0
    exact = np.asarray(x, np.float64)
    wrong = np.abs(apply(breaks, slopes, offsets, x).astype(np.float64) - f(exact))
    if dtype not in TYPES:
        index = np.searchsorted(np.asarray(breaks), exact, side="right")
        terms = np.abs(np.asarray(slopes)[index] * exact) + np.abs(np.asarray(offsets)[index])
        wrong += 2 * 2.0**-24 * terms
    return float(wrong.max()), float((wrong / weight(exact)).max())


def _every(kind: Any, lo: float, hi: float) -> Array:
    """Every number of a 16-bit type in [lo, hi]."""
    x = np.arange(2**16, dtype=np.uint16).view(kind)
    with np.errstate(invalid="ignore"):  # NaNs among them
        wide = x.astype(np.float64)
    return x[np.isfinite(wide) & (wide >= lo) & (wide <= hi)]


def _samples(breaks: Sequence[float], lo: float, hi: float) -> Array:
    """Points of every segment, and both sides of every break."""
    edges = np.asarray(breaks, np.float64)
    count = max(PER_SEGMENT, LEAST_SAMPLES // max(1, len(edges) - 1))
    at = np.arange(count) / count
    inside = (edges[:-1, None] + np.diff(edges)[:, None] * at).ravel()
    single = np.concatenate([inside, edges, [lo, hi]]).astype(np.float32)
    single = np.concatenate([single, np.nextafter(edges.astype(np.float32), np.float32(-np.inf))])
    return single[(single >= lo) & (single <= hi)]
