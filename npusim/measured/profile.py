"""A foreign profile, whatever file or device it came from. Times in microseconds; every one keeps its label."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: What a time is. Printed beside every number, never mixed.
MEASURED = "measured"  # on an NPU
VENDOR = "vendor-simulated"  # Intel's compiler's own estimate: not hardware
PREDICTED = "predicted"  # by npusim
CPU = "measured on a CPU"  # checks values and the way through the code; says nothing about an NPU
UNKNOWN = "device not named"


@dataclass(frozen=True, slots=True)
class ProfileTask:
    """One task of one engine (mac_array, dsp, dma). `unit` is the place it ran on: a tile, or a DMA port.
    `nbytes`: moved into or out of DDR; None when the file does not say."""

    layer: str
    op_type: str
    engine: str
    unit: str
    start_us: float
    duration_us: float
    nbytes: float | None = None


@dataclass(frozen=True, slots=True)
class ProfileLayer:
    """One layer. `engine`: the engine of its compute, or dma, or none. `span_us`: first task's start to last
    task's end. `work_us`: time of all its tasks on all units (None: the file does not say). `busy_us`: per
    engine the time at least one unit works; empty when the file lists layers only."""

    name: str
    op_type: str
    engine: str
    span_us: float
    work_us: float | None = None
    busy_us: dict[str, float] = field(default_factory=dict)
    working_us: float = 0.0  # time in which any of its tasks runs; 0 when the file lists layers only
    dma_sum_us: float = 0.0  # of its transfers, one after another
    nbytes: float | None = None
    units: int = 0  # tiles at work; 0: not said
    split: str = ""  # the vendor's word for how tiles share it
    unpriced: bool = False  # its compute was given no time at all


@dataclass(frozen=True, slots=True)
class Profile:
    """What one file (or one run) says.

    `label` is one of the words above. `latency_us`: of the whole network; None when the file has only layers.
    `engines`: busy time per engine, `engines_are` says of what. `status`: of the workpoint ('' if none).
    `loose_us`: time of tasks that belong to no layer, by name.
    """

    path: str
    form: str  # what kind of file, in words
    label: str
    device: str = ""
    latency_us: float | None = None
    layers: tuple[ProfileLayer, ...] = ()
    tasks: tuple[ProfileTask, ...] = ()
    engines: dict[str, float] = field(default_factory=dict)
    engines_are: str = ""
    tiles: int = 0
    mac_clock_mhz: float = 0.0
    status: str = ""
    bytes_moved: float | None = None
    loose_us: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    device_named: bool = False  # by the run itself, not guessed from its layers
