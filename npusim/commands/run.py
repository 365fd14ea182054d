"""`npusim run`: what latency to expect, where the time goes, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.commands import simulation as sim
from npusim.commands.simulation import check_choices, check_plot, read_hardware, read_model
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs

JsonOption = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.")]
CsvOption = Annotated[
    str | None, typer.Option("--csv", metavar="FILE", help="Write the nodes as CSV, as benchmark_app does.")
]
TraceOption = Annotated[
    str | None, typer.Option("--trace", metavar="FILE", help="Write the schedule as a trace for Perfetto.")
]
SensitivityOption = Annotated[
    bool, typer.Option("--sensitivity", help="Show the ten numbers of the NPU that decide the latency.")
]
TornadoOption = Annotated[
    str | None,
    typer.Option("--tornado", metavar="FILE", help="Plot the sensitivities to a .html or .png."),
]
TopOption = Annotated[
    int, typer.Option("--top", metavar="N", min=0, help="Nodes in the table of the slowest.")
]


def run(
    model: sim.ModelArgument,
    hw: sim.HwOption = "lunar_lake",
    tiles: sim.TilesOption = None,
    compiler: sim.CompilerOption = "2026",
    precision: sim.PrecisionOption = "fp16",
    mode: sim.ModeOption = "throughput",
    dim: sim.DimOption = None,
    json: JsonOption = None,
    csv: CsvOption = None,
    trace: TraceOption = None,
    allow_unmodelled: sim.AllowOption = False,
    upper_bound: sim.UpperOption = False,
    top: TopOption = 15,
    sensitivity: SensitivityOption = False,
    tornado: TornadoOption = None,
) -> None:
    """Predict the latency of an ONNX model on an NPU.

    A FILE of '-' is standard output; then nothing else is written there.
    """
    files = {"--json": json, "--csv": csv, "--trace": trace, "--tornado": tornado}
    outputs = check_outputs(files, inputs=[model, hw, compiler])
    plot = outputs.pop("--tornado", None)
    check_plot("--tornado", plot)
    check_choices(precision, mode)
    dims = sim.parse_dims(dim or [])
    hardware = read_hardware(hw, tiles)
    graph = read_model(model, dims, upper_bound)

    from npusim.simulation import simulate
    from npusim.terminal.progress import working

    with working(f"simulating {graph.name}"):
        report = simulate(graph, hardware, compiler, precision, allow_unmodelled, mode)
    found = None
    if sensitivity or plot:
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

        lines = page(report, top, page_width())
        if found and sensitivity:
            from npusim.terminal.layout import Line
            from npusim.tradeoff.sensitivity_page import page as sensitivity_page

            lines += [Line(""), *sensitivity_page(found, width=page_width())]
        show(lines)
