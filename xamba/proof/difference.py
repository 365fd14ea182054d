"""One output of two models on one draw of inputs: how far apart, and is that allowed?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim_xamba.text import quoted
from xamba.errors import NotComparable


@dataclass(frozen=True)
class OutputDifference:
    """Difference of one output on the draw that shows it most.

    max_abs: largest |a - b|. max_rel: largest |a - b| / |a| where |a| is above what is allowed.
    sqnr_db: 10 log10(sum a^2 / sum (a - b)^2), inf when equal. scale: largest |a|. allowed: the largest
    |a - b| that passes. nonfinite: elements where one is NaN or infinite and the other is not the same.
    draw: the inputs, as ``large at batch 2``.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    max_abs: float
    max_rel: float
    sqnr_db: float
    scale: float
    nonfinite: int
    ok: bool
    reason: str = ""
    draw: str = "ordinary"
    allowed: float = 0.0

    @property
    def badness(self) -> tuple[bool, float]:
        """What sorts differences of one output: failed ones last, then by error over what is allowed."""
        return not self.ok, self.max_abs / self.allowed if self.allowed > 0 else self.max_abs


def plain(value: Any) -> np.ndarray:
    """An output as float64; bfloat16 and its like included."""
    return np.asarray(value).astype(np.float64)


def magnitude(value: Any) -> float:
    """Largest finite |a|."""
    array = plain(value)
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def difference(
    name: str,
    a: Any,
    b: Any,
    relative: float,
    draw: str = "ordinary",
    *,
    absolute: float = 0.0,
    unsure: np.ndarray | None = None,
    strict: bool = True,
) -> OutputDifference:
    """Compare one output; see `OutputDifference`.

    relative: allowed error over the largest |a|; absolute: allowed error, whichever is more.
    unsure: elements whose whole number, or whose NaN, rounding alone decides; they are not judged.
    strict: also where the first model answers NaN or infinity has the second to do the same.
    """
    shape, kind = tuple(np.shape(a)), np.asarray(a).dtype
    x, y = plain(a), plain(b)
    scale = magnitude(x)
    if x.shape != y.shape:
        reason = f"shape {list(x.shape)} became {list(y.shape)}"
        return _wrong(name, shape, str(kind), scale, max(x.size, y.size), reason, draw)
    finite = np.isfinite(x) & np.isfinite(y)
    same = finite | (x == y) | (np.isnan(x) & np.isnan(y))
    if not strict:
        same |= ~np.isfinite(x)
    exact = kind.kind in "iub"
    wrong = np.abs(np.where(finite, x, 0) - np.where(finite, y, 0))
    if unsure is not None:
        same |= unsure
        wrong = np.where(unsure, 0.0, wrong) if exact else wrong
    max_abs = float(wrong.max()) if wrong.size else 0.0
    allowed = 0.0 if exact else max(relative * scale, absolute)
    sizeable = finite & (np.abs(x) > allowed) & (x != 0)
    max_rel = float((wrong[sizeable] / np.abs(x[sizeable])).max()) if sizeable.any() else 0.0
    noise, signal = float((wrong**2).sum()), float((x[finite] ** 2).sum())
    sqnr = np.inf if noise == 0 else 10 * np.log10(signal / noise) if signal > 0 else -np.inf
    reason = ""
    if not same.all():
        reason = f"{int((~same).sum())} elements are finite in one model and NaN or infinite in the other"
    elif exact and max_abs > 0:
        reason = "whole numbers differ"
    elif not exact and max_abs > allowed:
        reason = f"error {max_abs:.3g} is above {allowed:.2g}, at magnitudes of {scale:.3g}"
    lost = int((~same).sum())
    return OutputDifference(
        name, shape, str(kind), max_abs, max_rel, float(sqnr), scale, lost, not reason, reason, draw, allowed
    )


def not_run(name: str, a: Any, reason: str, draw: str) -> OutputDifference:
    """The second model did not answer where the first did."""
    return _wrong(
        name, tuple(np.shape(a)), str(np.asarray(a).dtype), magnitude(a), int(np.size(a)), reason, draw
    )


def _wrong(
    name: str, shape: tuple[int, ...], dtype: str, scale: float, size: int, reason: str, draw: str
) -> OutputDifference:
    return OutputDifference(
        name, shape, dtype, np.inf, np.inf, -np.inf, scale, size, False, reason, draw, 0.0
    )


def pairs(answer: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, str]]:
    """Outputs that belong together: by name, or by place where names differ."""
    if set(answer) == set(other):
        return [(name, name) for name in answer]
    if len(answer) == len(other):
        return list(zip(answer, other, strict=True))
    missing = sorted(set(answer) ^ set(other))
    raise NotComparable(
        f"the models have {len(answer)} and {len(other)} outputs ({', '.join(map(quoted, missing[:4]))})"
    )
