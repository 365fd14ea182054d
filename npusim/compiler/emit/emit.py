"""Placed steps and their residence -> tasks in program order, with edges.

For a step: its spills, transfers of its inputs, weights (of later steps too) that may begin to arrive now,
its compute tasks, and transfers of its outputs.
"""

from __future__ import annotations

from math import ceil

from npusim.compiler.cutting.blocks import SHORT_PIECE_BYTES
from npusim.compiler.cutting.fitted import MOST_SUM_PIECES
from npusim.compiler.cutting.split import UNCUT, Blocks, dsp_parts, even_blocks, mac_shares, sum_of_parts
from npusim.compiler.emit.round_trips import RoundTrips
from npusim.compiler.emit.transfers import PADDED_A_PROBLEM, TRANSFERS_A_PROBLEM
from npusim.compiler.layouts.rows_of_batch import only_way
from npusim.compiler.layouts.turned import OPERAND
from npusim.compiler.lowering.lowered import (
    PADDED_ROW_ELEMENTS,
    PRODUCTS,
    batch_of,
    own_constants,
    padded_rows,
)
from npusim.compiler.lowering.moved_inside import LARGER, ways_between
from npusim.compiler.lowering.place import Placed
from npusim.compiler.plan import DSP, EXTRA, MAC_ARRAY, DspTask, MacTask, Step
from npusim.compiler.scratchpad.scratchpad import Residence
from npusim.compiler.sharing.distribution import COPIED
from npusim.compiler.sharing.pieces import POOLINGS, results_between
from npusim.compiler.sharing.pooled import handed_on_blocks, pooled_blocks
from npusim.compiler.sharing.turns import relayout, turns_of
from npusim.compiler.weights.own_weights import with_transfers
from npusim.compiler.weights.prefetch import Chunk
from npusim.ops.slicing import WINDOW_LIMITS
from npusim.work import MacOp, MacWork, MoveWork, VectorWork


