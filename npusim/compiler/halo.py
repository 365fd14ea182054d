"""Images that a window reads through DDR for the sake of what lies around them."""

from __future__ import annotations

from collections.abc import Iterable

from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Residence, Scratchpad
from npusim.ops.slicing import DILATED_LIMITS
from npusim.work import MacWork, MoveWork

MOVED = "input through DDR: put in place row by row, without rows for the neighbouring tile"
KERNEL = "input through DDR: its kernel writes no rows for the neighbouring tile"
ZEROS = "input through DDR, where parts of the window read it with zeros of their own"


def cross_halo(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """Spill the result of a kernel or of moves, where these do not write their neighbours' rows, and an image that is
    copied there for parts of a window."""
    if not step.steps:
        return
    work = step.steps[0]
    if step.lowering in DILATED_LIMITS and any(isinstance(w, MoveWork) for w in step.steps):
        _spill(step.reads, scratchpad, r, ZEROS)
        return
    window = isinstance(work, MacWork) and work.kernel_h * work.kernel_w > 1
    if not window or scratchpad.tiles == 1:
        return
    if scratchpad.by_kernel:
        _spill([n for n in step.reads if n in scratchpad.by_kernel], scratchpad, r, KERNEL)
    if scratchpad.put_in_place and scratchpad.generation in scratchpad.memory.moves_without_halo:
        _spill(
            [n for n in step.reads if n in scratchpad.put_in_place - scratchpad.in_ddr], scratchpad, r, MOVED
        )


def _spill(names: Iterable[str], scratchpad: Scratchpad, r: Residence, reason: str) -> None:
    if scratchpad.spill_all(names, r):
        r.reason = reason
