"""One plan, priced at many points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.plan import DMA0, DmaTask, Plan, engine_name
from npusim.pricing import price
from npusim.report.build import US
from npusim.report.words import ENGINES
from npusim.schedule import schedule

#: `bound_by` is an index into this.
BOUNDS = ("none", *ENGINES)


@dataclass
class Answer:
    """At each point: `latency_us`, `busy_us` [engine, point], `bytes_moved`, `bound_by` (index into BOUNDS).

    `nodes`: name -> [2, point], how long the node takes and by how much it moves the end of the run, us."""

    latency_us: np.ndarray
    busy_us: np.ndarray
    bytes_moved: np.ndarray
    bound_by: np.ndarray
    nodes: dict[tuple[str, int], np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls, count: int) -> Answer:
        """All unknown."""
        nan = np.full(count, np.nan)
        return cls(nan, np.full((len(ENGINES), count), np.nan), nan.copy(), np.zeros(count, dtype=np.int8))

    def put(self, rows: Any, part: Answer, count: int) -> None:
        """Take over `part` at some points of `count`."""
        self.latency_us[rows] = part.latency_us
        self.busy_us[:, rows] = part.busy_us
        self.bytes_moved[rows] = part.bytes_moved
        self.bound_by[rows] = part.bound_by
        for key, values in part.nodes.items():
            if key not in self.nodes:
                self.nodes[key] = np.full((2, count), np.nan)
            self.nodes[key][:, rows] = values


class Planned:
    """A plan and the hardware it was made for; `answer` prices it for other pricing numbers."""

    def __init__(self, plan: Plan, hw: Hardware, mode: str) -> None:
        self.plan, self.hw, self.mode = plan, hw, mode
        self.kind = [ENGINES.index("dma" if q >= DMA0 else engine_name(q)) for q in plan.queue]
        self.bytes_moved = float(
            sum(
                ask.nbytes * (ask.source == "ddr" or ask.destination == "ddr") * repeats
                for ask, repeats in zip(plan.ask, plan.repeats, strict=True)
                if isinstance(ask, DmaTask)
            )
        )

    def points_at_once(self, scratch: int) -> int:
        """How many points fit the CPU's cache, or `scratch` bytes if that is less."""
        return max(1, min(1024, scratch // (8 * 6 * max(1, len(self.plan.queue)))))

    def answer(self, numbers: Mapping[str, np.ndarray], points: int, per_node: bool = False) -> Answer:
        """The answer for pricing numbers, arrays [points]."""
        plan = self.plan
        hw = self.hw.replace(numbers) if numbers else self.hw
        prices = price(plan, hw)
        time = prices.time_ns if prices.time_ns.ndim == 2 else prices.time_ns[:, None]
        time = np.broadcast_to(time, (len(plan.queue), points))
        line = schedule(plan.queue, plan.pieces, plan.after, plan.streams, time, plan.feeds)
        busy = np.zeros((len(ENGINES), points))
        for kind, row in zip(self.kind, time, strict=True):
            busy[kind] += row * US
        busy[ENGINES.index("dma")] /= max(1, int(hw.dma.ports))
        latency = np.broadcast_to(line.latency_ns, points) * US
        if self.mode == "latency":
            latency = latency + hw.host.latency_ns * US
        bound = np.where(busy.max(axis=0) > 0, busy.argmax(axis=0) + 1, 0).astype(np.int8)
        found = Answer(latency, busy, np.full(points, self.bytes_moved), bound)
        if per_node:
            found.nodes = self._nodes(line, points)
        return found

    def _nodes(self, line: Any, points: int) -> dict[tuple[str, int], np.ndarray]:
        """Per step of the plan: duration and critical time, us. The key tells equal names apart."""
        nodes: dict[tuple[str, int], np.ndarray] = {}
        ends = [np.zeros(points) for _ in self.plan.steps]
        for i, step in enumerate(self.plan.step):
            np.maximum(ends[step], line.end_ns[i], out=ends[step])
        reached = np.zeros(points)
        seen: dict[str, int] = {}
        for step, end in zip(self.plan.steps, ends, strict=True):
            own = step.tasks or step.prefetch
            start = np.min([line.start_ns[i] for i in own], axis=0) * US if own else np.zeros(points)
            stop = np.max([line.end_ns[i] for i in own], axis=0) * US if own else np.zeros(points)
            critical = np.maximum(0.0, end - reached) * US
            np.maximum(reached, end, out=reached)
            name = step.node.name
            seen[name] = seen.get(name, -1) + 1
            nodes[name, seen[name]] = np.stack([stop - start, critical])
        return nodes
