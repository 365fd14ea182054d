"""What a report says of each node: where its time goes, what bounds it and why. Equal nodes are worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.arch.spread import block_of
from npusim.columns import distinct
from npusim.compiler.plan import Ask, DmaTask, DspTask, MacTask, Plan, Step
from npusim.measures import US, busy_us, ddr_bytes, engine_kind
from npusim.pricing import Prices
from npusim.report.doubts import sources_differ
from npusim.report.record import NodeReport
from npusim.report.words import SOURCES
from npusim.terminal.units import nbytes as spelled
from npusim.terminal.units import time

NO_ORIGIN = ("", "", "")


class Facts(NamedTuple):
    """What follows of a node from its tasks alone, whenever they run: the fields of `NodeReport` of these names."""

    busy_us: dict[str, float]
    bound_by: str
    why: str
    bytes_moved: float
    source: str
    split: str
    tiles: int
    dsp_elements: float


class Nodes:
    """The nodes of one priced plan. Equal tasks take equally long, so nodes of equal tasks share their facts."""

    def __init__(self, plan: Plan, hw: Hardware, prices: Prices) -> None:
        self.plan, self.hw, self.kinds = plan, hw, prices.kinds
        self.prices = prices
        self.doubts = {names: sources_differ(names, hw) for names in {step.kernels for step in plan.steps}}
        self.capacity = float(hw.scratchpad.capacity_bytes) * plan.tiles

    def reports(
        self, spans_ns: Sequence[tuple[float, float]], critical_ns: Sequence[float]
    ) -> list[NodeReport]:
        """The nodes of the plan in its order, by when their tasks run and by how much they move the end of the run."""
        plan, capacity = self.plan, self.capacity
        known: dict[int, Facts] = {}
        reasons: dict[tuple[int, str, tuple[str, ...]], str] = {}
        found = []
        groups = plan.once("equal steps", _equal_steps)
        for step, group, span, critical in zip(plan.steps, groups, spans_ns, critical_ns, strict=True):
            facts = known.get(group)
            if facts is None:
                facts = known[group] = self._facts(step)
            told = (group, step.reason, step.kernels)
            reason = reasons.get(told)
            if reason is None:
                parts = (step.reason, facts.why, self.doubts[step.kernels])
                reason = reasons[told] = "; ".join(filter(None, parts))
            node = step.node
            start = span[0] * US
            origin = node.metadata.get("xamba.from", "").partition(" ") if node.metadata else NO_ORIGIN
            found.append(
                NodeReport(
                    name=node.name,
                    op_type=node.op_type,
                    engine=step.engine,
                    start_us=start,
                    duration_us=span[1] * US - start,
                    bound_by=facts.bound_by,
                    bytes_moved=facts.bytes_moved,
                    reason=reason,
                    source=facts.source,
                    lowering=step.lowering,
                    split=facts.split,
                    tiles=facts.tiles,
                    pieces=step.pieces,
                    macs=step.macs,
                    busy_us=facts.busy_us.copy(),
                    fused=node.absorbed,
                    repeats=node.repeats,
                    origin=origin[2],
                    origin_op=origin[0],
                    critical_us=critical * US,
                    dsp_elements=facts.dsp_elements,
                    # Blocks on their way in and out are counted whole, so the sum may pass what there is.
                    scratchpad_bytes=step.held_bytes if step.held_bytes < capacity else capacity,
                )
            )
        return found

    def _facts(self, step: Step) -> Facts:
        plan = self.plan
        tasks = (*step.tasks, *step.prefetch)
        kinds = [engine_kind(plan.queue[i]) for i in tasks]
        one = np.array(tasks, np.intp)  # of few tasks: equal nodes are worked out once
        times_us, waits_us, launch_us = (
            (column[one] * US).tolist()
            for column in (self.prices.time_ns, self.prices.step_ns, self.prices.launch_ns)
        )
        total = busy_us(kinds, times_us, waits_us, int(self.hw.dma.ports))
        busy = {kind: total[kind] for kind in dict.fromkeys(kinds)}
        if total["step"]:
            busy["step"] = total["step"]
        nbytes = sum(ddr_bytes(plan.ask[i], plan.repeats[i]) for i in tasks)
        fixed = sum(ns for ns, kind in zip(launch_us, kinds, strict=True) if kind != "dma")
        bound = _bound_by(busy, fixed)
        split, tiles = self._sharing(step)
        elements = sum(_dsp_elements(plan.ask[i]) * plan.repeats[i] for i in tasks)
        why = _why_so_long(bound, busy, nbytes, fixed, self._in_slices(tasks))
        return Facts(busy, bound, why, nbytes, self._source(step), split, tiles, elements)

    def _in_slices(self, tasks: Sequence[int]) -> bool:
        """Whether a tensor moves in more slices, one a tile, than there are ports: a further tile makes them more."""
        asks = (self.plan.ask[i] for i in tasks)
        several = any(isinstance(ask, DmaTask) and ask.transfers > 1 for ask in asks)
        return several and self.plan.tiles > int(self.hw.dma.ports)

    def _sharing(self, step: Step) -> tuple[str, int]:
        """Over what the tiles share the work, and how many do."""
        for i in step.tasks:
            ask = self.plan.ask[i]
            if isinstance(ask, MacTask):
                way = ask.splits[int(self.prices.choice[i])]
                return way, 1 if way == "none" else self.plan.tiles
            if isinstance(ask, DspTask):
                whole = (f"{ask.parts} DSPs", min(self.plan.tiles, ask.parts))
                return ("none", 1) if ask.parts == 1 else whole
        return "none", self.plan.tiles

    def _source(self, step: Step) -> str:
        """The weakest source among the constants that price a step's compute (or its transfers)."""
        kinds = set()
        for i in step.tasks:
            ask = self.plan.ask[i]
            if isinstance(ask, MacTask):
                kinds.add(self.hw.sources[f"{block_of(int(ask.alternatives[0][0].op))}.overhead_cycles"].kind)
            elif isinstance(ask, DspTask):
                kinds.add(self.kinds[i])
        if not kinds:
            kinds.add(self.hw.sources["dma.latency_ns"].kind)
        return max(kinds, key=SOURCES.index)


