"""npusim's own `--json` report as a profile: two predictions side by side, or a record of an older version."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from npusim.errors import BadArgument
from npusim.measured.layers import STEP, engine_times, layers_of
from npusim.measured.profile import PREDICTED, Profile, ProfileTask
from npusim.measured.readers.foreign import BadReport
from npusim.measured.readers.forms import form
from npusim.report.record import Report
from npusim.report.words import kind


@form("npusim's --json", key="schema_version")
def read_own_report(document: dict[str, Any], path: str | Path) -> Profile:
    """The profile of a report that `npusim run --json` wrote. Raises BadReport."""
    from npusim.report.json_report import from_json

    try:
        return profile_of_report(from_json(json.dumps(document), str(path)), path)
    except BadArgument as error:
        raise BadReport(str(error)) from None


def profile_of_report(report: Report, path: str | Path = "prediction", waits: bool = True) -> Profile:
    """Our prediction in the form of a foreign profile, a task a record. Waits for the dispatch of compute steps are
    records of their own, or left out: Intel's compiler prices none."""
    op_types = {node.name: node.op_type for node in report.nodes}
    found = []
    for task in report.tasks:
        record = ProfileTask(
            layer=task.node if task.node in op_types else "",
            op_type=op_types.get(task.node, task.name),
            engine=kind(task.engine),
            unit=task.engine,
            start_us=task.start_us,
            duration_us=task.duration_us - task.step_us,
            nbytes=task.nbytes * ("ddr" in (task.source, task.destination))
            if kind(task.engine) == "dma"
            else None,
        )
        found.append(record)
        if task.step_us and waits:
            end = record.start_us + record.duration_us
            found.append(replace(record, engine=STEP, start_us=end, duration_us=task.step_us, nbytes=None))
    tasks = tuple(found)
    return Profile(
        path=str(path),
        form="npusim report",
        label=PREDICTED,
        device=report.hardware,
        device_named=True,
        latency_us=report.latency_us,
        layers=tuple(layers_of(tasks)),
        tasks=tasks,
        engines=engine_times(tasks),
        engines_are="time in which a unit of the engine works",
        tiles=report.tiles,
        mac_clock_mhz=report.clocks_mhz.get("mac_array", 0.0),
        bytes_moved=report.bytes_moved,
    )
