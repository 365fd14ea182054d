"""What every stage asks for: the graph, the machine's structure and the rules of its generation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from npusim.arch.hardware import Hardware
from npusim.compiler.layouts.pixel_lists import Lists
from npusim.compiler.rules.memory_rules import Memory
from npusim.compiler.rules.profile import CompilerProfile
from npusim.graph import Graph, Value


@dataclass(frozen=True)
class Site:
    """A graph whose nodes are placed, on one machine, by one compiler's rules."""

    hw: Hardware
    profile: CompilerProfile
    generation: str
    graph: Graph  # as placed
    part_of: dict[str, str]  # tensor -> the tensor it is a part of
    lists: Lists
    lines: frozenset[str] = frozenset()  # as convolutions along one axis see them

    @property
    def memory(self) -> Memory:
        return self.profile.memory

    @property
    def values(self) -> dict[str, Value]:
        return self.graph.values

    @cached_property
    def outputs(self) -> frozenset[str]:
        return frozenset(self.graph.outputs)

    @cached_property
    def inputs(self) -> frozenset[str]:
        return frozenset(self.graph.inputs)

    @cached_property
    def wholes(self) -> frozenset[str]:
        """Tensors that others are parts of."""
        return frozenset(self.part_of.values())

    @property
    def tiles(self) -> int:
        return int(self.hw.tiles)

    @property
    def dsps_a_tile(self) -> int:
        return int(self.hw.dsp.per_tile)

    @property
    def dsps(self) -> int:
        return self.tiles * self.dsps_a_tile

    @property
    def ports(self) -> int:
        return int(self.hw.dma.ports)

    @property
    def tile_bytes(self) -> float:
        return float(self.hw.scratchpad.capacity_bytes)

    @property
    def all_tiles_bytes(self) -> float:
        return self.tiles * self.tile_bytes

    @property
    def room(self) -> float:
        """Bytes of all scratchpads that tensors kept whole may fill."""
        return self.all_tiles_bytes * self.memory.resident_share

    @property
    def pipelined_bytes(self) -> float:
        return self.tile_bytes * self.memory.pipelined_share

    @property
    def groups(self) -> bool:
        """Whether groups of a product are shared over tiles."""
        return self.generation in self.profile.groups_over_tiles
