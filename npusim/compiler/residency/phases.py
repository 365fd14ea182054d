"""Transposed convolutions taken apart by phases: which of what they make crosses DDR.

The phases of such a convolution are written beside each other, and the DMA puts their pixels in place. Intel's compiler
counts all of them in every tile, whatever share it has, beside what one phase reads: where that is more than it fills
of a tile, each phase is written to DDR while the next is made, and the DMA reads all of them there. What the DMA puts
in place row by row leaves the tiles where these have not the same rows (NPU 4000 and 5010), whoever reads it. Read off
its schedules of 27 graphs of a 4 x 4 window at stride 2 between two convolutions (8 to 64 rows, 32 to 256 channels to
16 to 128) on three NPUs: phases cross in 13 and stay in 50, as here but for the two that the tiles share over
channels (256 channels of 16 x 16 to 128 on NPU 4000 and 5010); results leave in 12 on NPU 4000 and 5010 and stay in
33, all as here. Channels that are no whole sixteens cross always (24 and 40 of two, in a Litepose, an IFNet). What
leaves the graph plane by plane goes by rules of its own (npusim.compiler.leaving)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

BY_PHASES = "by_phases"
PHASES_APART = "phases through DDR: no room in a tile for all of them beside what one reads"


def phases_cross(step: Placed, scratchpad: Scratchpad, tile_bytes: float) -> bool:
    """Whether what the phases make goes through DDR to be put in place: all of it, and what one of them reads, are more
    than `tile_bytes`."""
    phase = step.steps[0] if step.lowering == BY_PHASES and step.steps else None
    if not isinstance(phase, MacWork) or scratchpad.tiles == 1 or step.images > 1:
        return False
    if not scratchpad.phases_in_planes.isdisjoint(step.writes):
        return False
    if phase.out_c % CHANNEL_BLOCK:
        return True
    rows = phase.in_h
    if step.reads[0] not in scratchpad.on_all_tiles:
        rows = min(rows, ceil(rows / scratchpad.tiles) + phase.kernel_h)
    image = rows * phase.in_w * phase.in_c * phase.input_bytes
    made = sum(scratchpad.sizes[n] for n in step.writes)
    return bool(made + image + step.fixed_bytes / phases_of(step) > tile_bytes)


def phases_of(step: Placed) -> int:
    """In how many convolutions such a step is taken apart."""
    return sum(isinstance(w, MacWork) and w.op == MacOp.CONVOLUTION for w in step.steps)


def rows_apart(steps: Sequence[Placed], tiles: int) -> frozenset[str]:
    """Results of transposed convolutions by phases of an image whose rows the tiles do not share equally."""
    return frozenset(n for s in steps if s.images == 1 and _uneven(s, tiles) for n in s.writes)


def written_in_planes(steps: Sequence[Placed], values: Mapping[str, Value], evenly: bool) -> frozenset[str]:
    """What a pass writes plane by plane as it leaves the graph: it crosses DDR in front of that already where its
    channels are no whole sixteens, or whatever they are (not `evenly`, NPU 5010; npusim.compiler.leaving)."""
    turned = (
        n for s in steps if s.node.op_type == "MemPermute" for n in s.reads if len(values[n].shape) == 4
    )
    return frozenset(n for n in turned if not evenly or values[n].shape[1] % CHANNEL_BLOCK)


def _uneven(step: Placed, tiles: int) -> bool:
    phase = step.steps[0] if step.lowering == BY_PHASES and step.steps else None
    return isinstance(phase, MacWork) and phase.out_h % tiles > 0
