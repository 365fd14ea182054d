"""What rules of advice may ask: the run as it is, and the same run with one thing changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from npusim.arch.hardware import Hardware
from npusim.band import doubts, reach
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DSP, Plan
from npusim.compiler.rules.profile import CompilerProfile
from npusim.errors import NpusimError
from npusim.graph import Graph
from npusim.measures import US
from npusim.pricing import Prices, price, run_once
from npusim.report.chain import path_ns
from npusim.report.record import NodeReport, Report
from npusim.schedule import Timeline
from npusim.terminal.units import TIMES, digits, time


class Saving(NamedTuple):
    """Microseconds saved, and between which they lie in 80 of 100 cases (None where the report has no band)."""

    us: float
    band_us: tuple[float, float] | None

    def __str__(self) -> str:
        said = time(self.us)
        if self.band_us is None:
            return said
        unit = said.split()[1]  # both ends in the unit of what is between them
        low, high = (digits(end / dict(TIMES)[unit]) for end in self.band_us)
        doubt = ", which is not settled" if self.band_us[0] <= 0 else ""
        return f"{said} ({low} to {high}){doubt}"


class Asked(NamedTuple):
    """One simulated run. `graph` is the graph as it was loaded, before the compiler's fusions."""

    graph: Graph
    hw: Hardware
    profile: CompilerProfile
    plan: Plan
    prices: Prices
    line: Timeline
    report: Report

    def work_us(self) -> tuple[float, float]:
        """Of the chain of tasks that decides the end: how long it is outside the DSPs, and how much of that is work
        (the rest waits for the dispatch of steps, or is the latency of transfers)."""
        outside = work = 0.0
        waits, times = (self.prices.step_ns + self.prices.launch_ns).tolist(), self.line.time_ns
        for i, part in enumerate(path_ns(self.plan, self.line)):
            if part and self.plan.queue[i] != DSP:
                outside += part
                work += part * (1.0 - waits[i] / times[i]) if times[i] else 0.0
        return outside * US, work * US

    def saving(
        self,
        least: float,
        *,
        graph: Graph | None = None,
        profile: CompilerProfile | None = None,
        precision: str = "",
    ) -> Saving | None:
        """What a run with these things changed saves; None where it is refused, or saves less than the part `least`
        of the latency: its band is not worked out then."""
        profile = profile or self.profile
        hw = profile.priced(self.hw)
        try:
            plan = compile_graph(
                graph or self.graph, hw, profile, precision or self.plan.precision, bool(self.plan.unpriced)
            )
        except NpusimError:
            return None
        after_us = float(run_once(plan, price(plan, hw)).latency_ns) * US + self.report.host_us
        us = self.report.latency_us - after_us
        if us < least * self.report.latency_us:
            return None
        return Saving(us, self._band(plan, hw, us, after_us))

    def _band(self, plan: Plan, hw: Hardware, us: float, after_us: float) -> tuple[float, float] | None:
        """Between which the saving lies: a number that moves both runs counts by what it does to the difference."""
        if self.report.band_us is None:
            return None
        mine = {(d.npu, d.name): (d.low_us, d.high_us) for d in self.report.doubts}
        theirs = {(d.npu, d.name): (d.low_us, d.high_us) for d in doubts(plan, hw, self.report.mode)}
        before, after = (self.report.latency_us,) * 2, (after_us,) * 2
        down, up = reach(
            [b - a - us for b, a in zip(mine.get(key, before), theirs.get(key, after), strict=True)]
            for key in mine.keys() | theirs.keys()
        )
        return us - down, us + up

    def nodes(self, *op_types: str, engine: str = "") -> list[NodeReport]:
        """Nodes of these op types (all if none is named) on this engine, the one that moves the end most first."""
        found = [
            n
            for n in self.report.nodes
            if (not op_types or n.op_type in op_types) and (not engine or n.engine == engine)
        ]
        return sorted(found, key=lambda n: -n.critical_us)

    def share(self, nodes: Sequence[NodeReport]) -> float:
        """Part of the latency that the nodes move its end by, 0..1."""
        whole = self.report.latency_us
        return sum(n.critical_us for n in nodes) / whole if whole else 0.0

    def above_steps_us(self, nodes: Sequence[NodeReport]) -> float:
        """By how much the nodes move the end beyond what a compute step in place of each would."""
        step_us = float(self.hw.step.minimum_ns) * US
        return sum(max(0.0, n.critical_us - step_us * n.repeats) for n in nodes)
