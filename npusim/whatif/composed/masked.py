"""One plan, run with some of its steps left out: many alternatives at once, as points of an array.

A step that is left out takes no time and moves nothing; all that waits for it waits no longer. The plan stays that of
the whole graph, so what is kept in the scratchpad, and how far ahead weights are fetched, is as in the whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import Plan
from npusim.compiler.rules.profile import load_profile
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.measures import US
from npusim.pricing import price, program_of
from npusim.schedule import run_rows
from npusim.whatif.base import Runs, Simulate


@dataclass(frozen=True)
class Masked:
    """A plan on its NPU, to be run with steps left out."""

    plan: Plan
    hw: Hardware

    @cached_property
    def step_of(self) -> np.ndarray:
        """Of every task the step it works for; a prefetched weight works for the step that reads it."""
        owner = np.array(self.plan.step, dtype=np.intp)
        for k, step in enumerate(self.plan.steps):
            owner[list(step.tasks)] = k
            owner[list(step.prefetch)] = k
        return owner

    @cached_property
    def times_ns(self) -> np.ndarray:
        return price(self.plan, self.hw).time_ns

    @cached_property
    def names(self) -> list[frozenset[str]]:
        """Of every step the nodes of the loaded graph it stands for; empty for what the compiler adds."""
        known = {node.name for node in self.plan.graph.nodes}
        return [
            frozenset((step.node.name, *step.node.absorbed)) if step.node.name in known else frozenset()
            for step in self.plan.steps
        ]

    def latency_us(self, on: np.ndarray) -> np.ndarray:
        """Microseconds of each alternative. `on`: bool [steps, alternatives], which steps run."""
        plan = self.plan
        if not plan.queue or not on.shape[1]:
            return np.zeros(on.shape[1])
        rows = [time * on[k] for time, k in zip(self.times_ns.tolist(), self.step_of.tolist(), strict=True)]
        latest = np.zeros(on.shape[1])
        for _, end in run_rows(program_of(plan), rows, range(len(rows))):
            np.maximum(latest, end, out=latest)
        return latest * US

    def steps_with(self, nodes: Iterable[str]) -> np.ndarray:
        """Which steps stand for any of these nodes, bool [steps]."""
        wanted = set(nodes)
        return np.array([not wanted.isdisjoint(names) for names in self.names], dtype=bool)


def masked(graph: Graph, hw: Hardware, simulate: Simulate) -> Masked:
    """The plan of a graph under the caller's conditions and the what-ifs that come behind. Raises what compiling
    raises, and BadArgument where one of those composes runs too."""
    from npusim.whatif.run import applied_only

    for one in simulate.what_ifs:
        if isinstance(one, Runs):
            raise BadArgument(
                f"what-if '{one.name}' composes several runs, and so does one in front of it; ask for one at a time"
            )
    if simulate.what_ifs:
        graph, hw = applied_only(graph, hw, simulate.what_ifs, simulate.compiler, simulate.precision)
    profile = load_profile(simulate.compiler)
    hw = profile.priced(hw)
    return Masked(compile_graph(graph, hw, profile, simulate.precision), hw)
