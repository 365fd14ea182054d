"""Normalisations of the channels of images between convolutions, on several tiles: these share the rows of larger
planes, the kernel shares channels, and the pass that scales shares rows again.

Intel's schedules of three style nets at 128, 192 and 256 pixels and of pix2pix: the input crosses DDR on planes above
64 rows on NPU 3720, above 32 on 4000 where nothing is added to the result next, above 28 on 5010; what the kernel makes
always does on 3720, on the others above 64 rows and where it is added next or read by several. What the pass makes
stays.

Residual blocks compiled for it (32 to 256 channels on planes of 48 to 256 rows, three normalisations each) add: what
the kernel makes crosses from a share of the scratchpads on (`norms_apart_above`: 128 x 64 x 64 stays, 0.17 on NPU 4000,
0.23 on 5010; 256 x 48 x 48, 0.20 and 0.26, and larger ones cross; none was seen between), and on 4000 a convolution
that does not fit as a whole reads from DDR, strip by strip, what the pass makes (192 and 256 channels of 64 x 64, 256
of 48 x 48 and 56 x 56, 128 of 96 x 96; on 5010 3 of 3 stay). Profile `2026` has the first on 4000 alone: on 5010
a larger scratchpad would be slower; with both 192 x 32 x 128 would cost 2.34 times half."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from npusim.compiler.layouts.lines import ACTIVATIONS
from npusim.compiler.layouts.norm_edges import normalises_channels
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.reasons import through_ddr_because
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.compiler.sharing.distribution import IMAGE
from npusim.compiler.sharing.pieces import convolution_of, weight_copies
from npusim.work import MacWork

LARGE_ROWS = 64
WHY = "normalised channel by channel, where the tiles share rows"
READ_IN_STRIPS = "normalised, and read strip by strip"


def plane_rows(step: Placed, scratchpad: Scratchpad) -> float:
    """Rows of the image whose channels a kernel normalises and a pass scales, on several tiles; 0 for anything else."""
    if step.lowering != "decomposed" or not normalises_channels(step) or step.reads_turned:
        return 0.0
    if scratchpad.tiles == 1 or scratchpad.sharing_of(step.reads[0]) != IMAGE:
        return 0.0
    scale = step.steps[-1]
    return scale.out_h if isinstance(scale, MacWork) else 0.0


def through_all_passes(step: Placed, scratchpad: Scratchpad) -> bool:
    """Whether some channels of a plane that does not fit go through kernel and scale together: planes of up to 64 rows
    on NPU 3720 (256 x 64 x 64: slice_0 and slice_1 of both; 128 x 96 x 96 and larger pass by pass)."""
    return not scratchpad.rows_around and 0 < plane_rows(step, scratchpad) <= LARGE_ROWS


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
    share = scratchpad.memory.norms_apart_above.get(scratchpad.generation, inf)
    room = share * scratchpad.tiles * scratchpad.tile_bytes
    large = rows > LARGE_ROWS or scratchpad.sizes[step.writes[0]] > room
    if not scratchpad.rows_around or large or several or _added(step, steps, scratchpad):
        r.partial_bytes = 2 * scratchpad.sizes[step.writes[0]]


def cross_behind(step: Placed, steps: Sequence[Placed], scratchpad: Scratchpad, r: Residence) -> None:
    """Spill what a normalisation made for a convolution that does not fit as a whole (`norms_read_in_strips`)."""
    if scratchpad.generation not in scratchpad.memory.norms_read_in_strips or scratchpad.tiles == 1:
        return
    if convolution_of(step) is None or len(step.reads) != 1:
        return
    weights = step.fixed_bytes * weight_copies(step, scratchpad.tiles)
    whole = sum(scratchpad.sizes[n] for n in (*step.reads, *step.writes)) + weights
    if whole <= scratchpad.resident_bytes or not _of_norm(step.reads[0], steps):
        return
    if scratchpad.spill_all(step.reads, r):
        r.reason = through_ddr_because("input", READ_IN_STRIPS)


def _of_norm(name: str, steps: Sequence[Placed]) -> bool:
    """Whether a normalisation of channels made a tensor, or an activation of what one made."""
    maker = next((s for s in steps if name in s.writes), None)
    if maker is not None and maker.node.op_type in ACTIVATIONS and maker.reads:
        maker = next((s for s in steps if maker.reads[0] in s.writes), None)
    return maker is not None and normalises_channels(maker) and maker.lowering == "decomposed"


def _added(step: Placed, steps: Sequence[Placed], scratchpad: Scratchpad) -> bool:
    """Whether something is added to a step's result."""
    return any(steps[k].node.op_type == "Add" for k in scratchpad.uses.get(step.writes[0], ()))
