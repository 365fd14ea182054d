"""Layers that the data decide to skip, and early exits: expected latency and its distribution."""

from __future__ import annotations

from typing import ClassVar, Literal

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.measures import US
from npusim.report.record import Report
from npusim.terminal.units import time
from npusim.whatif.base import Found, Runs, Simulate, Value, option
from npusim.whatif.composed.alternatives import Outcomes, blocks, blocks_skipped, exits, matching
from npusim.whatif.composed.masked import Masked, masked


class Skip(Runs):
    """What if the data decided at run time which layers run?

    With `node`, each connected run of matching nodes is one block that is skipped with `probability`, independently of
    the others. With `after`, the network stops behind each of these nodes with `probability`, if it comes that far.
    A skipped layer takes no time; the plan is that of the whole graph. Every decision reached costs `decision`."""

    name: ClassVar[str] = "skip"
    answer: ClassVar[str] = "expected_us"
    needs: ClassVar[str] = "a decision at run time, which a schedule of Intel's compiler has not: it is fixed"
    came_from: ClassVar[str] = "LAUDNet (latency-aware dynamic networks), early exits"

    node: str = option("", "nodes to skip, with * and ?; each connected run of them is one block")
    after: tuple[str, ...] = option((), "nodes behind which the network may stop")
    probability: float = option(
        0.5, "how probable a skip, or a stop, is", ge=0, le=1, source="assumed: the question"
    )
    decision: Literal["host", "device", "free"] = option(
        "host",
        "who decides: the host (its part of an inference), the NPU (a compute step and a kernel launch), no one",
        source="assumed: the host launches what is next, as nothing else can today",
    )

    def run(self, graph: Graph, hw: Hardware, simulate: Simulate) -> Found:
        """Expected latency, its distribution, and what the decisions cost. Raises BadArgument."""
        if bool(self.node) == bool(self.after):
            raise BadArgument(
                "what-if 'skip' takes node= (layers to skip) or after= (early exits), one of the two"
            )
        report = simulate(graph, hw)
        plan = masked(graph, hw, simulate)
        each_us = decision_us(self.decision, plan)
        if self.node:
            places = blocks(graph, matching(graph, self.node, "skip"))
            found = blocks_skipped(plan, places, self.probability, each_us)
            what = f"{len(places)} block{'s' * (len(places) > 1)} of '{self.node}'"
        else:
            names = [matching(graph, one, "skip")[-1] for one in self.after]
            found = exits(plan, graph, names, self.probability, each_us)
            what = f"{len(names)} exit{'s' * (len(names) > 1)}"
        return self._found(found.later(report.host_us), what, each_us, report)

    def _found(self, o: Outcomes, what: str, each_us: float, report: Report) -> Found:
        mean = o.mean_us
        low, middle, high = (o.quantile_us(q) for q in (0.1, 0.5, 0.9))
        sentence = (
            f"{what} at probability {self.probability:g}: {time(mean)} expected in place of {time(o.whole_us)} "
            f"({time(low)} to {time(high)} in 80 of 100 cases, median {time(middle)})"
        )
        even = o.break_even()
        pays = (
            "deciding pays at no probability"
            if even is None
            else f"deciding pays from a probability of {even:.2g} on"
        )
        lines = (
            f"a decision costs {time(each_us)} ({self.decision}), {o.decisions:.3g} are expected; {pays}",
            f"all that can be skipped is {time(o.whole_us - o.least_us)} of {time(o.whole_us)}",
        )
        numbers = {
            "expected_us": mean,
            "whole_us": o.whole_us,
            "least_us": o.least_us,
            "p10_us": low,
            "p50_us": middle,
            "p90_us": high,
            "decision_us": each_us,
            "decisions": o.decisions,
        }
        if even is not None:
            numbers["pays_from_probability"] = even
        rows: tuple[dict[str, Value], ...] = tuple(
            {"latency_us": us, "percent": 100 * weight} for us, weight in o.rows(64)
        )
        return Found(report, sentence, lines, numbers, {"distribution": rows})


def decision_us(who: str, plan: Masked) -> float:
    """What one decision costs, microseconds: the host's part of a synchronous inference; or a compute step and the
    cheapest kernel launch of this NPU."""
    hw = plan.hw
    if who == "free":
        return 0.0
    if who == "host":
        return float(hw.host.latency_ns) * US
    lines = (
        (n, v)
        for n, v in hw.numbers().items()
        if n.startswith("dsp.kernels.") and n.endswith("launch_cycles")
    )
    launches = [float(v) for _, v in lines if v]
    cycles = min(launches, default=0.0)
    return (float(hw.step.minimum_ns) + cycles * 1e3 / float(hw.dsp.clock_mhz)) * US
