"""The one door: graph in, report out."""

from __future__ import annotations

from npusim.arch.hardware import Hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.profile import CompilerProfile, load_profile
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.pricing import price, timeline
from npusim.report.build import build
from npusim.report.record import Report

DEFAULT_COMPILER = "2026"
MODES = ("throughput", "latency")


def simulate(
    graph: Graph,
    hw: Hardware,
    compiler: str | CompilerProfile = DEFAULT_COMPILER,
    precision: str = "fp16",
    allow_unmodelled: bool = False,
    mode: str = "throughput",
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

    Raises:
        UnknownOp, DoesNotFit, BadArgument.
    """
    if mode not in MODES:
        raise BadArgument(f"mode '{mode}' is not on offer; choose from {', '.join(MODES)}")
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    plan = compile_graph(graph, hw, profile, precision, allow_unmodelled)
    prices = price(plan, hw)
    return build(plan, hw, prices, timeline(plan, hw, prices), mode)
