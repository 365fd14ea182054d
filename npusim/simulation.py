"""The one door: graph in, report out."""

from __future__ import annotations

import math

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.choices import Mode, choose
from npusim.collector import held
from npusim.compiler.compile import compile_graph
from npusim.compiler.guard import BREAKS, broken
from npusim.compiler.profile import CompilerProfile, load_profile
from npusim.errors import BadHardware
from npusim.graph import Graph
from npusim.pricing import price, timeline
from npusim.report.build import build
from npusim.report.record import Report

DEFAULT_COMPILER = "2026"


def simulate(
    graph: Graph,
    hw: Hardware,
    compiler: str | CompilerProfile = DEFAULT_COMPILER,
    precision: str = "fp16",
    allow_unmodelled: bool = False,
    mode: str = "throughput",
    max_memory_bytes: float | None = None,
) -> Report:
    """Latency of `graph` on `hw`, with engine, time, bound and reason of every node.

    Args:
        graph: a static graph (`npusim.load`).
        hw: the NPU (`npusim.hardware`).
        compiler: name of a compiler profile, a YAML file, or a profile.
        precision: 'fp16', or 'int8' for what a quantised version would take.
        mode: 'throughput' is the NPU's own time of one inference (several are in flight, the host's part is
            hidden); 'latency' adds the host's part of a synchronous inference.
        allow_unmodelled: list ops without a cost instead of refusing the graph.
        max_memory_bytes: what the plan may take; by default 50,000 tasks (300 MB) or 10 a tensor.

    Raises:
        UnknownOp, DoesNotFit, BadArgument, TooLarge, BadModel (a node contradicts itself), BadHardware (a number of
        the hardware makes the latency infinite).
    """
    chosen = choose(Mode, mode)
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    with held():
        try:
            plan = compile_graph(graph, hw, profile, precision, allow_unmodelled, max_memory_bytes)
        except (*BREAKS, MemoryError) as error:
            raise broken(graph, error) from error
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # told below, with its cause
            prices = price(plan, hw)
            line = timeline(plan, hw, prices)
        if not math.isfinite(float(line.latency_ns)):
            raise absurd(hw, float(line.latency_ns))
        return build(plan, hw, prices, line, chosen)


def absurd(hw: Hardware, latency_ns: float) -> BadHardware:
    """Which number of the hardware makes a latency that is none: the one farthest from 1."""
    numbers = {name: abs(float(value)) for name, value in hw.numbers().items() if value}
    name = max(numbers, key=lambda n: abs(math.log10(numbers[n])))
    return BadHardware(
        f"the latency on '{hw.name}' comes to {latency_ns}; its most extreme number is {name} = {numbers[name]:g}"
    )
