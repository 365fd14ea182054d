"""Piecewise linear tables: where the segments go, and how wrong the table is.

A table is ``y = slopes[i] * x + offsets[i]`` with ``i = count(breaks <= x)``. `segments` segments
share the range; one more on either side is the asymptote of the function (a saturation segment),
so there are ``segments + 1`` breaks and ``segments + 2`` slopes and offsets. Both ends belong to the range. Without
bounds asked for, the range is widened until the step to the asymptote is no larger than the error within.

Placement is minimax (`xamba.tables.minimax`). For the relative error of a function through zero a break is
put at zero, where the weight has its kink.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from xamba.tables.measure import measure
from xamba.tables.minimax import Array, place, place_around_zero

Line = tuple[float, float]  # slope, offset
#: Relative errors of functions that cross zero are relative to this where the function is smaller.
FLOOR = 2.0**-10


@dataclass(frozen=True)
class Activation:
    """A function to put in a table.

    left, right: asymptotes outside the range, (slope, offset); None: the last segment goes on.
    crosses_zero: relative error is bounded below by `FLOOR`.
    """

    name: str
    function: Callable[[Array, float], Array]
    left: Line | None
    right: Line | None
    lo: float
    hi: float
    crosses_zero: bool

    @property
    def exact_values(self) -> tuple[float, ...]:
        """Numbers a table is exactly and the function is not: the constants of its asymptotes, and 0 at a crossing."""
        ends = [line[1] for line in (self.left, self.right) if line is not None and line[0] == 0]
        return tuple({*ends, *([0.0] if self.crosses_zero else [])})

    @property
    def bounded(self) -> bool:
        """Whether both asymptotes are constants: errors are then of the size of 1 whatever the parameter."""
        return all(line is not None and line[0] == 0 for line in (self.left, self.right))


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _gelu(x: Array) -> Array:
    from scipy.special import erf

    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def _gelu_tanh(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = {
    a.name: a
    for a in (
        Activation("Softplus", lambda x, p: np.logaddexp(0, p * x) / p, (0, 0), (1, 0), -8, 8, False),
        Activation("Swish", lambda x, p: x * _sigmoid(p * x), (0, 0), (1, 0), -8, 8, True),
        Activation("Sigmoid", lambda x, p: _sigmoid(x), (0, 0), (0, 1), -8, 8, False),
        Activation("Tanh", lambda x, p: np.tanh(x), (0, -1), (0, 1), -4, 4, True),
        Activation("Gelu", lambda x, p: _gelu(x), (0, 0), (1, 0), -5, 5, True),
        Activation("GeluTanh", lambda x, p: _gelu_tanh(x), (0, 0), (1, 0), -5, 5, True),
        Activation("Exp", lambda x, p: np.exp(x), (0, 0), None, -8, 4, False),
    )
}


@dataclass(frozen=True)
class Table:
    """A piecewise linear table and its measured errors.

    max_abs, max_rel: largest absolute and relative error within [lo, hi], both ends included, in arithmetic of `dtype`
    as the op does it (in float32, rounded to the type at the end).
    max_abs_outside: largest absolute error outside, where the function is replaced by its asymptote
    (inf for a function without one).
    """

    activation: str
    parameter: float
    lo: float
    hi: float
    error: str
    breaks: tuple[float, ...]
    slopes: tuple[float, ...]
    offsets: tuple[float, ...]
    max_abs: float
    max_rel: float
    max_abs_outside: float
    dtype: str = "float32"

    @property
    def segments(self) -> int:
        return len(self.breaks) - 1

    @property
    def achieved(self) -> float:
        """The error that was minimised."""
        return self.max_rel if self.error == "relative" else self.max_abs

    def __call__(self, x: Array) -> Array:
        """The table's value at x, in the type of x's arithmetic; NaN stays NaN."""
        index = np.searchsorted(np.asarray(self.breaks), x, side="right")
        slope, offset = np.asarray(self.slopes)[index], np.asarray(self.offsets)[index]
        with np.errstate(invalid="ignore"):
            y = np.where(slope == 0, offset, slope * x + offset)
        return np.where(np.isnan(x), x, y)

    def __str__(self) -> str:
        return (
            f"{self.activation} in {self.segments} segments on [{self.lo:.4g}, {self.hi:.4g}]: "
            f"max {self.error} error {self.achieved:.2g} (absolute error outside {self.max_abs_outside:.2g})"
        )


@lru_cache(maxsize=256)
def table(
    activation: str,
    segments: int,
    parameter: float = 1.0,
    bounds: tuple[float, float] | None = None,
    error: str = "relative",
    dtype: str = "float32",
) -> Table:
    """The table of an activation (a key of `ACTIVATIONS`) with the smallest largest error.

    parameter: beta of Softplus (``log(1 + exp(beta x)) / beta``), alpha of Swish (``x sigmoid(alpha x)``).
    bounds: the range, default the activation's own divided by the parameter, or wider (see the module's text).
    error: "relative" or "absolute".
    dtype: type of the values the table is applied to, in which its errors are measured.
    """
    kind = ACTIVATIONS[activation]
    scale = abs(parameter) or 1.0
    f = lambda x: kind.function(np.asarray(x, np.float64), parameter)
    first = bounds or (kind.lo / scale, kind.hi / scale)
    made = _placed(kind, f, parameter, first, segments, error, dtype)
    if bounds is not None:
        return made
    wide = _wide_enough(
        kind, f, first, made.achieved / (1 if kind.bounded or error == "absolute" else scale), scale
    )
    return made if wide == first else _placed(kind, f, parameter, wide, segments, error, dtype)


def _placed(
    kind: Activation,
    f: Callable[[Array], Array],
    parameter: float,
    bounds: tuple[float, float],
    segments: int,
    error: str,
    dtype: str,
) -> Table:
    lo, hi = bounds
    weight = _weight(f, error, kind.crosses_zero)
    kink = error == "relative" and kind.crosses_zero and lo < 0 < hi and segments > 1
    breaks, slopes, offsets = (place_around_zero if kink else place)(f, weight, lo, hi, segments)
    left = kind.left or (slopes[0], offsets[0])
    right = kind.right or (slopes[-1], offsets[-1])
    wide = (breaks, [left[0], *slopes, right[0]], [left[1], *offsets, right[1]])
    single = [np.asarray(column, np.float32) for column in wide]
    _take_in_the_ends(single[0], lo, hi)
    columns = [tuple(float(v) for v in column) for column in single]
    blank = Table(kind.name, parameter, lo, hi, error, columns[0], columns[1], columns[2], 0, 0, 0, dtype)
    relative = _weight(f, "relative", kind.crosses_zero)
    max_abs, max_rel = measure(blank.breaks, blank.slopes, blank.offsets, lo, hi, f, relative, dtype)
    beyond = np.inf
    if kind.left is not None and kind.right is not None:
        width = hi - lo
        x = np.concatenate(
            [np.linspace(lo - 4 * width, lo, 999)[:-1], np.linspace(hi, hi + 4 * width, 999)[1:]]
        )
        beyond = max(
            _step(kind, f, lo, left), _step(kind, f, hi, right), float(np.abs(blank(x) - f(x)).max())
        )
    return replace(blank, max_abs=max_abs, max_rel=max_rel, max_abs_outside=beyond)


def _take_in_the_ends(breaks: Array, lo: float, hi: float) -> None:
    """Move the outer breaks, where rounding or the rule ``break <= x`` would put an end of the range outside."""
    if breaks[0] > lo:
        breaks[0] = np.nextafter(breaks[0], np.float32(-np.inf))
    if breaks[-1] <= hi:
        breaks[-1] = np.nextafter(breaks[-1], np.float32(np.inf))


def _step(kind: Activation, f: Callable[[Array], Array], x: float, line: Line) -> float:
    """How far the function is from its asymptote at x."""
    return float(abs(f(np.array(x)) - (line[0] * x + line[1])))


def _wide_enough(
    kind: Activation, f: Callable[[Array], Array], bounds: tuple[float, float], limit: float, scale: float
) -> tuple[float, float]:
    """The range with each end moved out to where the step to the asymptote is no larger than the limit."""
    ends = []
    for end, line in zip(bounds, (kind.left, kind.right), strict=True):
        near, far = end, 16.0 * end
        if line is None or _step(kind, f, end, line) <= limit:
            ends.append(end)
            continue
        while abs(far - near) > 0.01 / scale:
            middle = (near + far) / 2
            near, far = (middle, far) if _step(kind, f, middle, line) > limit else (near, middle)
        ends.append(far)
    return ends[0], ends[1]


def _weight(f: Callable[[Array], Array], error: str, crosses_zero: bool) -> Callable[[Array], Array]:
    if error == "absolute":
        return lambda x: np.ones_like(x)
    floor = FLOOR if crosses_zero else np.finfo(np.float64).tiny
    return lambda x: np.maximum(np.abs(f(x)), floor)
