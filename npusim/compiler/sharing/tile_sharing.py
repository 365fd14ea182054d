"""Which convolutions in front of a DSP kernel the tiles share by their channels, not by rows.

Intel's compiler compares its prices of both ways for every layer and then mends what it would spill. What comes of
that follows from rows, channels and terms nearly everywhere: of 511 convolutions in front of a kernel in its schedules
of fourteen networks on NPU 3720 (YOLOv5 to v11, YOLOX, RTMDet, BiFPN and others, at 256 to 640 pixels) 439 are shared
as said here, of 576 on NPU 4000 510. Most others have 64 or 96 channels and are about as cheap either way."""

from __future__ import annotations

from typing import NamedTuple

from npusim.work import MacWork


class Ways(NamedTuple):
    """Pairs of (channels, rows): shared by channels from so many of the result on, on planes of up to so many rows."""

    pointwise: tuple[tuple[int, int], ...]
    window: tuple[tuple[int, int], ...]
    of_many_terms: tuple[tuple[int, int], ...]  # windows over `MANY_TERMS` and more
    strided: tuple[tuple[int, int], ...]
    doubling: tuple[tuple[int, int], ...]  # strided windows to twice as many channels


MANY_TERMS = 128
TWO_TILES = Ways(((128, 13), (256, 30)), ((64, 12), (128, 30)), ((64, 24),), ((128, 13),), ((128, 20),))
FOUR_TILES = Ways((), ((128, 40),), ((64, 20),), ((128, 20),), ((128, 40),))
# Of a 1x1 convolution on four tiles: one that makes fewer channels than it reads, on planes of up to so many rows, and
# another of few terms.
FOUR_TILES_FEWER, FOUR_TILES_FEW_TERMS = (192, 30), (128, 20)
FEW_TERMS = 256
MOST_EXPANDED = 2  # channels of a term: a 1x1 convolution that begins a feed-forward is shared by rows


def shares_channels(work: MacWork, four_tiles: bool) -> bool:
    """Whether the tiles share the channels of a convolution on a plane. `four_tiles`: NPU 4000, where rows shared by
    four are few sooner."""
    ways = FOUR_TILES if four_tiles else TWO_TILES
    if work.kernel_h == 1:
        if work.out_c > MOST_EXPANDED * work.in_c:
            return False
        if not four_tiles:
            return _within(work, ways.pointwise)
        fewer = work.in_c > work.out_c and _within(work, (FOUR_TILES_FEWER,))
        return fewer or (work.in_c <= FEW_TERMS and _within(work, (FOUR_TILES_FEW_TERMS,)))
    if work.stride_h > 1:
        doubles = work.out_c >= 2 * work.in_c
        return _within(work, ways.strided) or (doubles and _within(work, ways.doubling))
    return _within(work, ways.window) or (work.in_c >= MANY_TERMS and _within(work, ways.of_many_terms))


def _within(work: MacWork, pairs: tuple[tuple[int, int], ...]) -> bool:
    return any(work.out_c >= channels and work.out_h <= rows for channels, rows in pairs)
