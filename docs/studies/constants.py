"""The disputed constants of the XAMBA study: their ranges, seeded draws, and what a ratio would need them to be.

Ranges (low, middle, high) are for NPU 4000: VPUNN's lines, and by how much Intel's compilers and published readings
disagree; on NPU 3720 and 5010 the machine's own constant is the middle and the range keeps its proportions. Draws are
log-triangular. They move Intel's published lines within what is disputed about them; none is set to reach a speed-up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from npusim import Hardware

CUMSUM = "dsp.kernels.cumsum.cycles_per_element"
REDUCE_SUM = "dsp.kernels.reduce_sum.cycles_per_element"
SELECT = "dsp.kernels.select.cycles_per_element"
RANGES = {
    CUMSUM: (7.0, 24.0, 60.0),  # NPU 3720's line, NPU 4000's line, strided from DDR
    REDUCE_SUM: (0.57, 1.05, 3.6),
    SELECT: (0.137, 0.3, 1.05),
    "dsp.kernels.mul.cycles_per_element": (0.137, 0.3, 1.05),
    "ddr.bandwidth_gb_per_s": (45.0, 68.0, 110.0),  # what both DMA ports sustain together
}
SELECT_SCALAR = (60.0, 177.0, 200.0)  # Intel's line for Select taken at face value
LAUNCH = (2.5 / 4.5, 1.0, 9.0 / 4.5)  # of every DSP kernel; a small op is 2.5, 4.5 or 9 us
HOST_NS = (0.1e6, 0.4e6, 1.0e6)
QUANTILES = (0.1, 0.5, 0.9)


def draws(hw: Hardware, points: int, seed: int = 0, scalar_select: bool = False) -> Hardware:
    """`hw` with `points` draws of every disputed constant."""
    rng = np.random.default_rng(seed)
    changes: dict[str, Any] = {}
    for name, (low, middle, high) in RANGES.items():
        drawn = _log_triangular(rng, low, middle, high, points)
        own = 1.0 if hw.generation == "4000" else hw.get(name) / middle
        changes[name] = drawn * own
    scalar = _log_triangular(rng, *SELECT_SCALAR, points)
    if scalar_select:
        changes[SELECT] = scalar
    changes["host.latency_ns"] = _log_triangular(rng, *HOST_NS, points)
    factor = _log_triangular(rng, *LAUNCH, points)
    for kernel, line in hw.dsp.kernels.items():
        changes[f"dsp.kernels.{kernel}.launch_cycles"] = line.launch_cycles * factor
    return hw.replace(changes)


def centre(hw: Hardware) -> Hardware:
    """`hw` with every disputed constant in the middle of its range (NPU 4000)."""
    return hw.replace({name: middle for name, (_, middle, _) in RANGES.items()})


def _log_triangular(
    rng: np.random.Generator, low: float, middle: float, high: float, points: int
) -> np.ndarray:
    return np.exp(rng.triangular(np.log(low), np.log(middle), np.log(high), points))


def band(values: np.ndarray) -> tuple[float, float, float]:
    """P10, median, P90."""
    low, middle, high = np.quantile(values, QUANTILES)
    return float(low), float(middle), float(high)


def solve(ratio: Callable[[np.ndarray], np.ndarray], target: float, low: float, high: float) -> float | None:
    """The constant between `low` and `high` at which `ratio` (one array pass) crosses `target`; None if nowhere."""
    grid = np.geomspace(low, high, 400)
    above = np.log(ratio(grid)) - np.log(target)
    crossing = np.flatnonzero(np.sign(above[:-1]) != np.sign(above[1:]))
    if not crossing.size:
        return None
    i = int(crossing[0])
    share = above[i] / (above[i] - above[i + 1])
    return float(np.exp(np.log(grid[i]) + share * np.log(grid[i + 1] / grid[i])))
