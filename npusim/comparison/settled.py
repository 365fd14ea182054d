"""Is the sign of a comparison settled? The band of the ratio of two latencies.

What both runs rest on moves them together: a number of one NPU is at the same end of its range on both sides, and only
what it does to the one and not to the other is left in the ratio. Numbers of two generations are off independently, and
so are plans for other tiles or of other compilers. Ranges and sums as in `npusim.band`.
"""

from __future__ import annotations

import math

from npusim.band import reach
from npusim.report.record import Doubt, Report

_LEAST = 1e-9  # of a logarithm: rounding
LEAST_FACTOR = 1.005  # what is less would read '1.00x faster', which says nothing: percent do
LEAST_PERCENT = 0.001
AS_FAST = "as fast"


def ratio_band(before: Report, after: Report) -> tuple[float, float] | None:
    """Between which factors `before` over `after` lies in 80 of 100 cases; (1, 1) for a run against itself, None
    where a report has no band or no latency."""
    if before.band_us is None or after.band_us is None or not before.latency_us or not after.latency_us:
        return None
    ratio = before.latency_us / after.latency_us
    mine, theirs = _moves(before), _moves(after)
    still = (0.0, 0.0)
    down, up = reach(
        [b - a for b, a in zip(mine.get(key, still), theirs.get(key, still), strict=True)]
        for key in mine.keys() | theirs.keys()
    )
    return ratio * math.exp(-down), ratio * math.exp(up)


def settled(ratio: float, band: tuple[float, float] | None) -> bool | None:
    """Whether the band leaves only one sign: it does not hold 1. None without a band."""
    if band is None:
        return None
    return not band[0] * (1 - _LEAST) <= 1.0 <= band[1] * (1 + _LEAST)


def words(ratio: float, band: tuple[float, float] | None) -> str:
    """A sentence about the sign; '' without a band."""
    if band is None:
        return ""
    low, high = band
    if low == high == 1.0:
        return "no difference: both rest on the same work and the same numbers"
    if settled(ratio, band):
        nearer, farther = map(factor, sorted(band, key=lambda end: abs(math.log(end))))
        if nearer == farther:
            return f"settled: {farther} in 80 of 100 cases"
        return f"settled: {nearer.rpartition(' ')[0]} to {farther} in 80 of 100 cases"
    return f"not settled: from {factor(low)} to {factor(high)} in 80 of 100 cases"


def factor(ratio: float) -> str:
    """'1.26x faster', '1.76x slower', '0.05 % faster' or 'as fast' for a latency before over one after."""
    if not ratio:
        return "infinitely slower"
    times, word = (ratio, "faster") if ratio >= 1 else (1 / ratio, "slower")
    if times >= LEAST_FACTOR:
        return f"{times:.2f}x {word}"
    percent = 100 * (times - 1)
    return f"{percent:.2g} % {word}" if percent >= LEAST_PERCENT else AS_FAST


def _moves(report: Report) -> dict[tuple[str, str], tuple[float, float]]:
    """What each number does to the logarithm of the latency at its fast and at its slow end."""

    def logs(doubt: Doubt) -> tuple[float, float]:
        return math.log(doubt.low_us / report.latency_us), math.log(doubt.high_us / report.latency_us)

    return {(d.npu, d.name): logs(d) for d in report.doubts if d.low_us > 0}
