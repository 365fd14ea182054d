"""What it costs to pass a plane through several steps strip by strip: bytes, and compute with what strips repeat.

Counts only, never a rate: bytes through DDR, and about how many bytes move while a step computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil, inf, isqrt

from npusim.compiler.cutting.counts import PIECE_BYTES
from npusim.compiler.cutting.strips import (
    MORE,
    MOST_WEIGHTS,
    ONE_AXIS,
    STEP_BYTES,
    Cut,
    Machine,
    Member,
    alive,
    cut_alone,
    on_grid,
    overlaps_of,
    part_at_ddr,
    pipelined,
    shared,
    timed,
)
from npusim.ops.counting import CHANNEL_BLOCK

MOST_WAYS = 1024  # numbers of strips that are looked at, of a plane that must be cut into a great many


def price(
    members: list[Member], inner: Set[str], sizes: Mapping[str, float], machine: Machine
) -> tuple[float, Cut | None]:
    """What members cost that are cut together, in bytes through DDR or the time of as many; infinite where they
    cannot be."""
    last = members[-1]
    outside = dict.fromkeys(n for m in members for n in m.reads if n not in inner)
    if len(members) == 1:
        pieces, arriving = cut_alone(last, sum(sizes[n] for n in outside), machine)
        moved = arriving + sizes[last.write]
        waits = last.kernel and machine.kernels_wait
        return max(last.alone, timed(last.compute, moved, pieces, waits) + PIECE_BYTES * pieces), None
    if part_at_ddr(members, machine):
        return inf, None
    image = any(m.image for m in members)
    if image and machine.image_alone and (len(members) > 2 or not members[0].turn):
        return inf, None
    most_alive = max(alive(members, inner, sizes))
    pieces = _strips(members, most_alive, machine)
    if not pieces:
        return inf, None
    overlaps = overlaps_of(members, inner)
    found: tuple[float, Cut | None] = (inf, None)
    whole = sum(m.weights for m in members) * machine.tiles  # a block of channels brings its own
    blocks = ceil(2 * (most_alive + whole) / machine.room)
    for rows, columns, channels in _grids(pieces, blocks, members, machine):
        if image and (columns > 1 or (rows > ONE_AXIS and not members[0].turn)):
            continue
        again = tuple(
            [(1 + (rows - 1) * y / m.height) * (1 + (columns - 1) * x / m.width)
            for m, (y, x) in zip(members, (overlaps[m.write] for m in members), strict=True)]
        )  # fmt: skip
        edges = []
        for name in outside:
            y, x = overlaps[name]
            reader = next(m for m in members if name in m.reads)
            tall, wide = reader.height * reader.strides[0], reader.width * reader.strides[1]
            edges.append((name, (1 + (rows - 1) * y / tall) * (1 + (columns - 1) * x / wide)))
        parts = [
            m.compute * share * (1.0 if m.kernel else on_grid(m, rows, columns, channels, machine.tiles))
            for m, share in zip(members, again, strict=True)
        ]
        if members[0].turn:
            least = (rows * columns * channels - 1) * STEP_BYTES
            parts = [
                max(m.compute * share * shared(m, rows, columns, channels, machine.tiles), least)
                for m, share in zip(members, again, strict=True)
            ]
        compute = sum(parts)
        if pipelined(members):
            compute = max(parts[1], compute - parts[1])
        moved = sum(sizes[n] * share for n, share in edges) + sizes[last.write]
        strips = rows * columns * channels
        cost = timed(compute, moved, strips) + PIECE_BYTES * strips * len(members)
        if cost < found[0]:
            found = cost, Cut(rows, columns, again, tuple(edges), channels)
    return found


def _strips(members: list[Member], most_alive: float, machine: Machine) -> int:
    """How many strips there must be: two stand inside beside the weights. Where rows are shared, all weights
    are on every tile; else channels are, and every tile holds all of a strip that it reads. 0: too many weights."""
    weights, most = sum(m.weights for m in members), MOST_WEIGHTS * machine.room
    if weights * machine.tiles <= most:
        return ceil(2 * most_alive / (machine.room - weights * machine.tiles))
    return ceil(2 * most_alive * machine.tiles / (machine.room - weights)) if weights <= most else 0


def _grids(
    pieces: int, least: int, members: Sequence[Member], machine: Machine
) -> list[tuple[int, int, int]]:
    """Ways to cut a plane into about so many strips (rows, columns, blocks of channels): along one axis, or along both
    when there are many. Behind the pass that turns an image of the graph, where no channel needs another, blocks of
    channels too, `least` or more: planes lie one behind the other in the image, and no strip overlaps another."""
    height, width = members[-1].height, members[-1].width
    ways = set()
    alone = members[0].turn and all(m.channels for m in members)
    sixteens = ceil(members[0].channels / CHANNEL_BLOCK) if alone else 1
    most = pieces + max(MORE, pieces // 2)
    if sixteens > 1:
        few = range(min(least, pieces), min(most, sixteens) + 1)
        ways |= {(1, 1, ceil(sixteens / (sixteens // n))) for n in few}
    for n in range(pieces, most + 1, max(1, (most - pieces) // MOST_WAYS)):
        ways |= {(1, n, 1), (n, 1, 1)}
        if sixteens > 1:
            blocks = ceil(sixteens / ceil(sixteens / min(n, sixteens)))
            ways |= {(ceil(n / blocks), 1, blocks), (1, ceil(n / blocks), blocks)}
        if n > ONE_AXIS and (machine.both_axes or members[0].turn):
            side = isqrt(n)
            ways |= {(side, ceil(n / side), 1), (ceil(n / side), side, 1)}
            if members[0].turn and side > min(height, width) // 2 > 0:  # as many as the shorter side has
                short, long = min(height, width) // 2, ceil(n / (min(height, width) // 2))
                ways.add((short, long, 1) if height < width else (long, short, 1))
    return sorted(w for w in ways if w[0] <= max(1, height // 2) and w[1] <= max(1, width // 2))