class Emitter(RoundTrips):
    """Writes the tasks of one plan."""

    def step(self, k: int, step: Placed, r: Residence, due: list[Chunk]) -> None:
        """Emit step `k`. `due`: weights, its own or of later steps, that may begin to arrive now."""
        plan = self.plan
        record = Step(step.node, step.lowering, step.reason, step.engine, step.macs)
        if r.reason:
            record.reason = f"{record.reason}; {r.reason}" if record.reason else r.reason
        record.pieces = r.pieces
        record.held_bytes = r.held_bytes + r.weights_held
        record.kernels, each, results = self._of_kind(step)
        first_task = len(plan.queue) if plan.steps else 0
        for name, size in r.stores:
            self.stored[name] = self._transfer(
                f"{name}/spill", size, "scratchpad", "ddr", after=self._ready(name)
            )
        begins = self._begins(step) if due else ()
        turns, arriving = turns_of(step, r)
        passing = [load for load in arriving if load[2] > 1] if turns > 1 and r.overlaps else []
        later = [chunk for chunk in due if chunk.step == k and chunk.needed_at] if due else due
        together = len(passing) + bool(later) > 1 and not r.part
        for chunk in due:
            # what the first piece needs comes in front of what streams
            if chunk.step == k and not chunk.needed_at:
                self._fetch(chunk, begins)
        loads: list[int] = []
        loaded = {name for name, _, _ in r.loads} if step.padded else ()
        for name in step.padded:
            if name in loaded:
                self.stored[name] = self._copied(name, step, each, self._share_copied(name, step))
        for load in arriving if not r.part else ():
            if not together or load[2] <= 1:
                loads += self._load(load, step, min(load[2], turns), r.overlaps, each)
        for name in step.padded:
            if name not in step.writes and name not in r.follows and name not in loaded:
                loads += self._pad(name, step, self._ready(name), each)
        for chunk in due:
            if chunk.step != k or (chunk.needed_at and not together):
                self._fetch(chunk, begins)
        feeds: tuple[tuple[int, float], ...] = ()
        if together:
            first, feeds = self._side_by_side(passing, later, step, turns, begins, each)
            loads += first
        if r.part == "first":
            loads = self._strips_arrive(step, r)
        elif r.part == "last":
            feeds = tuple([(t, 1 / r.pieces) for t in self.strips_rest])
        own = self.weights.pop(k, [])
        record.reason = with_transfers(step, record.reason, [chunk.transfers for _, chunk in own])
        one_kernel = self.groups_over_tiles
        rows = padded_rows(step.node, step.steps, step.fixed_bytes, one_kernel) if self.pads_few_terms else 0
        if rows:  # zeros beside each row of weights
            turned = rows * PADDED_ROW_ELEMENTS[one_kernel]
            label = f"{step.node.name}/padding"
            loads += self._transfer(label, 0.0, "ddr", "scratchpad", elements=turned, least=2)
        compute = self._compute(step, r, turns, loads, own, feeds) if step.steps else self._parts(step)
        if r.copies:
            copied = (
                self._transfer(f"{name}/copy", size, "ddr", "ddr", after=self._behind(name))
                for name, size in r.copies
            )
            compute = (*compute, *(task for tasks in copied for task in tasks))
        for name in step.writes:
            self.made[name] = compute
        for name, size in r.writes:
            streams = compute if turns > 1 and (r.overlaps or step.engine == "mac_array") else ()
            if r.part:
                streams = self.strips_first  # strip by strip, beside all members
            self.stored[name] = self._transfer(
                f"{name}/write", size, "scratchpad", "ddr", after=() if streams else compute,
                streams=streams, pieces=turns if streams else 1, least=results,
                repeats=step.node.repeats, transfers=r.pieces // (r.blocks.terms if self.columns_too else 1) or 1,
            )  # fmt: skip
            if r.part:
                self.plan.feeds |= {t: tuple([(c, 1 / r.pieces) for c in compute]) for t in self.stored[name]}
            for _ in range(step.padded.count(name)):
                self.stored[name] = self._copied(name, step, each)
        if r.part == "first":
            self.strips_first = compute
        if step.steps:
            self.before_last, self.last_compute = self.last_compute, compute
        here = len(plan.steps)
        tasks = range(first_task, len(plan.queue))
        record.tasks = [t for t in tasks if plan.step[t] == here] if due else list(tasks)
        record.prefetch = [t for t, _ in own if t < first_task] if own else []
        plan.steps.append(record)

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

    def _of_kind(self, step: Placed) -> tuple[tuple[str, ...], int, int]:
        """Lines of a step's kernels, its `_problems`, and in how many transfers a result leaves at least (beside a
        constant for all problems it leaves whole): the same for all steps of equal works of equal ops."""
        key = (id(step.steps), step.node.op_type, step.fixed_bytes)
        if (found := self._kinds.get(key)) is None:
            kernels = [self.lines.get(w.kernel, w.kernel) for w in step.steps if isinstance(w, VectorWork)]
            each = self._problems(step)
            whole = step.fixed_bytes and not own_constants(step.steps, step.fixed_bytes)
            found = self._kinds[key] = (tuple(kernels), each, 1 if whole else each)
        return found

    def _problems(self, step: Placed) -> int:
        """Transfers of each operand of a batched product that is taken apart, a pair for each problem; 1 where it is
        not. The generations that run a batch as one kernel do so with two activations only."""
        if (work := batch_of(step.steps)) is None:
            return 1
        product = step.node.op_type in PRODUCTS and "contraction_of" not in step.node.attributes
        apart = product if step.fixed_bytes else not self.groups_over_tiles
        if not apart:
            return 1
        # With a constant side, rows that fill no sixteens come tile by tile: 14 transfers a problem on NPU 4000 and
        # 5010, 7 on 3720 (release 8.4: 4 and 16 problems of 8 terms).
        own = TRANSFERS_A_PROBLEM
        if own_constants(step.steps, step.fixed_bytes):  # groups of problems, or all one by one
            return 1 if self.groups_over_tiles else int(work.groups) * own
        if step.fixed_bytes:
            own = PADDED_A_PROBLEM if self.groups_over_tiles else 2 * TRANSFERS_A_PROBLEM
        return int(work.groups) * own

    def _begins(self, step: Placed) -> tuple[int, ...]:
        """Tasks after which a step begins: a step that does not need the last one's result begins beside it."""
        made = (self.made.get(n) for name in step.reads for n in self._wholes(name))
        return self.last_compute if self.last_compute in made else self.before_last

    def _parts(self, step: Placed) -> tuple[int, ...]:
        """A result without a task is ready when its parts are; in DDR too."""
        stored = tuple(dict.fromkeys(t for n in step.reads for t in self._behind(n)))
        for name in step.writes:
            self.stored[name] = stored
        return tuple(dict.fromkeys(t for n in step.reads for t in self._ready(n)))

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
        for i, work in enumerate(step.steps):
            crosses = bool(i and r.partial_bytes and r.blocks.terms == 1 and not isinstance(work, MoveWork))
            if crosses and not (step.lowering in WINDOW_LIMITS and isinstance(step.steps[i - 1], MoveWork)):
                each = r.partial_bytes / 2 / max(1, results_between(step) - 1)
                previous = self._through_ddr(step, r, each, previous, r.pieces)
            after, streams = (waiting, moving) if i == 0 else (previous, ())
            if i and turns > 1:
                after, streams = (), previous
            label = step.node.name if len(step.steps) == 1 else f"{step.node.name}/{i}"
            repeats = step.node.repeats * (step.times[i] if step.times else 1)
            if isinstance(work, MoveWork):
                by_dma = step.engine == "dma"
                source, destination = (r.source, r.destination) if by_dma else relayout(work, r, step)
                if by_dma and i:
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
                previous = self._transfer(
                    label, work.nbytes, source, destination, after=after, streams=streams, pieces=turns,
                    transfers=r.pieces, repeats=repeats, elements=work.elements,
                    least=2 if step.lowering in LARGER and i < 2 else work.transfers,  # a copy a place
                    counted=max(1.0, float(work.counted)), whole=bool(work.counted > 1),
                )  # fmt: skip
                continue
            ask: MacTask | DspTask
            if isinstance(work, MacWork):
                blocks = self._blocks(step, i, r)
                over = (self.groups_over_tiles, self.channels_to_all_tiles, step.images, self.columns_too)
                alternatives, splits = mac_shares(work, self.tiles, blocks, *over)
                only = only_way(step, r)
                if only in splits:
                    alternatives, splits = (alternatives[splits.index(only)],), (only,)
                if r.again > 1:
                    alternatives = tuple([(share, count * r.again) for share, count in alternatives])
                queue, ask = MAC_ARRAY, MacTask(alternatives, splits)
            else:
                queue = EXTRA if work.engine == "extra" else DSP
                ask = self._kernel(work, step, r.pieces)
                if r.again > 1:
                    ask = ask._replace(elements=ask.elements * r.again)
            uncut = bool(i and r.part) and isinstance(work, MacWork) and blocks is UNCUT
            cut = (1, 1) if uncut else (turns, r.pieces)
            cut = (blocks.pieces, blocks.pieces) if i and r.hands_on_bytes else cut
            task = plan.add(label, queue, ask, *cut, repeats=repeats, after=after, streams=streams)
            if feeds and i == last_fed:
                plan.feeds[task] = feeds
            previous = (task,)
            if i == 0 and r.blocks.terms > 1 and isinstance(work, MacWork):
                previous = self._sum_up(label, work, step, r, task)
        return previous

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
        share = parts * pieces
        line = self.lines.get(work.kernel, work.kernel)
        return DspTask(line, work.elements / share, work.rows / share, parts, pieces)
