"""`npusim run`: what latency to expect, where the time goes, and why."""

from __future__ import annotations

from npusim.choices import Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import Conditions, check_plot, parse_dims, parse_fixed, parse_size, parse_trips
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs


def run(
    model: opt.Model,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    mode: opt.ModeOption = Mode.THROUGHPUT,
    dim: opt.Dim = None,
    json: opt.Json = None,
    csv: opt.Csv = None,
    trace: opt.Trace = None,
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
) -> None:
    """Predict the latency of an ONNX model on an NPU.

    A FILE of '-' is standard output; then nothing else is written there.
    """
    files = {"--json": json, "--csv": csv, "--trace": trace, "--tornado": tornado}
    outputs = check_outputs(files, inputs=[model, hw, compiler])
    plot = outputs.pop("--tornado", None)
    check_plot("--tornado", plot)
    asked = Conditions(
        hw, tiles, compiler, precision, mode, parse_dims(dim), allow_unmodelled, upper_bound,
        parse_fixed(set_value), parse_trips(trips), max_nodes, parse_size("--max-memory", max_memory),
    )  # fmt: skip
    hardware, graph = asked.hardware(), asked.graph(model)
    report = asked.simulate(graph, hardware)
    found = None
    if sensitivity or plot:
        from npusim.terminal.progress import working
        from npusim.tradeoff.sensitivity import sensitivity as ask

        with working("asking every number"):
            found = ask(graph, hardware, compiler, precision, mode=mode, allow_unmodelled=allow_unmodelled)
    texts = {}
    if "--json" in outputs:
        from npusim.report.json_report import to_json

        texts[outputs["--json"]] = to_json(report)
    if "--csv" in outputs:
        from npusim.report.csv_report import to_csv

        texts[outputs["--csv"]] = to_csv(report)
    if "--trace" in outputs:
        from npusim.report.trace import to_trace

        texts[outputs["--trace"]] = to_trace(report)
    write_outputs(texts)
    if plot:
        from npusim.plotting.save import save

        save(found, plot)
    if STDOUT not in texts:
        from npusim.report.text import page
        from npusim.terminal.layout import page_width, show

        lines = page(report, top, page_width(), verbose)
        if found and sensitivity:
            from npusim.terminal.layout import Line
            from npusim.tradeoff.sensitivity_page import page as sensitivity_page

            lines += [Line(""), *sensitivity_page(found, width=page_width())]
        show(lines)
