"""What `npusim against` finds. Times in microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from npusim.report.record import Report

NPU, CPU = "NPU", "CPU"


@dataclass(frozen=True, slots=True)
class TimedOp:
    """One op of a runtime: what it is called there, its kind in ONNX's words, and its part of the latency."""

    name: str
    op_type: str
    us: float


@dataclass(frozen=True, slots=True)
class Timing:
    """A model measured: median and quartiles of `runs` inferences, one at a time, after `warm_up` others.

    `ops` come from a second build with counters, because these cost time; with `between_us`, what the runtime takes
    between ops, they sum to the median (where they are longer than it, they are scaled to it). `memory_bytes`: by
    how much the process grew at most meanwhile. `computes_in`: what the runtime says or is known to calculate in.
    """

    device: str  # NPU or CPU
    name: str  # of the processor, as it calls itself
    runtime: str  # with its release
    threads: int
    median_us: float
    quartiles_us: tuple[float, float]
    runs: int
    warm_up: int
    ops: tuple[TimedOp, ...] = ()
    between_us: float = 0.0
    memory_bytes: int = 0
    computes_in: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of op on both machines. `npu_us`: predicted part of the latency; the rows sum to both latencies.
    `nodes`: how many on the NPU. `measured_us`: on this machine's own NPU, if there is one."""

    op_type: str
    nodes: int
    npu_us: float
    cpu_us: float
    measured_us: float | None = None

    @property
    def lost_us(self) -> float:
        """What the NPU loses here; negative where it is faster."""
        return self.npu_us - self.cpu_us


@dataclass(frozen=True, slots=True)
class Cause:
    """What the NPU loses (or, negative, wins) for one reason. `op_types`: which kinds of op, those that matter first;
    `count`: nodes."""

    what: str
    lost_us: float
    count: int = 0
    op_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """Both machines at one size of a dimension. `measured`: whether the CPU ran there, or its time was carried on
    from the sizes at which it ran."""

    size: int
    npu_us: float
    band_us: tuple[float, float] | None
    cpu_us: float
    measured: bool


@dataclass(frozen=True, slots=True)
class Over:
    """Both machines over a dimension, and from which size on the NPU wins (None: at none of them)."""

    dim: str
    points: tuple[Point, ...]
    wins_from: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Against:
    """The prediction (with the host's part of an inference) beside the measurement.

    `here`: this machine's own NPU, measured, if it has one. `kinds`: largest loss first, the host's part and the time
    between the CPU's ops among them. `weight_bytes`: what an inference reads at least. `made_bytes`: weights that
    were not in the file's folder and were made, all zero, for the measurement.
    """

    report: Report
    cpu: Timing
    here: Timing | None
    kinds: tuple[Kind, ...]
    causes: tuple[Cause, ...]
    weight_bytes: float
    made_bytes: int = 0
    over: Over | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def times_faster(self) -> float:
        """How many times as fast the NPU is predicted to be: below 1 where it is slower."""
        return self.cpu.median_us / self.report.latency_us if self.report.latency_us else float("inf")

    @property
    def settled(self) -> bool:
        """Whether the CPU's quartiles lie outside the band of the prediction, on one side of it."""
        low, high = self.report.band_us or (self.report.latency_us, self.report.latency_us)
        first, third = self.cpu.quartiles_us
        return third < low or first > high

    @property
    def gb_per_s(self) -> float:
        """At which rate the CPU read the weights, at least."""
        return self.weight_bytes / self.cpu.median_us / 1e3 if self.cpu.median_us else 0.0
