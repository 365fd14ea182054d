"""Tensors that leave the scratchpads though they fit, because there is no room in one place beside them."""

from __future__ import annotations

from npusim.compiler.distribution import IMAGE, SMALL_PLANE_ROWS
from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Residence, Scratchpad
from npusim.work import MacWork

# Of all scratchpads: the input and the result of a window, both together, and what waits beside them.
LARGE_SHARE, MOST_SHARE, WAITING_SHARE = 0.28, 0.62, 0.02


def cross_scattered(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """A large input that was made of little is written and read back, so that the large result gets room in one
    place: of a window beside something that waits inside, and of a DSP kernel (Intel's schedules of MobileNets,
    EfficientNets, ConvNeXt and a detector: 7 of 8 such windows on NPU 5010, 5 of 7 such kernels on 3720 and 4000;
    of windows with nothing beside them none of 5)."""
    if not scratchpad.in_one_place or scratchpad.made_of_little.isdisjoint(step.reads):
        return
    windows = scratchpad.in_one_place == "windows"
    work, room = step.only, scratchpad.tiles * scratchpad.tile_bytes
    reads, writes = (sum(scratchpad.sizes[n] for n in names) for names in (step.reads, step.writes))
    if min(reads, writes) < LARGE_SHARE * room or reads + writes < MOST_SHARE * room:
        return
    if isinstance(work, MacWork):
        waiting = scratchpad.used_bytes - scratchpad.bytes_of(step.reads)
        if work.kernel_h * work.kernel_w == 1 or work.out_h <= SMALL_PLANE_ROWS or not windows:
            return
        if waiting < WAITING_SHARE * room:
            return
    elif step.engine != "dsp" or windows or len(step.reads) > 1:
        return
    if scratchpad.sharing_of(step.reads[0]) != IMAGE:
        return
    if scratchpad.spill_all(step.reads, r):
        r.reason = "input through DDR and back: no room in one place for the result beside it"
