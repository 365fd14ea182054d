"""Model and NPU of a command, for those that ask more than one question of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from npusim.commands.simulation import MODES, PRECISIONS
from npusim.errors import BadArgument, BadOutput

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.graph import Graph


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
    from npusim.sweeping.plots import check

    check(path)


def read_hardware(hw: str, tiles: int | None) -> Hardware:
    """The NPU of --hw, with the tiles of --tiles."""
    from npusim.arch.presets import load_hardware

    hardware = load_hardware(hw)
    return hardware if tiles is None else hardware.replace({"tiles": tiles})


def read_model(model: str, dims: dict[str, int], upper_bound: bool) -> Graph:
    """The graph of a file, named as the file (PyTorch calls every graph main_graph)."""
    from dataclasses import replace

    from npusim.commands.progress import working
    from npusim.onnx_io import load

    name = os.path.basename(model)
    with working(f"reading {name}"):
        graph = load(model, dims=dims, upper_bound=upper_bound)
    return replace(graph, name=name)
