"""Convolutions along lines of more than 8,192 places, which no task takes at once: piece by piece through DDR.

Intel's compiler 8.4 makes such a line in ceil(places / 8,192) equal pieces (`output tile [0, 0, 6667, 0]`), by the
longer of what is read and what is made: each is read from DDR beside its neighbours' places and written there, though
all of it fits. What others make of it, a 1x1 too, stays no longer than until the next such convolution.

Seen in its schedules of 8, 16 and 32 channels at 9,000 to 64,000 places on NPU 3720, 4000 and 5010 (three to six
windows of 1, 3, 4, 7 and 8 taps, strides of 1, 2 and 4) and of the stems of EnCodec and Demucs: 16,000 places in two
pieces, 20,000 and 20,000 to 10,000 in three, 10,000 and 16,000 to 8,000 in two, 8,000 whole.

The mean over a line reads it from DDR, for the line is pooled as a plane as square as its places divide: 75 of 81 of
600 to 22,050 places behind a convolution do; 1,000 on NPU 3720, 2,000 there and on 4000, 2,500 and 2,665 on 3720 stay
now and then, why is not known. A line that divides into no such plane (1,999 places, 2 x 1,249, 5 x 797) stays, and
shorter ones mostly. Both are steps in size, so `2026-as-released` alone (`long_lines_in_pieces`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from npusim.compiler.cutting.split import Blocks
from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.scratchpad.square_means import means_of_convolutions
from npusim.compiler.sharing.distribution import CONVOLUTIONS
from npusim.graph import Value
from npusim.ops.pooling import as_square
from npusim.work import MacOp, MacWork

MOST_PLACES = 8192  # of one task along one axis
LEAST_POOLED = 600  # places of a line that its mean reads from DDR
MOST_OBLONG = 10  # 14 x 107 is pooled so


def pieces_of_line(step: Placed) -> int:
    """In how many pieces of places such a convolution is made; 1 of others, and of batches."""
    work = step.only
    if (
        not isinstance(work, MacWork)
        or work.op not in (MacOp.CONVOLUTION, MacOp.DEPTHWISE)
        or step.images > 1
    ):
        return 1
    if (
        step.node.op_type not in CONVOLUTIONS
        or work.kernel_h * work.kernel_w * work.stride_h * work.stride_w == 1
    ):
        return 1
    high, wide = max(work.in_h, work.out_h), max(work.in_w, work.out_w)
    return ceil(max(high, wide) / MOST_PLACES) if min(high, wide) == 1 else 1


def by_places(step: Placed, pieces: int, scratchpad: Scratchpad, r: Residence) -> list[str]:
    """Such a convolution reads its line from DDR and leaves its result there; returns what arrives."""
    scratchpad.spill_all(step.reads, r)
    work = step.only
    assert isinstance(work, MacWork)
    upright = max(work.in_h, work.out_h) >= max(work.in_w, work.out_w)
    r.blocks = Blocks(rows=pieces) if upright else Blocks(columns=pieces)
    r.pieces, r.destination = pieces, "ddr"
    r.loads = [(n, scratchpad.sizes[n], pieces) for n in step.reads]
    r.reason = f"{pieces} pieces of places through DDR: no task takes more than {MOST_PLACES:,}"
    return list(step.reads)


def line_means(steps: Sequence[Placed], values: Mapping[str, Value], tiles: int) -> frozenset[str]:
    """Means over long lines that convolutions made and that are pooled as planes."""
    if tiles == 1:
        return frozenset()
    found = []
    for name, line, mean in means_of_convolutions(steps, values):
        if len(line.shape) != 3:
            continue
        batch, channels, places = line.shape
        if batch == 1 and mean.elements == channels and places >= LEAST_POOLED and _divides(places):
            found.append(name)
    return frozenset(found)


def _divides(places: int) -> bool:
    """Whether they are those of a plane that is not too oblong to be pooled."""
    long, short = as_square((places,))
    return long <= MOST_OBLONG * short
