"""What a profile says about single times, and what the simulator says about the same ones, for any hardware.

A plan is compiled once; only its prices move, so predictions for many hardwares are one pass (a sweep). From a
trace come, per joined layer, the busy time of the MAC array, of the DSPs, and the sum of its transfers; from
layer counters the layer's span; from both the latency of the whole network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.plan import DMA0, DSP, MAC_ARRAY, DmaTask, DspTask, Plan
from npusim.graph import Graph
from npusim.measured.join import members, same_engine
from npusim.measured.layers import ENGINES
from npusim.measured.profile import MEASURED, Profile, ProfileLayer
from npusim.measures import host_ns
from npusim.pricing import timeline
from npusim.report.record import Report

LATENCY = "latency"
SPAN = "layer span"
#: Counters are cut to whole microseconds: a layer of 5 us is known to 10 %, a shorter one hardly at all.
LEAST_SPAN_US = 5.0
#: Transfers of a layer are compared when both compilers move about as much for it.
BYTES_WITHIN = 1.25
#: How much the one latency counts beside one layer.
LATENCY_WEIGHT = 1.0
_QUEUES = {"mac_array": (MAC_ARRAY,), "dsp": (DSP,)}


@dataclass(frozen=True, slots=True)
class Observation:
    """One time of a profile. `group`: mac_array, dsp, dma, 'layer span' or 'latency'. `tasks`: the plan's tasks
    that make it; for spans their first start and last end. `kernel`: of a DSP row with one kernel only."""

    group: str
    name: str
    us: float
    tasks: tuple[int, ...]
    synchronous: bool = False
    kernel: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Observations:
    """All observations of one plan, and their prediction."""

    plan: Plan
    rows: tuple[Observation, ...]

    @property
    def us(self) -> Any:
        """Observed microseconds, [n]."""
        return np.array([row.us for row in self.rows])

    @property
    def weights(self) -> Any:
        return np.array([row.weight for row in self.rows])

    def predict(self, hw: Hardware) -> Any:
        """Predicted microseconds: [n], or [n, p] when numbers of `hw` are arrays [p]."""
        plan = self.plan
        line = timeline(plan, hw)
        start, end = np.asarray(line.start_ns), np.asarray(line.end_ns)
        host = np.asarray(host_ns(plan.graph, hw), dtype=float)
        found = []
        for row in self.rows:
            tasks = list(row.tasks)
            if row.group == LATENCY:
                found.append(end.max(axis=0) + (host if row.synchronous else 0.0))
            elif row.group == SPAN:
                found.append(end[tasks].max(axis=0) - start[tasks].min(axis=0))
            else:
                found.append((end[tasks] - start[tasks]).sum(axis=0))
        return np.stack(np.broadcast_arrays(*found)) / 1e3


def observe(
    plan: Plan, report: Report, graph: Graph, profiles: Sequence[Profile], generation: str
) -> Observations:
    """Everything the profiles say that the plan has a counterpart of.

    `report` is a simulation of the same plan; layers are joined as in `npusim crosscheck`.
    """
    of_step: dict[str, list[int]] = {}
    for task, step in enumerate(plan.step):
        of_step.setdefault(plan.steps[step].node.name, []).append(task)
    rows: list[Observation] = []
    for profile in profiles:
        theirs = {layer.name: layer for layer in profile.layers}
        for node, names in members(report.nodes, graph):
            found = [theirs.pop(name) for name in names if name in theirs]
            tasks = of_step.get(node.name, [])
            if not found or not tasks:
                continue
            if profile.tasks:
                engines = {e for layer in found for e in layer.busy_us}
                if same_engine(node, engines):
                    rows += _busy_rows(plan, node.name, tasks, found)
            elif same_engine(node, {layer.engine for layer in found}):
                rows += _span_rows(plan, node.name, tasks, found, generation)
        if profile.latency_us:
            alone = str(profile.facts.get("requests", "1")) == "1"
            synchronous = profile.label == MEASURED and bool(profile.facts.get("synchronous"))
            if alone:
                rows.append(
                    Observation(
                        LATENCY, profile.path, profile.latency_us, (), synchronous, weight=LATENCY_WEIGHT
                    )
                )
    return Observations(plan, tuple(rows))


def _busy_rows(plan: Plan, name: str, tasks: list[int], found: list[ProfileLayer]) -> list[Observation]:
    rows = []
    for engine in ENGINES:
        own = tuple(t for t in tasks if _engine(plan, t) == engine)
        if engine == "dma":
            us = sum(layer.dma_sum_us for layer in found)
            if not _same_bytes(plan, own, found):
                continue
        else:
            us = sum(layer.busy_us.get(engine, 0.0) for layer in found)
        if own and us > 0 and not (engine == "dsp" and any(layer.unpriced for layer in found)):
            rows.append(Observation(engine, name, us, own, kernel=_kernel(plan, own)))
    return rows


def _span_rows(
    plan: Plan, name: str, tasks: list[int], found: list[ProfileLayer], generation: str
) -> list[Observation]:
    # NPU 4000 records no transfers (Intel's profiling guide), so its spans are of compute tasks.
    own = tuple(t for t in tasks if generation != "4000" or _engine(plan, t) != "dma")
    us = sum(layer.span_us for layer in found)
    if not own or us < LEAST_SPAN_US:
        return []
    return [Observation(SPAN, name, us, own, kernel=_kernel(plan, own))]


def _engine(plan: Plan, task: int) -> str:
    queue = plan.queue[task]
    return "dma" if queue >= DMA0 else next(e for e, queues in _QUEUES.items() if queue in queues)


def _same_bytes(plan: Plan, own: tuple[int, ...], found: list[ProfileLayer]) -> bool:
    asks = [(ask, plan.repeats[t]) for t in own if isinstance(ask := plan.ask[t], DmaTask)]
    mine = sum(a.nbytes * ((a.source == "ddr") + (a.destination == "ddr")) * times for a, times in asks)
    sizes = [layer.nbytes for layer in found]
    theirs = sum(size for size in sizes if size is not None)
    if None in sizes or not mine or not theirs:
        return False
    return max(mine / theirs, theirs / mine) <= BYTES_WITHIN


def _kernel(plan: Plan, tasks: tuple[int, ...]) -> str:
    """The one kernel among the tasks' compute; '' when there is none, or another engine or kernel too."""
    kernels = {
        ask.kernel if isinstance(ask := plan.ask[t], DspTask) else ""
        for t in tasks
        if _engine(plan, t) != "dma"
    }
    return kernels.pop() if len(kernels) == 1 else ""
