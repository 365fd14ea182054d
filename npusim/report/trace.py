"""Report -> Chrome-trace JSON as Intel's NPU compiler writes it; Perfetto and speedscope open it.

Same processes, threads, categories and statistics as `compileTimeScheduleTrace.json` of the 2026 compiler,
which is also what a real NPU writes under `NPU_PRINT_PROFILING=JSON`: one reader serves all three.
`workpoint.status` is `SIM`: a simulation, not hardware. Our additions: bound, reason and source; counters of
the scratchpads and of DDR; arrows from a task to those that wait for it (`npusim.report.trace_extras`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from npusim.report.record import NodeReport, Report, TaskReport
from npusim.report.statistics import task_statistics, tasks_by_node, unit_time_us, units
from npusim.report.trace_extras import arrows, counters
from npusim.report.words import INTEL_NAMES, MEMORIES, kind, port

PICOSECOND_US = 1e-6


class Row(NamedTuple):
    """A line of the trace viewer; rows sort as they are shown."""

    process: int
    process_name: str
    group: int
    number: int
    thread_name: str


@dataclass(frozen=True, slots=True)
class Slice:
    """A bar of the trace viewer."""

    row: Row
    name: str
    cat: str
    start_us: float
    end_us: float
    args: dict[str, Any]


def to_trace(report: Report) -> str:
    """The schedule as trace JSON: times in microseconds with 3 decimals, one event a line."""
    slices = [*_task_slices(report), *_layer_slices(report)]
    rows = sorted({piece.row for piece in slices})
    threads = {row: number for number, row in enumerate(rows)}
    processes = {name: number for number, name in enumerate(dict.fromkeys(row.process_name for row in rows))}
    events = [_event(piece, processes[piece.row.process_name], threads[piece.row]) for piece in slices]
    memory = len(processes)
    extras = [*counters(report, memory), *arrows(report, _first_events(report, events))]
    names = _process_names(processes | ({"Memory": memory} if extras else {})) + _thread_names(
        processes, threads
    )
    workpoint = {"freq": float(report.clocks_mhz.get("mac_array", 0.0)), "status": "SIM"}
    return (
        '{"traceEvents":[\n'
        + ",\n".join(json.dumps(event, allow_nan=False) for event in names + events + extras)
        + '\n],\n"taskStatistics": '
        + json.dumps(task_statistics(events), indent=0, allow_nan=False)
        + f',\n"workpoint": {json.dumps(workpoint)},\n"displayTimeUnit": "ns"\n}}\n'
    )


def _task_slices(report: Report) -> Iterator[Slice]:
    """One slice for each unit at work: a MAC-array task on three tiles is three slices."""
    op_types = {node.name: node.op_type for node in report.nodes}
    why = {node.name: {"Bound by": node.bound_by, "Reason": node.reason} for node in report.nodes}
    for task in report.tasks:
        name, start_us, end_us = _task_name(task, op_types), task.start_us, task.start_us + task.duration_us
        engine = kind(task.engine)
        if engine == "dma":
            yield Slice(
                _dma_row(task), name, "DMA", start_us, end_us, _dma_args(task) | why.get(task.node, {})
            )
            continue
        cat = INTEL_NAMES[engine]
        args = {"Tiles": task.tiles, "Pieces": task.pieces, **why.get(task.node, {})}
        for tile in range(task.tiles):
            for dsp in range(task.dsps if engine == "dsp" else 1):
                part = f"/tile_{dsp}" if engine == "dsp" and task.dsps > 1 else ""
                row = Row(1 + tile, f"Cluster ({tile})", int(engine == "dsp"), dsp, cat)
                yield Slice(row, f"{name}{part}/cluster_{tile}", cat, start_us, end_us, args)


def _first_events(report: Report, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each task the event of its first unit."""
    found, at = [], 0
    for task in report.tasks:
        found.append(events[at])
        at += units(task)
    return found


def _layer_slices(report: Report) -> Iterator[Slice]:
    """One slice for each node that has tasks, in as many rows as there are nodes at once."""
    tasks = tasks_by_node(report)
    last_process = 1 + max((task.tiles for task in report.tasks), default=0)
    row_free_us: list[float] = []
    for node in sorted(report.nodes, key=lambda node: node.start_us):
        if not tasks[node.name]:
            continue
        free_rows = (number for number, free_us in enumerate(row_free_us) if free_us <= node.start_us)
        number = next(free_rows, len(row_free_us))
        if number == len(row_free_us):
            row_free_us.append(0.0)
        row_free_us[number] = end_us = node.start_us + node.duration_us
        row = Row(last_process, "Layers", 0, number, "Layers")
        yield Slice(row, node.name, "Layer", node.start_us, end_us, _layer_args(node, tasks[node.name]))


def _task_name(task: TaskReport, op_types: dict[str, str]) -> str:
    """'conv1/weights' of a Conv -> 'conv1?t_Conv/weights'; a task that belongs to no node keeps its name."""
    if task.node not in op_types:
        return task.name
    step = task.name.removeprefix(task.node).strip("/")
    return f"{task.node}?t_{op_types[task.node]}" + (f"/{step}" if step else "")


def _dma_row(task: TaskReport) -> Row:
    memory = MEMORIES.get(task.source, "DDR")
    return Row(0, "DMA", int(memory == "CMX"), port(task.engine), f"DMA {port(task.engine)} {memory}")


def _dma_args(task: TaskReport) -> dict[str, str]:
    shape = f"[{round(task.nbytes)}xui8]"
    return {
        "Source memory:": MEMORIES.get(task.source, "DDR"),
        "Destination memory:": MEMORIES.get(task.destination, "CMX"),
        "Input tensor shape": shape,
        "Output tensor shape": shape,
    }


def _layer_args(node: NodeReport, tasks: list[TaskReport]) -> dict[str, str]:
    times = unit_time_us(tasks)
    spelled = {
        f"{intel} time": _us_and_ns(times[engine]) for engine, intel in INTEL_NAMES.items() if times[engine]
    }
    why = {"Bound by": node.bound_by, "Reason": node.reason, "Source": node.source}
    return {"Layer type": node.op_type, **spelled, **why}


def _us_and_ns(time_us: float) -> str:
    """15.992 -> '15us 992ns', as Intel spells it."""
    us, ns = divmod(round(time_us * 1000), 1000)
    parts = [f"{us}us"] * (us > 0) + [f"{ns}ns"] * (ns > 0)
    return " ".join(parts) or "0ns"


def _event(piece: Slice, pid: int, tid: int) -> dict[str, Any]:
    # Both ends are rounded, not the length, so that slices that touch still touch.
    start, end = round(piece.start_us, 3), round(piece.end_us, 3)
    # A viewer adds them up again; a picosecond less, and float noise puts no end at or behind the next start.
    length = round(max(0.0, end - start - PICOSECOND_US), 6)
    times = {"ph": "X", "ts": start, "dur": length}
    return {"name": piece.name, "cat": piece.cat, **times, "pid": pid, "tid": tid, "args": piece.args}


def _process_names(processes: dict[str, int]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for name, pid in processes.items():
        events.append({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": name}})
        events.append({"name": "process_sort_index", "ph": "M", "pid": pid, "args": {"sort_index": str(pid)}})
    return events


def _thread_names(processes: dict[str, int], threads: dict[Row, int]) -> list[dict[str, Any]]:
    return [
        {
            "name": "thread_name",
            "ph": "M",
            "pid": processes[row.process_name],
            "tid": tid,
            "args": {"name": row.thread_name},
        }
        for row, tid in threads.items()
    ]
