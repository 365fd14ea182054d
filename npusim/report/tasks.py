"""The tasks of a report, gathered by node: what the CSV, the trace and the page all ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from npusim.report.record import NodeReport, Report, TaskReport
from npusim.report.statistics import union_us
from npusim.report.words import kind


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
