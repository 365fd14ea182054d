"""`npusim serve`: a mix of prompts on one NPU, on graphs of a few sizes and padded to the longest."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.choices import GROUP, Order, Precision, StoredCache, StoredWeights
from npusim.commands import language_options as lm
from npusim.commands import options as opt
from npusim.commands.inputs import Conditions
from npusim.terminal.results import answer, check_results


def serve(
    model: lm.LanguageModel,
    requests: Annotated[
        str,
        typer.Option(
            "--requests",
            metavar="FILE",
            help="A request a line: prompt,tokens,arrival_ms; the last two may lack.",
        ),
    ],
    sizes: Annotated[
        str, typer.Option("--sizes", metavar="N,N", help="Tokens of the prompt graphs that are compiled.")
    ] = "64,128,256",
    order: opt.OrderOption = Order.ONE_BY_ONE,
    hw: opt.Hw = "lunar_lake",
    tokens: lm.AnswerTokens = 128,
    weights: lm.WeightsOption = StoredWeights.FP16,
    group: lm.Group = GROUP,
    cache: lm.Cache = StoredCache.FP16,
    growing: lm.Growing = False,
    tiles: opt.Tiles = None,
    compiler: opt.CompilerOfDevices = "2026-measured",
    precision: opt.PrecisionOption = Precision.FP16,
    clock: opt.Clock = None,
    json: opt.Json = None,
    html: opt.Html = None,
    output: opt.PageOutput = None,
) -> None:
    """Predict how long a mix of prompts and answers takes on one NPU, and who waits.

    Prompts go through graphs of fixed sizes, cut and padded in the fastest way; beside it, each padded to the longest.
    """
    outputs = check_results(
        {"--json": json, "--html": html}, [*model, requests, hw, compiler], output, opt.PAGES
    )
    machine = Conditions(hw, tiles, compiler, precision, clock=clock).hardware()

    from npusim.serving.document import to_document
    from npusim.serving.page import page
    from npusim.serving.requests import read_requests
    from npusim.serving.serve import parse_sizes
    from npusim.serving.serve import serve as ask
    from npusim.terminal.progress import working
    from npusim_xamba.envelope import text

    mix = read_requests(requests, tokens)
    chosen = parse_sizes(sizes)
    with working("planning"):
        found = ask(
            model, mix, machine, sizes=chosen, order=order, weights=weights, group=group, cache=cache,
            growing=growing, compiler=compiler, precision=precision,
        )  # fmt: skip

    def as_html() -> str:
        from npusim.serving.html import to_html

        return to_html(found)

    answer(
        outputs,
        {"--json": lambda: text(to_document(found)), "--html": as_html},
        lambda width: page(found, width),
    )
