"""One pass of a language model over some tokens, planned and priced: its time, its parts, what it reads."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.band import doubts
from npusim.choices import Mode
from npusim.collector import held
from npusim.compiler.compile import compile_graph
from npusim.compiler.guard import BREAKS, broken
from npusim.compiler.plan import DMA0, Plan
from npusim.compiler.profile import CompilerProfile
from npusim.generating.parts import parts_ns
from npusim.generating.roles import logits
from npusim.generating.traffic import Traffic, traffic
from npusim.graph import Graph
from npusim.measures import US, ddr_bytes
from npusim.pricing import price, timeline
from npusim.report.record import Doubt
from npusim.simulation import absurd

LOGIT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Conditions:
    """On what a pass runs."""

    hw: Hardware
    profile: CompilerProfile
    precision: str = "fp16"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: `tokens` new ones behind `past` rows. `time_us` is the NPU's and the host's, `parts_us` its parts
    (`npusim.generating.parts.PARTS`), which sum to it. `must`: bytes it reads by necessity; `moved_bytes`: what the
    plan moves from and to DDR. `structure`: equal for plans that run the same steps in the same ways. `doubts`: what
    makes its band, where asked for."""

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


def run(graph: Graph, on: Conditions, past: int, tokens: int, *, band: bool = False) -> Pass:
    """Plan and price one pass.

    Raises UnknownOp, DoesNotFit, TooLarge, BadHardware as `npusim.simulate`."""
    with held():
        try:
            plan = compile_graph(graph, on.hw, on.profile, on.precision)
        except (*BREAKS, MemoryError) as error:
            raise broken(graph, error) from error
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # told below, with its cause
            prices = price(plan, on.hw)
            line = timeline(plan, on.hw, prices)
        npu_ns = float(line.latency_ns)
        if not math.isfinite(npu_ns):
            raise absurd(on.hw, npu_ns)
        parts = {name: ns * US for name, ns in parts_ns(graph, plan, prices, line).items()}
        parts["host"] = _host_ns(plan, on.hw) * US
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
            doubts=doubts(plan, on.hw, Mode.LATENCY) if band else (),
            warnings=plan.warnings,
        )


def _structure(plan: Plan) -> int:
    """What tells plans apart whatever the sizes: how each step runs, whether it is cut, and how many compute tasks."""
    ways = tuple((step.lowering, step.engine, step.pieces > 1) for step in plan.steps)
    return hash((ways, sum(queue < DMA0 for queue in plan.queue)))


def _host_ns(plan: Plan, hw: Hardware) -> float:
    """The host's part: the request, and logits as float32, whatever the graph computes in. The cache is not the
    host's: OpenVINO's pipeline keeps it in the NPU's own type from token to token."""
    result = logits(plan.graph)
    nbytes = LOGIT_BYTES * result.elements if result is not None else 0
    return float(hw.host.latency_ns) + nbytes / float(hw.host.float32_gb_per_s)  # 1 GB/s is 1 byte per ns
