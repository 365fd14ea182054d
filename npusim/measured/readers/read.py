"""Any profile file -> `Profile`: the file itself says what it is.

Every module of this folder may register forms (`forms.py`); a new form is one file. Gzip is understood.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import npusim.measured.readers
from npusim.measured.profile import CPU, MEASURED, PREDICTED, UNKNOWN, Profile
from npusim.measured.readers.benchmark import device_label
from npusim.measured.readers.foreign import BadReport, mapping, parse_json, read_text
from npusim.measured.readers.forms import FORMS

__all__ = ["BadReport", "for_calibration", "read_report", "read_reports"]

for _module in pkgutil.iter_modules(npusim.measured.readers.__path__):  # registers the forms
    if not __name__.endswith(f".{_module.name}"):
        import_module(f"npusim.measured.readers.{_module.name}")
_SUMMARIES = ("benchmark_report.csv", "benchmark_report.json")


def read_report(path: str | Path) -> Profile:
    """The profile in a file of any known form. Raises BadReport, one sentence.

    Layer counters do not name their device; a `benchmark_report` in the same folder does, and is read too.
    """
    text = read_text(path)
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] in ("{", "["):
        profile = _of_json(text, path)
    else:
        found = next((form for form in FORMS if start.startswith(form.begins or ("\0",))), None)
        if found is None:
            raise BadReport(f"{path}: is no profile that npusim knows; {_known()}")
        profile = found.read(text, path)
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


def _known() -> str:
    return f"known are {', '.join(form.words for form in FORMS)}"


def _of_json(text: str, path: str | Path) -> Profile:
    document = mapping(parse_json(text, path), path, "the document")
    for form in FORMS:
        if form.key and form.key in document:
            return form.read(document, path)
    keys = ", ".join(list(document)[:5])[:100]
    raise BadReport(f"{path}: is JSON of no known profile (it holds {keys or 'nothing'}); {_known()}")


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
