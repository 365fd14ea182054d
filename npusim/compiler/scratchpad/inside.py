"""What is in the scratchpads of all tiles, seen as one space, and what leaves when room is needed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count

from npusim.compiler.lowering.parts import wholes
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Residence

NEVER = 1 << 60


class Inside:
    """Tensors inside (`inside`: bytes by name), over what they lie across the tiles, and which have a copy in DDR.

    `part_of`: tensors that are contiguous parts of another one (a Slice, a Split): where the whole is, they are."""

    def __init__(
        self,
        steps: list[Placed],
        sizes: dict[str, float],
        part_of: Mapping[str, str],
        resident_bytes: float,
    ) -> None:
        self.sizes = sizes
        self.part_of = part_of
        self.resident_bytes = resident_bytes
        self.uses: dict[str, list[int]] = {}
        for k, step in enumerate(steps):
            for name in step.reads:
                for whole in self.wholes(name):
                    uses = self.uses.setdefault(whole, [])
                    if not uses or uses[-1] != k:
                        uses.append(k)
        self.inside: dict[str, float] = {}
        self.puts = count()
        self.order: dict[str, int] = {}  # when each tensor was put in last
        self.touched: dict[str, None] = {}  # put in or read since `leaving` knew its next use
        # heap: needed last first, of equals the one put in last
        self.leaving: list[tuple[int, int, str]] = []
        self.used_bytes = 0.0
        self.sharings: dict[str, str] = {}
        self.in_ddr: set[str] = set()
        self.made_by: dict[str, Residence] = {}  # tensors that a compute step made and that are still inside

    def wholes(self, name: str) -> Iterator[str]:
        """The tensor and those it is a part of."""
        return wholes(name, self.part_of)

    def holder(self, name: str) -> str | None:
        """The tensor inside that holds the bytes of `name`: itself, or one it is a part of."""
        if name in self.inside:
            return name
        if name not in self.part_of:
            return None
        return next((n for n in self.wholes(name) if n in self.inside), None)

    def put(self, name: str) -> None:
        self.take(name)
        self.inside[name] = self.sizes[name]
        self.used_bytes += self.sizes[name]
        self.order[name] = next(self.puts)
        self.touched[name] = None

    def take(self, name: str) -> None:
        self.used_bytes -= self.inside.pop(name, 0.0)

    def release(self, name: str, k: int) -> None:
        """Forget a tensor that step `k` has read, and those it is a part of, if nobody needs them any more."""
        for whole in self.wholes(name) if name in self.part_of else (name,):
            if whole in self.inside:
                if self.dead_after(whole, k):
                    self.take(whole)
                else:
                    self.touched[whole] = None

    def dead_after(self, name: str, k: int) -> bool:
        """Whether nobody reads the tensor after step `k`."""
        uses = self.uses.get(name)
        return not uses or uses[-1] <= k

    def next_use(self, name: str, k: int) -> int:
        uses = self.uses.get(name, [])
        at = bisect_right(uses, k)
        return uses[at] if at < len(uses) else NEVER

    def beside(self, name: str, k: int) -> float:
        """Bytes inside that are read next where the result `name` of step `k` is."""
        reader = self.next_use(name, k)
        return sum(size for n, size in self.inside.items() if self.next_use(n, k) == reader)

    def bytes_of(self, names: tuple[str, ...]) -> float:
        """Bytes inside that belong to `names`, wholes in which they are parts included."""
        if not self.part_of:
            return sum(self.inside.get(n, 0.0) for n in names)
        holders = {holder for n in names if (holder := self.holder(n)) is not None}
        return sum(self.inside[n] for n in sorted(holders))

    def sharing_of(self, name: str) -> str | None:
        """Over what the tensor, or the one it is a part of, lies across the tiles."""
        if name not in self.part_of:
            return self.sharings.get(name)
        return next((self.sharings[n] for n in self.wholes(name) if n in self.sharings), None)

    def spill(self, name: str, r: Residence) -> None:
        """Take a tensor out; it is written to DDR unless it is there already: by its maker, beside whose compute the
        transfer runs, or before the step of `r`."""
        self.take(name)
        if not any(n in self.in_ddr for n in self.wholes(name)):
            self.in_ddr.add(name)
            maker = self.made_by.pop(name, None)
            (r.stores if maker is None else maker.writes).append((name, self.sizes[name]))

    def write_too(self, name: str, r: Residence) -> None:
        """A tensor stays inside for its readers, and is written to DDR for one that reads it there."""
        if any(n in self.in_ddr for n in self.wholes(name)):
            return
        self.in_ddr.add(name)
        maker = self.made_by.get(name)
        (r.stores if maker is None else maker.writes).append((name, self.sizes[name]))

    def spill_all(self, names: Iterable[str], r: Residence) -> bool:
        """Take out whatever holds these tensors; whether there was any."""
        found = False
        for name in names:
            holder = self.holder(name)
            if holder is not None:
                self.spill(holder, r)
                found = True
        return found

    def make_room(self, k: int, step: Placed, r: Residence, need: float) -> None:
        """Spill what is needed last until `need` bytes fit beside the rest.

        A next use changes only when the tensor is put in or read, so a heap of what was known stays right for all
        others: a long graph of small tensors takes linear time."""
        own_bytes = self.bytes_of(step.reads)
        if need + self.used_bytes - own_bytes <= self.resident_bytes:
            return
        own = {self.holder(n) for n in step.reads}
        for name in (*self.touched, *(whole for n in step.reads for whole in self.wholes(n))):
            if name in self.inside:
                heappush(self.leaving, (-self.next_use(name, k), -self.order[name], name))
        self.touched.clear()
        kept = []
        while self.leaving and need + self.used_bytes - own_bytes > self.resident_bytes:
            name = (entry := heappop(self.leaving))[2]
            if name not in self.inside or entry != (-self.next_use(name, k), -self.order[name], name):
                continue
            if name in own:
                kept.append(entry)
            else:
                self.spill(name, r)
        for entry in kept:
            heappush(self.leaving, entry)
