"""Strips of a plane that passes through several steps: what stands inside meanwhile, what neighbouring strips repeat,
and how well they fill the grid."""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import pairwise
from math import ceil, inf
from typing import TYPE_CHECKING, NamedTuple

from npusim.compiler.cutting.by_time import BEHIND
from npusim.compiler.cutting.counts import GRID_ROWS, HALF_GRID
from npusim.ops.counting import CHANNEL_BLOCK

if TYPE_CHECKING:
    from npusim.compiler.sharing.whole_windows import Room

MOST_WEIGHTS = 0.6  # of the room, on all tiles together
KEPT_BESIDE_STRIPS = 0.44  # of the room, read from the scratchpads (Intel's schedules: 0.46 is not)
MOST_TOGETHER = 10  # steps; the longest of Intel's schedules has 8
MORE = 3  # strips than must be are tried: they may fill the grid better
STEP_BYTES = 393_216  # what moves while the dispatch of a step takes: 335 to 450 KB on the three NPUs
WEIGHT_PIXELS = 42  # 1,024 multiply-accumulates and 49 bytes of weights a cycle (NPU 3720 and 4000)
ONE_AXIS = 8  # strips along one axis; more are cut along both, as in Intel's schedules


class Waiting(NamedTuple):
    """Images of a batch that wait behind a stem (npusim.compiler.planes.waiting_stems): where in a chain it is, and how
    many of them are written to DDR and read from there."""

    stem: int
    written: int
    read: int


class Cut(NamedTuple):
    """Strips of a plane: `rows` times `columns`, of blocks of `channels`. `again[i]`: what member i computes over what
    it has, for the overlap. `arriving`: tensors from outside, and how many times over each crosses from DDR. `terms`:
    blocks of what the last member sums up."""

    rows: int
    columns: int
    again: tuple[float, ...]
    arriving: tuple[tuple[str, float], ...]
    channels: int = 1
    problems: int = 1
    terms: int = 1
    through: bool = False  # what arrives crosses DDR, however little it is
    images: bool = False  # of a batch, one a strip; `weights_again`: how many times their weights cross
    weights_again: float = 1.0
    waiting: Waiting | None = None

    @property
    def pieces(self) -> int:
        return self.rows * self.columns * self.channels * self.problems * self.terms

    @property
    def text(self) -> str:
        """What a report calls the pieces."""
        if self.images:
            return f"{self.pieces} images of the batch"
        if self.problems > 1:
            return f"{self.pieces} blocks of the batch"
        if self.channels > 1:
            return f"{self.pieces} blocks of channels"
        if self.terms > 1:
            return f"{self.terms} blocks of terms and {self.rows * self.columns} strips"
        both = min(self.rows, self.columns) > 1
        return f"{self.rows} x {self.columns} strips" if both else f"{self.pieces} strips"


class Machine(NamedTuple):
    """What the choice looks at: tiles, DSPs of all tiles, bytes for what passes through, and whether the pieces of
    kernels wait for their transfers. `kernels_end`: a window reads the result of a kernel through DDR. `both_axes`:
    many strips are cut along both axes. `image_alone`: the convolution of an input image is cut by itself, and one to a
    single channel. `turns`: the pass that turns an image of the graph is a member too. `as_scheduled`: chains are those
    of Intel's schedules (npusim.compiler.planes.scheduled); for these, bytes for what stays, and whether strips read
    what lies in the scratchpads (`rows_around`: a tile holds the rows around its own). `one_kernel`: the tiles share a
    batch's problems. `least_sum`: bytes from which on a window, a kernel and an addition run at the same time."""

    tiles: int
    dsps: int
    room: float
    kernels_wait: bool
    kernels_end: bool
    both_axes: bool
    image_alone: bool
    turns: bool = False
    as_scheduled: bool = False
    resident: float = 0.0
    rows_around: bool = False
    one_kernel: bool = False
    least_sum: float = inf
    tile_bytes: float = inf  # of its scratchpad
    image_stems: bool = False  # an image's convolution is cut with a kernel and a convolution behind it
    windows_alone: bool = False  # a window over each channel whose result finds no room is cut by itself
    images_in_turn: bool = False  # images of a batch pass convolutions one by one
    turned_first: bool = False  # all of them are turned before, through DDR
    whole: Room | None = None  # what windows and poolings may take of a tile that run whole
    by_themselves: Set[str] = frozenset()  # results of convolutions that no other step is cut together with


class Member(NamedTuple):
    """A step on a plane of `height` x `width` (its result's): window and strides, bytes and counts."""

    reads: tuple[str, ...]
    write: str
    height: int
    width: int
    window: tuple[int, int]
    strides: tuple[float, float]  # below 1 where the result is larger than what is read
    compute: float
    need: float  # bytes inside at once: inputs and result
    weights: float
    kernel: bool
    on_plane: bool  # a convolution or pooling
    image: bool  # reads an image of the graph: columns are folded into channels, and only few strips of rows are cut
    turn: bool = False  # turns an image of the graph to channels last
    channels: int = 0  # that do not depend on each other; 0 where they do
    sixteens: int = 1  # of channels that come out
    alone: float = 0.0  # what it costs at least where it is cut by itself
    uneven: bool = False  # a convolution of or to channels that are no whole sixteens
    folds: bool = False  # columns into channels (npusim.compiler.layouts.folded_columns, image_columns)
    fills: bool = False  # channels up for a depthwise window
    refilled: bool = False  # what it reads crosses DDR for that


