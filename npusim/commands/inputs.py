"""What a command asks about, read once: the model, the NPU, the free dimensions; and its simulation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from npusim.choices import Mode, Precision
from npusim.errors import BadArgument, BadOutput

if TYPE_CHECKING:
    from npusim.arch.hardware import Hardware
    from npusim.compiler.rules.profile import CompilerProfile
    from npusim.graph import Graph
    from npusim.report.record import Report
    from npusim.whatif.base import Supposition


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions a model is simulated; `dims` binds free dimensions, `fixed` gives small inputs a value,
    `trips` bounds loops, `clock` is the MAC array's in MHz, `max_nodes` and `max_memory` (bytes) bound the work;
    `what_ifs` apply in their order."""

    hw: str
    tiles: int | None = None
    compiler: str = "2026"
    precision: str = Precision.FP16
    mode: str = Mode.THROUGHPUT
    dims: dict[str, int] = field(default_factory=dict)
    allow_unmodelled: bool = False
    upper_bound: bool = False
    fixed: dict[str, Any] = field(default_factory=dict)
    trips: dict[str, int] = field(default_factory=dict)
    max_nodes: int | None = None
    max_memory: int | None = None
    clock: float | None = None
    what_ifs: tuple[Supposition, ...] = ()

    def hardware(self) -> Hardware:
        """The NPU of --hw, with the tiles of --tiles and at the clock of --clock."""
        from npusim.arch.presets import load_hardware

        hardware = load_hardware(self.hw)
        if self.clock is not None:
            from npusim.arch.clock import at_clock

            hardware = at_clock(hardware, self.clock)
        return hardware if self.tiles is None else hardware.replace({"tiles": self.tiles})

    def profile(self) -> CompilerProfile:
        """The profile of --compiler."""
        from npusim.compiler.rules.profile import load_profile

        return load_profile(self.compiler)

    def graph(self, model: str) -> Graph:
        """The graph of a file."""
        return read_model(
            model, self.dims, self.upper_bound, self.fixed, self.trips, self.max_nodes, self.what_ifs
        )

    def applied(self, graph: Graph, hardware: Hardware) -> tuple[Graph, Hardware]:
        """Graph and NPU under the what-ifs, for what asks of them in other ways than a run. Raises BadArgument."""
        from npusim.whatif.run import applied_only

        if not self.what_ifs:
            return graph, hardware
        return applied_only(graph, hardware, self.what_ifs, self.compiler, self.precision)

    def simulate(self, graph: Graph, hardware: Hardware, advice: bool | int = False) -> Report:
        """The report of a graph that is read on an NPU that is read; `advice` as in `npusim.simulate`."""
        from npusim.simulation import simulate
        from npusim.terminal.progress import working

        with working(f"simulating {graph.name}"):
            if self.what_ifs:
                from npusim.whatif.run import Plain, supposed

                options = {"allow_unmodelled": self.allow_unmodelled, "mode": self.mode}
                options |= {"max_memory_bytes": self.max_memory}
                run = Plain(self.compiler, self.precision, options)
                return supposed(graph, hardware, self.what_ifs, run)
            return simulate(
                graph,
                hardware,
                self.compiler,
                self.precision,
                self.allow_unmodelled,
                self.mode,
                self.max_memory,
                advice=advice,
            )


def read_model(
    model: str,
    dims: dict[str, int],
    upper_bound: bool,
    fixed: dict[str, Any] | None = None,
    trips: dict[str, int] | None = None,
    max_nodes: int | None = None,
    what_ifs: tuple[Supposition, ...] = (),
) -> Graph:
    """The graph of a file, named as the file (PyTorch calls every graph main_graph), under the what-ifs that change
    the file itself."""
    from npusim.model_files import load, name_of
    from npusim.terminal.progress import working

    name = name_of(model)
    with working(f"reading {name}"):
        read: Any = model
        if what_ifs:
            from npusim.whatif.run import model_of

            read = model_of(model, what_ifs)
        graph = load(
            read, dims=dims, upper_bound=upper_bound, fixed=fixed, trips=trips or None, max_nodes=max_nodes
        )
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
    """['batch=1'] -> {'batch': 1}. Raises BadArgument unless each is a name and a whole number from 1 on; of what is
    past ('past=0', 'past_sequence_length=0') there may be nothing."""
    dims: dict[str, int] = {}
    for text in texts or []:
        name, equals, size = text.rpartition("=")
        if not equals or not name.strip():
            raise BadArgument(f"--dim '{text}' is not NAME=N; write for example --dim batch=1")
        least = 0 if "past" in name else 1
        if not (size.isascii() and size.isdigit()) or int(size[:20]) < least:
            raise BadArgument(
                f"--dim '{text}': the size must be a whole number from {least} on, got '{size}'"
            )
        if len(size) > 18:
            raise BadArgument(f"--dim '{text}': {len(size)} digits are no size of a tensor")
        if dims.get(name, int(size)) != int(size):
            raise BadArgument(f"--dim gives '{name}' two sizes, {dims[name]} and {size}; give one")
        dims[name] = int(size)
    return dims


def parse_fixed(texts: list[str] | None) -> dict[str, Any]:
    """['sr=16000', 'ids=[1,2]'] -> {'sr': 16000, 'ids': [1, 2]}. Raises BadArgument unless each is a name and a
    number, true, false or a list of such."""
    import json

    fixed: dict[str, Any] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise BadArgument(f"--set '{text}' is not NAME=VALUE; write for example --set sr=16000")
        try:
            found = json.loads(value.strip().lower())
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, int | float | list):
            raise BadArgument(
                f"--set '{text}': the value must be a number, true, false or a list such as [1,2], got '{value}'"
            )
        if name in fixed:
            raise BadArgument(f"--set gives '{name}' twice; give one value")
        fixed[name] = found
    return fixed


def parse_trips(texts: list[str] | None) -> dict[str, int]:
    """['32', 'Loop_1=8'] -> {'': 32, 'Loop_1': 8}. Raises BadArgument unless each ends in a whole number."""
    trips: dict[str, int] = {}
    for text in texts or []:
        name, _, count = text.rpartition("=")
        if not (count.isascii() and count.isdigit()) or len(count) > 15:
            raise BadArgument(f"--trips '{text}' is not N or NAME=N; write for example --trips 32")
        if name in trips:
            raise BadArgument(f"--trips gives {repr(name) if name else 'all loops'} two bounds; give one")
        trips[name] = int(count)
    return trips


def parse_size(option: str, text: str | None) -> int | None:
    """'2GB' -> 2000000000, None for none. Raises BadArgument that names the option."""
    from npusim.terminal.memory import parse_memory

    if text is None:
        return None
    try:
        return parse_memory(text)
    except BadArgument as error:
        raise BadArgument(f"{option}: {error}") from None


def parse_what_ifs(texts: list[str] | None) -> tuple[Supposition, ...]:
    """['sparsity:weights=0.5'] -> the what-ifs. Raises BadArgument."""
    if not texts:
        return ()
    from npusim.whatif.parse import parse_all

    return parse_all(texts)


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
