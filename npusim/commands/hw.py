"""`npusim hw`: the NPUs npusim knows, and every number of one with its unit and source."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from npusim.commands import options as opt
from npusim.terminal.results import answer, check_results

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.terminal.layout import Line

COMPILER_PRICE = "compiler_cycles_per_element"

app = typer.Typer(help="NPUs: list them, or show all numbers of one.", no_args_is_help=True)


@app.command("list")
def list_command(json: opt.Json = None, output: opt.Output = None) -> None:
    """List the NPUs that come with npusim."""
    outputs = check_results({"--json": json}, output=output)
    from npusim.arch.presets import list_hardware, load_hardware
    from npusim_xamba.envelope import envelope, text

    known = [load_hardware(name) for name in list_hardware()]
    names = [hw.name for hw in known]
    content = {"npus": [hardware_content(hw) for hw in known]}
    answer(
        outputs,
        {"--json": lambda: text(envelope("npusim.hardware-list", content, hardware=names))},
        lambda width: list_page(known, width),
    )


def list_page(known: Iterable[Hardware], width: int) -> list[Line]:
    """A line for each NPU."""
    from npusim.terminal.layout import table

    rows = []
    for hw in known:
        numbers = (hw.tiles, hw.tiles_max, hw.mac_array.clock_mhz, hw.dsp.clock_mhz)
        kib = hw.scratchpad.capacity_bytes / 1024
        cells = [f"{number:g}" for number in (*numbers, kib, hw.ddr.bandwidth_gb_per_s)]
        rows.append((hw.name, hw.generation, *cells))
    header = ("name", "NPU", "tiles", "max", "MAC MHz", "DSP MHz", "KiB/tile", "DDR GB/s")
    return table(header, rows, width, words=(0, 1))


@app.command("show")
def show_command(name: opt.Npu, json: opt.Json = None, output: opt.Output = None) -> None:
    """Show every number of an NPU: its unit, how well it is known, and where it is from."""
    outputs = check_results({"--json": json}, [name], output)
    from npusim.arch.presets import load_hardware
    from npusim_xamba.envelope import envelope, text

    hw = load_hardware(name)
    answer(
        outputs,
        {"--json": lambda: text(envelope("npusim.hardware", hardware_content(hw), hardware=hw.name))},
        lambda width: [*diagram(name), *hardware_page(hw, width)],
    )


def hardware_content(hw: Hardware) -> dict[str, Any]:
    """Name, product, generation and every number by dotted name: value, unit, source, from, 80 % range."""
    from npusim.arch.spread import range_of
    from npusim.arch.units import shown, unit

    numbers = {
        number: {
            "value": value,
            "unit": shown(unit(number)),
            "source": hw.sources[number].kind,
            "from": hw.sources[number].where,
            "range": None if (ends := range_of(hw, number)) is None else list(ends),
        }
        for number, value in hw.numbers().items()
    }
    return {"name": hw.name, "product": hw.product, "generation": hw.generation, "numbers": numbers}


def hardware_page(hw: Hardware, width: int) -> list[Line]:
    """Every number, block by block; where it is from stands once, under a number of its own."""
    from npusim.arch.clock import seen
    from npusim.arch.spread import BLOCKS, range_of, spreads
    from npusim.arch.units import shown, unit
    from npusim.terminal.layout import Line, fit, sentence, table

    times = {s.name: math.exp(max(s.down, s.up)) for s in spreads(hw) if s.name in BLOCKS}
    blocks: dict[str, list[tuple[str, ...]]] = {}
    kernels: dict[str, dict[str, str]] = {}
    origins: dict[str, int] = {}
    for number, value in hw.numbers().items():
        source = hw.sources[number]
        known = f"{source.kind} [{origins.setdefault(source.where, len(origins) + 1)}]"
        block, _, short = number.rpartition(".")
        if block.startswith("dsp.kernels."):
            line = kernels.setdefault(block.removeprefix("dsp.kernels."), {})
            line[short] = f"{value:.10g}"
            if short != COMPILER_PRICE:  # the source of the line itself
                line["source"] = known
        else:
            ends = range_of(hw, number)
            within = "" if ends is None else f"{ends[0]:.4g}..{ends[1]:.4g}"
            row = (short, f"{value:.10g}", shown(unit(number)), within, known)
            blocks.setdefault(block or "NPU", []).append(row)
    lines = [Line(fit(f"{hw.name}: {hw.product}, NPU {hw.generation}", width), "bold")]
    for block, rows in blocks.items():
        if any(row[3] for row in rows):
            header: tuple[str, ...] = (block, "value", "unit", "80 % range", "source")
            lines += [Line(""), *table(header, rows, width, words=(0, 2, 3, 4))]
        else:
            bare = [(*row[:3], *row[4:]) for row in rows]
            lines += [Line(""), *table((block, "value", "unit", "source"), bare, width, words=(0, 2, 3))]
        if block in times:
            lines += [Line(f"the time of a task is within a factor {times[block]:.3g} in 80 of 100 cases")]
    lines += [Line(""), *sentence(f"clocks of the MAC array: {seen(hw.generation)} MHz", width, 0)]
    header = ("dsp.kernels, cycles", "launch", "per element", "per row", "Intel plans", "source")
    columns = ("launch_cycles", "cycles_per_element", "cycles_per_row", COMPILER_PRICE, "source")
    kernel_rows = [(name, *(line.get(column, "") for column in columns)) for name, line in kernels.items()]
    lines += [Line(""), *table(header, kernel_rows, width, words=(0, 5))]
    lines += [Line(""), Line("from", "bold")]
    for where, note in origins.items():
        lines += sentence(where, width, 6, f"[{note}]")
    return lines


def diagram(name: str) -> list[Line]:
    """The block diagram: the comment at the head of the NPU's file."""
    from itertools import takewhile

    from npusim.arch.presets import hardware_file
    from npusim.terminal.layout import Line, clean

    path = hardware_file(name)
    head = takewhile(lambda line: line.startswith("#"), path.read_text("utf-8").splitlines())
    lines = [Line(clean(line.removeprefix("#").removeprefix(" "))) for line in head]
    return [*lines, Line("")] if lines else []
