"""The one door: graph in, report out."""

from __future__ import annotations

from npusim.arch.hardware import Hardware
from npusim.choices import Mode, choose
from npusim.compiler.compile import compile_graph
from npusim.compiler.profile import CompilerProfile, load_profile
from npusim.graph import Graph
from npusim.pricing import price
from npusim.report.build import build
from npusim.report.record import Report
from npusim.schedule import schedule

DEFAULT_COMPILER = "2026"


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
    chosen = choose(Mode, mode)
    profile = load_profile(compiler) if isinstance(compiler, str) else compiler
    plan = compile_graph(graph, hw, profile, precision, allow_unmodelled)
    prices = price(plan, hw)
    line = schedule(plan.queue, plan.pieces, plan.after, plan.streams, prices.time_ns, plan.feeds)
    return build(plan, hw, prices, line, chosen)
