"""Weights in a further memory on the chip."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from npusim.arch.hardware import Hardware
from npusim.arch.sources import Source
from npusim.errors import BadArgument
from npusim.graph import Contents, Graph
from npusim.terminal.units import nbytes
from npusim.whatif.base import Supposition, option
from npusim.whatif.knapsack import chosen
from npusim.whatif.weights import products, stored

SUPPOSED = Source("assumed", "what-if keep", spread=1.0)
MOST_NAMES = 3


class Keep(Supposition):
    """What if some weights lay in a further memory on the chip, with a rate and a capacity of its own?

    The DMA brings them from there in place of DDR; which ones is chosen: those that shorten the run most, within the
    capacity. The memory is the `weight_store` of the hardware file, or what the options say. The plan stays."""

    name: ClassVar[str] = "keep"
    needs: ClassVar[str] = "a memory on the chip that keeps weights between inferences, on the DMA's way"
    came_from: ClassVar[str] = "adapter-ALBERT (weights of the backbone in a memory of another kind)"
    synonyms: ClassVar[dict[str, str]] = {"in": "memory"}

    weights: str = option("*", "names of the nodes whose weights may be kept, with * and ?")
    memory: str = option("store", "what the memory is called on the page; also spelled in=")
    capacity_mb: float | None = option(
        None, "its capacity, 1e6 bytes; as in the hardware file, or 0", ge=0, le=1e6
    )
    gb_per_s: float | None = option(
        None, "its rate, all DMA ports together, 1e9 bytes; needed where the file has none", gt=0, le=1e6
    )
    latency_ns: float | None = option(
        None,
        "latency of a transfer; half of DDR's where the file has none",
        ge=0,
        le=1e9,
        source="assumed: between DDR and the scratchpad",
    )

    def apply_under(
        self, graph: Graph, hw: Hardware, compiler: str, precision: str
    ) -> tuple[Graph, Hardware]:
        """The machine with the store, and the graph with the weights that earned a place in it."""
        machine = self._machine(hw)
        if machine is hw and hw.weight_store is None:
            return graph, hw
        assert machine.weight_store is not None
        products(graph, self.weights)  # a pattern that matches nothing is told
        if not graph.nodes:
            return graph, machine
        capacity = float(machine.weight_store.capacity_bytes)
        names = chosen(graph, machine, capacity, self.weights, compiler, precision)
        values = dict(graph.values)
        for name in names:
            known = values[name].contents or Contents()
            values[name] = replace(values[name], contents=replace(known, memory="store"))
        return (replace(graph, values=values) if names else graph), machine

    def apply(self, graph: Graph, hw: Hardware) -> tuple[Graph, Hardware]:
        """As compiled by the default compiler."""
        return self.apply_under(graph, hw, "2026", "fp16")

    def _machine(self, hw: Hardware) -> Hardware:
        """The hardware with the store of the options; itself where they say nothing."""
        given = {
            "capacity_bytes": None if self.capacity_mb is None else self.capacity_mb * 1e6,
            "bandwidth_gb_per_s": self.gb_per_s,
            "latency_ns": self.latency_ns,
        }
        given = {key: value for key, value in given.items() if value is not None}
        store = hw.weight_store
        if not given or (store is None and not self.capacity_mb):
            return hw
        if store is None:
            if self.gb_per_s is None:
                raise BadArgument(
                    f"what-if 'keep': '{hw.name}' has no weight_store; give its rate too, as gb_per_s=100"
                )
            given.setdefault("latency_ns", float(hw.dma.latency_ns) / 2)
        return hw.extended({f"weight_store.{key}": value for key, value in given.items()}, SUPPOSED)

    def says(self, before: Graph, after: Graph, hw: Hardware) -> str:
        """How many weights, how many bytes, and whose."""
        store = hw.weight_store
        if store is None:
            return "no capacity: nothing changes"
        kept: dict[str, tuple[float, str]] = {}
        every: dict[str, float] = {}
        for name, node in stored(after, self.weights).items():
            value = after.values[name]
            known = value.contents or Contents()
            every[name] = value.npu_bytes * known.stored
            if known.memory:
                kept.setdefault(name, (every[name], node.name))
        largest = sorted(kept.values(), reverse=True)[:MOST_NAMES]
        names = ", ".join(name for _, name in largest)
        more = f" and {len(kept) - len(largest)} more" if len(kept) > len(largest) else ""
        held = sum(size for size, _ in kept.values())
        text = (
            f"{len(kept)} of {len(every)} weights, {nbytes(held)} of {nbytes(sum(every.values()))}, lie in a "
            f"{self.memory} of {nbytes(float(store.capacity_bytes))} at {float(store.bandwidth_gb_per_s):g} GB/s"
        )
        return f"{text}: {names}{more}" if kept else text
