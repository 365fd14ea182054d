"""`npusim pareto`: the NPUs that no other beats on both latency and a cost of your own."""

from __future__ import annotations

from npusim.choices import Method, Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import (
    Conditions,
    check_plot,
    parse_dims,
    parse_fixed,
    parse_trips,
    parse_vary,
    parse_what_ifs,
)
from npusim.terminal.results import answer, check_results

ENDINGS = {".csv": "--csv", ".json": "--json"}


def pareto(
    model: opt.Model,
    vary: opt.Vary,
    cost: opt.Cost,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    clock: opt.Clock = None,
    mode: opt.ModeOption = Mode.THROUGHPUT,
    dim: opt.Dim = None,
    output: opt.FrontOutput = None,
    json: opt.Json = None,
    csv: opt.PointsCsv = None,
    everything: opt.AllPoints = False,
    plot: opt.Plot = None,
    points: opt.Points = None,
    method: opt.MethodOption = None,
    seed: opt.Seed = 0,
    memory: opt.Memory = "1GB",
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    top: opt.Rows = 20,
    what_if: opt.WhatIfs = None,
) -> None:
    """Find the NPUs with the best latency of an ONNX model for their cost."""
    files = {"--json": json, "--csv": csv, "--plot": plot}
    outputs = check_results(files, [model, hw, compiler], output, ENDINGS)
    outputs.pop("--plot", None)
    check_plot("--plot", plot)
    asked = Conditions(
        hw, tiles, compiler, precision, mode, parse_dims(dim), upper_bound=upper_bound,
        fixed=parse_fixed(set_value), trips=parse_trips(trips), what_ifs=parse_what_ifs(what_if),
        allow_unmodelled=allow_unmodelled, clock=clock,
    )  # fmt: skip
    varied = parse_vary(vary)
    hardware = asked.hardware()

    from npusim.sweeping.axes import make_axes
    from npusim.sweeping.question import warnings_asked
    from npusim.sweeping.run import sweep
    from npusim.terminal.progress import working
    from npusim.tradeoff.front import check_cost, front

    method = method or (Method.GRID if points is None else Method.SOBOL)
    axes = make_axes(varied, hardware, method == Method.GRID, asked.what_ifs)
    check_cost(cost, hardware, varied)
    graph = asked.graph(model)
    with working("sweeping"):
        dataset = sweep(
            graph, hardware, varied, compiler=compiler, precision=precision, points=points, method=method,
            seed=seed, memory=memory, mode=mode, what_ifs=asked.what_ifs,
            allow_unmodelled=allow_unmodelled,
        )  # fmt: skip
        found = front(dataset, hardware, cost)
    from npusim.tradeoff.front import to_csv, to_document
    from npusim.tradeoff.front_page import page
    from npusim_xamba.envelope import text

    known = {"model_sha256": graph.sha256, "compiler": compiler, "seed": seed}
    warnings = warnings_asked(hardware, compiler, axes, allow_unmodelled)
    answer(
        outputs,
        {
            "--csv": lambda: to_csv(found, everything),
            "--json": lambda: text(to_document(found, everything, **known)),
        },
        lambda width: page(found, int(dataset["latency_us"].size), top, width, warnings),
    )
    if plot:
        from npusim.plotting.save import save

        save(found, plot)
