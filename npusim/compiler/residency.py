"""Where tensors live: kept in the scratchpad while they fit, written to DDR when not.

One pass over the placed steps in program order, on structural numbers only. For each step it decides what is
loaded, what is spilled, whether the outputs stay, and into how many equal pieces the step is cut so that two
pieces (the one computing, the one arriving) fit. Rules and their evidence: docs/compiler.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from npusim.compiler.distribution import ONE, cut_of, through_ddr
from npusim.compiler.place import Placed
from npusim.compiler.profile import CompilerProfile
from npusim.compiler.split import largest_cut
from npusim.errors import DoesNotFit
from npusim.work import MacOp, MacWork, VectorWork

Moved = tuple[str, float]  # tensor, bytes
GEMMS = ("MatMul", "Gemm", "FusedMatMul", "Einsum")
MIB = 1024 * 1024


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
    """The scratchpads of all tiles as one space, and what is in it."""

    def __init__(
        self,
        steps: list[Placed],
        sizes: dict[str, float],
        ranks: dict[str, int],
        outputs: frozenset[str],
        profile: CompilerProfile,
        tiles: int,
        capacity_bytes: float,
    ) -> None:
        self.sizes = sizes
        self.outputs = outputs
        self.memory = profile.memory
        self.tiles = tiles
        self.tile_bytes = capacity_bytes
        self.resident_bytes = tiles * capacity_bytes * profile.memory.resident_share
        self.pipelined_bytes = tiles * capacity_bytes * profile.memory.pipelined_share
        self.last_use: dict[str, int] = {}
        self.uses: dict[str, list[int]] = {}
        for k, step in enumerate(steps):
            for name in step.reads:
                self.last_use[name] = k
                self.uses.setdefault(name, []).append(k)
        self.inside: dict[str, float] = {}
        self.cuts: dict[str, str] = {}
        self.ranks = ranks
        self.in_ddr: set[str] = set()

    def reside(self, k: int, step: Placed) -> Residence:
        """Decide for step `k`; call in program order."""
        r = Residence()
        cut = cut_of(step, self.cuts, self.ranks.get(step.reads[0], 0) if step.reads else 0)
        self._cross_tiles(k, step, cut, r)
        read_bytes = sum(self.sizes[n] for n in step.reads)
        write_bytes = sum(self.sizes[n] for n in step.writes)
        missing = [n for n in step.reads if n not in self.inside]
        if step.engine == "none":
            self._stride(k, step, r, missing)
        elif step.engine == "dma":
            self._move(k, step, r, write_bytes)
        else:
            self._compute(k, step, r, read_bytes, write_bytes, missing)
        self._note_outputs(k, step, r, cut)
        for name in step.reads:
            if self.last_use.get(name, -1) <= k:
                self.inside.pop(name, None)
        return r

    # -- the three kinds of step ---------------------------------------------------------------------------

    def _compute(
        self, k: int, step: Placed, r: Residence, read_bytes: float, write_bytes: float, missing: list[str]
    ) -> None:
        need = read_bytes + write_bytes - self._in_place(k, step)
        joined = self._channel_pieces(step, need)
        self._make_room(k, step, r, need + min(step.fixed_bytes, self.resident_bytes / 4))
        held = need + self._others(step)
        room = self.pipelined_bytes - held
        if joined > 1:
            r.pieces, r.cut = joined, "channels"
            r.loads = [(n, self.sizes[n]) for n in missing]
            r.destination = "ddr"
            r.reason = f"weights cut into {joined} pieces over channels, which are joined in DDR"
        elif held + step.fixed_bytes <= self.resident_bytes:
            r.loads = [(n, self.sizes[n]) for n in missing]
            r.destination = self._follow(step, missing)
        elif room > 0 and 2 * step.fixed_bytes / room <= _limit(step, "channels"):
            r.pieces, r.cut = max(1, ceil(2 * step.fixed_bytes / room)), "channels"
            r.loads = [(n, self.sizes[n]) for n in missing]
            r.reason = f"weights streamed in {r.pieces} pieces"
        else:
            self._stream(step, r, missing, write_bytes)
        r.fixed_traffic = r.fixed_traffic or step.fixed_bytes
        r.held_bytes = min(held, self.resident_bytes)
        for name, size in r.loads if joined == 1 else ():  # a product in pieces reads its input and drops it
            if r.destination == "scratchpad" or r.cut == "channels":
                self.inside[name] = size

    def _stream(self, step: Placed, r: Residence, missing: list[str], write_bytes: float) -> None:
        """Inputs arrive and outputs leave piece by piece."""
        inside = sum(self.inside[n] for n in step.reads if n in self.inside)
        if self.pipelined_bytes - inside < self.pipelined_bytes / 4:
            for name in [n for n in step.reads if n in self.inside]:
                self._spill(name, r)
            missing, inside = list(step.reads), 0.0
        room = self.pipelined_bytes - inside
        arriving = sum(self.sizes[n] for n in missing)
        fixed = step.fixed_bytes
        if fixed <= room / 2:
            cut, pieces = "rows", ceil(2 * (arriving + write_bytes) / (room - fixed))
        elif arriving <= room / 2:
            cut, pieces = "channels", ceil(2 * (fixed + write_bytes) / (room - arriving))
        else:
            rows = ceil(3 * arriving / room)
            cut, pieces = "rows", rows * ceil(6 * (fixed + write_bytes / rows) / room)
            r.fixed_traffic = fixed * rows
        limit = _limit(step, cut) * (_limit(step, "channels") if r.fixed_traffic else 1)
        pieces = max(2, pieces)
        if pieces > limit:
            piece = (arriving + write_bytes + fixed + inside) / max(1, limit)
            if piece > self.pipelined_bytes:
                raise DoesNotFit(
                    f"'{step.node.name}' needs {piece / MIB:.2f} MiB for one piece, the scratchpads hold "
                    f"{self.pipelined_bytes / MIB:.2f} MiB; raise scratchpad.capacity_bytes or tiles, or cut the op"
                )
            pieces = max(1, int(limit))
        r.pieces, r.cut = pieces, cut
        r.loads = [(n, self.sizes[n]) for n in missing]
        r.destination = "ddr"
        r.reason = (
            f"in {pieces} pieces through DDR: {(arriving + write_bytes + inside) / MIB:.1f} MiB do not fit"
        )

    def _move(self, k: int, step: Placed, r: Residence, write_bytes: float) -> None:
        """A pure transfer reads where its input is and writes where its output may stay."""
        r.source = "scratchpad" if all(n in self.inside for n in step.reads) and step.reads else "ddr"
        self._make_room(k, step, r, write_bytes + sum(self.inside.get(n, 0.0) for n in step.reads))
        held = write_bytes + sum(self.inside.values())
        r.destination = "scratchpad" if held <= self.resident_bytes else "ddr"
        if r.source == "ddr" and r.destination == "scratchpad":
            r.destination = self._follow(step, list(step.reads))
        r.held_bytes = min(held, self.resident_bytes)

    def _stride(self, k: int, step: Placed, r: Residence, missing: list[str]) -> None:
        """No task: the result lies where its parts lie; in the scratchpad it takes their place."""
        r.destination = "ddr" if missing else "scratchpad"
        if missing:
            for name in [n for n in step.reads if n in self.inside]:
                self._spill(name, r)
        else:
            for name in step.reads:
                if self.last_use.get(name, -1) <= k:
                    self.inside.pop(name, None)
            self._make_room(
                k,
                step,
                r,
                sum(self.sizes[n] for n in step.writes) + sum(self.inside.get(n, 0.0) for n in step.reads),
            )
        r.held_bytes = min(sum(self.inside.values()), self.resident_bytes)

    # -- helpers ---------------------------------------------------------------------------------------------

    def _in_place(self, k: int, step: Placed) -> float:
        """Bytes an element-wise step saves by writing over an input that nobody needs afterwards."""
        if len(step.steps) != 1 or len(step.writes) != 1 or not _element_wise(step):
            return 0.0
        size = self.sizes[step.writes[0]]
        fits = any(self.sizes[n] == size and self.last_use.get(n, -1) <= k for n in step.reads)
        return size if fits else 0.0

    def _channel_pieces(self, step: Placed, need: float) -> int:
        """Into how many channel pieces a matrix product is cut so that two pieces of weights fit in each tile
        (weights are on every tile when rows are split)."""
        if step.node.op_type not in GEMMS or not step.fixed_bytes or not isinstance(step.steps[0], MacWork):
            return 1
        work = step.steps[0]
        if work.out_h * work.out_w == 1 or work.op != MacOp.CONVOLUTION:
            return 1
        room = self.tile_bytes * self.memory.pipelined_share - need / self.tiles
        if room <= 0:
            return 1
        return min(ceil(2 * step.fixed_bytes / room), largest_cut(work, "channels"))

    def _follow(self, step: Placed, missing: list[str]) -> str:
        """Element-wise and DSP steps whose inputs all came from DDR leave their output there."""
        if not self.memory.follow_input or len(missing) < max(1, len(step.reads)) or self._spatial(step):
            return "scratchpad"
        return "ddr"

    def _spatial(self, step: Placed) -> bool:
        return step.node.op_type not in ("Add", "Sub", "Mul") and step.engine == "mac_array"

    def _others(self, step: Placed) -> float:
        return sum(size for name, size in self.inside.items() if name not in step.reads)

    def _make_room(self, k: int, step: Placed, r: Residence, need: float) -> None:
        """Spill what is needed last until `need` bytes fit beside the rest."""
        others = [n for n in self.inside if n not in step.reads]
        total = sum(self.inside[n] for n in others)
        if need + total <= self.resident_bytes:
            return
        others.sort(key=lambda n: next((u for u in self.uses.get(n, ()) if u > k), 1 << 60))
        while others and need + total > self.resident_bytes:
            name = others.pop()
            total -= self.inside[name]
            self._spill(name, r)

    def _spill(self, name: str, r: Residence) -> None:
        size = self.inside.pop(name)
        if name not in self.in_ddr:
            self.in_ddr.add(name)
            r.stores.append((name, size))

    def _cross_tiles(self, k: int, step: Placed, cut: str, r: Residence) -> None:
        """Tensors whose parts lie on other tiles than this step wants them go through DDR; so does one that is
        read in another shape."""
        if self.tiles == 1 or step.engine == "none":
            return
        for name in step.reads:
            if name not in self.inside:
                continue
            moved = self.memory.reshape_through_ddr and name in step.reshaped
            readers = len(self.uses[name]) if self.memory.natural_cuts else 1
            made = self.cuts.get(name, cut)
            if not self.memory.natural_cuts and ONE not in (made, cut):
                made = cut
            if moved or through_ddr(made, cut, readers):
                self._spill(name, r)

    def _note_outputs(self, k: int, step: Placed, r: Residence, cut: str) -> None:
        for name in step.writes:
            size = self.sizes[name]
            needed = self.last_use.get(name, -1) > k
            self.cuts[name] = next((self.cuts[n] for n in step.reads if n in self.cuts), cut) if not step.steps else cut
            if r.destination == "ddr" or name in self.outputs:
                self.in_ddr.add(name)
                if step.engine not in ("dma", "none") or (step.engine == "dma" and r.destination != "ddr"):
                    r.writes.append((name, size))
            if r.destination == "scratchpad" and needed:
                self.inside[name] = size
        for name, _ in r.loads:
            self.cuts[name] = cut


def _element_wise(step: Placed) -> bool:
    work = step.steps[0]
    if isinstance(work, VectorWork):
        return work.rows <= 1 or work.kernel in ("softmax", "mvn", "rmsnorm")
    return isinstance(work, MacWork) and (
        work.op == MacOp.ELTWISE or (work.op == MacOp.DEPTHWISE and work.kernel_h == 1)
    )


ROW_KERNELS = frozenset(["softmax", "log_softmax", "mvn", "rmsnorm", "topk", "cumsum"])


def _limit(step: Placed, cut: str) -> float:
    """Into how many pieces a step can be cut at most. Kernels that need whole rows cannot cut a row; one that
    runs on one DSP walks through DDR by itself."""
    limit = float("inf")
    for work in step.steps:
        if isinstance(work, MacWork):
            limit = min(limit, largest_cut(work, cut))
        elif isinstance(work, VectorWork) and work.kernel in ROW_KERNELS and not step.one_dsp:
            limit = min(limit, max(1, work.independent))
    return limit
