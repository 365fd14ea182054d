"""`npusim pareto`: the NPUs that no other beats on both latency and a cost of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from npusim.commands import simulation as sim
from npusim.commands.simulation import check_choices, check_plot, read_hardware, read_model
from npusim.commands.sweep import parse_vary
from npusim.errors import BadOutput
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs

if TYPE_CHECKING:
    from npusim.tradeoff.front import Front

FORMATS = (".csv", ".json")

VaryOption = Annotated[
    list[str],
    typer.Option(
        "--vary",
        metavar="NAME=VALUES",
        help="A number to vary: 1,2,4 or 16:128:33 or 16:128:33:log; may be repeated.",
    ),
]
CostOption = Annotated[
    str,
    typer.Option(
        "--cost",
        metavar="EXPR",
        help="Cost over dotted names, with + - * / ** ( ) min max sqrt log: 'tiles*mac_array.macs_per_cycle'.",
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write the front as .csv or .json ('-': CSV)."),
]
AllOption = Annotated[bool, typer.Option("--all", help="Write all points, not the front alone.")]
PlotOption = Annotated[
    str | None,
    typer.Option("--plot", metavar="FILE", help="Plot all points and the front to a .html or .png."),
]
PointsOption = Annotated[
    int | None,
    typer.Option("--points", metavar="N", help="Take N points of the ranges instead of all combinations."),
]
MethodOption = Annotated[
    str | None, typer.Option("--method", metavar="sobol|lhs|random", help="How --points are chosen (sobol).")
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of --points.")]
MemoryOption = Annotated[str, typer.Option("--memory", metavar="BYTES", help="Memory to use, such as 2GB.")]
TopOption = Annotated[int, typer.Option("--top", metavar="N", min=0, help="Points of the front to show.")]


def pareto(
    model: sim.ModelArgument,
    vary: VaryOption,
    cost: CostOption,
    hw: sim.HwOption = "lunar_lake",
    tiles: sim.TilesOption = None,
    compiler: sim.CompilerOption = "2026",
    precision: sim.PrecisionOption = "fp16",
    mode: sim.ModeOption = "throughput",
    dim: sim.DimOption = None,
    output: OutputOption = None,
    everything: AllOption = False,
    plot: PlotOption = None,
    points: PointsOption = None,
    method: MethodOption = None,
    seed: SeedOption = 0,
    memory: MemoryOption = "1GB",
    upper_bound: sim.UpperOption = False,
    top: TopOption = 20,
) -> None:
    """Find the NPUs with the best latency of an ONNX model for their cost."""
    outputs = check_outputs({"-o": output, "--plot": plot}, inputs=[model, hw, compiler])
    check_plot("--plot", plot)
    if output not in (None, STDOUT) and not output.lower().endswith(FORMATS):
        raise BadOutput(f"-o '{output}': name a file that ends in {' or '.join(FORMATS)}")
    check_choices(precision, mode)
    dims = sim.parse_dims(dim or [])
    varied = parse_vary(vary)
    hardware = read_hardware(hw, tiles)

    from npusim.sweeping.axes import make_axes
    from npusim.sweeping.run import sweep
    from npusim.terminal.progress import working
    from npusim.tradeoff.front import check_cost, front

    method = method or ("grid" if points is None else "sobol")
    make_axes(varied, hardware, grid=method == "grid")
    check_cost(cost, hardware, varied)
    graph = read_model(model, dims, upper_bound)
    with working("sweeping"):
        dataset = sweep(
            graph, hardware, varied, compiler=compiler, precision=precision, points=points, method=method,
            seed=seed, memory=memory, mode=mode,
        )  # fmt: skip
        found = front(dataset, hardware, cost)
    texts = {}
    if "-o" in outputs:
        texts[outputs["-o"]] = _text(found, outputs["-o"], everything)
    write_outputs(texts)
    if plot:
        from npusim.plotting.save import save

        save(found, plot)
    if STDOUT not in texts:
        from npusim.terminal.layout import page_width, show
        from npusim.tradeoff.front_page import page

        show(page(found, int(dataset["latency_us"].size), top, page_width()))


def _text(found: Front, path: str, everything: bool) -> str:
    """The file's text: JSON by its name, else CSV."""
    if path.lower().endswith(".json"):
        import json

        from npusim.tradeoff.front import to_document

        return json.dumps(to_document(found, everything), indent=1, allow_nan=False) + "\n"
    import csv
    import io

    names = [*found.parameters, "cost", "latency_us", "bound_by", *(["on_front"] if everything else [])]
    file = io.StringIO()
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found.rows(everything))
    return file.getvalue()
