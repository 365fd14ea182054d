"""Normalisations of the channels of images between convolutions, on several tiles: these share the rows of larger
planes, the kernel shares channels, and the pass that scales shares rows again.

Intel's schedules of three style nets at 128, 192 and 256 pixels and of pix2pix: the input crosses DDR on planes above
64 rows on NPU 3720, above 32 on 4000 where nothing is added to the result next, above 28 on 5010; what the kernel makes
always does on 3720, on the others above 64 rows and where it is added next or read by several. What the pass makes
stays."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.compiler.layouts.norm_edges import normalises_channels
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import through_ddr_because
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import IMAGE
from npusim.work import MacWork

LARGE_ROWS = 64
WHY = "normalised channel by channel, where the tiles share rows"


def plane_rows(step: Placed, scratchpad: Scratchpad) -> float:
    """Rows of the image whose channels a kernel normalises and a pass scales, on several tiles; 0 for anything else."""
    if step.lowering != "decomposed" or not normalises_channels(step) or step.reads_turned:
        return 0.0
    if scratchpad.tiles == 1 or scratchpad.sharing_of(step.reads[0]) != IMAGE:
        return 0.0
    scale = step.steps[-1]
    return scale.out_h if isinstance(scale, MacWork) else 0.0


def cross_norm(step: Placed, steps: Sequence[Placed], scratchpad: Scratchpad, r: Residence) -> None:
    """Spill the input of a normalisation of a large plane."""
    memory, generation = scratchpad.memory, scratchpad.generation
    least = memory.image_norm_rows.get(generation, 0)
    if not least or plane_rows(step, scratchpad) <= least:
        return
    if generation in memory.added_norms_stay and _added(step, steps, scratchpad):
        return
    if scratchpad.spill_all(step.reads, r):
        r.reason = through_ddr_because("input", WHY)


def cross_inside(step: Placed, steps: Sequence[Placed], scratchpad: Scratchpad, r: Residence) -> None:
    """What the kernel makes crosses DDR on its way to the pass that scales it, where the two share it otherwise."""
    rows = plane_rows(step, scratchpad)
    if not rows or r.pieces > 1 or scratchpad.generation not in scratchpad.memory.image_norm_rows:
        return
    several = len(scratchpad.uses.get(step.writes[0], ())) > 1
    if not scratchpad.rows_around or rows > LARGE_ROWS or several or _added(step, steps, scratchpad):
        r.partial_bytes = 2 * scratchpad.sizes[step.writes[0]]


def _added(step: Placed, steps: Sequence[Placed], scratchpad: Scratchpad) -> bool:
    """Whether something is added to a step's result."""
    return any(steps[k].node.op_type == "Add" for k in scratchpad.uses.get(step.writes[0], ()))
