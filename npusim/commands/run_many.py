"""`npusim run A.onnx B.onnx FOLDER/`: a line for each model, one JSON of all, exit code 1 if any failed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import typer

from npusim.commands.inputs import Conditions
from npusim.errors import BadArgument, BadModel, NpusimError
from npusim.model_files import in_folder, kinds, of_folder
from npusim.report.record import Report
from npusim.terminal.layout import Line, bar, clean, sentence, table
from npusim.terminal.results import TEXT, answer
from npusim.terminal.units import share, time
from npusim_xamba.envelope import envelope, text

FAILED_EXIT = 1


@dataclass(frozen=True, slots=True)
class Run:
    """One model: its report, or the error, as the sentence a run of it alone would end with."""

    path: str
    report: Report | None
    error: str = ""


def run_many(models: Iterable[str], asked: Conditions, outputs: Mapping[str, str], of_one: bool) -> None:
    """Simulate each, show or write the lines, and exit with 1 if any failed.

    `of_one`: something was asked for that is of one model only. Raises BadArgument for that, BadModel for a folder
    without models, and whatever is wrong with the NPU or the compiler.
    """
    wrong = [option for option in outputs if option not in ("--json", TEXT)]
    if wrong or of_one:
        raise BadArgument(
            f"{wrong[0] if wrong else '--sensitivity'} is of one model; give one, or ask for --json"
        )
    paths = list(find(models))
    hardware = asked.hardware()
    asked.profile()
    runs = []
    for path in paths:
        try:
            report = asked.simulate(asked.graph(path), hardware)
            runs.append(Run(path, report))
        except NpusimError as error:
            runs.append(Run(path, None, f"{type(error).__name__}: {' '.join(str(error).split())}"))
    answer(
        outputs,
        {"--json": lambda: text(document(runs, hardware.name, asked))},
        lambda width: page(runs, hardware.name, asked, width),
    )
    if any(run.report is None for run in runs):
        raise typer.Exit(FAILED_EXIT)


def find(models: Iterable[str]) -> Iterable[str]:
    """Every file given, and of a folder the models in it and below, sorted; each once. Raises BadModel."""
    seen = set()
    for model in models:
        found = [model]
        if os.path.isdir(model) and not of_folder(model):
            found = sorted(
                os.path.join(folder, name)
                for folder, _, names in os.walk(model)
                for name in names
                if in_folder(name)
            )
            if not found:
                raise BadModel(f"'{model}' is a folder without a model in it: {kinds()}")
        for path in found:
            if (place := os.path.realpath(path)) not in seen:
                seen.add(place)
                yield path


def page(runs: list[Run], hardware: str, asked: Conditions, width: int) -> list[Line]:
    """A line for each model, slowest engine named, then the errors."""
    done = [(run.path, run.report) for run in runs if run.report is not None]
    slowest = max((report.latency_us for _, report in done), default=0.0)
    rows = []
    for path, report in done:
        engine, busy_us = max(report.engines.items(), key=lambda item: item[1], default=("-", 0.0))
        us = report.latency_us
        most = f"{share(busy_us, us)} {engine}"
        rows.append((path, time(us), most, str(len(report.nodes)), bar(us / slowest if slowest else 0, 12)))
    lines = []
    if rows:
        header = (f"{len(rows)} on {hardware}, {asked.compiler}", "latency", "busiest", "nodes", "")
        lines = table(header, rows, width, words=(0, 2, 4))
    failed = [run for run in runs if run.report is None]
    if failed:
        lines += [Line("")] * bool(lines) + [Line(f"{len(failed)} failed", "bold red")]
    for run in failed:
        lines += sentence(f"{clean(run.path)}: {run.error}", width, 2)
    return lines


def document(runs: list[Run], hardware: str, asked: Conditions) -> dict[str, Any]:
    """All of them for JSON; a run is the report without its nodes and tasks, or the error."""
    from npusim.report.json_report import LAST, to_document

    content = []
    for run in runs:
        found = {} if run.report is None else to_document(run.report)
        kept = {key: value for key, value in found.items() if key not in LAST}
        content.append({"path": run.path, "error": run.error or None, **kept})
    return envelope(
        "npusim.runs",
        {"runs": content, "failed": sum(run.report is None for run in runs)},
        model_sha256=[run.report.model_sha256 if run.report else "" for run in runs],
        hardware=hardware,
        compiler=asked.compiler,
    )
