"""Which steps on planes are cut together, and in how many strips, as in the schedules of Intel's compiler 8.4 (`VF`).

It merges step by step, then group by group, as long as its estimate does not grow: compute and transfers one after
the other, and a tensor between two groups is written and read. So small steps behind large ones belong to a group
(MaxPool, Conv, MaxPool of a detector; six layers of a MobileNet). On NPU 3720 and 4000 small steps in front of a
large one join its group, too, whose input counts as little then as before: HardSwish and four more in front of an
expansion to 64 channels (MobileNet-v3 at 320 and 384 pixels), a window and a projection in front of one to 96
(EfficientNet-Lite0 at 320); on 5010 none of these do. Residual blocks of 64 channels go in threes on NPU 3720 and
5010, in sixes on 4000. Its schedules of 38 networks have 252 groups; of the 155 chosen here 98 are among them
(counted without steps in front). Branches of a gate belong to one group, too: what a convolution makes beside its own
sigmoid or 1x1, up to their product (SPAN, PAN, tanh times sigmoid: 12 of 12 graphs made for it on three NPUs; SPAN's
last convolutions with their gate in 4 to 8 strips). Profiles that keep to laws of size part runs by
npusim.compiler.cutting.strip_price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from npusim.compiler.cutting.strips import Cut, Machine, Member, pipelined
from npusim.compiler.planes.group_price import by_pairs, folded, price_of_group
from npusim.ops.counting import CHANNEL_BLOCK

MOST_AS_SCHEDULED = 16  # members of a group; the longest in Intel's schedules has 14
IN_FRONT = 4  # steps in front of the first one that does not fit (NPU 3720 and 4000)
FURTHER = 4  # steps behind the last one that does not fit
# What strips of a convolution of several taps cost over its multiply-accumulates, so that most of the groups in Intel's
# schedules come out (residual nets in threes on NPU 3720 and 5010, in sixes on 4000).
WINDOW_COST = 1.5
# NPU 3720: what steps of the array alone may cost together, over one after the other, where each is read by the next
# only. Seven convolutions of 64 channels in a row are one group there (H3, H4 and W12 at 128, 160 and 256 pixels, H6 of
# 32 channels at 256, W4 of 48 at 192; VDSR at 144, DnCNN at 160), residual blocks one each.
IN_A_ROW = 1.12


def in_front(machine: Machine) -> int:
    """How many steps that fit may belong to a group in front of the first that does not."""
    return IN_FRONT if machine.as_scheduled and machine.image_alone else 0


def may_belong(at: int, k: int, large: Sequence[bool], machine: Machine) -> bool:
    """Whether step `at` may belong to a run from `k` on: not far from one that does not fit."""
    return any(large[max(k, at - FURTHER) : at + 1 + in_front(machine)])


def same_plane(before: Member, after: Member) -> bool:
    """Whether a member reads the plane of the one before, and not a number a channel of it."""
    return before.height * before.width > 1 and before.height >= after.height * min(1.0, after.strides[0]) / 2


def as_counted(m: Member, machine: Machine) -> Member:
    """A member with the counts of this choice: windows of strips are dearer, but those over a folded image."""
    convolves = not m.kernel and not m.channels and m.window != (1, 1) and not folded(m, machine)
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
    array with both; one that joins branches with all of them), then group by group, but for those in which the array
    and the DSPs work at the same time."""
    choice = _Choice(k, run, readers, sizes, machine)
    groups = [(0, 1)]
    for at in range(1, len(run)):
        if at < groups[-1][1]:
            continue
        first = groups[-1][0]
        kernels = not any(m.on_plane for m in run[first:at])
        if kernels and choice.branches_join(groups, at):
            continue
        if choice.together(groups, len(groups) - 1, (at, at + 1)):
            groups[-1] = first, at + 1
        elif (
            at - first == 1
            and pipelined(run[first : at + 2])
            and choice.together(groups, len(groups) - 1, (at, at + 1), (at + 1, at + 2))
        ):
            groups[-1] = first, at + 2
        elif kernels or not choice.branches_join(groups, at):
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
        self._eager = machine.image_alone and not machine.kernels_end
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
        most = alone * (IN_A_ROW if self._eager and self._in_a_row(start, end) else 1.0)
        return self.cost((start, end), before, free)[0] <= most

    def in_ddr(self, groups: Sequence[tuple[int, int]], i: int) -> bool:
        """Whether what the group in front of group `i` leaves is in DDR."""
        return i > 0 and self._cut(*groups[i - 1])

    def cost(self, group: tuple[int, int], ddr: bool, free: bool = False) -> tuple[float, Cut | None]:
        """What a group costs, and how it is cut. `free`: its first member's input counts nothing."""
        key = (*group, ddr, free)
        if key not in self.known:
            start, end = group
            before = {m.write for m in self.run[0 if ddr else max(0, start - 1) : start]}
            inner = {m.write for m in self.run[start : end - 1]}
            inside, made = (self.reads - before, frozenset[str]()) if ddr else (self.reads, before)
            uncounted = frozenset(self.run[start].reads if free else ())
            self.known[key] = price_of_group(
                self.run[start:end], inner, self.sizes, self.machine, inside, made, uncounted
            )
        return self.known[key]

    def _gated(self, start: int, end: int) -> bool:
        """Whether a member reads no result of the one in front of it: branches that are joined again."""
        return any(a.write not in b.reads for a, b in pairwise(self.run[start:end]))

    def _summed(self, start: int, end: int) -> bool:
        """Whether members are kernels and passes that add: Sigmoid, Mul, Add of FFA-Net in 3 and 4 strips on NPU 3720,
        in 2 on 4000, Mul and Add in 4 on 5010 (no scans of 16 states)."""
        run = self.run[start:end]
        passes = all(m.kernel or m.channels for m in run)
        return passes and any(m.kernel for m in run) and run[0].width > CHANNEL_BLOCK

    def branches_join(self, groups: list[tuple[int, int]], at: int) -> bool:
        """Whether step `at` reads what two of the run make (a convolution's result times its own sigmoid), and becomes
        one with the groups in front of it, as few as hold both and hand nothing to others."""
        own = [i for i in range(at) if self.run[i].write in self.run[at].reads]
        other = next((i for i in reversed(own) if i < at - 1), at)
        if any(m.window != (1, 1) for m in self.run[other + 1 : at + 1]) or other == at:
            return False
        for i in reversed(range(len(groups))):
            start = groups[i][0]
            closed = start <= other and self._last_reader(start, at) <= at
            if closed and self.together(groups, i, *groups[i + 1 :], (at, at + 1)):
                groups[i:] = [(start, at + 1)]
                return True
        return False

    def _in_a_row(self, start: int, end: int) -> bool:
        """Whether members are steps of the array alone, in a row: nobody reads what they hand on but the next."""
        alone = all(len(self.readers[m.write]) == 1 for m in self.run[start : end - 1])
        return alone and not any(m.kernel for m in self.run[start:end])

    def _last_reader(self, start: int, end: int) -> int:
        """Of what these members make: the last step that reads it."""
        return max((r - self.k for m in self.run[start:end] for r in self.readers[m.write]), default=0)

    def _cut(self, start: int, end: int) -> bool:
        return any(m.need > self.machine.resident for m in self.run[start:end])

    def _ends(self, i: int) -> bool:
        """Whether a member hands nothing on: a convolution of uneven channels beside a kernel, for which these are cut
        off and filled up again (24 and 40 channels of residual detectors on NPU 3720 and 4000, 56 and 12 of an FSRCNN,
        behind a kernel too; on 5010 they go together: H5 of 56, PRelu, 12), or whose columns are folded, in front of a
        window, or behind one. NPU 5010 cuts these along rows where they are larger than all tiles, and a window with
        the pass that fills up its channels; not what a folded one reads without its padding (24 channels of 240 x 240,
        58 of 176 x 176)."""
        m, before, after = self.run[i], self.run[max(0, i - 1)], self.run[min(i + 1, len(self.run) - 1)]
        large = m.need > self.machine.tiles * self.machine.tile_bytes
        by_rows = self.machine.both_axes and (m.fills or large)
        by_columns = (by_pairs(m, after) and not by_rows) or after.refilled
        cut_off = (m.uneven and (before.kernel or m.kernel or after.kernel)) or (m.kernel and after.uneven)
        return by_columns or (cut_off and self.machine.image_alone)

    def _by_itself(self, i: int) -> bool:
        """Whether a member is a window at a stride of two over each channel by itself whose result alone finds no room
        beside what it reads (`windows_cut_alone`): cut over channels in as few blocks as strips would be, it repeats
        no row, and what it reads was made in one piece (2 blocks each of 96 channels at 150 and 152 pixels, 128 at 130
        and 134, 192 at 108 on NPU 4000, 128 at 110 on 3720). Strips where what made that is cut, too (96 channels at
        156 and 160 pixels on 4000), of windows at a stride of one or that repeat more rows (5 x 5), and on 5010."""
        if i == 0 or not self.machine.windows_alone:
            return False
        m, before = self.run[i], self.run[i - 1]
        one_row = min(m.strides) > 1 and max(m.window) - min(m.strides) == 1
        alone = (
            m.need > self.machine.resident >= before.need and before.write in m.reads and not before.kernel
        )
        return m.weights > 0 and m.channels > 0 and m.on_plane and one_row and alone

    def _joins(self, start: int, end: int) -> bool:
        """Whether members may be one group: nobody else reads what they hand on, one of them does not fit, and one is
        a window, or two are kernels (NPU 3720, 4000: Sigmoid, Mul in RLFN, Sub, Mul in IMDN; no scans of 16 states), or
        they are branches of a gate (SPAN on NPU 5010: Add, Sigmoid, Sub, Mul in 5 and 6 strips)."""
        first = self.run[start]
        folded_stem = first.image and first.folds and self.machine.image_alone
        if end - start > (2 if folded_stem else MOST_AS_SCHEDULED) or not self._cut(start, end):
            return False
        two = [m.kernel and m.width > CHANNEL_BLOCK and self.machine.image_alone for m in self.run[start:end]]
        kernels = two == [True, True] or self._summed(start, end) or self._gated(start, end)
        if not kernels and not any(m.on_plane for m in self.run[start:end]):
            return False
        if any(self._ends(i) for i in range(start, end - 1)) or any(map(self._by_itself, range(start, end))):
            return False
        inner = [m.write for m in self.run[start : end - 1]]
        k = self.k
        return not any(not k + start < r < k + end for name in inner for r in self.readers[name])
