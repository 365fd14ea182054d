"""`npusim generate`: how fast a language model answers, why, and whether it fits."""

from __future__ import annotations

from os.path import join

from npusim.choices import GROUP, Precision, StoredCache, StoredWeights
from npusim.commands import language_options as lm
from npusim.commands import options as opt
from npusim.commands.generate_beside import beside
from npusim.commands.inputs import Conditions, check_plot, parse_dims, parse_size, parse_vary
from npusim.commands.saved_graphs import check_folder, save_graphs
from npusim.terminal.results import answer, check_results


def generate(
    model: lm.LanguageModel,
    hw: opt.Hw = "lunar_lake",
    prompt: lm.Prompt = None,
    tokens: lm.AnswerTokens = 128,
    weights: lm.WeightsOption = StoredWeights.FP16,
    group: lm.Group = GROUP,
    cache: lm.Cache = StoredCache.FP16,
    context: lm.Context = None,
    growing: lm.Growing = False,
    chunk: lm.ChunkOption = 1024,
    batch: lm.Batch = 1,
    tiles: opt.Tiles = None,
    compiler: opt.CompilerOfDevices = "2026-measured",
    precision: opt.PrecisionOption = Precision.FP16,
    clock: opt.Clock = None,
    memory: lm.MachineMemory = None,
    measured: lm.Measured = None,
    against: lm.AgainstModel = None,
    draft: lm.Draft = None,
    accept: lm.Accept = 0.7,
    ahead: lm.Ahead = 4,
    curve: lm.CurveOption = False,
    dim: opt.Dim = None,
    json: opt.Json = None,
    html: opt.Html = None,
    plot: opt.Plot = None,
    output: opt.PageOutput = None,
    save: lm.SaveGraphs = None,
    sensitivity: opt.Sensitivity = False,
    what_if: opt.WhatIfs = None,
    vary: lm.VaryHere = None,
    verbose: opt.Verbose = False,
) -> None:
    """Predict how a language model answers: time to the first token, tokens a second, memory, and what bounds it.

    Of a config.json the graphs are built; exported graphs are taken as they are. --html and --plot draw the curve over
    the context too.
    """
    models = [*model, *filter(None, (draft, against))]
    read = [*models, *(join(one, "config.json") for one in models), hw, compiler]
    outputs = check_results({"--json": json, "--html": html, "--plot": plot}, read, output, opt.PAGES)
    drawn = outputs.pop("--plot", None)
    check_plot("--plot", drawn)
    check_folder(save, model)
    machine = Conditions(hw, tiles, compiler, precision, clock=clock).hardware()
    limit, varied = parse_size("--memory", memory), parse_vary(vary or [])

    from npusim.generating.document import to_document
    from npusim.generating.generate import generate as ask
    from npusim.generating.page import page
    from npusim.terminal.progress import working
    from npusim_xamba.envelope import text

    with working("planning"):
        found = ask(
            model, machine, prompt=prompt, tokens=tokens, weights=weights, group=group, cache=cache,
            context=context, growing=growing, chunk=chunk, batch=batch, compiler=compiler, precision=precision,
            dims=parse_dims(dim), memory_bytes=limit, curve=curve or "--html" in outputs or drawn is not None,
            draft=draft, accept=accept, ahead=ahead, against=against, measured=measured, what_ifs=what_if or (),
        )  # fmt: skip

    def as_html() -> str:
        from npusim.generating.html import to_html

        return to_html(found)

    more = beside(model, found, machine, compiler, precision, parse_dims(dim), sensitivity, varied, what_if)
    answer(
        outputs,
        {"--json": lambda: text(to_document(found) | more.document), "--html": as_html},
        lambda width: [*page(found, width, verbose), *more.lines(width)],
    )
    if save is not None:
        save_graphs(save, model, found)
    if drawn:
        from npusim.plotting.generated import figure_of
        from npusim.plotting.save import save as draw

        draw(figure_of(found), drawn)
