"""Tasks of the DMA: tensors, chunks of weights, streams that arrive in turns; and where every tensor is when.

Names of tensors are followed to the tensor they are a part of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, inf

from npusim.compiler.lowering.parts import wholes
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.place_tables import MAP_COUNTED, Map
from npusim.compiler.lowering.residence import Arriving, Residence
from npusim.compiler.plan import DMA0, DmaTask, PlanBuilder
from npusim.compiler.weights.prefetch import Chunk
from npusim.work import MoveWork, VectorWork

#: Of each operand and the result of a product of a batch: Intel's schedules, 6 and more in all.
TRANSFERS_A_PROBLEM = 2
#: The same, of an operand beside a constant whose rows fill no sixteens, where each tile takes its own problems.
PADDED_A_PROBLEM = 7
MOST_TURNS = 16  # of streams that arrive side by side
SMALL_TRANSFER_BYTES = 16_384  # below, a tensor goes in one descriptor on one port


class Transfers:
    """The transfers of one plan, and which tasks made, stored and brought every tensor."""

    def __init__(
        self,
        sizes: dict[str, float],
        tiles: int,
        dsps_per_tile: int,
        ports: int,
        groups_over_tiles: bool,
        part_of: Mapping[str, str],
        one_a_tile: tuple[str, ...] = (),
        lines: Mapping[str, str] | None = None,
        whole_copies: bool = False,
        channels_to_all_tiles: bool = True,
        halves: bool = False,
        columns_too: bool = False,
        pads_few_terms: bool = False,
        counts_zeros: bool = False,
        tile_bytes: float = inf,
    ) -> None:
        self.sizes = sizes
        self.part_of = part_of
        self.plan = PlanBuilder(ports)
        self.groups_over_tiles = groups_over_tiles
        self.one_a_tile = one_a_tile
        self.lines = lines or {}
        self.whole_copies = whole_copies
        self.pads_few_terms = pads_few_terms
        self.counts_zeros = counts_zeros
        self.tile_bytes = tile_bytes
        self.channels_to_all_tiles = channels_to_all_tiles
        self.columns_too = columns_too
        self.tiles = tiles
        self.dsps = dsps_per_tile
        self.made: dict[str, tuple[int, ...]] = {}  # compute tasks that make a tensor
        self.stored: dict[str, tuple[int, ...]] = {}  # transfers that bring it to DDR
        self.arrived: dict[str, tuple[int, ...]] = {}  # transfers that bring it back
        self.last_compute: tuple[int, ...] = ()
        self.before_last: tuple[int, ...] = ()
        slices = max(tiles, 1)  # of a tensor, one a tile, and how many of them each port takes
        used = min(slices, ports)
        self._counts = [slices // used + (1 if port < slices % used else 0) for port in range(used)]
        self._halves = [slices / used] * used if halves else self._counts
        self.weights: dict[int, list[tuple[int, Chunk]]] = {}
        # By the identity of works, the op and its constants' bytes.
        self._kinds: dict[tuple[int, str, float], tuple[tuple[str, ...], int, int]] = {}
        self.strips_first: tuple[int, ...] = ()  # compute of the first of steps that a plane passes in strips
        self.small_bytes = SMALL_TRANSFER_BYTES  # of the step that is emitted
        self.sliced: set[str] = set()  # small results of element-wise ops that a slice a tile made
        self.strips_rest: list[int] = []  # transfers that bring the strips after the first
        self.images: dict[str, int] = {}  # tensors that cross image by image
        self.by_rows: frozenset[str] = frozenset()  # those of them whose rows the tiles share
        self.whole_images: frozenset[str] = frozenset()  # those of which each image crosses whole
        self.broadcast: frozenset[str] = frozenset()  # images that cross in one transfer for all tiles
        self.in_turn = 0  # images of the step that is emitted, where its tensors cross so
        self.apart = 0  # and in how many transfers, at least
        self.asks: dict[tuple[float, str, str, float, int, float], DmaTask] = {}

    def control(self, placed: Sequence[Placed]) -> None:
        """Transfers of no bytes in front of all others, in the first step: one that sets up barriers, then those that
        fetch the descriptors of each tile's engines; a further port starts behind them, with those that enqueue what
        was fetched (`bar_prog_dma`, `fetch_dma`, `enqueue_dma` in Intel's schedules of NPU 5010)."""
        if not placed:
            return
        works = [work for step in placed for work in step.steps]
        kinds = 2 if any(isinstance(w, VectorWork) for w in works) else 1  # two DSPs a tile, one MAC array
        engines = kinds * self.tiles if any(not isinstance(w, MoveWork) for w in works) else 0
        first = self.plan.add("start", DMA0, self._ask(0.0, "ddr", "ddr", 0.0, 1 + engines))
        if engines:
            for port in range(1, self.plan.ports):
                self.plan.add(
                    "start", DMA0 + port, self._ask(0.0, "ddr", "ddr", 0.0, engines), after=(first,)
                )

    def _load(self, load: Arriving, step: Placed, blocks: int, overlaps: bool, each: int) -> tuple[int, ...]:
        """`each`: transfers of an operand of a batch that is taken apart. A tensor that is both operands (pairwise
        products, a Gram matrix) comes twice, as rows and as weights (Intel's schedules of 16 to 128 problems of 9 to
        32 rows by themselves on NPU 3720: those of 27 x 64 whole for both tiles, and a half for each)."""
        name, size, _ = load
        twice = 2 if each > 1 and len(step.reads) == 1 and not step.fixed_bytes else 1
        self.arrived[name] = self._transfer(
            f"{name}/load", twice * size, "ddr", "scratchpad", after=self._behind(name), gate=self.before_last,
            pieces=blocks if overlaps else 1, transfers=blocks, least=max(twice * each, self.apart),
            repeats=step.node.repeats, counted=self._times(name), whole=name in self.broadcast,
        )  # fmt: skip
        return self.arrived[name]

    def _times(self, name: str) -> float:
        """How many times its bytes the time of a load is of."""
        return MAP_COUNTED if self.counts_zeros and isinstance(name, Map) else 1.0

    def _strips_arrive(self, step: Placed, r: Residence) -> list[int]:
        """What a plane cut in strips reads from outside: tasks that bring the first strip, which the first member waits
        for. The last member is fed by the others: all members take turns, strip by strip, beside the transfers."""
        first: list[int] = []
        self.strips_rest = []
        gate = self.before_last
        for tasks in (first, self.strips_rest):  # the first strip of all, before what follows of any
            for name, size, pieces in r.loads:
                share = 1 / pieces if tasks is first else 1 - 1 / pieces
                arrived = self._transfer(
                    f"{name}/load", size * share, "ddr", "scratchpad", after=self._behind(name), gate=gate,
                    transfers=max(1, round(pieces * share)), repeats=step.node.repeats,
                )  # fmt: skip
                if tasks is first:
                    self.arrived[name] = arrived
                tasks += arrived
        return first

    def _side_by_side(
        self,
        passing: list[Arriving],
        weights: list[Chunk],
        step: Placed,
        pieces: int,
        begins: tuple[int, ...],
        each: int,
    ) -> tuple[tuple[int, ...], tuple[tuple[int, float], ...]]:
        """Several streams that arrive piece by piece, in turns: the tasks of the first turn, and the others with
        the share of the compute that needs them. `each`: transfers of a stream, at least."""
        turns = min(MOST_TURNS, pieces)
        starts = [0.0, *(1 / pieces + (1 - 1 / pieces) * i / (turns - 1) for i in range(turns - 1))]
        first: list[int] = []
        feeds: list[tuple[int, float]] = []
        arrived: dict[str, list[int]] = {}
        waiting = list(weights)
        behind = {
            name: tuple(dict.fromkeys((*self._behind(name), *self.before_last))) for name, _, _ in passing
        }
        for begin, end in zip(starts, [*starts[1:], 1.0], strict=True):
            for name, size, blocks in passing:
                tasks = self._transfer(
                    f"{name}/load", size * (end - begin), "ddr", "scratchpad", after=behind[name],
                    transfers=max(1, round(min(blocks, pieces) * (end - begin))),
                    repeats=step.node.repeats, least=max(1, round(each * (end - begin))),
                    counted=self._times(name),
                )  # fmt: skip
                arrived.setdefault(name, []).extend(tasks)
                if begin:
                    feeds += [(t, 1.0 - begin) for t in tasks]
                else:
                    first += tasks
            while waiting and waiting[0].needed_at <= end:
                self._fetch(waiting.pop(0), begins)
        for name, found in arrived.items():
            self.arrived[name] = tuple(found)
        return tuple(first), tuple(feeds)

    def _wholes(self, name: str) -> Iterator[str]:
        """The tensor and those it is a part of."""
        return wholes(name, self.part_of)

    def _ready(self, name: str) -> tuple[int, ...]:
        """Tasks after which the tensor, or the one it is a part of, is in the scratchpad."""
        if name not in self.part_of:
            return self.arrived.get(name, ()) or self.made.get(name, ())
        found = (self.arrived.get(n, ()) or self.made.get(n, ()) for n in self._wholes(name))
        return next((tasks for tasks in found if tasks), ())

    def _behind(self, name: str) -> tuple[int, ...]:
        """Tasks after which the tensor, or the one it is a part of, is in DDR."""
        if name not in self.part_of:
            return self.stored.get(name, ()) or self.made.get(name, ())
        found = (self.stored.get(n, ()) or self.made.get(n, ()) for n in self._wholes(name))
        return next((tasks for tasks in found if tasks), ())

    def _fetch(self, chunk: Chunk, after: tuple[int, ...]) -> None:
        """One chunk of weights, to all tiles that want it, on one port, when the step now emitted may begin."""
        plan = self.plan
        ask = self._ask(
            chunk.nbytes * chunk.stored, chunk.memory, "scratchpad", 0.0, chunk.transfers, chunk.counted
        )
        port = plan.port(chunk.nbytes) if chunk.port is None else DMA0 + chunk.port
        task = plan.add(chunk.label, port, ask, 1, 0, chunk.repeats, after)
        plan.step[task] = chunk.step
        self.weights.setdefault(chunk.step, []).append((task, chunk))

    def _ask(
        self,
        nbytes: float,
        source: str,
        destination: str,
        elements: float,
        transfers: int,
        counted: float = 1.0,
    ) -> DmaTask:
        """Equal transfers are one record: layers repeat themselves, and a long plan holds each once."""
        key = (nbytes, source, destination, elements, transfers, counted)
        found = self.asks.get(key)
        if found is None:
            found = self.asks[key] = DmaTask(*key)
        return found

    def _transfer(
        self,
        label: str,
        nbytes: float,
        source: str,
        destination: str,
        *,
        after: tuple[int, ...] = (),
        gate: tuple[int, ...] = (),
        streams: tuple[int, ...] = (),
        pieces: int = 1,
        repeats: int = 1,
        elements: float = 0.0,
        transfers: int = 0,
        least: int = 1,
        whole: bool = False,
        counted: float = 1.0,
    ) -> tuple[int, ...]:
        """One tensor by DMA: a slice a tile, the slices shared by the ports. Small ones go in one piece, copies within
        the DDR where the compiler splits none.

        `transfers` of each slice; `least` in all; `counted`: how many times its bytes its time is of."""
        plan = self.plan
        waits = tuple(dict.fromkeys((*after, *gate))) if gate or len(after) > 1 else after
        whole = whole or (self.whole_copies and source == destination == "ddr" and not elements)
        if (whole or nbytes < self.small_bytes) and least <= 1:
            most = max(transfers or pieces, least)
            ask = self._ask(nbytes / 1, source, destination, elements / 1, most, counted)
            return (plan.add(label, plan.port(nbytes * counted), ask, pieces, 0, repeats, waits, streams),)
        slices = max(self.tiles, 1)
        done: list[int] = []
        # Ports take turns with many, as released: ReduBA would pay on small Mamba-2 with it, which it does not there.
        for count in self._counts if source == destination and least <= slices else self._halves:
            share = nbytes * count / slices
            each = max(ceil(count) * (transfers or pieces), ceil(least * count / slices))
            ask = self._ask(share, source, destination, elements * count / slices, each, counted)
            done.append(plan.add(label, plan.port(share), ask, pieces, 0, repeats, waits, streams))
        return tuple(done)
