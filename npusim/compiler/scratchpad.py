"""What is in the scratchpads of all tiles, seen as one space, and what leaves when room is needed."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from npusim.compiler.distribution import ONE, through_ddr
from npusim.compiler.place import Placed
from npusim.compiler.profile import Memory

Moved = tuple[str, float]  # tensor, bytes
NEVER = 1 << 60


@dataclass(slots=True)
class Residence:
    """What one step does with memory. Bytes are of whole tensors, over all tiles."""

    loads: list[Moved] = field(default_factory=list)
    stores: list[Moved] = field(default_factory=list)  # spills of tensors that make room
    writes: list[Moved] = field(default_factory=list)  # its own outputs, to DDR
    pieces: int = 1
    cut: str = "rows"
    fixed_traffic: float = 0.0  # bytes of constants fetched, re-reads included
    held_bytes: float = 0.0  # activations in the scratchpad while it runs
    reason: str = ""
    source: str = "scratchpad"  # where its first input is (for pure moves)
    destination: str = "scratchpad"


class Scratchpad:
    """Tensors inside (`inside`: bytes by name), their cut over the tiles, and which have a copy in DDR."""

    def __init__(
        self, steps: list[Placed], sizes: dict[str, float], memory: Memory, tiles: int, tile_bytes: float
    ) -> None:
        self.sizes = sizes
        self.memory = memory
        self.tiles = tiles
        self.resident_bytes = tiles * tile_bytes * memory.resident_share
        self.pipelined_bytes = tiles * tile_bytes * memory.pipelined_share
        self.uses: dict[str, list[int]] = {}
        for k, step in enumerate(steps):
            for name in step.reads:
                self.uses.setdefault(name, []).append(k)
        self.inside: dict[str, float] = {}
        self.used_bytes = 0.0
        self.cuts: dict[str, str] = {}
        self.in_ddr: set[str] = set()

    def put(self, name: str) -> None:
        self.take(name)
        self.inside[name] = self.sizes[name]
        self.used_bytes += self.sizes[name]

    def take(self, name: str) -> None:
        self.used_bytes -= self.inside.pop(name, 0.0)

    def dead_after(self, name: str, k: int) -> bool:
        """Whether nobody reads the tensor after step `k`."""
        uses = self.uses.get(name)
        return not uses or uses[-1] <= k

    def next_use(self, name: str, k: int) -> int:
        uses = self.uses.get(name, [])
        at = bisect_right(uses, k)
        return uses[at] if at < len(uses) else NEVER

    def bytes_of(self, names: tuple[str, ...]) -> float:
        """Bytes of those of `names` that are inside."""
        return sum(self.inside.get(n, 0.0) for n in names)

    def spill(self, name: str, r: Residence) -> None:
        """Take a tensor out; write it to DDR unless it is there already."""
        self.take(name)
        if name not in self.in_ddr:
            self.in_ddr.add(name)
            r.stores.append((name, self.sizes[name]))

    def make_room(self, k: int, step: Placed, r: Residence, need: float) -> None:
        """Spill what is needed last until `need` bytes fit beside the rest."""
        if need + self.used_bytes - self.bytes_of(step.reads) <= self.resident_bytes:
            return
        others = sorted((n for n in self.inside if n not in step.reads), key=lambda n: self.next_use(n, k))
        while others and need + self.used_bytes - self.bytes_of(step.reads) > self.resident_bytes:
            self.spill(others.pop(), r)

    def cross_tiles(self, step: Placed, cut: str, r: Residence) -> None:
        """Tensors whose parts lie on other tiles than this step wants them go through DDR; so does one that is
        read in another shape."""
        if self.tiles == 1:
            return
        for name in [n for n in step.reads if n in self.inside]:
            made = self.cuts.get(name, cut)
            if not self.memory.natural_cuts and ONE not in (made, cut):
                made = cut
            readers = len(self.uses[name]) if self.memory.natural_cuts else 1
            reshaped = self.memory.reshape_through_ddr and name in step.reshaped
            if reshaped or through_ddr(made, cut, readers):
                self.spill(name, r)
