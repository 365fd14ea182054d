"""The compute tasks of a step: its works one behind the other on their queues, shared by the tiles and cut in time."""

from __future__ import annotations

from math import ceil

from npusim.compiler.cutting.counts import SHORT_PIECE_BYTES
from npusim.compiler.cutting.fitted import MOST_SUM_PIECES
from npusim.compiler.cutting.split import UNCUT, Blocks, dsp_parts, even_blocks, mac_shares, sum_of_parts
from npusim.compiler.emit.round_trips import RoundTrips
from npusim.compiler.layouts.crossing_share import CROSSED
from npusim.compiler.layouts.rows_of_batch import only_way
from npusim.compiler.layouts.turned import OPERAND
from npusim.compiler.lowering.moved_inside import LARGER, ways_between
from npusim.compiler.lowering.place import Placed
from npusim.compiler.plan import DSP, EXTRA, MAC_ARRAY, DspTask, MacTask
from npusim.compiler.residency.phases import phases_of
from npusim.compiler.residency.time_steps import Leg, legs
from npusim.compiler.scratchpad.scratchpad import Residence
from npusim.compiler.sharing.distribution import COPIED, IMAGES
from npusim.compiler.sharing.pieces import POOLINGS, results_between
from npusim.compiler.sharing.pooled import handed_on_blocks, pooled_blocks
from npusim.compiler.sharing.turns import relayout
from npusim.compiler.weights.prefetch import Chunk
from npusim.ops.recurrent import WHOLE_SEQUENCES
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import MacOp, MacWork, MoveWork, VectorWork


