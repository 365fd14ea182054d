"""`npusim explain`: everything about one node."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.commands import simulation as sim

NodeArgument = Annotated[
    str, typer.Argument(metavar="NODE", help="Name of a node, or a piece of it that no other name has.")
]


def explain(
    model: sim.ModelArgument,
    node: NodeArgument,
    hw: sim.HwOption = "lunar_lake",
    tiles: sim.TilesOption = None,
    compiler: sim.CompilerOption = "2026",
    precision: sim.PrecisionOption = "fp16",
    mode: sim.ModeOption = "throughput",
    dim: sim.DimOption = None,
    allow_unmodelled: sim.AllowOption = False,
    upper_bound: sim.UpperOption = False,
) -> None:
    """Say where one node runs, how, why, and what bounds it."""
    report = sim.simulate_file(
        model, hw, tiles, compiler, precision, dim, allow_unmodelled, upper_bound, mode
    )

    from npusim.report.explain import explain_page, find_node
    from npusim.terminal.layout import page_width, show

    show(explain_page(report, find_node(report, node), page_width()))
