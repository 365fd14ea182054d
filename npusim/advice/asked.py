"""What rules of advice may ask: the run as it is, and the same run with one thing changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npusim.arch.hardware import Hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import Plan
from npusim.compiler.profile import CompilerProfile
from npusim.errors import NpusimError
from npusim.graph import Graph
from npusim.measures import US
from npusim.pricing import timeline
from npusim.report.record import NodeReport, Report


@dataclass(frozen=True, slots=True)
class Asked:
    """One simulated run. `graph` is the graph as it was loaded, before the compiler's fusions."""

    graph: Graph
    hw: Hardware
    profile: CompilerProfile
    plan: Plan
    report: Report

    def changed_us(
        self,
        graph: Graph | None = None,
        hw: Hardware | None = None,
        profile: CompilerProfile | None = None,
        precision: str = "",
    ) -> float | None:
        """Latency in microseconds with these things changed, the host's part included; None where that is refused."""
        machine = hw or self.hw
        try:
            plan = compile_graph(
                graph or self.graph, machine, profile or self.profile, precision or self.plan.precision,
                bool(self.plan.unpriced),
            )  # fmt: skip
        except NpusimError:
            return None
        return float(timeline(plan, machine).latency_ns) * US + self.report.host_us

    def nodes(self, *op_types: str, engine: str = "") -> list[NodeReport]:
        """Nodes of these op types (all if none is named) on this engine, the one that moves the end most first."""
        found = [
            n
            for n in self.report.nodes
            if (not op_types or n.op_type in op_types) and (not engine or n.engine == engine)
        ]
        return sorted(found, key=lambda n: -n.critical_us)

    def share(self, nodes: Sequence[NodeReport]) -> float:
        """Part of the latency that the nodes move its end by, 0..1."""
        whole = self.report.latency_us
        return sum(n.critical_us for n in nodes) / whole if whole else 0.0

    def with_nodes(self, graph: Graph) -> Asked:
        """The same question about another graph."""
        return replace(self, graph=graph)
