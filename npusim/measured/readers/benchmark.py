"""benchmark_app's summary: device, latency and throughput (`benchmark_report.csv` or `.json`)."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from npusim.measured.profile import CPU, MEASURED, UNKNOWN, Profile
from npusim.measured.readers.foreign import BadReport, mapping, time_us
from npusim.measured.readers.forms import form

BLOCKS = {
    "Command line parameters": "cmd_options",
    "Configuration setup": "configuration_setup",
    "Execution results": "execution_results",
}
_LATENCIES = {"latency (ms)": "median", "avg latency": "mean", "min latency": "min", "max latency": "max"}


@form("benchmark_app's summaries (CSV)", begins=("Command line parameters", "Configuration setup"))
def read_benchmark_csv(text: str, path: str | Path) -> Profile:
    """The summary as CSV: three blocks of `key;value`. Raises BadReport."""
    document: dict[str, Any] = {}
    block: dict[str, str] = {}
    try:
        for cells in csv.reader(io.StringIO(text), delimiter=";"):
            if len(cells) == 1 and cells[0] in BLOCKS:
                block = document.setdefault(BLOCKS[cells[0]], {})
            elif len(cells) >= 2:
                block[cells[0]] = cells[1]
    except csv.Error as error:
        raise BadReport(f"{path}: is no CSV: {error}") from None
    return read_benchmark(document, path)


@form("benchmark_app's summaries (JSON)", key="execution_results")
def read_benchmark(document: dict[str, Any], path: str | Path) -> Profile:
    """The summary as JSON. Raises BadReport when it holds no latency (an interrupted run)."""
    setup = mapping(document.get("configuration_setup", {}), path, "configuration_setup")
    results = mapping(document.get("execution_results"), path, "the block of execution results")
    device = str(setup.get("target device", "")).strip()[:40]
    if "latency (ms)" not in results:
        raise BadReport(f"{path}: holds no 'latency (ms)'; the run did not end, or it is another file")
    times = {
        word: time_us(results[key], path, key, 1e3) for key, word in _LATENCIES.items() if key in results
    }
    requests = str(setup.get("number of parallel infer requests", "1")).strip()
    notes = ["benchmark_app rounds latencies to 10 us"]
    if requests != "1":
        notes.append(f"{requests[:10]} requests in flight: this is no latency of a lone inference")
    return Profile(
        path=str(path),
        form="benchmark_app summary",
        label=device_label(device),
        device=device,
        device_named=bool(device),
        latency_us=times["median"],
        notes=tuple(notes),
        facts={
            "latency_us": times,
            "requests": requests[:10],
            "synchronous": str(setup.get("API", "")) == "sync",
        },
    )


def device_label(device: str) -> str:
    """Label of the times of a device, by OpenVINO's name of it."""
    if not device:
        return UNKNOWN
    kind = device.strip("()").split(".")[0].upper()
    return MEASURED if kind == "NPU" else CPU if kind == "CPU" else UNKNOWN
