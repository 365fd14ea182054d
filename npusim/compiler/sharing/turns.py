"""In how many pieces a step follows its transfers, and where a change of layout inside it moves."""

from __future__ import annotations

from math import ceil

from npusim.compiler.cutting.fitted import CHUNK_BYTES
from npusim.compiler.lowering.place import TURNED, Placed
from npusim.compiler.lowering.residence import Arriving, Residence
from npusim.work import MoveWork

#: A step that is not cut follows what it loads in at most so many pieces: a transfer has a latency of its own, and more
#: of them would take longer than the same step cut in few.
MOST_STREAMS = 4


def turns_of(step: Placed, r: Residence) -> tuple[int, list[Arriving]]:
    """In how many pieces a step follows its transfers, and what arrives in how many blocks.

    A step that is not cut follows them chunk by chunk all the same: what arrives by rows, or the weights by channels
    (whichever is more), and what leaves."""
    if r.pieces > 1 or not (r.streams and r.overlaps):
        return r.pieces, r.loads
    arriving = sum(size for _, size, _ in r.loads)
    moved = [size for _, size, _ in (r.loads if arriving >= r.fixed_traffic else [])]
    turns = min(
        MOST_STREAMS,
        max([ceil(size / CHUNK_BYTES) for size in (*moved, *(s for _, s in r.writes))], default=1),
    )
    return turns, [(n, size, turns if moved else 1) for n, size, _ in r.loads]


def relayout(work: MoveWork, r: Residence, step: Placed) -> tuple[str, str]:
    """A change of layout inside a step: as it says, else within the scratchpad, or through DDR when the step is
    streamed (what is turned has transfers of its own for that)."""
    if work.source != work.destination or work.source == "ddr":
        return work.source, work.destination
    return ("ddr", "ddr") if r.pieces > 1 and step.lowering not in TURNED else ("scratchpad", "scratchpad")
