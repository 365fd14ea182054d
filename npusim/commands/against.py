"""`npusim against`: the prediction for an NPU beside the same model measured on this machine's CPU."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.choices import Precision, Runtime
from npusim.commands import options as opt
from npusim.commands.inputs import parse_dims, parse_fixed, parse_size
from npusim.terminal.results import answer, check_results


def against(
    model: opt.Model,
    hw: opt.Hw = "lunar_lake",
    device: opt.Device = None,
    runtime: opt.Runtime = Runtime.ONNXRUNTIME,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="Threads of the CPU; all it has by default.")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", metavar="N", help="Inferences measured, at most.")] = 50,
    seconds: Annotated[
        float,
        typer.Option("--seconds", metavar="S", help="No run is begun after so long, once there are five."),
    ] = 10.0,
    over: Annotated[
        str | None,
        typer.Option(
            "--over",
            metavar="NAME[=SIZES]",
            help="Both machines over a free dimension: batch=1,4,16; the first --dim by default.",
        ),
    ] = None,
    tiles: opt.Tiles = None,
    compiler: opt.CompilerOfDevices = "2026-measured",
    precision: opt.PrecisionOption = Precision.FP16,
    clock: opt.Clock = None,
    dim: opt.Dim = None,
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    max_memory: Annotated[
        str | None,
        typer.Option(
            "--max-memory",
            metavar="SIZE",
            help="What the measurement may take; 3/4 of what is free by default.",
        ),
    ] = None,
    json: opt.Json = None,
    html: opt.Html = None,
    output: opt.PageOutput = None,
    top: opt.Top = None,
) -> None:
    """Say why the NPU is slower, or faster, than this machine's CPU on MODEL.

    The CPU is measured: warm, median and quartiles. Weights that are not beside the model are zeros. Where this machine
    has an NPU, it is measured too.
    """
    outputs = check_results({"--json": json, "--html": html}, [model, hw, compiler], output, opt.PAGES)
    dims, fixed, memory = parse_dims(dim), parse_fixed(set_value), parse_size("--max-memory", max_memory)
    from npusim.arch.presets import load_hardware
    from npusim.rival.ask import against as ask
    from npusim.rival.ask import checked
    from npusim.terminal.progress import working

    checked(model, runtime, device, threads, runs, seconds, over, dims)
    machine = load_hardware(hw)
    if clock is not None:
        from npusim.arch.clock import at_clock

        machine = at_clock(machine, clock)
    with working("measuring"):
        found = ask(
            model, machine, runtime=runtime, device=device, threads=threads, runs=runs, seconds=seconds, over=over,
            compiler=compiler, precision=precision, tiles=tiles, dims=dims, fixed=fixed,
            allow_unmodelled=allow_unmodelled, upper_bound=upper_bound, max_memory_bytes=memory,
        )  # fmt: skip
    from npusim.rival.document import to_document
    from npusim.rival.page import page
    from npusim_xamba.envelope import text

    def as_html() -> str:
        from npusim.rival.html import to_html

        return to_html(found)

    answer(
        outputs,
        {"--json": lambda: text(to_document(found)), "--html": as_html},
        lambda width: page(found, top, width),
    )
