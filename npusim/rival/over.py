"""Both machines over a free dimension: from which batch or length on the NPU wins.

The NPU is predicted at every size. The CPU is measured at as many as the time given allows, the smallest first; from
there its time is carried on along the line through the last two on logarithmic axes (in proportion, after one).
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable, Sequence

from npusim.errors import BadArgument
from npusim.report.record import Report
from npusim.rival.record import Over, Point
from npusim.terminal.units import digits

MULTIPLES = (1, 2, 4, 8, 16)
MOST = 64  # sizes
RUNS = 8  # inferences at least that a measurement takes, warming up and counting too


def parse_over(text: str, dims: dict[str, int]) -> tuple[str, tuple[int, ...]]:
    """'batch=1,2,4' -> ('batch', (1, 2, 4)); 'batch' alone: 1 to 16 times its size in `dims`. Raises BadArgument."""
    name, equals, values = text.partition("=")
    name = name.strip()
    if not name:
        raise BadArgument(f"--over '{text}' is not NAME=SIZES; write for example --over batch=1,2,4,8")
    if not equals:
        first = dims.get(name, 1)
        return name, tuple(first * k for k in MULTIPLES)
    words = [word.strip() for word in values.split(",")]
    if not all(word.isascii() and word.isdigit() and int(word[:18]) > 0 and len(word) < 16 for word in words):
        raise BadArgument(f"--over '{text}': sizes are whole numbers from 1 on, separated by commas")
    sizes = tuple(sorted({int(word) for word in words}))
    if len(sizes) > MOST:
        raise BadArgument(f"--over '{text}': {len(sizes)} sizes; take {MOST} or fewer")
    return name, sizes


def over(
    dim: str,
    sizes: Sequence[int],
    predict: Callable[[int], Report],
    measure: Callable[[int], float],
    most_s: float,
) -> Over:
    """`predict` and `measure` (microseconds) take a size of `dim`; `most_s`: seconds for all measurements."""
    begun = clock.perf_counter()
    points: list[Point] = []
    known: list[tuple[int, float]] = []
    cost_s = 0.0  # of the last measurement
    for size in sizes:
        report = predict(size)
        spent = clock.perf_counter() - begun
        going = not points or points[-1].measured
        fits = not known or spent + cost_s + RUNS * known[-1][1] / 1e6 * size / known[-1][0] < most_s
        if going and fits:
            started = clock.perf_counter()
            known.append((size, measure(size)))
            cost_s = clock.perf_counter() - started
            cpu = known[-1][1]
        else:
            cpu = carried_on(known, size)
        points.append(Point(size, report.latency_us, report.band_us, cpu, going and fits))
    wins = crossing(points)
    return Over(dim, tuple(points), wins, _sentence(dim, points, wins))


def carried_on(known: Sequence[tuple[int, float]], size: int) -> float:
    """The time at a size beyond those known, on a straight line through the last two on logarithmic axes."""
    (last, us) = known[-1]
    slope = 1.0
    if len(known) > 1:
        (before, was) = known[-2]
        slope = min(max(math.log(us / was) / math.log(last / before), 0.0), 3.0)
    return float(us * (size / last) ** slope)


def crossing(points: Sequence[Point]) -> float | None:
    """The smallest size from which on the NPU is the faster at every point, between two points in proportion of the
    logarithms; None if it is slower at the last."""
    gaps = [math.log(p.npu_us / p.cpu_us) if p.npu_us > 0 and p.cpu_us > 0 else 0.0 for p in points]
    if not gaps or gaps[-1] > 0:
        return None
    last = max((k for k, gap in enumerate(gaps) if gap > 0), default=-1)
    if last < 0:
        return float(points[0].size)
    low, high = points[last], points[last + 1]
    part = gaps[last] / (gaps[last] - gaps[last + 1])
    return float(low.size * (high.size / low.size) ** part)


def _sentence(dim: str, points: Sequence[Point], wins: float | None) -> str:
    measured = [p.size for p in points if p.measured]
    how = f"CPU measured at {dim} {', '.join(map(str, measured))}"
    if len(measured) < len(points):
        how += ", scaled from there beyond"
    first, last = points[0], points[-1]
    if wins is None:
        ratio = digits(last.npu_us / last.cpu_us)
        return f"up to {dim} {last.size:,} the NPU does not win: {ratio} times the CPU's time there ({how})"
    if wins <= first.size:
        ratio = digits(last.cpu_us / last.npu_us)
        return (
            f"the NPU wins from {dim} {first.size:,} on; at {last.size:,} it is {ratio} times as fast ({how})"
        )
    return f"the NPU wins from {dim} {math.ceil(wins):,} on ({how})"
