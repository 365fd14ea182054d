"""`npusim run`: what latency to expect, where the time goes, and why; of one model or of many."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from npusim.choices import Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import (
    Conditions,
    check_plot,
    parse_dims,
    parse_fixed,
    parse_size,
    parse_trips,
    parse_what_ifs,
)
from npusim.terminal.results import answer, check_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from npusim.arch.hardware import Hardware
    from npusim.graph import Graph
    from npusim.report.record import Report
    from npusim.terminal.layout import Line
    from npusim.whatif.base import Supposition

ENDINGS = {
    ".json": "--json",
    ".html": "--html",
    ".csv": "--csv",
    ".trace.json": "--trace",
    ".trace": "--trace",
}


def run(
    models: opt.ManyModels,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    clock: opt.Clock = None,
    mode: opt.ModeOption = Mode.THROUGHPUT,
    dim: opt.Dim = None,
    json: opt.Json = None,
    csv: opt.Csv = None,
    trace: opt.Trace = None,
    html: opt.Html = None,
    annotate: opt.Annotate = None,
    output: opt.RunOutput = None,
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    max_nodes: opt.MaxNodes = None,
    max_memory: opt.MaxMemory = None,
    top: opt.Top = None,
    verbose: opt.Verbose = False,
    sensitivity: opt.Sensitivity = False,
    tornado: opt.Tornado = None,
    advice: opt.AdviceOption = None,
    what_if: opt.WhatIfs = None,
    save: opt.SaveModel = None,
) -> None:
    """Predict the latency of an ONNX model on an NPU.

    Of several models, or the models of a folder: one line each, --json all of them, and exit code 1 if any failed.
    A FILE of '-' is standard output; then nothing else is written there.
    """
    files = {"--json": json, "--csv": csv, "--trace": trace, "--html": html, "--annotate": annotate}
    what_ifs = parse_what_ifs(what_if)
    files |= {"--tornado": tornado, **saved_files(save, what_ifs)}
    outputs = check_results(files, [*models, hw, compiler], output, ENDINGS)
    if save is not None and not what_if:
        from npusim.errors import BadArgument

        raise BadArgument("--save writes the model as what-ifs change it; give one with --what-if")
    plot = outputs.pop("--tornado", None)
    check_plot("--tornado", plot)
    asked = Conditions(
        hw, tiles, compiler, precision, mode, parse_dims(dim), allow_unmodelled, upper_bound,
        parse_fixed(set_value), parse_trips(trips), max_nodes, parse_size("--max-memory", max_memory), clock,
        what_ifs,
    )  # fmt: skip
    from os.path import isdir

    from npusim.model_files import of_folder

    if len(models) > 1 or (isdir(models[0]) and not of_folder(models[0])):
        from npusim.commands.run_many import run_many

        run_many(models, asked, outputs, of_one=sensitivity or plot is not None)
        return
    hardware, graph = asked.hardware(), asked.graph(models[0])
    from npusim.advice.advise import UNASKED, for_file

    unasked: bool | int = True if "--html" in outputs else UNASKED
    report = for_file(asked.simulate(graph, hardware, unasked if advice is None else advice), models[0])
    report = with_refusal(report, graph, asked, hardware)
    found = None
    if sensitivity or plot:
        from npusim.terminal.progress import working
        from npusim.tradeoff.sensitivity import sensitivity as ask

        with working("asking every number"):
            found = ask(
                *asked.applied(graph, hardware),
                compiler,
                precision,
                mode=mode,
                allow_unmodelled=allow_unmodelled,
            )

    def as_json() -> str:
        from npusim.report.json_report import to_json

        return to_json(report)

    def as_csv() -> str:
        from npusim.report.csv_report import to_csv

        return to_csv(report)

    def as_trace() -> str:
        from npusim.report.trace import to_trace

        return to_trace(report)

    def as_html() -> str:
        from npusim.report.html import to_html

        return to_html(report)

    def as_model() -> bytes:
        from npusim.report.annotate import annotated

        return annotated(report, models[0], outputs["--annotate"])

    def lines(width: int) -> list[Line]:
        from npusim.report.text import page

        shown = page(report, top, width, verbose)
        if found and sensitivity:
            from npusim.terminal.layout import Line
            from npusim.tradeoff.sensitivity_page import page as sensitivity_page

            shown += [Line(""), *sensitivity_page(found, width=width)]
        return shown

    texts = {"--json": as_json, "--csv": as_csv, "--trace": as_trace, "--html": as_html}
    answer(outputs, {**texts, "--annotate": as_model, **saving(models[0], asked, outputs)}, lines)
    if plot:
        from npusim.plotting.save import save as save_plot

        save_plot(found, plot)


def saved_files(save: str | None, what_ifs: tuple[Supposition, ...]) -> dict[str, str | None]:
    """The files `--save` writes, by the name of each."""
    if save is None or not what_ifs:
        return {"--save": save}
    from npusim.whatif.run import saved_as

    return saved_as(save, what_ifs)


def saving(model: str, asked: Conditions, outputs: dict[str, str]) -> dict[str, Callable[[], bytes]]:
    """What makes the files of `--save`; all at once, as the halves of a model are made together."""
    names = [name for name in outputs if name.startswith("--save")]
    if not names:
        return {}
    from npusim.whatif.run import saved

    made = saved(model, asked.what_ifs, asked.dims)
    return {name: partial(made.__getitem__, name) for name in names}


def with_refusal(report: Report, graph: Graph, asked: Conditions, hardware: Hardware) -> Report:
    """The report, with one warning more if Intel's compiler is expected to refuse the graph."""
    from npusim.checking.check import expected_refusal

    finding = expected_refusal(graph, asked.compiler, hardware)
    if finding is None:
        return report
    from npusim.checking.page import one_line

    return replace(report, warnings=(one_line(finding), *report.warnings))
