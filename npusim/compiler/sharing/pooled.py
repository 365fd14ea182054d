"""Poolings of one axis that follow each other, piece by piece: what one makes stays inside for the next.

Nothing is left in DDR between them, so that twice as many elements cost twice as much (profile `2026`)."""

from __future__ import annotations

from math import ceil

from npusim.compiler.cutting.split import Blocks, even_blocks
from npusim.compiler.lowering.place import Placed
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacWork


def pools_as_it_lies(step: Placed) -> bool:
    """Whether a first axis is pooled as it lies: what a pooling makes of some pieces is all the next one needs."""
    return step.lowering == "pooling_chain_as_it_lies" and isinstance(step.steps[0], MacWork)


def pooled_blocks(work: MacWork, pieces: int, tiles: int) -> Blocks:
    """The blocks of a pooling of one axis: of channels where these are enough, since short strips of the axis would not
    fill the grid."""
    enough = work.out_c >= pieces * tiles * CHANNEL_BLOCK
    return Blocks(channels=pieces) if enough else even_blocks(work, pieces, tiles)


def handed_on_blocks(work: MacWork, room: float, tiles: int) -> Blocks:
    """Those of a pooling that reads what the one before it left in `room` bytes."""
    nbytes = work.groups * work.in_h * work.in_w * work.in_c * work.input_bytes
    return pooled_blocks(work, ceil(nbytes / room), tiles)
