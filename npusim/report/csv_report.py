"""Report -> the CSV that OpenVINO's benchmark_app writes with `-report_type detailed_counters`.

Same columns, same `;`, milliseconds with 3 decimals, a `Total` line and an empty line, so that a spreadsheet
or script made for a real NPU reads our prediction too (source of the format: files written by benchmark_app
of OpenVINO 2026.4.1; meaning of the two times on an NPU: OpenVINO's NPU plugin).

- `realTime`: from the layer's first task to the end of its last; layers overlap, so the total is no latency.
- `cpuTime`: time of all its tasks, on every tile and DSP that works on them.
- `execType`: Shave if a DSP works on the layer, else DPU, else DMA.
- `execStatus`: OPTIMIZED_OUT for a view, which costs nothing; NOT_RUN for a node without a cost.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from npusim.report.record import Report
from npusim.report.statistics import tasks_by_node, unit_time_us
from npusim.report.words import INTEL_NAMES, kind
from npusim.terminal.layout import clean

COLUMNS = ("layerName", "execStatus", "layerType", "execType", "realTime (ms)", "cpuTime (ms)")


def to_csv(report: Report) -> str:
    """The report as one block of detailed counters, nodes in order of start."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    total_real_us = total_cpu_us = 0.0
    for name, status, op_type, exec_type, real_us, cpu_us in _rows(report):
        writer.writerow(
            (clean(name), f"Status.{status}", clean(op_type), exec_type, _ms(real_us), _ms(cpu_us))
        )
        total_real_us += real_us
        total_cpu_us += cpu_us
    writer.writerow(("Total", "", "", "", _ms(total_real_us), _ms(total_cpu_us)))
    return text.getvalue() + "\n"


def _rows(report: Report) -> Iterator[tuple[str, str, str, str, float, float]]:
    tasks = tasks_by_node(report)
    without_cost = {node.name for node in report.unmodelled}
    for node in report.nodes:
        # Without the tasks (a report cut short by hand) the node's own sums are the next best.
        own = {kind(engine): time_us for engine, time_us in node.busy_us.items()}
        busy_us = unit_time_us(tasks[node.name]) or own
        engines = [engine for engine in ("dsp", "mac_array", "extra", "dma") if busy_us.get(engine)]
        status = "EXECUTED" if engines else "NOT_RUN" if node.name in without_cost else "OPTIMIZED_OUT"
        exec_type = INTEL_NAMES[engines[0]] if engines else "unknown"
        yield node.name, status, node.op_type, exec_type, node.duration_us, sum(busy_us.values())
    listed = {node.name for node in report.nodes}
    for missing in report.unmodelled:
        if missing.name not in listed:
            yield missing.name, "NOT_RUN", missing.op_type, "unknown", 0.0, 0.0


def _ms(time_us: float) -> str:
    return f"{time_us / 1000:.3f}"