def _equal_steps(plan: Plan) -> list[int]:
    """For each step of a plan the number of the first with equal tasks."""
    row = distinct(plan).row
    first: dict[tuple[int, ...], int] = {}
    keys = ((len(s.tasks), *[row[i] for i in s.tasks], *[row[i] for i in s.prefetch]) for s in plan.steps)
    return [first.setdefault(key, k) for k, key in enumerate(keys)]


def _dsp_elements(ask: Ask) -> float:
    return ask.elements * ask.parts * ask.launches if isinstance(ask, DspTask) else 0.0


def _bound_by(busy: dict[str, float], fixed_us: float) -> str:
    """The engine a step spends most time on, or the wait for its dispatch; 'launch' when most is fixed cost."""
    if not busy or max(busy.values()) <= 0:
        return "none"
    engine = max(busy, key=lambda e: busy[e])
    return "launch" if engine == "dsp" and fixed_us > busy[engine] / 2 else engine


def _why_so_long(bound: str, busy: dict[str, float], nbytes: float, fixed_us: float, in_slices: bool) -> str:
    """What a reader is told about the bound, when it is not the engine's own work."""
    compute = max(busy.get("mac_array", 0.0), busy.get("dsp", 0.0))
    slices = "a slice a tile, as Intel's compiler does on several tiles" if in_slices else ""
    if bound == "dma" and not compute:
        return f"its transfers are {slices}" if slices else ""
    if bound == "dma":
        moved = f"{spelled(nbytes)}, {time(busy['dma'])} a port" + (f", {slices}" if slices else "")
        return f"its transfers ({moved}) take longer than its {time(compute)} of compute"
    if bound == "step":
        waits = busy["step"]
        return f"it waits for dispatch: {time(waits)} of {time(waits + busy.get('mac_array', 0.0))}, the rest is work"
    if bound == "launch":
        return f"{time(fixed_us)} of {time(compute)} are fixed cost of launching it"
    return ""
