"""benchmark_app's layer counters: detailed, average and sorted, as CSV and JSON, of one request or several.

`realTime` of an NPU layer is its span, `cpuTime` the time of all its tasks on all units, both cut to a
microsecond; fused layers are absent; layers overlap, so their sum is no latency (OpenVINO's NPU plugin).
Python's benchmark_app writes `Status.EXECUTED` and texts, the C++ one `EXECUTED` and numbers.
"""

from __future__ import annotations

import csv
import io
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from npusim.measured.layers import EDGES, EXEC_TYPES
from npusim.measured.profile import CPU, MEASURED, UNKNOWN, Profile, ProfileLayer
from npusim.measured.readers.foreign import BadReport, mapping, sequence, text_of, time_us
from npusim.measured.readers.forms import form

_COLUMNS = ("layerName", "execStatus", "layerType", "execType", "realTime (ms)", "cpuTime (ms)")
STATUSES = ("EXECUTED", "NOT_RUN", "OPTIMIZED_OUT")
_MS = 1e3  # in microseconds


class Row(NamedTuple):
    """One layer of one request, times in microseconds."""

    name: str
    op_type: str
    status: str
    exec_type: str
    real_us: float
    cpu_us: float


@form("benchmark_app's counters (CSV)", begins=("layerName",))
def read_counters_csv(text: str, path: str | Path) -> Profile:
    """A detailed, average or sorted counters report. Raises BadReport."""
    delimiter = ";" if text.partition("\n")[0].count(";") >= 5 else ","
    blocks: list[list[Row]] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), 1):
            if not any(cell.strip() for cell in cells) or cells[0].startswith("Total"):
                continue
            if cells[0] == _COLUMNS[0]:
                _check_header(cells, path)
                blocks.append([])
            elif not blocks:
                raise BadReport(f"{path}: row {number}: a layer stands above the column names")
            else:
                blocks[-1].append(_csv_row(cells, f"row {number}", path))
    except csv.Error as error:
        raise BadReport(f"{path}: is no CSV: {error}") from None
    return profile_of_rows(blocks, path, "benchmark_app counters, CSV")


@form("benchmark_app's counters (JSON)", key="report_type")
def read_counters_json(document: dict[str, Any], path: str | Path) -> Profile:
    """The same reports as JSON. Raises BadReport; the cut average report of OpenVINO 2026.4.1 is refused."""
    kind = text_of(document.get("report_type"), path, "report_type")
    if kind == "detailed":
        requests = sequence(document.get("detailed_performance"), path, "detailed_performance")
    elif kind in ("average", "sorted"):
        requests = [document.get("avg_performance")]
    else:
        raise BadReport(f"{path}: report_type is '{kind[:40]}'; known are detailed, average and sorted")
    blocks = []
    for request in requests:
        nodes = sequence(mapping(request, path, "a request").get("nodes"), path, "nodes")
        blocks.append([_json_row(mapping(node, path, "a node"), path) for node in nodes])
    if kind == "average" and len(blocks[0]) == 1:
        raise BadReport(
            f"{path}: holds one layer only: OpenVINO 2026.4.1 cuts average_counters off in JSON; "
            "leave -json_stats away, or use -report_type detailed_counters"
        )
    return profile_of_rows(blocks, path, f"benchmark_app {kind} counters, JSON")


def _check_header(cells: list[str], path: str | Path) -> None:
    found = [cell.strip() for cell in cells[:6]]
    if tuple(found) != _COLUMNS:
        raise BadReport(f"{path}: the columns are {', '.join(found)[:200]}; expected {', '.join(_COLUMNS)}")


def _csv_row(cells: list[str], where: str, path: str | Path) -> Row:
    if len(cells) < 6:
        raise BadReport(f"{path}: {where}: {len(cells)} columns instead of 6; the file is cut off or damaged")
    real, cpu = (
        time_us(c, path, f"{where}: {n}", _MS) for c, n in zip(cells[4:6], _COLUMNS[4:], strict=True)
    )
    return Row(cells[0], cells[2], _status(cells[1], where, path), cells[3], real, cpu)


def _json_row(node: dict[str, Any], path: str | Path) -> Row:
    name = text_of(node.get("name"), path, "name of a node")
    where = f"node '{name[:60]}'"
    words = [text_of(node.get(key), path, f"{where}: {key}") for key in ("node_type", "status", "exec_type")]
    real, cpu = (time_us(node.get(key), path, f"{where}: {key}", _MS) for key in ("real_time", "cpu_time"))
    return Row(name, words[0], _status(words[1], where, path), words[2], real, cpu)


def _status(text: str, where: str, path: str | Path) -> str:
    status = text.strip().removeprefix("Status.")
    if status not in STATUSES:
        raise BadReport(f"{path}: {where}: status is '{text[:40]}'; known are {', '.join(STATUSES)}")
    return status


def profile_of_rows(blocks: list[list[Row]], path: str | Path, form: str) -> Profile:
    """One profile of all requests: the median of each layer's times over them."""
    if not any(blocks):
        raise BadReport(f"{path}: lists no layer; was it recorded with -pc or -report_type ..._counters?")
    by_name: dict[str, list[Row]] = defaultdict(list)
    for block in blocks:
        for row in block:
            if row.status == "EXECUTED" and row.op_type not in EDGES:
                by_name[row.name].append(row)
    label, device = _origin([row for rows in by_name.values() for row in rows])
    layers = tuple(_layer(rows) for rows in by_name.values())
    engines: dict[str, float] = defaultdict(float)
    for layer in layers:
        engines[layer.engine] += layer.span_us
    notes = [f"{len(blocks)} requests; the median of each layer is used"] if len(blocks) > 1 else []
    if not layers:
        notes.append("no layer was executed")
    return Profile(
        path=str(path),
        form=form,
        label=label,
        device=device,
        layers=layers,
        engines=dict(engines),
        engines_are="sum of the spans of its layers, which may overlap",
        notes=tuple(notes),
    )


def _layer(rows: list[Row]) -> ProfileLayer:
    return ProfileLayer(
        name=rows[0].name,
        op_type=rows[0].op_type,
        engine=EXEC_TYPES.get(rows[0].exec_type, "none"),
        span_us=statistics.median(row.real_us for row in rows),
        work_us=statistics.median(row.cpu_us for row in rows),
    )


def _origin(rows: list[Row]) -> tuple[str, str]:
    """Which device such execution types come from: an NPU names its engines, a CPU its kernels (`jit_...`)."""
    kinds = {row.exec_type for row in rows}
    if kinds and kinds <= set(EXEC_TYPES):
        return MEASURED, "NPU"
    return (CPU, "CPU") if kinds and not kinds & set(EXEC_TYPES) else (UNKNOWN, "")
