"""The task statistics of Intel's traces: unions, overlaps and sums of time per engine, in microseconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from npusim.report.record import NodeReport, Report, TaskReport
from npusim.report.words import kind

Interval = tuple[float, float]


def union_us(intervals: Iterable[Interval]) -> float:
    """Length of the union of (start, end) intervals: time in which at least one of them runs."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total


def task_statistics(slices: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Statistics of trace slices, each with `cat` (DMA, DPU, Shave; others are passed over), `ts` and `dur`.

    'SW' is Intel's word for the DSPs here. 'total duration' runs from 0 to the end of the last task. Variants
    of a DPU task (`.../variant_0` in Intel's files) say the same time again and are passed over.
    """
    dma, dpu, sw = (_intervals(slices := list(slices), cat) for cat in ("DMA", "DPU", "Shave"))
    everything = dma + dpu + sw
    total = max((end for _, end in everything), default=0.0)
    busy = union_us(everything)
    dma_us, dpu_us, sw_us = union_us(dma), union_us(dpu), union_us(sw)
    statistics = {
        "total duration": total,
        "DMA duration": dma_us,
        "DPU duration": dpu_us,
        "SW duration": sw_us,
        "DMA-DPU overlap": dma_us + dpu_us - union_us(dma + dpu),
        "DMA-SW overlap": dma_us + sw_us - union_us(dma + sw),
        "SW-DPU overlap": sw_us + dpu_us - union_us(sw + dpu),
        "all tasks union": busy,
        "total idle": total - busy,
        "SW duration without DPU overlap": union_us(sw + dpu) - dpu_us,
        "DMA duration without overlaps": busy - union_us(dpu + sw),
        "Sum of DMA task durations": sum(end - start for start, end in dma),
        "Sum of DPU task durations": sum(end - start for start, end in dpu),
        "Sum of SW task durations": sum(end - start for start, end in sw),
    }
    # Differences of equal sums may come out as -1e-13.
    return {key: abs(round(value, 3)) for key, value in statistics.items()}


def _intervals(slices: Iterable[Mapping[str, Any]], cat: str) -> list[Interval]:
    return [
        (slice_["ts"], slice_["ts"] + slice_["dur"])
        for slice_ in slices
        if slice_["cat"] == cat and "/variant_" not in slice_["name"]
    ]


def tasks_by_node(report: Report) -> dict[str, list[TaskReport]]:
    """Tasks of each node, in the order of the report; an unknown name has none."""
    tasks: dict[str, list[TaskReport]] = defaultdict(list)
    for task in report.tasks:
        tasks[task.node].append(task)
    return tasks


def working_us(node: NodeReport, tasks: Iterable[TaskReport]) -> float:
    """Time in which at least one engine works for the node, whose tasks are given.

    Shorter than a node's span where it waits: for its input, or between an early transfer and its work.
    Without tasks (a report cut short by hand) the span is the next best.
    """
    spans: Iterable[TaskReport | NodeReport] = list(tasks) or [node]
    return union_us((span.start_us, span.start_us + span.duration_us) for span in spans)


def units(task: TaskReport) -> int:
    """How many units work on a task at once: tiles, DSPs of all its tiles, or one DMA port."""
    return {"mac_array": task.tiles, "dsp": task.tiles * task.dsps}.get(task.engine, 1)


def unit_time_us(tasks: Iterable[TaskReport]) -> dict[str, float]:
    """Time per kind of engine, summed over the units at work: Intel's way of adding up a layer."""
    times: dict[str, float] = defaultdict(float)
    for task in tasks:
        times[kind(task.engine)] += task.duration_us * units(task)
    return times
