"""In how many strips steps on planes are cut together: the fewest that fit, as in the schedules of Intel's compiler."""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import pairwise
from math import ceil, isqrt

from npusim.compiler.cutting.strips import MOST_WEIGHTS, ONE_AXIS, Machine, Member, alive, on_grid, pipelined

BEHIND_KERNEL = 0.5


def fewest_strips(
    members: list[Member],
    inner: Set[str],
    sizes: Mapping[str, float],
    machine: Machine,
    overlaps: Mapping[str, tuple[int, int]],
    kept: Set[str],
) -> tuple[int, int]:
    """Fewest strips along rows and along columns of which the largest member's stands inside with its overlap, the
    next strip's input beside it, all weights, and what is `kept` whole. 0: too many weights. Where rows are shared, all
    weights are on every tile; else channels are, and every tile holds all of a strip that it reads."""
    weights, most = sum([m.weights for m in members]), MOST_WEIGHTS * machine.room
    room = machine.resident - sum([sizes[n] for n in kept])
    if weights * machine.tiles <= most:
        room -= weights * machine.tiles
    elif weights <= most:
        room = (room - weights) / machine.tiles
    else:
        return 0, 0
    held = _held(members, inner, sizes, machine)
    first = sum([sizes[n] for n in members[0].reads if n not in kept])
    found = []
    for axis in (0, 1):
        strips = 1
        for m, nbytes in zip(members, held, strict=True):
            extent = (m.height, m.width)[axis]
            left = room - nbytes * overlaps[m.write][axis] / extent
            strips = max(strips, ceil((nbytes + first) / left)) if left > 0 and strips else 0
        found.append(strips)
    return found[0], found[1]


def waste(m: Member, rows: int, columns: int, tiles: int) -> float:
    """How many more pixels the array goes through for strips than for the whole plane; of signals, than there are."""
    strips = on_grid(m, rows, columns, 1, tiles)
    return strips / on_grid(m, 1, 1, 1, tiles) if m.width > 1 else strips


def _held(
    members: list[Member], inner: Set[str], sizes: Mapping[str, float], machine: Machine
) -> list[float]:
    """Bytes inside at once while each member runs: its own, what waits inside for a later one, and beside a kernel
    behind one convolution what the array makes of the next strip meanwhile (H4 and H5 for groups of five and three of
    64 channels at 160 x 160 on NPU 3720), on NPU 4000 the strip that leaves, too (W4, W5 and W7 of residual_416)."""
    found = alive(members, inner, sizes)
    if pipelined(members) or [m.kernel for m in members] == [False, True]:
        found[1] += sizes[members[0].write]
        if machine.kernels_end and machine.kernels_wait:
            found[1] += sizes[members[1].write]
        return found
    for i, (m, after) in enumerate(pairwise(members)):
        found[i] += sizes[after.write] * BEHIND_KERNEL if m.kernel else 0.0
    return found


def grids(
    pieces: tuple[int, int], height: int, width: int, both_axes: bool, more: int
) -> list[tuple[int, int]]:
    """Ways to cut a plane into so many strips, up to `more` or half as many more: along one axis, or along both when
    there are many."""
    ways = set()
    for axis, fewest in enumerate(pieces):
        if not fewest:
            continue
        for n in range(fewest, fewest + (max(more, fewest // 2) if more else 0) + 1):
            ways.add((n, 1) if axis == 0 else (1, n))
            if both_axes and n > ONE_AXIS:
                side = isqrt(n)
                ways |= {(side, ceil(n / side)), (ceil(n / side), side)}
    return sorted(w for w in ways if w[0] <= max(1, height // 2) and w[1] <= max(1, width // 2))
