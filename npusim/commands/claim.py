"""`npusim claim`: is a latency that somebody claims possible?"""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.choices import Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import Conditions, parse_dims, parse_fixed, parse_size, parse_trips
from npusim.terminal.results import answer, check_results


def claim(
    model: opt.Model,
    us: Annotated[
        float | None, typer.Option("--us", metavar="US", help="Claimed latency, microseconds.")
    ] = None,
    per_second: Annotated[
        float | None, typer.Option("--per-second", metavar="N", help="Claimed inferences a second.")
    ] = None,
    tokens_per_s: Annotated[
        float | None, typer.Option("--tokens-per-s", metavar="N", help="Claimed tokens a second.")
    ] = None,
    tokens: Annotated[
        int, typer.Option("--tokens", metavar="N", min=1, help="Tokens of one inference, for --tokens-per-s.")
    ] = 1,
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
) -> None:
    """Hold a claimed latency of MODEL against what no schedule can beat, and against the prediction.

    Impossible, faster than we predict, possible, or slower than we predict; give one of --us, --per-second,
    --tokens-per-s.
    """
    from npusim.errors import BadArgument

    given = [value for value in (us, per_second, tokens_per_s) if value is not None]
    if len(given) != 1 or given[0] <= 0:
        raise BadArgument("give one claim above 0: --us 300, --per-second 3000 or --tokens-per-s 20")
    claimed_us = us if us is not None else 1e6 / (per_second or (tokens_per_s or 1.0) / tokens)
    outputs = check_results({"--json": json}, [model, hw, compiler], output)
    asked = Conditions(
        hw, tiles, compiler, precision, mode, parse_dims(dim), allow_unmodelled, upper_bound,
        parse_fixed(set_value), parse_trips(trips), max_nodes, parse_size("--max-memory", max_memory), clock,
    )  # fmt: skip
    hardware, graph = asked.hardware(), asked.graph(model)
    report = asked.simulate(graph, hardware)

    from npusim.tradeoff.claim import claim as judge
    from npusim.tradeoff.claim import to_document
    from npusim.tradeoff.claim_page import page
    from npusim_xamba.envelope import text

    found = judge(graph, claimed_us, hardware, compiler, precision, mode, report)
    answer(outputs, {"--json": lambda: text(to_document(found))}, lambda width: page(found, width))
