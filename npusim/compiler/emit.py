"""Placed steps and their residence -> tasks in program order, with edges.

For a step: its spills, transfers of its inputs, weights (of later steps too) that may begin to arrive now,
its compute tasks, and transfers of its outputs.
"""

from __future__ import annotations

from npusim.compiler.place import Placed
from npusim.compiler.plan import DSP, MAC_ARRAY, DmaTask, DspTask, MacTask, PlanBuilder, Step
from npusim.compiler.prefetch import Chunk
from npusim.compiler.scratchpad import Residence
from npusim.compiler.split import dsp_parts, mac_shares
from npusim.work import MacWork, MoveWork, VectorWork

SMALL_TRANSFER_BYTES = 16_384  # below, a tensor goes in one descriptor on one port


class Emitter:
    """Writes the tasks of one plan."""

    def __init__(
        self,
        sizes: dict[str, float],
        tiles: int,
        dsps_per_tile: int,
        ports: int,
        groups_over_tiles: bool,
        one_a_tile: tuple[str, ...] = (),
    ) -> None:
        self.sizes = sizes
        self.plan = PlanBuilder(ports)
        self.groups_over_tiles = groups_over_tiles
        self.one_a_tile = one_a_tile
        self.tiles = tiles
        self.dsps = dsps_per_tile
        self.made: dict[str, tuple[int, ...]] = {}  # compute tasks that make a tensor
        self.stored: dict[str, tuple[int, ...]] = {}  # transfers that bring it to DDR
        self.arrived: dict[str, tuple[int, ...]] = {}  # transfers that bring it back
        self.last_compute: tuple[int, ...] = ()
        self.before_last: tuple[int, ...] = ()
        self.weights: dict[int, list[tuple[int, Chunk]]] = {}

    def step(self, k: int, step: Placed, r: Residence, due: list[Chunk]) -> None:
        """Emit step `k`. `due`: weights, its own or of later steps, that may begin to arrive now."""
        plan = self.plan
        record = Step(step.node, step.lowering, step.reason, step.engine, step.macs)
        if r.reason:
            record.reason = f"{record.reason}; {r.reason}" if record.reason else r.reason
        record.pieces = r.pieces
        record.kernels = tuple(w.kernel for w in step.steps if isinstance(w, VectorWork))
        first_task = len(plan.queue)
        for name, size in r.stores:
            self.stored[name] = self._transfer(
                f"{name}/spill", size, "scratchpad", "ddr", after=self._ready(name)
            )
        loads: tuple[int, ...] = ()
        for name, size in r.loads:
            tasks = self._transfer(
                f"{name}/load", size, "ddr", "scratchpad",
                after=self.stored.get(name, ()) or self.made.get(name, ()), gate=self.before_last,
                pieces=1 if r.cut == "channels" else r.pieces, repeats=step.node.repeats,
            )  # fmt: skip
            self.arrived[name] = tasks
            loads += tasks
        for name in step.padded:
            if name not in step.writes:
                tasks = self._pad(name, step, loads or self._ready(name))
                loads += tasks
        for chunk in due:
            self._fetch(chunk)
        own = self.weights.pop(k, [])
        compute = self._compute(step, r, loads, own) if step.steps else self._parts(step)
        for name in step.padded:
            if name in step.writes:
                compute = self._pad(name, step, compute)
        for name in step.writes:
            self.made[name] = compute
        writes: tuple[int, ...] = ()
        for name, size in r.writes:
            streams = compute if r.pieces > 1 else ()
            self.stored[name] = self._transfer(
                f"{name}/write", size, "scratchpad", "ddr", after=() if streams else compute,
                streams=streams, pieces=r.pieces, repeats=step.node.repeats,
            )  # fmt: skip
            writes += self.stored[name]
        if step.steps:
            self.before_last, self.last_compute = self.last_compute, compute
        record.tasks = [t for t in range(first_task, len(plan.queue)) if plan.step[t] == len(plan.steps)]
        record.prefetch = [t for t, _ in own if t < first_task]
        plan.steps.append(record)

    def _ready(self, name: str) -> tuple[int, ...]:
        return self.arrived.get(name, ()) or self.made.get(name, ())

    def _parts(self, step: Placed) -> tuple[int, ...]:
        """A result without a task is ready when its parts are; in DDR too."""
        stored = tuple(dict.fromkeys(t for n in step.reads for t in self.stored.get(n, ())))
        for name in step.writes:
            self.stored[name] = stored
        return tuple(dict.fromkeys(t for n in step.reads for t in self._ready(n)))

    def _pad(self, name: str, step: Placed, after: tuple[int, ...]) -> tuple[int, ...]:
        """A tensor written to DDR and read back with its channels padded to sixteens, or without the padding."""
        size, repeats = self.sizes[name], step.node.repeats
        out = self._transfer(f"{name}/pad", size, "scratchpad", "ddr", after=after, repeats=repeats)
        return self._transfer(f"{name}/padded", size, "ddr", "scratchpad", after=out, repeats=repeats)

    def _fetch(self, chunk: Chunk) -> None:
        """One chunk of weights, to all tiles that want it, on one port."""
        plan = self.plan
        ask = DmaTask(chunk.nbytes, "ddr", "scratchpad")
        task = plan.add(
            chunk.label, plan.port(chunk.nbytes), ask, repeats=chunk.repeats, after=self.last_compute
        )
        plan.step[task] = chunk.step
        self.weights.setdefault(chunk.step, []).append((task, chunk))

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
    ) -> tuple[int, ...]:
        """One tensor by DMA: a slice a tile, the slices shared by the ports. Small ones go in one piece."""
        plan = self.plan
        slices = 1 if nbytes < SMALL_TRANSFER_BYTES else max(self.tiles, 1)
        ports = min(slices, plan.ports)
        done: list[int] = []
        for port in range(ports):
            count = slices // ports + (1 if port < slices % ports else 0)
            share = nbytes * count / slices
            ask = DmaTask(
                share, source, destination, elements=elements * count / slices, transfers=count * pieces
            )
            task = plan.add(
                label, plan.port(share), ask, pieces=pieces, repeats=repeats,
                after=tuple(dict.fromkeys((*after, *gate))), streams=streams,
            )  # fmt: skip
            done.append(task)
        return tuple(done)

    def _compute(
        self, step: Placed, r: Residence, loads: tuple[int, ...], weights: list[tuple[int, Chunk]]
    ) -> tuple[int, ...]:
        plan, repeats = self.plan, step.node.repeats
        ready = tuple(t for n in step.reads for t in (self._ready(n) if n not in dict(r.loads) else ()))
        moving = tuple(t for t in loads if plan.pieces[t] > 1)
        first = (t for t, chunk in weights if not chunk.needed_at)
        waiting = tuple(dict.fromkeys((*ready, *(t for t in loads if t not in moving), *first)))
        feeds = tuple((t, 1.0 - chunk.needed_at) for t, chunk in weights if chunk.needed_at)
        previous: tuple[int, ...] = ()
        for i, work in enumerate(step.steps):
            after, streams = (waiting, moving) if i == 0 else (previous, ())
            if i and r.pieces > 1:
                after, streams = (), previous
            label = step.node.name if len(step.steps) == 1 else f"{step.node.name}/{i}"
            if isinstance(work, MoveWork):
                source, destination = (
                    (r.source, r.destination) if step.engine == "dma" else _relayout(work, r)
                )
                previous = self._transfer(
                    label, work.nbytes, source, destination, after=after, streams=streams, pieces=r.pieces,
                    repeats=repeats, elements=work.elements,
                )  # fmt: skip
                continue
            ask: MacTask | DspTask
            if isinstance(work, MacWork):
                alternatives, splits = mac_shares(work, self.tiles, r.pieces, r.cut, self.groups_over_tiles)
                queue, ask = MAC_ARRAY, MacTask(alternatives, splits)
            else:
                queue, ask = DSP, self._kernel(work, step, r.pieces if work.repeats == 1 else 1)
            task = plan.add(
                label,
                queue,
                ask,
                pieces=r.pieces,
                repeats=repeats * work.repeats,
                after=after,
                streams=streams,
            )
            if i == 0 and feeds:
                plan.feeds[task] = feeds
            previous = (task,)
        return previous

    def _kernel(self, work: VectorWork, step: Placed, pieces: int) -> DspTask:
        per_tile = 1 if work.kernel in self.one_a_tile else self.dsps
        parts = dsp_parts(work, self.tiles, per_tile, step.one_dsp, step.dsp_tiles)
        share = parts * pieces
        return DspTask(work.kernel, work.elements / share, work.rows / share, parts, pieces)


def _relayout(work: MoveWork, r: Residence) -> tuple[str, str]:
    """A change of layout inside a step: as it says, else within the scratchpad, or through DDR when the step is
    streamed."""
    if work.source != work.destination:
        return work.source, work.destination
    return ("ddr", "ddr") if r.pieces > 1 else ("scratchpad", "scratchpad")
