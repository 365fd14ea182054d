"""In how many pieces weights are streamed that do not fit beside what is kept."""

from __future__ import annotations

from math import ceil

from npusim.compiler.blocks import STREAMED_PIECE_BYTES
from npusim.compiler.pieces import channel_blocks
from npusim.compiler.place import Placed
from npusim.compiler.scratchpad import Residence, Scratchpad


def streamed_blocks(k: int, step: Placed, scratchpad: Scratchpad, r: Residence, need: float) -> int:
    """Blocks of channels that weights are streamed in, 0 where there are none or the result had better go through DDR
    with them. What others keep inside leaves where crossing twice costs less than the pieces it makes necessary; so
    does the result."""
    writes = sum([scratchpad.sizes[n] for n in step.writes])
    others = scratchpad.used_bytes - scratchpad.bytes_of(step.reads)
    room, tiles = scratchpad.pipelined_bytes - need, scratchpad.tiles
    passes = max(1, len(step.steps)) if scratchpad.memory.blocks_by_time else 1
    blocks = channel_blocks(step, room - others, tiles, passes)
    # Weights alone are the least that crosses: where that is no better, nothing is searched again.
    if others and (not blocks or _short(step, blocks) - step.fixed_bytes > 2 * others):
        alone = channel_blocks(step, room, tiles, passes)
        if alone and (not blocks or _short(step, blocks) - _short(step, alone) > 2 * others):
            scratchpad.make_room(k, step, r, scratchpad.resident_bytes)
            blocks = alone
    if blocks > 1:
        passing = ceil(2 * (step.fixed_bytes + writes) / (room + writes))
        if _short(step, blocks) - _short(step, passing) > 2 * writes:
            return 0
    return blocks


def _short(step: Placed, pieces: int) -> float:
    """Bytes that cross in the time of so many pieces: their weights, or what does while short pieces start."""
    return max(step.fixed_bytes, pieces * STREAMED_PIECE_BYTES)