class Computing(RoundTrips):
    """The compute tasks of one plan, beside its transfers."""

    def _compute(
        self,
        step: Placed,
        r: Residence,
        turns: int,
        loads: list[int],
        weights: list[tuple[int, Chunk]],
        arriving: tuple[tuple[int, float], ...] = (),
    ) -> tuple[int, ...]:
        plan = self.plan
        loaded = {load[0] for load in r.loads} if r.loads else ()
        waits: list[int] = []
        for name in step.reads:
            if name not in loaded and name not in r.follows:
                waits += self._ready(name)
        moving: tuple[int, ...] = ()
        if loads:
            moving = tuple([t for t in loads if plan.pieces[t] > 1])
            waits += [t for t in loads if plan.pieces[t] <= 1]
        if weights:
            waits += [t for t, chunk in weights if not chunk.needed_at]
        waiting = tuple(dict.fromkeys(waits)) if len(waits) > 1 else tuple(waits)
        if r.follows:
            handed = tuple(t for n in step.reads if n in r.follows for t in self.made[n])
            if r.overlaps:
                moving += handed
            else:
                waiting += handed
        feeds = arriving
        if weights:
            feeds += tuple([(t, 1.0 - chunk.needed_at) for t, chunk in weights if chunk.needed_at])
        previous: tuple[int, ...] = ()
        last_fed = len(step.steps) - 1 if step.times else 0  # time steps read what arrives to their end
        waited = legs(step) if r.steps_wait else {}
        parts_apart: list[int] = []
        for i, work in enumerate(step.steps):
            crosses = bool(i and r.partial_bytes and r.blocks.terms == 1 and not isinstance(work, MoveWork))
            if crosses and not (step.lowering in WINDOW_LIMITS and isinstance(step.steps[i - 1], MoveWork)):
                each = r.partial_bytes / 2 / max(1, results_between(step) - 1)
                previous = self._through_ddr(step, r, each, previous, r.pieces)
            if parts_apart and isinstance(work, MoveWork):
                previous = self._read_back(step, r.apart_bytes, tuple(parts_apart))
            after, streams = (waiting, moving) if i == 0 else (previous, ())
            if i in waited:
                previous = self._legs(step, waited[i], i, previous)
                after = previous
            sequences = isinstance(work, VectorWork) and work.kernel in WHOLE_SEQUENCES
            if i and turns > 1 and not (sequences or i in waited):
                after, streams = (), previous
            label = step.node.name if len(step.steps) == 1 else f"{step.node.name}/{i}"
            repeats = step.node.repeats * (step.times[i] if step.times else 1)
            if isinstance(work, MoveWork):
                by_dma = step.engine == "dma"
                source, destination = (r.source, r.destination) if by_dma else relayout(work, r, step)
                if step.lowering == CROSSED:
                    source, destination = work.source, work.destination
                elif by_dma and i:
                    source = destination  # what the copy before it wrote
                if step.node.op_type == "Broadcast" or (step.lowering, step.sharing) == (OPERAND, COPIED):
                    made = self._filled if step.node.op_type == "Broadcast" else self._turned_inside
                    previous = made(label, work.nbytes, step, r, after)
                    continue
                ways = ways_between(step, i, work, self.sizes, source, destination)
                if ways:
                    brought = self.sizes[step.reads[0]]
                    previous = self._inside(label, work, ways, after, r.pieces, repeats, brought)
                    continue
                both = self.in_turn and not self.by_rows.isdisjoint(step.writes)
                alone = bool(work.counted > 1) and not both
                previous = self._transfer(
                    label, work.nbytes, source, destination, after=after, streams=streams, pieces=turns,
                    transfers=max(r.pieces, self.in_turn if alone else 0), repeats=repeats, elements=work.elements,
                    least=2 if step.lowering in LARGER and i < 2 else max(work.transfers, self.apart if both else 0),
                    counted=max(1.0, float(work.counted)), whole=alone,
                )  # fmt: skip
                continue
            ask: MacTask | DspTask
            if isinstance(work, MacWork):
                blocks = self._blocks(step, i, r)
                images = 1 if step.sharing == IMAGES else step.images
                over = (self.groups_over_tiles, self.channels_to_all_tiles, images, self.columns_too)
                alternatives, splits = mac_shares(work, self.tiles, blocks, *over)
                only = only_way(step, r)
                if only in splits:
                    alternatives, splits = (alternatives[splits.index(only)],), (only,)
                if r.again > 1:
                    alternatives = tuple([(share, count * r.again) for share, count in alternatives])
                queue, ask = MAC_ARRAY, MacTask(alternatives, splits)
            else:
                queue = EXTRA if work.engine == "extra" else DSP
                ask = self._kernel(work, step, 1 if sequences else r.pieces)
                if r.again > 1:
                    ask = ask._replace(elements=ask.elements * r.again)
            uncut = bool(i and r.part) and isinstance(work, MacWork) and blocks is UNCUT
            cut = (1, 1) if uncut or sequences else (turns, r.pieces)
            cut = (blocks.pieces, blocks.pieces) if i and r.hands_on_bytes else cut
            task = plan.add(label, queue, ask, *cut, repeats=repeats, after=after, streams=streams)
            if feeds and i == last_fed:
                plan.feeds[task] = feeds
            previous = (task,)
            if r.apart_bytes:
                parts_apart += self._written(step, r.apart_bytes / phases_of(step), previous)
            if i == 0 and r.blocks.terms > 1 and isinstance(work, MacWork):
                previous = self._sum_up(label, work, step, r, task)
        if len(step.steps) in waited:
            self._legs(step, waited[len(step.steps)], len(step.steps) - 1, previous)
        return previous

    def _legs(self, step: Placed, moves: list[Leg], i: int, behind: tuple[int, ...]) -> tuple[int, ...]:
        """What every time step moves in front of its work `i`, one behind the other."""
        for leg in moves:
            behind = self._transfer(
                f"{step.node.name}/steps", leg.nbytes, leg.source, leg.destination, after=behind,
                repeats=step.node.repeats * step.times[i], least=leg.transfers,
            )  # fmt: skip
        return behind

    def _blocks(self, step: Placed, i: int, r: Residence) -> Blocks:
        """How a work is cut in time: the first as the step is, others evenly; the windows that a convolution is cut
        into all alike, and what is done to their results by the same channels."""
        work, first = step.steps[i], step.steps[0]
        assert isinstance(work, MacWork)
        if r.part and i and work.op in POOLINGS:
            return UNCUT  # of what all strips left inside
        if r.part:
            plane = (
                work.out_h >= r.blocks.rows
                and work.out_w >= r.blocks.columns
                and work.groups >= r.blocks.groups
            )
            if work.op in POOLINGS and work.in_w == 1:
                return pooled_blocks(work, r.pieces, self.tiles)
            return r.blocks if plane else even_blocks(work, r.pieces, self.tiles)
        if step.lowering in WINDOW_LIMITS and isinstance(first, MacWork) and r.blocks.terms == 1:
            if work.op == MacOp.CONVOLUTION:
                return r.blocks
            if work.op != MacOp.PERMUTE_IMAGE:
                return Blocks(rows=min(r.blocks.rows, ceil(work.out_h)), channels=r.blocks.channels)
        if r.hands_on_bytes:
            if i == 0:
                return pooled_blocks(work, r.pieces, self.tiles)
            return handed_on_blocks(work, r.hands_on_bytes, self.tiles)
        return r.blocks if i == 0 and not r.follows else even_blocks(work, r.pieces, self.tiles)

    def _sum_up(self, label: str, work: MacWork, step: Placed, r: Residence, task: int) -> tuple[int, ...]:
        """Sums of parts of the terms: added up by element-wise passes, through DDR where they do not fit."""
        behind: tuple[int, ...] = (task,)
        pieces = min(r.pieces, MOST_SUM_PIECES, ceil(r.partial_bytes / 2 / SHORT_PIECE_BYTES) or 1)
        if r.partial_bytes:
            behind = self._through_ddr(step, r, r.partial_bytes / 2, behind, pieces)
        ways, names = sum_of_parts(work, r.blocks.terms, self.tiles, pieces)
        ask = MacTask(ways, names)
        add = self.plan.add(
            f"{label}/sum", MAC_ARRAY, ask, pieces=pieces, repeats=step.node.repeats, streams=behind
        )
        return (add,)

    def _kernel(self, work: VectorWork, step: Placed, pieces: int) -> DspTask:
        per_tile = 1 if work.kernel in self.one_a_tile else self.dsps
        parts = dsp_parts(
            work, self.tiles, per_tile, step.one_dsp, 1 if step.on_every_tile else step.dsp_tiles
        )
        whole = parts
        if work.kernel in WHOLE_SEQUENCES:
            # Sequences on the DSP with most of them.
            most = ceil(ceil(work.independent / self.tiles) / per_tile)
            whole = max(1, work.independent / most)
        share = whole * pieces
        line = self.lines.get(work.kernel, work.kernel)
        return DspTask(line, work.elements / share + work.beside, work.rows / share, parts, pieces)
