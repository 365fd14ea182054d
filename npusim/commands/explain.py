"""`npusim explain`: everything about one node."""

from __future__ import annotations

from npusim.choices import Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import Conditions, parse_dims, parse_fixed, parse_size, parse_trips


def explain(
    model: opt.Model,
    node: opt.Node,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    mode: opt.ModeOption = Mode.THROUGHPUT,
    dim: opt.Dim = None,
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    max_nodes: opt.MaxNodes = None,
    max_memory: opt.MaxMemory = None,
) -> None:
    """Say where one node runs, how, why, and what bounds it."""
    asked = Conditions(
        hw, tiles, compiler, precision, mode, parse_dims(dim), allow_unmodelled, upper_bound,
        parse_fixed(set_value), parse_trips(trips), max_nodes, parse_size("--max-memory", max_memory),
    )  # fmt: skip
    hardware = asked.hardware()
    report = asked.simulate(asked.graph(model), hardware)

    from npusim.report.explain import explain_page, find_node
    from npusim.terminal.layout import page_width, show

    show(explain_page(report, find_node(report, node), page_width()))
