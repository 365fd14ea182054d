"""Which steps on planes are cut together, and in how many strips, as in the schedules of Intel's compiler 8.4 (`VF`).

It merges step by step, then group by group, as long as its estimate does not grow: compute and transfers one after
the other, and a tensor between two groups is written and read. So small steps behind large ones belong to a group
(MaxPool, Conv, MaxPool of a detector; six layers of a MobileNet). On NPU 3720 and 4000 small steps in front of a
large one join its group, too, whose input counts as little then as before: HardSwish and four more in front of an
expansion to 64 channels (MobileNet-v3 at 320 and 384 pixels), a window and a projection in front of one to 96
(EfficientNet-Lite0 at 320); on 5010 none of these do. Residual blocks of 64 channels go in threes on NPU 3720 and
5010, in sixes on 4000. Its schedules of 38 networks have 252 groups; of the 155 chosen here 98 are among them
(counted without steps in front). Profiles that keep to laws of size part runs by npusim.compiler.cutting.strips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from itertools import pairwise
from math import inf

from npusim.compiler.cutting.blocks import PIECE_BYTES
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
from npusim.ops.counting import CHANNEL_BLOCK

MOST_AS_SCHEDULED = 16  # members of a group; the longest in Intel's schedules has 14
IN_FRONT = 4  # steps in front of the first one that does not fit (NPU 3720 and 4000)
FURTHER = 4  # steps behind the last one that does not fit
# Of a group that begins with an image of the graph: 4 and 5 in Intel's schedules, of 7 it is cut alone. Where the image
# is folded (NPU 5010) up to 22, and its strips take the array no longer than the whole (25 of 27 stems at 288 to 640
# pixels that do not go over channels, npusim.compiler.planes.image_channels), as over folded channels (a U-Net of 24);
# they come from DDR, so no image is kept beside them (six layers of SSD at 300, of a residual net at 512 in one group).
IMAGE_STRIPS, FOLDED_STRIPS = 6, 22
# What strips of a convolution of several taps cost over its multiply-accumulates, so that most of the groups in Intel's
# schedules come out (residual nets in threes on NPU 3720 and 5010, in sixes on 4000).
WINDOW_COST = 1.5
# Intel's compiler takes the fewest strips that fit (PRelu and Conv of 64 channels at 128 x 128 on NPU 3720: groups of
# five and three by turns, 3 strips; of more of them seven would go together). More are taken where the fewest leave the
# grid so empty that they cost as much more: a tile more would slow a chain (180 x 180 on six tiles).
MORE_COST = 1.4


def in_front(machine: Machine) -> int:
    """How many steps that fit may belong to a group in front of the first that does not."""
    return IN_FRONT if machine.as_scheduled and machine.image_alone else 0


def may_belong(at: int, k: int, large: Sequence[bool], machine: Machine) -> bool:
    """Whether step `at` may belong to a run from `k` on: not far from one that does not fit."""
    return any(large[max(k, at - FURTHER) : at + 1 + in_front(machine)])


def same_plane(before: Member, after: Member) -> bool:
    """Whether a member reads the plane of the one before, and not a number a channel of it."""
    return before.height * before.width > 1 and before.height >= after.height * min(1.0, after.strides[0]) / 2


def _by_pairs(before: Member, after: Member) -> bool:
    """Whether of two members one is a window and the other takes columns in groups."""
    one = before.folds != after.folds and not before.image
    return one and (after if before.folds else before).window[1] > 1


def as_counted(m: Member, machine: Machine) -> Member:
    """A member with the counts of this choice: windows of strips are dearer, but those over a folded image."""
    convolves = not m.kernel and not m.channels and m.window != (1, 1) and not _folded(m, machine)
    return m._replace(compute=m.compute * WINDOW_COST) if convolves else m


def segments(
    k: int,
    run: list[Member],
    readers: Mapping[str, list[int]],
    sizes: Mapping[str, float],
    machine: Machine,
) -> list[tuple[int, int, Cut]]:
    """How a run is parted: (first member, how many, their cut) of groups of several steps. Step by step each joins the
    group in front of it where both together cost no more than one after the other (a kernel between two steps of the
    array with both), then group by group, but for those in which the array and the DSPs work at the same time."""
    choice = _Choice(k, run, readers, sizes, machine)
    groups = [(0, 1)]
    for at in range(1, len(run)):
        if at < groups[-1][1]:
            continue
        first = groups[-1][0]
        if choice.together(groups, len(groups) - 1, (at, at + 1)):
            groups[-1] = first, at + 1
        elif (
            at - first == 1
            and pipelined(run[first : at + 2])
            and choice.together(groups, len(groups) - 1, (at, at + 1), (at + 1, at + 2))
        ):
            groups[-1] = first, at + 2
        else:
            groups.append((at, at + 1))
    i = 0
    while i + 1 < len(groups):
        apart = any(pipelined(run[a:b]) for a, b in groups[i : i + 2])
        if not apart and choice.together(groups, i, groups[i + 1]):
            groups[i : i + 2] = [(groups[i][0], groups[i + 1][1])]
            i = max(0, i - 1)
        else:
            i += 1
    cuts = [(group, choice.cost(group, choice.in_ddr(groups, i))[1]) for i, group in enumerate(groups)]
    return [(a, b - a, cut) for (a, b), cut in cuts if cut is not None]


def _folded(m: Member, machine: Machine) -> bool:
    """Whether a member reads an image whose columns are folded into channels."""
    return m.image and not machine.image_alone


def _waste(m: Member, rows: int, columns: int, machine: Machine) -> float:
    whole = m.kernel or m.folds or _folded(m, machine)
    return 1.0 if whole else waste(m, rows, columns, machine.tiles)


class _Choice:
    """What groups of a run's members cost: (first, behind the last) -> price, by whether what the group in front of it
    leaves is in DDR."""

    def __init__(
        self,
        k: int,
        run: list[Member],
        readers: Mapping[str, list[int]],
        sizes: Mapping[str, float],
        machine: Machine,
    ) -> None:
        self.k, self.run, self.readers, self.sizes, self.machine = k, run, readers, sizes, machine
        self.reads = frozenset(n for m in run for n in m.reads)
        self.known: dict[tuple[int, int, bool, bool], tuple[float, Cut | None]] = {}

    def together(self, groups: Sequence[tuple[int, int]], i: int, *behind: tuple[int, int]) -> bool:
        """Whether group `i` and those `behind` it cost no more together than one after the other."""
        start, end = groups[i][0], behind[-1][1]
        if not self._joins(start, end):
            return False
        before = ddr = self.in_ddr(groups, i)
        alone = 0.0
        for group in (groups[i], *behind):
            alone += self.cost(group, ddr)[0]
            ddr = self._cut(*group)
        # what is merged no longer crosses DDR; what its input costs is asked when that is merged
        free = self.machine.image_alone and not self._cut(*groups[i]) and not before
        return self.cost((start, end), before, free)[0] <= alone

    def in_ddr(self, groups: Sequence[tuple[int, int]], i: int) -> bool:
        """Whether what the group in front of group `i` leaves is in DDR."""
        return i > 0 and self._cut(*groups[i - 1])

    def cost(self, group: tuple[int, int], ddr: bool, free: bool = False) -> tuple[float, Cut | None]:
        """What a group costs, and how it is cut. `free`: its first member's input counts nothing."""
        key = (*group, ddr, free)
        if key not in self.known:
            start, end = group
            before = {self.run[start - 1].write} if start else set()
            inner = {m.write for m in self.run[start : end - 1]}
            inside, made = (self.reads - before, frozenset[str]()) if ddr else (self.reads, before)
            uncounted = frozenset(self.run[start].reads if free else ())
            self.known[key] = _price(
                self.run[start:end], inner, self.sizes, self.machine, inside, made, uncounted
            )
        return self.known[key]

    def _cut(self, start: int, end: int) -> bool:
        return any(m.need > self.machine.resident for m in self.run[start:end])

    def _ends(self, i: int) -> bool:
        """Whether a member hands nothing on: a convolution of uneven channels beside a kernel, for which these are cut
        off and filled up again (24 and 40 channels of residual detectors on NPU 3720 and 4000, 56 and 12 of an FSRCNN,
        behind a kernel too; on 5010 they go together: H5 of 56, PRelu, 12), or whose columns are folded, in front of a
        window, or behind one."""
        m, before, after = self.run[i], self.run[max(0, i - 1)], self.run[min(i + 1, len(self.run) - 1)]
        by_rows = self.machine.both_axes and m.need > self.machine.tiles * self.machine.tile_bytes
        folded = _by_pairs(m, after) or after.refilled
        folded = folded and not by_rows
        cut_off = (m.uneven and (before.kernel or m.kernel or after.kernel)) or (m.kernel and after.uneven)
        return folded or (cut_off and self.machine.image_alone)

    def _joins(self, start: int, end: int) -> bool:
        """Whether members may be one group: nobody else reads what they hand on, one of them does not fit, and one is
        a window, or two are kernels (NPU 3720, 4000: Sigmoid, Mul in RLFN, Sub, Mul in IMDN; no scans of 16 states)."""
        if end - start > MOST_AS_SCHEDULED or not self._cut(start, end):
            return False
        two = [m.kernel and m.width > CHANNEL_BLOCK and self.machine.image_alone for m in self.run[start:end]]
        if two != [True, True] and not any(m.on_plane for m in self.run[start:end]):
            return False
        if any(self._ends(i) for i in range(start, end - 1)):
            return False
        inner = [m.write for m in self.run[start : end - 1]]
        k = self.k
        return not any(not k + start < r < k + end for name in inner for r in self.readers[name])


def _price(
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
    stays = machine.rows_around and not _folded(members[0], machine)
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
    most = FOLDED_STRIPS if _folded(members[0], machine) else IMAGE_STRIPS
    fewest = grids(pieces, last.height, last.width, machine.both_axes, 0)
    for rows, columns in grids(pieces, last.height, last.width, machine.both_axes, MORE):
        if members[0].image and (columns > 1 or rows > most):
            continue
        if columns > 1 and any([_by_pairs(a, b) for a, b in pairwise(members)]):
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