def part_at_ddr(members: list[Member], machine: Machine) -> bool:
    """Whether a member reads through DDR what the one before it makes: a window a kernel's result, where
    `kernels_end`; one that spreads an image out always (7 of 8 in Intel's schedules of U-Nets)."""
    halo = any(a.kernel and b.window != (1, 1) for a, b in pairwise(members)) and machine.kernels_end
    return halo or any(m.strides[0] < 1 for m in members[1:])


def cut_alone(m: Member, arriving: float, machine: Machine) -> tuple[int, float]:
    """In how many pieces a member is cut by itself, and bytes that come in for it, of `arriving` there are."""
    if m.on_plane and m.weights * machine.tiles > MOST_WEIGHTS * machine.room:
        arriving += min(arriving, 2 * m.weights)  # cut over channels too: one of the two is read again
    return ceil(2 * m.need / max(machine.room - min(m.weights, machine.room / 2), 1.0)), arriving


def pipelined(members: list[Member]) -> bool:
    """Whether the array and the DSPs work at the same time, a strip apart: three steps, the kernel in the middle
    (`VF_PIPELINING` in Intel's schedules, of no other length)."""
    return [m.kernel for m in members] == [False, True, False]


def shared(m: Member, rows: int, columns: int, channels: int, tiles: int) -> float:
    """What the array goes through for the strips over what there is, in the better way to share one: its rows, or the
    channels of a convolution."""
    if m.kernel:
        return 1.0
    over_rows = on_grid(m, rows, columns, channels, tiles) * _waits(m, rows, columns, tiles)
    if m.channels:
        return over_rows
    alone = on_grid(m, rows, columns, channels, 1) * _waits(m, rows, columns, 1)
    each = ceil(m.sixteens / tiles)
    alone *= each * tiles / m.sixteens
    return min(over_rows, alone * _few_channels(each) / _few_channels(m.sixteens))


def _few_channels(sixteens: int) -> float:
    """By how much the array takes longer that makes few sixteens of channels at once."""
    return 1 + (HALF_GRID / CHANNEL_BLOCK / sixteens) ** 2


def _waits(m: Member, rows: int, columns: int, tiles: int) -> float:
    """By how much a convolution takes longer whose weights go through again for every strip: those of a channel arrive
    in the time in which the array has used them for `WEIGHT_PIXELS`."""
    if m.channels:
        return 1.0
    return 1.0 + WEIGHT_PIXELS / max(1.0, m.height / rows * m.width / columns / tiles)


def on_grid(m: Member, rows: int, columns: int, channels: int, tiles: int) -> float:
    """Pixels the array goes through for a strip over those there are, a strip's rows shared by the tiles;
    of blocks of channels, whole sixteens."""
    if m.turn and channels == 1:
        return 1.0  # sixteen pixels at once, wherever they lie
    if channels > 1:
        sixteens = ceil(m.channels / CHANNEL_BLOCK)
        each, tall = ceil(sixteens / channels), m.height / rows
        over_rows = ceil(ceil(tall / tiles) / 4) * 4 * tiles / tall
        return channels / sixteens * min(each * over_rows, ceil(each / tiles) * tiles)
    height, width = max(1.0, m.height / rows / tiles), max(1.0, m.width / columns)
    best = inf
    for side in GRID_ROWS:
        tall, wide = ceil(height / side) * side, ceil(width / side) * side
        low = ceil(height / 4) * 4 if height <= side / 2 else tall
        thin = ceil(width / 4) * 4 if width <= side / 2 else wide
        best = min(best, low * thin)
    return best / (height * width)


def timed(compute: float, moved: float, pieces: int, waits: bool = False) -> float:
    """Compute beside transfers; nothing hides the first piece's way in and the last one's way out."""
    if waits or pieces <= 1:
        return compute + moved
    return max(compute, moved) + BEHIND * min(compute, moved) + moved / pieces


def alive(members: list[Member], inner: Set[str], sizes: Mapping[str, float]) -> list[float]:
    """Bytes inside at once while each member runs: its own, and what waits inside for a later one."""
    until = {n: j for j, m in enumerate(members) for n in m.reads if n in inner}
    found = []
    for j, m in enumerate(members):
        waiting = (p.write for p in members[:j] if until[p.write] > j and p.write not in m.reads)
        found.append(m.need + sum(sizes[n] for n in waiting))
    return found


def overlaps_of(members: list[Member], inner: Set[str]) -> dict[str, tuple[int, int]]:
    """By how many rows and columns neighbouring strips of each tensor overlap."""
    found: dict[str, tuple[int, int]] = {members[-1].write: (0, 0)}
    for m in reversed(members):
        y, x = found.setdefault(m.write, (0, 0))
        before = overlap_before(m, y, x)
        for name in m.reads:
            old = found.get(name, (0, 0))
            found[name] = (max(old[0], before[0]), max(old[1], before[1]))
    return found


def overlap_before(m: Member, y: int, x: int) -> tuple[int, int]:
    """By how much strips of what a member reads overlap, where those of its result do by `y` rows and `x` columns."""
    return (
        max(0, ceil(y * m.strides[0] + m.window[0] - m.strides[0])),
        max(0, ceil(x * m.strides[1] + m.window[1] - m.strides[1])),
    )
