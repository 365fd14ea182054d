"""`npusim explain`: everything about one node."""

from __future__ import annotations

from npusim.choices import Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import (
    Conditions,
    parse_dims,
    parse_fixed,
    parse_size,
    parse_trips,
    parse_what_ifs,
)
from npusim.terminal.results import answer, check_results


def explain(
    model: opt.Model,
    node: opt.Node,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    clock: opt.Clock = None,
    mode: opt.ModeOption = Mode.THROUGHPUT,
    dim: opt.Dim = None,
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    max_nodes: opt.MaxNodes = None,
    max_memory: opt.MaxMemory = None,
    json: opt.Json = None,
    output: opt.Output = None,
    what_if: opt.WhatIfs = None,
) -> None:
    """Say where one node runs, how, why, and what bounds it."""
    outputs = check_results({"--json": json}, [model, hw, compiler], output)
    asked = Conditions(
        hw, tiles, compiler, precision, mode, parse_dims(dim), allow_unmodelled, upper_bound,
        parse_fixed(set_value), parse_trips(trips), max_nodes, parse_size("--max-memory", max_memory), clock,
        parse_what_ifs(what_if),
    )  # fmt: skip
    hardware = asked.hardware()
    report = asked.simulate(asked.graph(model), hardware)

    from npusim.report.explain import explain_document, explain_page, find_node
    from npusim_xamba.envelope import text

    found = find_node(report, node)
    answer(
        outputs,
        {"--json": lambda: text(explain_document(report, found))},
        lambda width: explain_page(report, found, width),
    )
