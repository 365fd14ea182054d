"""One plan, priced at many points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.plan import Plan
from npusim.distinct import Priced, TaskPrices
from npusim.measures import ENGINES, US, busy_us, critical_ns, ddr_bytes, host_ns, spans_ns
from npusim.pricing import program_of
from npusim.schedule import run_rows

#: `bound_by` is an index into this.
BOUNDS = ("none", *ENGINES)

POINTS_AT_ONCE = 8192


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
        self.prices = TaskPrices(plan, hw)
        self.ready = program_of(plan)
        self._places: dict[tuple[str, ...], list[np.ndarray]] = {}
        self.bytes_moved = math.fsum(map(ddr_bytes, plan.ask, plan.repeats))

    def points_at_once(self, scratch: int, per_node: bool = False) -> int:
        """How many points to price together: few enough for the CPU's cache and for `scratch` bytes."""
        rows = 12 * self.prices.kinds + 16
        if per_node:
            rows += 2 * len(self.plan.queue) + 4 * len(self.plan.steps)
        return max(1, min(POINTS_AT_ONCE, scratch // (8 * rows)))

    def answer(self, numbers: Mapping[str, np.ndarray], points: int, per_node: bool = False) -> Answer:
        """The answer for pricing numbers, arrays [points]."""
        plan = self.plan
        priced = self.prices.priced(numbers)
        kinds = [row for one in priced for row in one.rows()]
        busy = self._busy_us(priced, points)
        run = run_rows(self.ready, kinds, self.prices.row)
        if per_node:
            ran = list(run)
            last = {q: ran[i][1] for i, q in enumerate(plan.queue)}
        else:
            last = {q: end for q, (_, end) in zip(plan.queue, run, strict=True)}
        latency = np.zeros(points)
        for end in last.values():  # tasks of a queue end in order
            np.maximum(latency, end, out=latency)
        latency *= US
        if self.mode == "latency":
            latency += host_ns(plan.graph, self._host(numbers)) * US
        bound = np.where(busy.max(axis=0) > 0, busy.argmax(axis=0) + 1, 0).astype(np.int8)
        found = Answer(latency, busy, np.full(points, self.bytes_moved), bound)
        if per_node:
            found.nodes = self._nodes(ran, points)
        return found

    def _host(self, numbers: Mapping[str, np.ndarray]) -> Hardware:
        return self.hw.with_numbers({name: v for name, v in numbers.items() if name.startswith("host.")})

    def _busy_us(self, priced: list[Priced], points: int) -> np.ndarray:
        """Added up in the plan's order, as a report does, at the points that are different to an engine."""
        ports, found, first = int(self.hw.dma.ports), np.zeros((len(ENGINES), points)), 0
        for one in priced:
            count, few = len(one.time), max(map(len, one.time))
            own = [k - first for k in self.prices.row if first <= k < first + count]
            first += count
            times = self._in_us(one.time, "time", one.engine)
            waits = [None] * count if one.wait is None else self._in_us(one.wait, "wait", one.engine)
            totals = busy_us(
                [one.engine] * len(own),
                (times[k] for k in own),
                (waits[k] for k in own),
                ports,
                np.zeros(few),
            )
            for at, engine in enumerate(ENGINES):
                if engine == one.engine or (engine == "step" and one.wait is not None):
                    found[at] = totals[engine] if one.where is None else totals[engine][one.where]
        return found

    def _in_us(self, rows: list[np.ndarray], *which: str) -> list[np.ndarray]:
        """Times in us, each in the place it had the last time: to fill fresh memory takes longer than to multiply."""
        places = self._places.setdefault(which, [np.empty(0)] * len(rows))
        for k, row in enumerate(rows):
            if len(places[k]) != len(row):
                places[k] = np.empty(len(row))
            np.multiply(row, US, out=places[k])
        return places

    def _nodes(
        self, ran: list[tuple[np.ndarray, np.ndarray]], points: int
    ) -> dict[tuple[str, int], np.ndarray]:
        """Per step of the plan: duration and critical time, us. The key tells equal names apart."""
        nodes: dict[tuple[str, int], np.ndarray] = {}
        starts, ends = [start for start, _ in ran], [end for _, end in ran]
        seen: dict[str, int] = {}
        for step, span, critical in zip(
            self.plan.steps, spans_ns(self.plan, starts, ends), critical_ns(self.plan, ends), strict=True
        ):
            duration = (span[1] * US - span[0] * US) + np.zeros(points)
            name = step.node.name
            seen[name] = seen.get(name, -1) + 1
            nodes[name, seen[name]] = np.stack(np.broadcast_arrays(duration, critical * US))
        return nodes
