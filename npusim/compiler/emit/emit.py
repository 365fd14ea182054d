"""Placed steps and their residence -> tasks in program order, with edges.

For a step: its spills, transfers of its inputs, weights (of later steps too) that may begin to arrive now,
its compute tasks, and transfers of its outputs.
"""

from __future__ import annotations

from math import ceil

from npusim.compiler.emit.computing import Computing
from npusim.compiler.emit.transfers import PADDED_A_PROBLEM, SMALL_TRANSFER_BYTES, TRANSFERS_A_PROBLEM
from npusim.compiler.lowering.lowered import (
    PADDED_ROW_ELEMENTS,
    PRODUCTS,
    batch_of,
    own_constants,
    padded_rows,
)
from npusim.compiler.lowering.place import Placed
from npusim.compiler.plan import Step
from npusim.compiler.scratchpad.scratchpad import Residence
from npusim.compiler.sharing.turns import turns_of
from npusim.compiler.weights.own_weights import with_transfers
from npusim.compiler.weights.prefetch import Chunk
from npusim.ops.recurrent import GATES
from npusim.work import MacOp, MacWork, VectorWork, Work


class Emitter(Computing):
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
        self.in_turn = max((self.images.get(n, 0) for n in step.writes), default=0)
        slices = len(self._counts) * ceil(self.tiles / len(self._counts))
        self.apart = self.in_turn * (slices if self.whole_images.isdisjoint(step.writes) else 1)
        results = max(results, self.apart)
        first_task = len(plan.queue) if plan.steps else 0
        slices = self._slices_small(step)
        self.small_bytes = 0 if slices else SMALL_TRANSFER_BYTES
        if slices and _hands_slices_on(step):
            self.sliced.update(step.writes)
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
            first, feeds = self._side_by_side(passing, later, step, turns, begins, max(each, self.apart))
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
                whole=name in self.broadcast and name in step.writes and step.reads_turned,
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

    def _slices_small(self, step: Placed) -> bool:
        """Whether a step works on the graph's inputs, or on what turns and element-wise ops made of them, and its tiles
        share rows: what it moves comes a slice a tile, however small (`Sum` of two to four tensors of 256 bytes to
        15 KB in Intel's schedules: two transfers a tensor on NPU 3720, three on 5010, of fewer rows than tiles one). So
        do images that are turned, pooled or convolved; of products and kernels of one operand most are whole there, and
        a recurrent op moves its states step by step."""
        if step.node.op_type in (*PRODUCTS, *GATES) or any(self._made_inside(name) for name in step.reads):
            return False
        work = step.steps[0] if step.steps else None
        if _element_wise(work):
            out = sum(self.sizes[name] for name in step.writes)
            alike = len(step.reads) > 1 and all(self.sizes[name] == out for name in step.reads)
            if not alike or len(step.steps) > 1 or step.padded:
                return False
        rows = work.out_h if isinstance(work, MacWork) else 0.0
        return rows >= self.tiles or (isinstance(work, VectorWork) and work.rows <= 1)

    def _made_inside(self, name: str) -> bool:
        """Whether something else than a step that `_slices_small` made a tensor."""
        return name not in self.sliced and bool(name in self.made or self._behind(name))

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


def _element_wise(work: Work | None) -> bool:
    return isinstance(work, VectorWork) or (isinstance(work, MacWork) and work.op == MacOp.ELTWISE)


def _hands_slices_on(step: Placed) -> bool:
    """Whether what a step makes of small slices comes a slice a tile for its readers, too: turned, or element-wise."""
    work = step.steps[0] if step.steps else None
    return _element_wise(work) or (isinstance(work, MacWork) and work.op == MacOp.PERMUTE_IMAGE)
