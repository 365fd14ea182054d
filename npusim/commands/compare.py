"""`npusim compare`: two models on one NPU: the speed-up and where it comes from."""

from __future__ import annotations

from npusim.choices import Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import Conditions, parse_dims, parse_fixed, parse_size, parse_trips
from npusim.terminal.results import answer, check_results


def compare(
    before: opt.Model,
    after: opt.After,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    dim: opt.Dim = None,
    json: opt.Json = None,
    output: opt.Output = None,
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    max_nodes: opt.MaxNodes = None,
    max_memory: opt.MaxMemory = None,
    top: opt.Top = None,
    verbose: opt.Verbose = False,
) -> None:
    """Compare the predicted latency of two models, MODEL before and AFTER, under equal conditions."""
    outputs = check_results({"--json": json}, [before, after, hw, compiler], output)
    asked = Conditions(
        hw, tiles, compiler, precision, Mode.THROUGHPUT, parse_dims(dim), allow_unmodelled, upper_bound,
        parse_fixed(set_value), parse_trips(trips), max_nodes, parse_size("--max-memory", max_memory),
    )  # fmt: skip
    hardware = asked.hardware()
    first, second = (asked.simulate(asked.graph(model), hardware) for model in (before, after))
    from npusim.comparison.page import page
    from npusim.comparison.waterfall import compare as compare_reports
    from npusim.comparison.waterfall import to_document
    from npusim_xamba.envelope import text

    found = compare_reports(first, second)
    answer(
        outputs,
        {"--json": lambda: text(to_document(found))},
        lambda width: page(found, top, width, verbose),
    )
