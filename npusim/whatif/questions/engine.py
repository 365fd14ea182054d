"""A further engine beside MAC array, DSPs and DMA."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar

from pydantic import model_validator

from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source
from npusim.errors import BadArgument
from npusim.graph import Graph, Node
from npusim.ops.registry import OWN_WORKS
from npusim.whatif.base import Supposition, option
from npusim.whatif.engines import Engine as Described
from npusim.whatif.engines import counts_of, read_engine
from npusim.whatif.names import nearest_node
from npusim.whatif.weights import matches, weight_of
from npusim.work import Lowering, VectorWork
from npusim_xamba.text import quoted


@lru_cache(maxsize=64)
def _read(file: str, parameters: tuple[str, ...], changed_at: float) -> Described:
    """The engine of a file as it stands: read once, and again when the file has changed."""
    given = {name: float(value) for name, _, value in (one.partition(":") for one in parameters)}
    return read_engine(file, given)


class Engine(Supposition):
    """What if a further engine, described in a file, took some of the nodes?

    A YAML file gives op types, a clock and an expression for the cycles of a node; a Python file gives functions. Its
    nodes have a queue of their own: they run beside MAC array and DSPs, wait for what they read, and read and write the
    scratchpad. Weights that are part of the engine do not move."""

    name: ClassVar[str] = "engine"
    came_from: ClassVar[str] = "NullaNet Tiny (logic), Stochastic Configuration Machines, spiking arrays"
    bare: ClassVar[str] = "file"

    file: str = option(..., "YAML or Python file that describes the engine")
    layers: str = option("*", "names of the nodes it may take, with * and ?")
    clock_mhz: float | None = option(None, "its clock in place of the file's", gt=0, le=1e6)
    parameters: tuple[str, ...] = option((), "numbers of the file's formula in place of its own, NAME:VALUE")

    @model_validator(mode="after")
    def _numbers(self) -> Engine:
        for one in self.parameters:
            name, colon, value = one.partition(":")
            try:
                fine = bool(colon and name) and math.isfinite(float(value))
            except ValueError:
                fine = False
            if not fine:
                raise ValueError(f"parameter '{one}' is not NAME:VALUE; write for example timesteps:8")
        return self

    @property
    def described(self) -> Described:
        """The engine of the file."""
        found = _read(
            self.file, self.parameters, os.path.getmtime(self.file) if os.path.exists(self.file) else 0.0
        )
        return found if self.clock_mhz is None else replace(found, clock_mhz=self.clock_mhz)

    def apply(self, graph: Graph, hw: Hardware) -> tuple[Graph, Hardware]:
        """The graph with the nodes it takes bringing their cycles, and the machine with a line for its clock."""
        engine = self.described
        kernel = "engine_" + "".join(c if c.isalnum() else "_" for c in engine.name.lower())
        line = f"dsp.kernels.{kernel}"
        ratio = float(hw.dsp.clock_mhz) / engine.clock_mhz  # the line counts cycles of the DSP's clock
        machine = hw.extended(
            {f"{line}.launch_cycles": 0.0, f"{line}.cycles_per_element": ratio, f"{line}.scalar": True},
            Source("assumed", f"{self.file}: {engine.source}", spread=1.0),
        )
        nodes = tuple(self._taken(node, graph, kernel) for node in graph.nodes)
        if graph.nodes and nodes == graph.nodes:
            raise BadArgument(
                f"what-if 'engine': {quoted(engine.name)} takes no node of '{graph.name}' that matches "
                f"{quoted(self.layers)}{nearest_node(self.layers, (node.name for node in graph.nodes))}"
            )
        return replace(graph, nodes=nodes), machine

    def _taken(self, node: Node, graph: Graph, kernel: str) -> Node:
        if not matches(node, self.layers) or OWN_WORKS in node.attributes:
            return node
        counts = counts_of(node, graph)
        engine = self.described
        if not engine.takes(node, counts):
            return node
        cycles = engine.cycles(counts)
        if not (math.isfinite(cycles) and cycles >= 0):
            raise BadArgument(
                f"what-if 'engine': {self.file} gives node {quoted(node.name)} {cycles} cycles; they must be 0 or more"
            )
        work = VectorWork(kernel, cycles, 1, 1, "extra")
        own = (Lowering("extra", (work,), macs=counts["macs"] if weight_of(node, graph) else 0.0),)
        inputs = [n for n in node.inputs if not engine.keeps_weights or not n or not graph.values[n].constant]
        return replace(
            node,
            domain="npusim.engine",
            inputs=tuple(inputs),
            attributes={**node.attributes, OWN_WORKS: own},
        )

    def requires(self, hw: Hardware) -> str:
        """What the file says."""
        return self.described.needs or f"the engine '{self.described.name}'"

    def says(self, before: Graph, after: Graph, hw: Hardware) -> str:
        """How many nodes went to it."""
        taken = [node for node in after.nodes if OWN_WORKS in node.attributes]
        cycles = sum(node.attributes[OWN_WORKS][0].steps[0].elements * node.repeats for node in taken)
        engine = self.described
        return (
            f"{len(taken)} of {len(after.nodes)} nodes on '{engine.name}' at {engine.clock_mhz:g} MHz, {cycles:,.0f} "
            f"cycles; its numbers: {engine.source}"
        )
