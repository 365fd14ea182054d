"""Any profile file -> `Profile`: the file itself says what it is.

Read: traces (`profiling.json`, `compileTimeScheduleTrace.json`, npusim's own), benchmark_app's counters and
summaries (CSV and JSON), `exec_graph.xml`, `ov-measure/1`, and npusim's own `--json` report; gzip too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from npusim.measured.profile import CPU, MEASURED, PREDICTED, UNKNOWN, Profile
from npusim.measured.readers.benchmark import device_label, read_benchmark, read_benchmark_csv
from npusim.measured.readers.counters import read_counters_csv, read_counters_json
from npusim.measured.readers.exec_graph import read_exec_graph
from npusim.measured.readers.foreign import BadReport, mapping, parse_json, read_text
from npusim.measured.readers.measurement import read_measurement
from npusim.measured.readers.own_report import read_own_report
from npusim.measured.readers.trace_file import read_trace

__all__ = ["BadReport", "for_calibration", "read_report", "read_reports"]

_KNOWN = (
    "known are traces, benchmark_app reports (CSV or JSON), exec_graph.xml, ov-measure/1 and npusim's --json"
)
_SUMMARIES = ("benchmark_report.csv", "benchmark_report.json")


def read_report(path: str | Path) -> Profile:
    """The profile in a file of any known form. Raises BadReport, one sentence.

    Layer counters do not name their device; a `benchmark_report` in the same folder does, and is read too.
    """
    text = read_text(path)
    head = text.lstrip("\ufeff \t\r\n")[:1]
    if head in ("{", "["):
        profile = _of_json(text, path)
    elif head == "<":
        profile = read_exec_graph(text, path)
    elif text.startswith("Command line parameters") or text.startswith("Configuration setup"):
        profile = read_benchmark_csv(text, path)
    elif text.startswith("layerName"):
        profile = read_counters_csv(text, path)
    else:
        raise BadReport(f"{path}: is no profile that npusim knows; {_KNOWN}")
    return profile if profile.device_named or not profile.layers else _with_summary(profile, Path(path))


def read_reports(paths: Sequence[str | Path]) -> list[Profile]:
    """Profiles of several files; a summary lends its device and latency to counters without either."""
    profiles = [read_report(path) for path in paths]
    summaries = [p for p in profiles if p.form == "benchmark_app summary"]
    if len(summaries) != 1:
        return profiles
    return [_lend(p, summaries[0]) if p.layers and not p.device_named else p for p in profiles]


def for_calibration(profile: Profile) -> Profile:
    """The profile, if numbers of an NPU may be fitted to it. Raises BadReport that says why not."""
    why = {
        CPU: "was recorded on a CPU, whose times say nothing about an NPU; record it with -d NPU",
        PREDICTED: "is a prediction of npusim; fitting to it would teach nothing",
        UNKNOWN: "does not say on which device it was recorded; give benchmark_report.csv of the same run too",
    }
    if profile.label in why:
        raise BadReport(f"{profile.path}: {why[profile.label]}")
    if not profile.device_named:
        raise BadReport(f"{profile.path}: {why[UNKNOWN]}")
    if not profile.layers and profile.latency_us is None:
        raise BadReport(f"{profile.path}: holds neither layers nor a latency")
    return profile


def _of_json(text: str, path: str | Path) -> Profile:
    document = mapping(parse_json(text, path), path, "the document")
    if "traceEvents" in document:
        return read_trace(document, path)
    if "format" in document:
        return read_measurement(document, path)
    if "schema_version" in document:
        return read_own_report(text, path)
    if "report_type" in document:
        return read_counters_json(document, path)
    if "execution_results" in document:
        return read_benchmark(document, path)
    keys = ", ".join(list(document)[:5])[:100]
    raise BadReport(f"{path}: is JSON of no known profile (it holds {keys or 'nothing'}); {_KNOWN}")


def _with_summary(profile: Profile, path: Path) -> Profile:
    for name in _SUMMARIES:
        beside = path.parent / name
        if beside.is_file():
            try:
                return _lend(profile, read_report(beside))
            except BadReport as error:
                return replace(
                    profile, notes=(*profile.notes, f"the summary beside it is of no use: {error}")
                )
    return profile


def _lend(profile: Profile, summary: Profile) -> Profile:
    """Counters with the device and latency of the summary of their run. The layers' own word wins over CPU."""
    label = device_label(summary.device)
    if {label, profile.label} == {CPU, MEASURED}:
        raise BadReport(
            f"{profile.path}: its layers are of a {profile.device}, but '{summary.path}' says {summary.device}; "
            "they are of two runs"
        )
    return replace(
        profile,
        label=label,
        device=summary.device,
        device_named=bool(summary.device),
        latency_us=summary.latency_us,
        notes=(*profile.notes, *summary.notes),
        facts=profile.facts | summary.facts,
    )
