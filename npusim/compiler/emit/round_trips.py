"""Tensors that take several transfers one behind another: copied with padding, turned or filled in inside, to DDR and
back."""

from __future__ import annotations

from npusim.compiler.emit.transfers import TRANSFERS_A_PROBLEM, Transfers
from npusim.compiler.lowering.lowered import batch_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence
from npusim.work import MoveWork


class RoundTrips(Transfers):
    """The transfers of one plan, those in several legs too."""

    def _share_copied(self, name: str, step: Placed) -> float:
        """The share of a right side that is copied with its padding: all of it, or, where one problem is too large for
        a tile and all are taken one by one, the last: others read on into the next (`slice_3/pad_filter` of four heads
        of 4,001 x 256)."""
        work = batch_of(step.steps)
        if (
            work is None
            or not self.groups_over_tiles
            or name != step.reads[-1]
            or work.out_h * work.out_w != 1
        ):
            return 1.0
        return 1 / work.groups if self.sizes[name] / work.groups > self.tile_bytes else 1.0

    def _copied(self, name: str, step: Placed, each: int, share: float = 1.0) -> tuple[int, ...]:
        """A tensor in DDR (or a `share`), copied there with its padding, or without it: problem by problem where a
        batch is taken apart (`each` transfers of it to the tiles)."""
        size, repeats = share * self.sizes[name], step.node.repeats
        return self._transfer(
            f"{name}/padded", size, "ddr", "ddr", after=self._behind(name), repeats=repeats,
            least=max(1, each // TRANSFERS_A_PROBLEM),
        )  # fmt: skip

    def _pad(self, name: str, step: Placed, after: tuple[int, ...], each: int) -> tuple[int, ...]:
        """A tensor written to DDR and read back with its channels padded to sixteens, or without the padding."""
        size, repeats = self.sizes[name], step.node.repeats
        out = self._transfer(f"{name}/pad", size, "scratchpad", "ddr", after=after, repeats=repeats)
        return self._transfer(
            f"{name}/padded", size, "ddr", "scratchpad", after=out, repeats=repeats, least=each
        )

    def _inside(
        self,
        label: str,
        work: MoveWork,
        ways: tuple[tuple[str, str, str], ...],
        after: tuple[int, ...],
        pieces: int,
        repeats: int,
        loaded: float,
    ) -> tuple[int, ...]:
        """A tensor from DDR to DDR by way of the scratchpad: loaded (`loaded` bytes) and permuted, or filled, then
        written."""
        for name, source, to in ways:
            if name == "/fill":
                whole = not self.whole_copies  # it reads next to nothing, see `_filled`
            else:
                whole = self.whole_copies and "ddr" in (source, to)
            elements = work.elements if source == to else 0.0
            nbytes = loaded if name == "/in" else work.nbytes
            counted = min(1.0, float(work.counted)) if to == "ddr" else 1.0
            if name == "/picked":
                return self._picked(label, work, after, repeats)
            if (
                name == "/between"
            ):  # pixels put between zeros: few are read, in the time of all that is written
                nbytes = (loaded + work.nbytes) / 2
                counted = work.nbytes / nbytes
            after = self._transfer(
                f"{label}{name}", nbytes, source, to, after=after, transfers=pieces, repeats=repeats,
                elements=elements, whole=whole, counted=counted,
            )  # fmt: skip
            if name == "/fill" or (to == "ddr" and work.elements):
                self.plan.level()  # what follows waits for it
        return after

    def _picked(self, label: str, work: MoveWork, after: tuple[int, ...], repeats: int) -> tuple[int, ...]:
        """Rows of a table, picked and written by one port: the next rows are picked by the other."""
        inside, counted = "scratchpad", float(work.counted)
        picked = self._transfer(
            f"{label}/picked",
            work.nbytes,
            "ddr",
            inside,
            after=after,
            repeats=repeats,
            counted=counted,
            whole=True,
        )
        ask = self._ask(work.nbytes, inside, "ddr", 0.0, 1)
        return (self.plan.add(label, self.plan.queue[picked[0]], ask, 1, 0, repeats, picked),)

    def _turned_inside(
        self, label: str, nbytes: float, step: Placed, r: Residence, after: tuple[int, ...]
    ) -> tuple[int, ...]:
        """A tensor turned by the DMA inside one tile: loaded where it is not there, permuted, copied to its readers."""
        repeats = step.node.repeats
        if r.source == "ddr":
            after = self._transfer(f"{label}/in", nbytes, "ddr", "scratchpad", after=after, repeats=repeats)
        inside = "scratchpad"
        after = self._transfer(f"{label}/turn", nbytes, inside, inside, after=after, repeats=repeats)
        if r.destination == "ddr":
            after = self._transfer(label, nbytes, inside, "ddr", after=after, repeats=repeats)
        return after

    def _filled(
        self, label: str, nbytes: float, step: Placed, r: Residence, after: tuple[int, ...]
    ) -> tuple[int, ...]:
        """A small tensor written out to a large one: loaded, filled in, copied to the tiles or to DDR. Filling reads
        next to nothing: one port does it at a copy's rate, on generations of whole copies at twice that rate, as two
        ports do a copy (Intel's schedules of a row of 768 over 200: 9.9 us on NPU 3720, 4.0 us on 5010)."""
        repeats = step.node.repeats
        if r.source == "ddr":
            small = self.sizes[step.reads[0]]
            after = self._transfer(f"{label}/in", small, "ddr", "scratchpad", after=after, repeats=repeats)
        inside = "scratchpad"
        whole = not self.whole_copies
        after = self._transfer(
            f"{label}/fill", nbytes, inside, inside, after=after, repeats=repeats, whole=whole
        )
        self.plan.level()
        return self._transfer(label, nbytes, inside, r.destination, after=after, repeats=repeats)

    def _through_ddr(
        self, step: Placed, r: Residence, nbytes: float, behind: tuple[int, ...], pieces: int
    ) -> tuple[int, ...]:
        """A result of a part of the step, written to DDR and read back."""
        for name, source, to in (("partial", "scratchpad", "ddr"), ("partials", "ddr", "scratchpad")):
            behind = self._transfer(
                f"{step.node.name}/{name}", nbytes, source, to, after=() if r.overlaps else behind,
                streams=behind if r.overlaps else (), pieces=pieces if r.overlaps else 1, transfers=pieces,
                repeats=step.node.repeats,
            )  # fmt: skip
        return behind

    def _written(self, step: Placed, nbytes: float, behind: tuple[int, ...]) -> tuple[int, ...]:
        """One part of a step's result, written to DDR while the next one is made."""
        label = f"{step.node.name}/part"
        return self._transfer(label, nbytes, "scratchpad", "ddr", after=behind, repeats=step.node.repeats)

    def _read_back(self, step: Placed, nbytes: float, behind: tuple[int, ...]) -> tuple[int, ...]:
        """All parts that were written so."""
        label = f"{step.node.name}/parts"
        return self._transfer(label, nbytes, "ddr", "scratchpad", after=behind, repeats=step.node.repeats)
