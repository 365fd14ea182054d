"""What a command asks about, read once: the model, the NPU, the free dimensions; and its simulation."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from npusim.choices import Mode, Precision
from npusim.errors import BadArgument, BadOutput

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.graph import Graph
    from npusim.report.record import Report


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions a model is simulated; `dims` binds free dimensions."""

    hw: str
    tiles: int | None = None
    compiler: str = "2026"
    precision: str = Precision.FP16
    mode: str = Mode.THROUGHPUT
    dims: dict[str, int] = field(default_factory=dict)
    allow_unmodelled: bool = False
    upper_bound: bool = False

    def hardware(self) -> Hardware:
        """The NPU of --hw, with the tiles of --tiles."""
        from npusim.arch.presets import load_hardware

        hardware = load_hardware(self.hw)
        return hardware if self.tiles is None else hardware.replace({"tiles": self.tiles})

    def graph(self, model: str) -> Graph:
        """The graph of a file."""
        return read_model(model, self.dims, self.upper_bound)

    def simulate(self, graph: Graph, hardware: Hardware) -> Report:
        """The report of a graph that is read on an NPU that is read."""
        from npusim.simulation import simulate
        from npusim.terminal.progress import working

        with working(f"simulating {graph.name}"):
            return simulate(graph, hardware, self.compiler, self.precision, self.allow_unmodelled, self.mode)


def read_model(model: str, dims: dict[str, int], upper_bound: bool) -> Graph:
    """The graph of a file, named as the file (PyTorch calls every graph main_graph)."""
    from npusim.onnx_io import load
    from npusim.terminal.progress import working

    name = os.path.basename(model)
    with working(f"reading {name}"):
        graph = load(model, dims=dims, upper_bound=upper_bound)
    return replace(graph, name=name)


def check_plot(option: str, path: str | None) -> None:
    """Raises BadOutput for a plot that cannot be written: another format, standard output, no matplotlib."""
    if path is None:
        return
    if path == "-":
        raise BadOutput(f"{option} '-': a plot is no text for standard output; name a .html or .png")
    from npusim.plotting.save import check

    check(path)


def parse_dims(texts: list[str] | None) -> dict[str, int]:
    """['batch=1'] -> {'batch': 1}. Raises BadArgument unless each is a name and a whole number from 1 on."""
    dims: dict[str, int] = {}
    for text in texts or []:
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


def parse_vary(texts: list[str]) -> dict[str, Any]:
    """['tiles=1,2'] -> {'tiles': '1,2'}. Raises BadArgument."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not (equals and name and values.strip()):
            raise BadArgument(f"--vary '{text}' is not NAME=VALUES; write for example --vary tiles=1,2,4")
        if name in found:
            raise BadArgument(f"--vary gives '{name}' twice; put all its values into one")
        found[name] = values
    return found
