"""A convolution behind the pass that turns an image of the graph, cut over its terms: some channels of the image are
turned, and what they add to the result is summed up inside. Strips of all channels overlap, and are the thinner the
more channels there are; blocks of channels do not, so twice the channels take twice as many."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from npusim.compiler.cutting.asked import TERM_STEP
from npusim.compiler.cutting.counts import MACS_A_BYTE, MACS_A_SUM, PIECE_BYTES
from npusim.compiler.cutting.strips import (
    MOST_WEIGHTS,
    STEP_BYTES,
    Cut,
    Machine,
    Member,
    overlaps_of,
    shared,
    timed,
)
from npusim.ops.counting import CHANNEL_BLOCK

MOST_SUMS = 0.5  # of the room, for the result while it is summed up


def over_terms(
    members: list[Member], sizes: Mapping[str, float], machine: Machine
) -> tuple[float, Cut | None]:
    """What a turn and its convolution cost by blocks of terms and strips, in bytes through DDR or the time of as many;
    infinite where they cannot be cut so."""
    best: tuple[float, Cut | None] = (float("inf"), None)
    if len(members) != 2 or not members[0].turn or members[1].channels or not members[1].on_plane:
        return best
    turn, reader = members
    if reader.image or reader.kernel or min(reader.strides) < 1 or len(reader.reads) > 1:
        return best
    source, out = sizes[turn.reads[0]], sizes[reader.write]
    room = machine.room - 2 * out
    if 2 * out > MOST_SUMS * machine.room or turn.channels < 2 * TERM_STEP:
        return best
    y, x = overlaps_of(members, {turn.write})[turn.reads[0]]
    tall, wide = turn.height, turn.width
    for terms in range(2, turn.channels // TERM_STEP + 1):
        weights = 2 * reader.weights / terms * machine.tiles
        if weights > MOST_WEIGHTS * machine.room:
            continue
        strips = ceil(2 * max(turn.need, source) / terms / (room - weights))
        if strips > min(tall, wide) // 2 and strips > 1:
            continue
        for rows, columns in {(strips, 1), (1, strips)}:
            if rows > max(1, reader.height // 2) or columns > max(1, reader.width // 2):
                continue
            again = (1 + (rows - 1) * y / tall) * (1 + (columns - 1) * x / wide)
            pieces = rows * columns * terms
            sixteens = ceil(turn.channels / terms / CHANNEL_BLOCK) * CHANNEL_BLOCK * terms / turn.channels
            grid = shared(reader, rows, columns, 1, machine.tiles) * sixteens
            compute = max(turn.compute * again, (pieces - 1) * STEP_BYTES)
            compute += max(reader.compute * grid, (pieces - 1) * STEP_BYTES)
            sums = reader.height * reader.width * reader.sixteens * CHANNEL_BLOCK * MACS_A_SUM
            compute += STEP_BYTES + (terms - 1) * sums / machine.tiles / MACS_A_BYTE
            cost = timed(compute, source * again + out, pieces) + PIECE_BYTES * pieces * 2
            if cost < best[0]:
                best = cost, Cut(rows, columns, (again, 1.0), ((turn.reads[0], again),), terms=terms)
        if strips == 1:
            break
    return best
