"""One result of each kind of plot, small."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import npusim
from npusim.sweeping import sweep
from npusim.tradeoff.front import front
from npusim.tradeoff.sensitivity import sensitivity
from tests.tradeoff.machines import MODEL

pytest.importorskip("xarray")  # the extra npusim-xamba[sweep]

KINDS = ("heat", "speedup", "lines", "words", "cloud", "line_of_points", "front", "tornado")


@cache
def result(kind: str) -> Any:
    """A sweep, a front or sensitivities of the small Mamba-2."""
    graph, hw = npusim.load(MODEL), npusim.hardware("lunar_lake")
    two = {"dma.latency_ns": "50:3000:12:log", "dsp.clock_mhz": "200:4000:9:log"}
    if kind == "heat":
        dataset = sweep(graph, hw, two)
        dataset["latency_us"][2, 3] = np.nan  # as where the model does not fit
        return dataset
    if kind == "speedup":
        slow = npusim.load(MODEL)
        return sweep({"first": slow, "second": graph}, hw, two)
    if kind == "lines":
        return sweep(graph, hw, {"compiler": "2024.12,2026", "dsp.clock_mhz": "200:9000:15:log"})
    if kind == "words":
        return sweep(graph, hw, {"compiler": "2024.12,2026"})
    if kind in ("cloud", "line_of_points"):
        vary = {"dma.latency_ns": "50:3000", "dsp.clock_mhz": "200:4000"}
        if kind == "line_of_points":
            del vary["dma.latency_ns"]
        return sweep(graph, hw, vary, points=32, method="sobol")
    if kind == "front":
        vary = {"tiles": [1, 2], "mac_array.macs_per_cycle": [64, 512], "dsp.clock_mhz": "200:4000:8:log"}
        return front(sweep(graph, hw, vary), hw, "tiles*(mac_array.macs_per_cycle + 2*dsp.clock_mhz)")
    return sensitivity(graph, hw)
