"""`npusim check`: will Intel's compiler take the model, and what to change if not."""

from __future__ import annotations

import typer

from npusim.commands import options as opt
from npusim.commands.inputs import parse_dims, parse_fixed, parse_trips
from npusim.terminal.results import answer, check_results


def check(
    model: opt.Model,
    hw: opt.Hw = "lunar_lake",
    compiler: opt.Compiler = "2026",
    dim: opt.Dim = None,
    json: opt.Json = None,
    output: opt.Output = None,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    max_nodes: opt.MaxNodes = None,
    top: opt.Top = None,
    verbose: opt.Verbose = False,
) -> None:
    """Say whether Intel's compiler will take a model, and which nodes to change.

    Exit code 0: it will; 1: it will not; 3: not known; 2: bad input.
    """
    from json import dumps

    from npusim.arch.presets import load_hardware
    from npusim.checking.check import check as judge
    from npusim.checking.page import page, to_document
    from npusim.checking.record import EXIT_CODES
    from npusim.terminal.progress import working

    outputs = check_results({"--json": json}, [model, hw, compiler], output)
    hardware = load_hardware(hw)
    with working("checking"):
        verdict = judge(
            model, hardware, compiler, dims=parse_dims(dim), fixed=parse_fixed(set_value),
            trips=parse_trips(trips) or None, max_nodes=max_nodes,
        )  # fmt: skip
    answer(
        outputs,
        {"--json": lambda: dumps(to_document(verdict), indent=1, allow_nan=False) + "\n"},
        lambda width: page(verdict, top, width, verbose),
    )
    raise typer.Exit(EXIT_CODES[verdict.answer])
