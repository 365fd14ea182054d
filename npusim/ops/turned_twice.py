"""Channels that lie last and fill no sixteens, moved to the front by two passes of the MAC array."""

from __future__ import annotations

from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip, most_even_rectangle, one_tap
from npusim.work import Lowering, MacOp


def last_to_front(shape: tuple[int, ...], perm: tuple[int, ...]) -> bool:
    """Whether channels that lie last and fill no sixteens move in front of whole sixteens of pixels."""
    image = len(shape) == 4 and shape[0] == 1 and perm == (0, 3, 1, 2)
    return image and shape[3] % CHANNEL_BLOCK > 0 and shape[1] * shape[2] % CHANNEL_BLOCK == 0


def in_two(source: Value) -> Lowering:
    """Two passes of sixteen channels each, through DDR (`memperm_NWCH/0` and `/1` of 24 x 30 x 168, 40 x 40 x 72, 20 x
    20 x 100 and 32 x 32 x 168 in Intel's schedules of all three NPUs; one of 160 channels)."""
    _, height, width, channels = source.shape
    rows, columns = most_even_rectangle(height * width * channels // CHANNEL_BLOCK)
    turn = one_tap(MacOp.MAX_POOL, rows, columns, CHANNEL_BLOCK, source.dtype.npu_bytes)
    return Lowering("mac_permute_twice", (turn, *ddr_round_trip(source.npu_bytes), turn))
