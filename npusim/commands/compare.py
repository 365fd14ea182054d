"""`npusim compare`: two models on one NPU: the speed-up and where it comes from."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.commands import simulation as sim
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs

AfterArgument = Annotated[str, typer.Argument(metavar="AFTER", help="ONNX file of the changed model.")]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the comparison as JSON.")
]
TopOption = Annotated[int, typer.Option("--top", metavar="N", min=0, help="Changes to show.")]


def compare(
    before: sim.ModelArgument,
    after: AfterArgument,
    hw: sim.HwOption = "lunar_lake",
    tiles: sim.TilesOption = None,
    compiler: sim.CompilerOption = "2026",
    precision: sim.PrecisionOption = "fp16",
    dim: sim.DimOption = None,
    json: JsonOption = None,
    allow_unmodelled: sim.AllowOption = False,
    upper_bound: sim.UpperOption = False,
    top: TopOption = 20,
) -> None:
    """Compare the predicted latency of two models, MODEL before and AFTER, under equal conditions."""
    outputs = check_outputs({"--json": json}, inputs=[before, after, hw, compiler])
    first, second = (
        sim.simulate_file(model, hw, tiles, compiler, precision, dim, allow_unmodelled, upper_bound)
        for model in (before, after)
    )
    from npusim.comparison.waterfall import compare as compare_reports
    from npusim.comparison.waterfall import to_document

    comparison = compare_reports(first, second)
    texts = {}
    if "--json" in outputs:
        from json import dumps

        texts[outputs["--json"]] = dumps(to_document(comparison), indent=1, allow_nan=False) + "\n"
    write_outputs(texts)
    if STDOUT not in texts:
        from npusim.comparison.page import page
        from npusim.terminal.layout import page_width, show

        show(page(comparison, top, page_width()))
