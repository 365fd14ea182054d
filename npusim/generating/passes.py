"""One pass of a language model over some tokens, planned and priced: its time, its parts, what it reads."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.arch.spread import range_of
from npusim.band import doubts
from npusim.collector import held
from npusim.compiler.compile import compile_graph
from npusim.compiler.guard import BREAKS, broken
from npusim.compiler.plan import DMA0, Plan
from npusim.compiler.rules.profile import CompilerProfile
from npusim.generating.parts import parts_ns
from npusim.generating.roles import logits
from npusim.generating.traffic import Traffic, traffic
from npusim.graph import Graph
from npusim.measures import US, ddr_bytes
from npusim.pricing import price, run_once, timeline
from npusim.report.doubts import rests_on_assumptions
from npusim.report.priced import priced_as
from npusim.report.record import Doubt
from npusim.simulation import absurd

if TYPE_CHECKING:
    from npusim.whatif.base import Supposition

LOGIT_BYTES = 4
REQUEST, CONVERSION = "host.latency_ns", "host.float32_gb_per_s"


@dataclass(frozen=True, slots=True)
class Conditions:
    """On what a pass runs, and under which what-ifs."""

    hw: Hardware
    profile: CompilerProfile
    precision: str = "fp16"
    what_ifs: tuple[Supposition, ...] = ()

    def supposed(self, graph: Graph) -> tuple[Graph, Hardware]:
        """The graph of a pass and the NPU under the what-ifs. Raises BadArgument."""
        if not self.what_ifs:
            return graph, self.hw
        from npusim.whatif.run import applied

        return applied(graph, self.hw, self.what_ifs, self.profile.name, self.precision)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: `tokens` new ones behind `past` rows. `time_us` is the NPU's and the host's, `parts_us` its parts
    (`npusim.generating.parts.PARTS`), which sum to it. `must`: bytes it reads by necessity; `moved_bytes`: what the
    plan moves from and to DDR. `structure`: equal for plans that run the same steps in the same ways. `doubts`: what
    makes its band, and `rests`: sentences on single assumed numbers that more than a quarter of it rests on, both where
    the band was asked for."""

    past: int
    tokens: int
    time_us: float
    parts_us: dict[str, float]
    must: Traffic
    moved_bytes: float
    macs: float
    tasks: int
    structure: int
    doubts: tuple[Doubt, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()


def run(graph: Graph, on: Conditions, past: int, tokens: int, *, band: bool = False) -> Pass:
    """Plan and price one pass.

    Raises UnknownOp, DoesNotFit, TooLarge, BadHardware as `npusim.simulate`."""
    with held():
        graph, hw = on.supposed(graph)
        try:
            plan = compile_graph(graph, hw, on.profile, on.precision)
        except (*BREAKS, MemoryError) as error:
            raise broken(graph, error) from error
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # told below, with its cause
            prices = price(plan, hw)
            line = timeline(plan, hw, prices) if band else run_once(plan, prices)
        npu_ns = float(line.latency_ns)
        if not math.isfinite(npu_ns):
            raise absurd(hw, npu_ns)
        parts = {name: ns * US for name, ns in parts_ns(graph, plan, prices, line).items()}
        host = _host_ns(graph, hw)
        parts["host"] = sum(host.values()) * US
        return Pass(
            past=past,
            tokens=tokens,
            time_us=npu_ns * US + parts["host"],
            parts_us=parts,
            must=traffic(graph),
            moved_bytes=sum(map(ddr_bytes, plan.ask, plan.repeats)),
            macs=sum(step.macs for step in plan.steps),
            tasks=len(plan.queue),
            structure=_structure(plan),
            doubts=_with_host(doubts(plan, hw), hw, npu_ns, host) if band else (),
            warnings=(*plan.warnings, *filter(None, [priced_as(plan, hw, on.profile.prices)])),
            rests=tuple(rests_on_assumptions(plan, hw, line)) if band else (),
        )


def _structure(plan: Plan) -> int:
    """What tells plans apart whatever the sizes: how each step runs, whether it is cut, and how many compute tasks."""
    ways = tuple((step.lowering, step.engine, step.pieces > 1) for step in plan.steps)
    return hash((ways, sum(queue < DMA0 for queue in plan.queue)))


def _host_ns(graph: Graph, hw: Hardware) -> dict[str, float]:
    """The host's part, by the number of the hardware it rests on: the request, and logits as float32, whatever the
    graph computes in. The cache is not the host's: OpenVINO's pipeline keeps it in the NPU's own type from token to
    token (`convert_kvcache_to_precision.cpp` in its NPU plugin, 2026.4.1)."""
    result = logits(graph)
    nbytes = LOGIT_BYTES * result.elements if result is not None else 0
    return {
        REQUEST: float(hw.host.latency_ns),
        CONVERSION: nbytes / float(hw.host.float32_gb_per_s),  # 1 GB/s is 1 byte per ns
    }


def _with_host(
    found: tuple[Doubt, ...], hw: Hardware, npu_ns: float, host: dict[str, float]
) -> tuple[Doubt, ...]:
    """What makes the band of the NPU's time, with the host's part in it and what makes that."""
    whole, more_us = npu_ns + sum(host.values()), sum(host.values()) * US
    shifted = [Doubt(d.npu, d.name, d.low_us + more_us, d.high_us + more_us) for d in found]
    for name, part in host.items():
        ends = range_of(hw, name)
        if ends is None or not part:
            continue
        low, high = (end / float(hw.get(name)) for end in ends)
        if name == CONVERSION:  # a rate
            low, high = 1 / high, 1 / low
        shifted.append(
            Doubt(hw.generation, name, (whole + part * (low - 1)) * US, (whole + part * (high - 1)) * US)
        )
    return tuple(sorted(shifted, key=lambda d: -d.high_us / d.low_us))
