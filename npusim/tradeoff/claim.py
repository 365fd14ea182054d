"""Is a claimed latency possible? Held against what no schedule can beat, and against the band of the prediction.

The bounds are of the whole NPU (all its tiles) at the highest clock known of its generation: the multiplications of the
graph's products and convolutions at the MAC array's peak, and their weights once through all DMA ports at full rate.
Activations may all stay in the scratchpad, so their bytes are no bound.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from npusim.arch.clock import MAC, SEEN
from npusim.arch.hardware import Hardware
from npusim.choices import Mode, Precision, choose
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.report.record import Report
from npusim.simulation import (
    DEFAULT_COMPILER,
    DEFAULT_HARDWARE,
    Machine,
    Model,
    graph_of,
    hardware_of,
    simulate,
)
from npusim_xamba.envelope import envelope

UNPACKING = ("DequantizeLinear", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze")
PRODUCTS = (
    "Conv",
    "ConvTranspose",
    "MatMul",
    "Gemm",
    "FusedMatMul",
    "MatMulInteger",
    "ConvInteger",
    "QLinearConv",
    "MatMulNBits",
)
IMPOSSIBLE, ABOVE, POSSIBLE, SLOWER = (
    "impossible",
    "faster than we predict",
    "possible",
    "slower than we predict",
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A time no schedule can beat, us, and what it is of."""

    name: str
    least_us: float
    why: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed latency judged. `verdict`: impossible (below a bound, then `broken` names it), faster than we predict
    (below the band, above every bound), possible (inside the band), slower than we predict (above the band)."""

    claimed_us: float
    verdict: str
    broken: str
    bounds: tuple[Bound, ...]
    report: Report

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        from npusim.terminal.units import time, times

        low, high = self.report.band_us or (self.report.latency_us, self.report.latency_us)
        said, band = time(self.claimed_us), times(low, high)
        if self.verdict == IMPOSSIBLE:
            bound = max(self.bounds, key=lambda b: b.least_us)
            return f"impossible: {said} is below the {time(bound.least_us)} that {bound.why}"
        if self.verdict == ABOVE:
            least = f"in 90 of 100 cases it takes {time(low)} or more"
            return f"faster than we predict: {said} breaks no bound, but {least}"
        if self.verdict == POSSIBLE:
            return f"possible: {said} is inside the band of the prediction, {band}"
        return f"slower than we predict: {said} is above {band}; did all of it run on the NPU, and alone?"


def claim(
    graph: Model,
    claimed_us: float,
    hw: Machine = DEFAULT_HARDWARE,
    compiler: str = DEFAULT_COMPILER,
    precision: str = "fp16",
    mode: str = "throughput",
    report: Report | None = None,
) -> Claim:
    """A claimed latency of one inference, us, against the bounds and the prediction; `report`: that prediction,
    where it is there already.

    Raises BadArgument for a claim that is no time, and what `npusim.simulate` raises."""
    if not 0 < claimed_us < 1e15:
        raise BadArgument(f"a claimed latency of {claimed_us:g} us is none; give microseconds above 0")
    machine, loaded = hardware_of(hw), graph_of(graph)
    choose(Mode, mode), choose(Precision, precision)
    found = report or simulate(loaded, machine, compiler, precision, mode=mode)
    bounds = bounds_of(loaded, machine, found)
    low, high = found.band_us or (found.latency_us, found.latency_us)
    hardest = max(bounds, key=lambda b: b.least_us)
    if claimed_us < hardest.least_us:
        verdict = IMPOSSIBLE
    elif claimed_us < low:
        verdict = ABOVE
    else:
        verdict = POSSIBLE if claimed_us <= high else SLOWER
    return Claim(claimed_us, verdict, hardest.name if verdict == IMPOSSIBLE else "", bounds, found)


def bounds_of(graph: Graph, hw: Hardware, report: Report) -> tuple[Bound, ...]:
    """What no schedule can beat: the MAC array's peak and the weights' way through the DMA."""
    from npusim.terminal.units import nbytes as in_bytes
    from npusim.terminal.units import scaled

    tiles = int(hw.tiles_max)
    mhz = max(float(hw.mac_array.clock_mhz), highest(hw, MAC), float(SEEN.get(hw.generation, (0, 0))[1]))
    ratio = float(hw.mac_array.fp16_ratio) if report.precision == Precision.FP16 else 1.0
    per_us = float(hw.mac_array.macs_per_cycle) / ratio * tiles * mhz
    macs = sum(n.macs for n in report.nodes if n.op_type in PRODUCTS)
    nbytes = weight_bytes(graph, report.precision)
    port = float(hw.dma.bytes_per_cycle) * float(hw.dsp.clock_mhz) / 1e3
    gb_per_s = int(hw.dma.ports) * port * mhz / float(hw.mac_array.clock_mhz)
    rate = f"{2 * per_us / 1e6:.3g} TOPS {report.precision}"
    return (
        Bound(
            "MAC array",
            macs / per_us,
            f"its {scaled(macs)}MAC take at the peak of {tiles} tiles, {rate} at {mhz:g} MHz",
        ),
        Bound(
            "DMA",
            nbytes / gb_per_s / 1e3,
            f"its {in_bytes(nbytes)} of weights take at {gb_per_s:.3g} GB/s, all DMA ports",
        ),
    )


def highest(hw: Hardware, name: str) -> float:
    """The high end of a number's range, else its value."""
    ends = hw.sources[name].range
    return max(float(hw.get(name)), ends[1] if ends else 0.0)


def weight_bytes(graph: Graph, precision: str) -> float:
    """Bytes of the constants that products and convolutions read, each once, in the type the NPU stores: those in front
    of a DequantizeLinear (and of what turns its result) where there is one."""
    made = {name: node for node in graph.nodes if node.op_type in UNPACKING for name in node.outputs}

    def stored(name: str) -> str:
        while name in made and graph.values[made[name].inputs[0]].constant:
            name = made[name].inputs[0]
        return name

    names = {
        stored(name)
        for node in graph.nodes
        if node.op_type in PRODUCTS
        for name in node.inputs
        if name and graph.values[name].constant
    }
    values = [graph.values[name] for name in names]
    return sum(min(v.npu_bytes, v.elements * (1.0 if precision == Precision.INT8 else 2.0)) for v in values)


def to_document(found: Claim) -> dict[str, Any]:
    """Plain values for JSON."""
    report = found.report
    content = {
        "graph": report.graph,
        "tiles": report.tiles,
        "precision": report.precision,
        "claimed_us": found.claimed_us,
        "verdict": found.verdict,
        "broken": found.broken,
        "sentence": found.sentence,
        "bounds": [asdict(bound) for bound in found.bounds],
        "latency_us": report.latency_us,
        "band_us": None if report.band_us is None else list(report.band_us),
    }
    return envelope(
        "npusim.claim",
        content,
        model_sha256=report.model_sha256,
        hardware=report.hardware,
        compiler=report.compiler,
        seed=report.seed,
    )
