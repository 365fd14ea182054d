"""What is subtracted, negated by a pass of its own, between that pass and the addition behind it.

`Subtract/as_gconv` and `Subtract/add_out` in Intel's schedules each see a tensor as an image of their own: the scale
keeps the model's channels where these are sixteens and else takes a part of the innermost axis to them (63 x 10 x 8
as 1,008 channels of 5 pixels, 300 x 400 as 16 of 300 x 25), the addition has the innermost axis as channels or
sixteen in the most even rectangle. Where a tile's rows of one are not its rows of the other, what was negated crosses
DDR: 28 schedules of 14 shapes on NPU 3720 and 5010, 25 as here (not 300 x 400 and 50 x 32 x 30 on two tiles, which
cross, nor one row of 2,048 on three, which stays). Of inputs of the graph; time steps of scans (S4D, S5) agree better
without."""

from __future__ import annotations

from math import gcd, prod

from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip, most_even_rectangle
from npusim.work import MacWork, Work

ROWS_OF_A_LINE = 4  # that the second of two axes is folded to, where the first one is the channels
# From which on tiles share the channels of the scale: 512 x 64, 25 x 33 x 16 as 400 of 11 x 3.
OVER_CHANNELS = 400


def apart(steps: tuple[Work, ...], shape: tuple[int, ...], tiles: int) -> tuple[Work, ...]:
    """The passes of a subtraction of activations, what is negated through DDR where the tiles share it otherwise."""
    if tiles < 2 or len(steps) != 2 or not all(isinstance(s, MacWork) for s in steps):
        return steps
    negated, added = steps
    assert isinstance(added, MacWork)
    if stays(shape, tiles):
        return steps
    return negated, *ddr_round_trip(prod(shape) * added.output_bytes), added


def stays(shape: tuple[int, ...], tiles: int) -> bool:
    """Whether a tile's part of what is negated is its part of what is added."""
    scaled, added = _scaled(shape), _added(shape)
    if scaled == added:
        return True
    return scaled[0] < OVER_CHANNELS and scaled[1] % tiles == 0 and added[1] % tiles == 0


def _scaled(shape: tuple[int, ...]) -> tuple[int, int]:
    """Channels and rows of the scale by -1."""
    first, *rest = _axes(shape)
    if first % CHANNEL_BLOCK == 0:
        return first, rest[0] if len(rest) > 1 else ROWS_OF_A_LINE
    if len(rest) == 1:
        return CHANNEL_BLOCK, first
    fold = CHANNEL_BLOCK // gcd(first, CHANNEL_BLOCK)
    keeps = rest[1] % fold == 0 and rest[1] > fold
    return first * fold, rest[0] if keeps else most_even_rectangle(prod(rest) // fold)[0]


def _added(shape: tuple[int, ...]) -> tuple[int, int]:
    """Channels and rows of the addition."""
    axes = _axes(shape)
    if axes[-1] % CHANNEL_BLOCK == 0 and (len(axes) > 2 or axes[0] % CHANNEL_BLOCK == 0):
        return axes[-1], axes[0]
    if axes[0] % CHANNEL_BLOCK == 0:
        return _scaled(shape)
    return CHANNEL_BLOCK, most_even_rectangle(prod(axes) // CHANNEL_BLOCK)[0]


def _axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of one image or its rows: two or three."""
    axes = shape[1:] if len(shape) > 2 else shape
    return (1,) * (2 - len(axes)) + axes
