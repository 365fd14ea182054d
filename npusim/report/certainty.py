"""How well the time is known: its shares by the kind of source of the numbers that make it.

The time is that of the chain of tasks that decides the end of the run, and the host's: MAC array and DSP on their
lines and their clock, transfers on the DMA's numbers and the DDR's bandwidth, waits for dispatch on the step; the
host's part on the host's numbers. Each counts as well known as the weakest of its numbers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from npusim.arch.hardware import Hardware
from npusim.arch.spread import block_of
from npusim.columns import distinct
from npusim.compiler.plan import DspTask, MacTask, Plan
from npusim.measures import US
from npusim.pricing import Prices
from npusim.report.words import SOURCES
from npusim.terminal.units import time, times

STEP, CLOCK = "step.minimum_ns", "mac_array.clock_mhz"
HOST = ("host.latency_ns", "host.float32_gb_per_s")


def weakest(hw: Hardware, *names: str) -> str:
    """The weakest kind of source among numbers of `hw`."""
    return max((hw.sources[name].kind for name in names), key=SOURCES.index)


def time_by_source(
    plan: Plan, hw: Hardware, prices: Prices, on_path: Sequence[float], host: float
) -> dict[str, float]:
    """Shares, 0 to 1, of the time of the tasks that decide the end of the run (`on_path`, ns) and of the `host`, ns."""
    found: dict[str, float] = defaultdict(float)
    known = _Kinds(plan, hw, prices)
    tasks = distinct(plan)
    times, waits = prices.time_ns[tasks.first].tolist(), prices.step_ns[tasks.first].tolist()
    for row, part in zip(tasks.row, on_path, strict=True):
        if not part:
            continue
        if waits[row] and times[row]:
            wait = part * waits[row] / times[row]
            found[known.step] += wait
            part -= wait
        found[known[row]] += part
    if host:
        found[weakest(hw, *HOST)] += host
    total = math.fsum(found.values())
    return {name: ns / total for name, ns in found.items()} if total else {}


class _Kinds(dict[int, str]):
    """Distinct task -> how well its time is known, worked out when it is first asked for."""

    def __init__(self, plan: Plan, hw: Hardware, prices: Prices) -> None:
        self.plan, self.hw, self.kinds = plan, hw, prices.kinds
        self.first = distinct(plan).first
        self.step = weakest(hw, STEP)

    def __missing__(self, row: int) -> str:
        i = self.first[row]
        ask = self.plan.ask[i]
        if isinstance(ask, MacTask):
            kind = weakest(self.hw, f"{block_of(int(ask.alternatives[0][0].op))}.overhead_cycles", CLOCK)
        elif isinstance(ask, DspTask):
            kind = max((self.kinds[i], weakest(self.hw, "dsp.clock_mhz")), key=SOURCES.index)
        else:
            ddr = ("ddr.bandwidth_gb_per_s",) if "ddr" in (ask.source, ask.destination) else ()
            kind = weakest(self.hw, "dma.latency_ns", *ddr)
        self[row] = kind
        return kind


def assumed(hw: Hardware, waits_us: float, host_us: float, mode: str) -> tuple[str, ...]:
    """Sentences about the step and the host where their numbers are assumed: how much, between what, and (behind a
    dash) the evidence."""
    found = []
    if hw.sources[STEP].kind == "assumed" and float(hw.step.minimum_ns):
        value = f"{time(float(hw.step.minimum_ns) * US)}{_range(hw, STEP)} at least"
        found.append(f"a step takes {value}, {time(waits_us)} of waits - {hw.sources[STEP].where}")
    if weakest(hw, *HOST) == "assumed":
        rest_us = host_us - float(hw.host.latency_ns) * US
        part = f"{time(host_us)}{_range(hw, HOST[0], rest_us)}"
        more = "in the latency" if mode == "latency" else "more for a lone request"
        found.append(f"the host's part is {part} {more} - {hw.sources[HOST[0]].where}")
    return tuple(found)


def _range(hw: Hardware, name: str, more_us: float = 0.0) -> str:
    ends = hw.sources[name].range
    return f" ({times(ends[0] * US + more_us, ends[1] * US + more_us)})" if ends else ""
