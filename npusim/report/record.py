"""The report: what people read. Times in microseconds; one record a node, in order of start."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from npusim_xamba.envelope import SCHEMA_VERSION as SCHEMA_VERSION

if TYPE_CHECKING:
    import pandas

SCHEMA = "npusim.report"


@dataclass(frozen=True, slots=True)
class TaskReport:
    """One task of the schedule, as a trace shows it. `engine` is mac_array, dsp, dma0 or dma1.
    `dsps`: how many DSPs of each of its tiles share it (a task of the DSPs). `waits_for`: places in the report's list
    of the tasks it waits for, those before it on its engine left out. `path_us`: how much of the chain of tasks that
    decides the end of the run is in it; these sum to the NPU's latency."""

    node: str  # name of the node it works for
    name: str  # e.g. 'conv1/weights'
    engine: str
    start_us: float
    duration_us: float
    nbytes: float = 0.0
    source: str = ""  # memories of a transfer: 'ddr' or 'scratchpad'
    destination: str = ""
    tiles: int = 1
    pieces: int = 1
    dsps: int = 1
    waits_for: tuple[int, ...] = ()
    path_us: float = 0.0
    step_us: float = 0.0  # of its time, what the MAC array waits for the dispatch of compute steps


@dataclass(frozen=True, slots=True)
class NodeReport:
    """One node. `engine`: mac_array, dsp, dma or none (a view). `duration_us`: from its first task's start to its last
    task's end, transfers it waits for included. `busy_us`: time per engine, and 'step': the MAC array waits for
    dispatch. `bound_by`: mac_array, dsp, dma, step, launch or none. `source`: how well its cost is known
    (measured, fitted, published, compiler, assumed, unknown). `fused`: names of nodes that run inside it.
    `dsp_elements`: elements its DSP kernels work through. `scratchpad_bytes`: what the scratchpads of all tiles hold
    while it runs."""

    name: str
    op_type: str
    engine: str
    start_us: float
    duration_us: float
    bound_by: str
    bytes_moved: float
    reason: str
    source: str
    lowering: str = ""
    split: str = ""  # over what the tiles share the work: rows, channels, groups, none
    tiles: int = 1
    pieces: int = 1
    macs: float = 0.0
    busy_us: dict[str, float] = field(default_factory=dict)
    fused: tuple[str, ...] = ()
    repeats: int = 1
    critical_us: float = 0.0  # by how much it moves the end of the run; these sum to the latency
    origin: str = ""  # name of the node it replaces in a rewritten model
    origin_op: str = ""  # op type of that node
    dsp_elements: float = 0.0
    scratchpad_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """What one number of the machine, or the plan, does to the latency when it is at the ends of its 80 % range:
    `low_us` and `high_us`, others as they are. `npu`: generation whose number it is; equal names of one NPU are
    one number."""

    npu: str
    name: str
    low_us: float
    high_us: float


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """A node without a cost, let through by --allow-unmodelled."""

    name: str
    op_type: str
    nbytes: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The same graph on a machine that differs in one thing. `factors`: dotted names and what multiplies them."""

    name: str
    latency_us: float
    factors: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Supposed:
    """A what-if the report was asked under. `asked`: as it is written on the command line. `sentence`: what was
    supposed of this graph. `needs`: what the hardware would need for it, assumed. `options`: all of them with the
    values in use. `lines`, `numbers` and `tables` (rows of named cells): what a what-if that composes several
    runs found; of the numbers, `answer_us` stands for the latency."""

    name: str
    asked: str
    sentence: str
    needs: str = ""
    options: dict[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    numbers: dict[str, float] = field(default_factory=dict)
    tables: dict[str, tuple[dict[str, float | str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do about the latency. `saves_us`: what the model predicts it saves; 0 where that is not known.
    `saves_band_us`: between which it lies in 80 of 100 cases, where the report has a band.
    `share`: part of the latency it is about, 0..1. `nodes`: names of the nodes it is about. `command`: what does it;
    in it MODEL is the model's file."""

    kind: str
    sentence: str
    command: str
    saves_us: float = 0.0
    share: float = 0.0
    nodes: tuple[str, ...] = ()
    saves_band_us: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a simulation says. `mode`: 'throughput' is the NPU's own time; in 'latency' `host_us`, the host's part
    of a synchronous inference, is in `latency_us` too. `generation` is Intel's number of the NPU. `assumed`:
    sentences about the step and the host where their numbers are assumed. `priced`: which numbers are the compiler's
    own prices, where its profile has such. `seed` is of what was
    drawn at random, None if nothing was. `engines`: busy time per engine ('step': the MAC array waits for
    dispatch). `coverage`: per source
    ('measured', 'fitted', 'published', 'compiler', 'assumed', 'unknown') the share of nodes, macs and bytes, 0..1.
    `peaks`: what the machine can do in a microsecond: 'macs' on the MAC arrays, 'dsp_elements' (one operation each) on
    the DSPs, 'ddr_bytes'. `scratchpad_bytes`: capacity of all its tiles together. `what_if` and `advice`, best first,
    are there where they were asked for. `band_us`: in 80 of 100 cases the latency is between these; None where it was
    not asked for. `doubts`: what makes it wide, the widest first. `what_ifs`: under which suppositions it was asked
    for."""

    latency_us: float
    graph: str
    hardware: str
    compiler: str
    precision: str
    tiles: int
    engines: dict[str, float]
    nodes: tuple[NodeReport, ...]
    tasks: tuple[TaskReport, ...] = ()
    unmodelled: tuple[Unmodelled, ...] = ()
    coverage: dict[str, dict[str, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    macs: float = 0.0
    bytes_moved: float = 0.0
    nodes_in_file: int = 0
    nodes_folded: int = 0
    clocks_mhz: dict[str, float] = field(default_factory=dict)
    model_sha256: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    schema_version: str = SCHEMA_VERSION
    mode: str = "throughput"
    host_us: float = 0.0
    peaks: dict[str, float] = field(default_factory=dict)
    scratchpad_bytes: float = 0.0
    what_if: tuple[WhatIf, ...] = ()
    advice: tuple[Advice, ...] = ()
    seed: int | None = None
    generation: str = ""
    assumed: tuple[str, ...] = ()
    priced: str = ""
    band_us: tuple[float, float] | None = None
    doubts: tuple[Doubt, ...] = ()
    what_ifs: tuple[Supposed, ...] = ()

    @property
    def number_types(self) -> str:
        """`precision`, and that the file itself holds 8-bit tensors, where it was quantised."""
        quantised = any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in self.nodes)
        return f"{self.precision}, 8 bits where the file has them" if quantised else self.precision

    def __repr__(self) -> str:
        return (
            f"Report({self.graph!r} on {self.hardware}, {self.tiles} tiles, compiler {self.compiler}, "
            f"{self.precision}: {self.latency_us:.3f} us, {len(self.nodes)} nodes)"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return str(_shower("notebook").to_html(self))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report in the form the ending says: .json, .csv, .trace.json, .html, or .txt (the page).

        Raises BadOutput for another ending, or a file that cannot be written.
        """
        _shower("saving").save(self, path)

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each node, indexed by its name; time of each engine in a column of its own.

        Raises BadArgument where pandas is not installed.
        """
        return _shower("notebook").to_pandas(self)


def _shower(module: str) -> Any:
    """A module of this room by its name: what shows a report knows the record, and not the other way round."""
    return import_module(f"npusim.report.{module}")
