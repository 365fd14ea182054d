"""What a trace shows beside its slices: counters of scratchpads and DDR, and arrows for what waits for what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from npusim.report.record import Report
from npusim.report.words import kind

Event = dict[str, Any]


def counters(report: Report, pid: int) -> Iterator[Event]:
    """Bytes that the scratchpads hold, from each compute task on, and GB/s from and to DDR where that changes."""
    held = {node.name: node.scratchpad_bytes for node in report.nodes}
    repeats = {node.name: node.repeats for node in report.nodes}
    computing = sorted(
        (t.start_us, held[t.node]) for t in report.tasks if kind(t.engine) != "dma" and t.node in held
    )
    end_us = max((t.start_us + t.duration_us for t in report.tasks), default=0.0)
    steps: defaultdict[float, float] = defaultdict(float)
    for task in report.tasks:
        if "ddr" in (task.source, task.destination) and task.duration_us > 0:
            rate = task.nbytes * repeats.get(task.node, 1) / task.duration_us * 1e-3  # bytes a us are MB/s
            steps[round(task.start_us, 3)] += rate
            steps[round(task.start_us + task.duration_us, 3)] -= rate
    if computing:
        yield from _counter(pid, "scratchpad bytes", "held", [*computing, (end_us, 0.0)])
    reached, rates = 0.0, []
    for at in sorted(steps):
        reached += steps[at]
        rates.append((at, round(max(0.0, reached), 3)))
    if rates:
        rates[-1] = (rates[-1][0], 0.0)
        yield from _counter(pid, "DDR GB/s", "moved", rates)


def arrows(report: Report, slices: Sequence[Event]) -> Iterator[Event]:
    """An arrow from each task to those that wait for it; `slices[i]` is the event of task i.

    A task may begin while the one it waits for still runs (it follows it piece by piece): then the arrow leaves where
    the waiting one begins, as an arrow cannot go back in time."""
    number = 0
    for task, target in zip(report.tasks, slices, strict=True):
        for p in task.waits_for:
            source = slices[p]
            left = min(source["ts"] + source["dur"], target["ts"])
            if left < source["ts"]:
                continue
            number += 1
            about = {"name": "waits", "cat": "flow", "id": number}
            yield {"ph": "s", **about, "ts": left, "pid": source["pid"], "tid": source["tid"]}
            yield {
                "ph": "f",
                "bp": "e",
                **about,
                "ts": target["ts"],
                "pid": target["pid"],
                "tid": target["tid"],
            }


def _counter(pid: int, name: str, series: str, values: Sequence[tuple[float, float]]) -> Iterator[Event]:
    last = None
    for at_us, value in values:
        if value != last:
            yield {"ph": "C", "name": name, "pid": pid, "ts": round(at_us, 3), "args": {series: value}}
        last = value
