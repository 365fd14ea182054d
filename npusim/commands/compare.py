"""`npusim compare`: two models, or one under two conditions: the speed-up, its band, and where it comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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

ENDINGS = {".json": "--json", ".html": "--html", ".png": "--png", ".svg": "--svg"}


def compare(
    before: opt.Model,
    after: opt.After = None,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    mode: opt.ModeOption = Mode.THROUGHPUT,
    clock: opt.Clock = None,
    hw_after: opt.HwAfter = None,
    tiles_after: opt.TilesAfter = None,
    compiler_after: opt.CompilerAfter = None,
    precision_after: opt.PrecisionAfter = None,
    clock_after: opt.ClockAfter = None,
    dim: opt.Dim = None,
    json: opt.Json = None,
    html: opt.Html = None,
    png: opt.Png = None,
    svg: opt.Svg = None,
    output: opt.CompareOutput = None,
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    max_nodes: opt.MaxNodes = None,
    max_memory: opt.MaxMemory = None,
    top: opt.Top = None,
    verbose: opt.Verbose = False,
    what_if: opt.WhatIfs = None,
) -> None:
    """Compare the predicted latency of MODEL before with that of AFTER, or of MODEL under other conditions.

    What --hw-after, --tiles-after and the like do not change is equal on both sides; --what-if is of AFTER only. The
    band of the ratio says whether the sign is settled.
    """
    changes: dict[str, Any] = {
        "hw": hw_after,
        "tiles": tiles_after,
        "compiler": compiler_after,
        "precision": precision_after,
        "clock": clock_after,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    what_ifs = parse_what_ifs(what_if)
    if after is None and not changes and not what_ifs:
        from npusim.errors import BadArgument

        raise BadArgument(
            "nothing to compare with: name a second model, a --what-if, or --hw-after, --tiles-after and the like"
        )
    after = before if after is None else after
    read = [before, after, hw, compiler, *(changes[name] for name in ("hw", "compiler") if name in changes)]
    files = {"--json": json, "--html": html, "--png": png, "--svg": svg}
    outputs = check_results(files, read, output, ENDINGS)
    if "--png" in outputs or "--svg" in outputs:
        from npusim.plotting.png import require_matplotlib

        require_matplotlib()
    asked = Conditions(
        hw, tiles, compiler, precision, mode, parse_dims(dim), allow_unmodelled, upper_bound,
        parse_fixed(set_value), parse_trips(trips), max_nodes, parse_size("--max-memory", max_memory), clock,
    )  # fmt: skip
    if hw_after is not None and tiles_after is None:
        changes["tiles"] = None  # tiles of --tiles are of the first NPU
    then = replace(asked, **changes, what_ifs=what_ifs)
    one, two = asked.hardware(), then.hardware()
    first_graph = asked.graph(before)
    second_graph = first_graph if after == before and not what_ifs else then.graph(after)
    first, second = asked.simulate(first_graph, one), then.simulate(second_graph, two)
    from npusim.comparison.page import page
    from npusim.comparison.waterfall import compare as compare_reports
    from npusim.comparison.waterfall import to_document
    from npusim_xamba.envelope import text

    found = compare_reports(first, second)

    def as_html() -> str:
        from npusim.comparison.html import to_html

        return to_html(found)

    def picture(form: str) -> bytes:
        from npusim.plotting.compared import picture_of

        return picture_of(found, form)

    answer(
        outputs,
        {
            "--json": lambda: text(to_document(found)),
            "--html": as_html,
            "--png": lambda: picture("png"),
            "--svg": lambda: picture("svg"),
        },
        lambda width: page(found, top, width, verbose),
    )
