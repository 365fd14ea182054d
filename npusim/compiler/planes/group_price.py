"""What steps on planes cost that are cut together, in the counts of `scheduled`: compute and transfers added up."""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import pairwise
from math import inf

from npusim.compiler.cutting.counts import PIECE_BYTES
from npusim.compiler.cutting.strips import (
    KEPT_BESIDE_STRIPS,
    MORE,
    Cut,
    Machine,
    Member,
    cut_alone,
    overlap_before,
    overlaps_of,
    part_at_ddr,
    pipelined,
)
from npusim.compiler.planes.strip_counts import fewest_strips, grids, waste

# Of a group that begins with an image of the graph: 4 and 5 in Intel's schedules, of 7 it is cut alone. Where the image
# is folded (NPU 5010) up to 22, and its strips take the array no longer than the whole (25 of 27 stems at 288 to 640
# pixels that do not go over channels, npusim.compiler.planes.image_channels), as over folded channels (a U-Net of 24);
# they come from DDR, so no image is kept beside them (six layers of SSD at 300, of a residual net at 512 in one group).
IMAGE_STRIPS, FOLDED_STRIPS = 6, 22
# Intel's compiler takes the fewest strips that fit (PRelu and Conv of 64 channels at 128 x 128 on NPU 3720: groups of
# five and three by turns, 3 strips; of more of them seven would go together). More are taken where the fewest leave the
# grid so empty that they cost as much more: a tile more would slow a chain (180 x 180 on six tiles).
MORE_COST = 1.4


def by_pairs(before: Member, after: Member) -> bool:
    """Whether of two members one is a window and the other takes columns in groups."""
    one = before.folds != after.folds and not before.image
    return one and (after if before.folds else before).window[1] > 1


def folded(m: Member, machine: Machine) -> bool:
    """Whether a member reads an image whose columns are folded into channels."""
    return m.image and not machine.image_alone


def _waste(m: Member, rows: int, columns: int, machine: Machine) -> float:
    whole = m.kernel or m.folds or folded(m, machine)
    return 1.0 if whole else waste(m, rows, columns, machine.tiles)


def price_of_group(
    members: list[Member],
    inner: Set[str],
    sizes: Mapping[str, float],
    machine: Machine,
    inside: Set[str] = frozenset(),
    made: Set[str] = frozenset(),
    free: Set[str] = frozenset(),
) -> tuple[float, Cut | None]:
    """What members cost that are cut together, or one that is alone, in bytes through DDR or the time of as many;
    infinite where they cannot be. `inside`: what is in the scratchpads before; `made`: of it, what strips would have
    written to DDR first."""
    last = members[-1]
    outside = dict.fromkeys(n for m in members for n in m.reads if n not in inner)
    stays = machine.rows_around and not folded(members[0], machine)
    kept = frozenset(
        [n for n in outside if stays and n in inside]
        if sum([sizes[n] for n in outside if n in inside]) <= KEPT_BESIDE_STRIPS * machine.room
        else []
    )
    if len(members) == 1:
        return _alone(last, outside, kept, inside, sizes, machine), None
    if part_at_ddr(members, machine):
        return inf, None
    overlaps = overlaps_of(members, inner)
    pieces = fewest_strips(members, inner, sizes, machine, overlaps, kept)
    written = sizes[last.write] + sum([sizes[n] for n in outside if n in made and n not in free])
    found: tuple[float, Cut | None] = (inf, None)
    least = inf
    most = FOLDED_STRIPS if members[0].folds or folded(members[0], machine) else IMAGE_STRIPS
    fewest = grids(pieces, last.height, last.width, machine.both_axes, 0)
    for rows, columns in grids(pieces, last.height, last.width, machine.both_axes, MORE):
        if members[0].image and (columns > 1 or rows > most):
            continue
        if columns > 1 and any([by_pairs(a, b) for a, b in pairwise(members)]):
            continue  # no whole pairs of columns
        again = tuple(
            [(1 + (rows - 1) * y / m.height) * (1 + (columns - 1) * x / m.width)
            for m, (y, x) in zip(members, (overlaps[m.write] for m in members), strict=True)]
        )  # fmt: skip
        edges = _edges(members, outside, overlaps, rows, columns)
        parts = [
            m.compute * share * _waste(m, rows, columns, machine)
            for m, share in zip(members, again, strict=True)
        ]
        compute = sum(parts)
        if _pipelined(members, parts):
            compute = max(parts[1], compute - parts[1])
        moved = sum([sizes[n] * max(shares) for n, shares in edges.items() if n not in free]) + written
        cost = compute + moved + PIECE_BYTES * rows * columns
        weighed = cost if (rows, columns) in fewest else cost * MORE_COST
        if weighed < least:
            arriving = tuple((n, sum(shares)) for n, shares in edges.items())
            least, found = weighed, (cost, Cut(rows, columns, again, arriving))
    return found


def _alone(
    m: Member,
    outside: Mapping[str, None],
    kept: Set[str],
    inside: Set[str],
    sizes: Mapping[str, float],
    machine: Machine,
) -> float:
    """What a step costs that is cut by itself, or fits and leaves its result inside."""
    if m.need <= machine.resident:
        return m.compute + sum([sizes[n] for n in outside if n not in inside])
    pieces, arriving = cut_alone(m, sum([sizes[n] for n in outside if n not in kept]), machine)
    return m.compute + arriving + sizes[m.write] + PIECE_BYTES * pieces


def _edges(
    members: list[Member],
    outside: Mapping[str, None],
    overlaps: Mapping[str, tuple[int, int]],
    rows: int,
    columns: int,
) -> dict[str, list[float]]:
    """How many times over each tensor from outside crosses, for each reader: every one fetches it for itself (a skip is
    loaded for the convolution and again for the addition in Intel's schedules of residual chains)."""
    found: dict[str, list[float]] = {n: [] for n in outside}
    for m in members:
        y, x = overlap_before(m, *overlaps[m.write])
        tall, wide = m.height * m.strides[0], m.width * m.strides[1]
        for name in dict.fromkeys(m.reads):
            if name in found:
                found[name].append((1 + (rows - 1) * y / tall) * (1 + (columns - 1) * x / wide))
    return found


def _pipelined(members: list[Member], parts: list[float]) -> bool:
    """Whether the array and the DSPs work at the same time, as in npusim.compiler.cutting.strips, where the array has
    half as much to do."""
    return pipelined(members) and parts[0] + parts[2] > parts[1] / 2
