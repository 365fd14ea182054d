"""What `run` and `explain` share: the options that say what to simulate, and the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npusim.errors import BadOutput

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.graph import Graph

import os
from dataclasses import replace
from typing import Annotated

import typer

from npusim.errors import BadArgument
from npusim.report.record import Report

PRECISIONS = ("fp16", "int8")
MODES = ("throughput", "latency")

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="ONNX file.")]
HwOption = Annotated[
    str,
    typer.Option("--hw", metavar="NAME|FILE", help="The NPU: a name of `npusim hw list`, or a YAML file."),
]
TilesOption = Annotated[
    int | None, typer.Option("--tiles", metavar="N", help="Tiles to use instead of the NPU's.")
]
CompilerOption = Annotated[
    str, typer.Option("--compiler", metavar="NAME|FILE", help="Release of Intel's compiler to follow.")
]
PrecisionOption = Annotated[
    str, typer.Option("--precision", metavar="fp16|int8", help="Type of the arithmetic.")
]
DimOption = Annotated[
    list[str] | None,
    typer.Option("--dim", metavar="NAME=N", help="Size of a free dimension; may be repeated."),
]
ModeOption = Annotated[
    str,
    typer.Option(
        "--mode",
        metavar="throughput|latency",
        help="NPU time of one of several inferences in flight, or with the host's part of a lone one.",
    ),
]
AllowOption = Annotated[
    bool,
    typer.Option("--allow-unmodelled", help="Leave ops without a cost out instead of stopping; names them."),
]
UpperOption = Annotated[
    bool, typer.Option("--upper-bound", help="Take the largest size where a shape depends on data.")
]


def simulate_file(
    model: str,
    hw: str,
    tiles: int | None,
    compiler: str,
    precision: str,
    dim: list[str] | None,
    allow_unmodelled: bool,
    upper_bound: bool,
    mode: str = "throughput",
) -> Report:
    """The report of an ONNX file. Raises NpusimError, with the cheap mistakes told before any work."""
    dims = parse_dims(dim or [])
    if precision not in PRECISIONS:
        raise BadArgument(f"--precision '{precision}' is not on offer; choose from {', '.join(PRECISIONS)}")
    if mode not in MODES:
        raise BadArgument(f"--mode '{mode}' is not on offer; choose from {', '.join(MODES)}")

    from npusim.arch.presets import load_hardware
    from npusim.onnx_io import load
    from npusim.simulation import simulate
    from npusim.terminal.progress import working

    hardware = load_hardware(hw)
    if tiles is not None:
        hardware = hardware.replace({"tiles": tiles})
    name = os.path.basename(model)
    with working(f"reading {name}"):
        graph = load(model, dims=dims, upper_bound=upper_bound)
    with working(f"simulating {name}"):
        report = simulate(graph, hardware, compiler, precision, allow_unmodelled=allow_unmodelled, mode=mode)
    return replace(report, graph=name)  # PyTorch calls every graph main_graph


def parse_dims(texts: list[str]) -> dict[str, int]:
    """['batch=1'] -> {'batch': 1}. Raises BadArgument unless each is a name and a whole number from 1 on."""
    dims: dict[str, int] = {}
    for text in texts:
        name, equals, size = text.rpartition("=")
        if not equals or not name.strip():
            raise BadArgument(f"--dim '{text}' is not NAME=N; write for example --dim batch=1")
        if not (size.isascii() and size.isdigit()) or int(size[:20]) < 1:
            raise BadArgument(f"--dim '{text}': the size must be a whole number from 1 on, got '{size}'")
        if len(size) > 18:
            raise BadArgument(f"--dim '{text}': {len(size)} digits are no size of a tensor")
        if dims.get(name, int(size)) != int(size):
            raise BadArgument(f"--dim gives '{name}' two sizes, {dims[name]} and {size}; give one")
        dims[name] = int(size)
    return dims


def check_choices(precision: str, mode: str) -> None:
    """Raises BadArgument for a precision or mode that is not on offer."""
    if precision not in PRECISIONS:
        raise BadArgument(f"--precision '{precision}' is not on offer; choose from {', '.join(PRECISIONS)}")
    if mode not in MODES:
        raise BadArgument(f"--mode '{mode}' is not on offer; choose from {', '.join(MODES)}")


def check_plot(option: str, path: str | None) -> None:
    """Raises BadOutput for a plot that cannot be written: another format, standard output, no matplotlib."""
    if path is None:
        return
    if path == "-":
        raise BadOutput(f"{option} '-': a plot is no text for standard output; name a .html or .png")
    from npusim.plotting.save import check

    check(path)


def read_hardware(hw: str, tiles: int | None) -> Hardware:
    """The NPU of --hw, with the tiles of --tiles."""
    from npusim.arch.presets import load_hardware

    hardware = load_hardware(hw)
    return hardware if tiles is None else hardware.replace({"tiles": tiles})


def read_model(model: str, dims: dict[str, int], upper_bound: bool) -> Graph:
    """The graph of a file, named as the file (PyTorch calls every graph main_graph)."""
    from dataclasses import replace

    from npusim.onnx_io import load
    from npusim.terminal.progress import working

    name = os.path.basename(model)
    with working(f"reading {name}"):
        graph = load(model, dims=dims, upper_bound=upper_bound)
    return replace(graph, name=name)
