"""`npusim run`: what latency to expect, where the time goes, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.commands import simulation as sim
from npusim.commands.output import STDOUT, check_outputs, write_outputs

JsonOption = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.")]
CsvOption = Annotated[
    str | None, typer.Option("--csv", metavar="FILE", help="Write the nodes as CSV, as benchmark_app does.")
]
TraceOption = Annotated[
    str | None, typer.Option("--trace", metavar="FILE", help="Write the schedule as a trace for Perfetto.")
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
) -> None:
    """Predict the latency of an ONNX model on an NPU.

    A FILE of '-' is standard output; then nothing else is written there.
    """
    outputs = check_outputs({"--json": json, "--csv": csv, "--trace": trace}, inputs=[model, hw, compiler])
    report = sim.simulate_file(
        model, hw, tiles, compiler, precision, dim, allow_unmodelled, upper_bound, mode
    )
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
    if STDOUT not in texts:
        from npusim.report.layout import page_width, show
        from npusim.report.text import page

        show(page(report, top, page_width()))
