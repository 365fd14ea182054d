"""`npusim pareto`: the NPUs that no other beats on both latency and a cost of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npusim.choices import Method, Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import Conditions, check_plot, parse_dims, parse_fixed, parse_trips, parse_vary
from npusim.errors import BadOutput
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs

if TYPE_CHECKING:
    from npusim.tradeoff.front import Front

FORMATS = (".csv", ".json")


def pareto(
    model: opt.Model,
    vary: opt.Vary,
    cost: opt.Cost,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    mode: opt.ModeOption = Mode.THROUGHPUT,
    dim: opt.Dim = None,
    output: opt.FrontOutput = None,
    everything: opt.AllPoints = False,
    plot: opt.Plot = None,
    points: opt.Points = None,
    method: opt.MethodOption = None,
    seed: opt.Seed = 0,
    memory: opt.Memory = "1GB",
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    top: opt.Rows = 20,
) -> None:
    """Find the NPUs with the best latency of an ONNX model for their cost."""
    outputs = check_outputs({"-o": output, "--plot": plot}, inputs=[model, hw, compiler])
    check_plot("--plot", plot)
    if output not in (None, STDOUT) and not output.lower().endswith(FORMATS):
        raise BadOutput(f"-o '{output}': name a file that ends in {' or '.join(FORMATS)}")
    asked = Conditions(
        hw, tiles, compiler, precision, mode, parse_dims(dim), upper_bound=upper_bound,
        fixed=parse_fixed(set_value), trips=parse_trips(trips),
    )  # fmt: skip
    varied = parse_vary(vary)
    hardware = asked.hardware()

    from npusim.sweeping.axes import make_axes
    from npusim.sweeping.run import sweep
    from npusim.terminal.progress import working
    from npusim.tradeoff.front import check_cost, front

    method = method or (Method.GRID if points is None else Method.SOBOL)
    make_axes(varied, hardware, grid=method == Method.GRID)
    check_cost(cost, hardware, varied)
    graph = asked.graph(model)
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
