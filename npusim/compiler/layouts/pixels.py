"""Images whose pixels the DMA takes from channels (DepthToSpace, phases): how they come, how their planes are written.

Of Intel's schedules of 4 to 256 channels at 16 to 200 pixels, blocks of two, three and four, on all three NPUs."""

from __future__ import annotations

from collections.abc import Mapping, Set
from math import ceil

from npusim.compiler.cutting.split import PIXELS_AT_ONCE
from npusim.compiler.layouts.images import is_image
from npusim.compiler.lowering.place import Placed
from npusim.compiler.rules.profile import CompilerProfile
from npusim.compiler.sharing.distribution import padded_width
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip
from npusim.work import MoveWork, Work

# An image of so many times its bytes is more than all scratchpads: 64 x 96 x 96 and 32 x 128 x 128 on NPU 3720.
LARGE_PHASES = 4


def pixels_cross(value: Value, made: Value, tiles: int, generation: str, profile: CompilerProfile) -> bool:
    """Whether an image crosses DDR on its way to a step that makes another of its pixels: where a tile's
    rows are no whole sixteens of pixels, padded by the loads or not at all; where images are not padded (NPU 5010) also
    for whole sixteens of channels, which are moved slice by slice there."""
    height, width = value.shape[2:]
    if generation not in profile.pads_images and made.shape[1] % CHANNEL_BLOCK == 0:
        return True
    if padded_width(height, width) != width:
        return generation not in profile.memory.padded_by_copy
    return any(rows * width % PIXELS_AT_ONCE for rows in (height // tiles, ceil(height / tiles)))


def turned_by_dma(value: Value) -> bool:
    """Whether such an image is turned to planes by the DMA where it lies: rows that fill no sixteens
    (`unrolled_permuteDMA` of 171 x 4, 180 x 5, 204 x 3 and 300 x 3, not of 120 x 4, 192 x 2, 512 x 3)."""
    _, channels, _, width = value.shape
    return channels > 1 and channels * width % CHANNEL_BLOCK > 0


def phases_in_planes(value: Value, turn: Work, room: float, by_law: bool) -> tuple[Work, ...]:
    """What writes the image of a transposed convolution by phases plane by plane, on NPU 3720 and 4000: a pass. Where
    its channels are no whole sixteens each phase is written without its padding, and read again to be put in place;
    two passes through DDR, or the DMA, turn it then. A large one of whole sixteens crosses DDR in front of its pass,
    by which twice as many would cost up to 2.95 times as much: `by_law` it is written as it is put in place."""
    trip = ddr_round_trip(value.npu_bytes)
    large = LARGE_PHASES * value.npu_bytes > room
    if turned_by_dma(value):
        return *trip, MoveWork(value.npu_bytes, "scratchpad", "scratchpad")
    if value.shape[1] % CHANNEL_BLOCK == 0:
        return () if large and by_law else (*(trip if large else ()), turn)
    return *trip, turn, *trip, turn


def planes_by_dma(placed: list[Placed], leaving: Set[str], values: Mapping[str, Value]) -> None:
    """Images of `leaving` that are turned so are moved twice."""
    for k, step in enumerate(placed):
        if (
            step.node.op_type == "DepthToSpace"
            and step.lowering == "dma"
            and not leaving.isdisjoint(step.writes)
        ):
            value = values[step.writes[0]]
            if is_image(value) and turned_by_dma(value):
                placed[k] = step._replace(steps=(*step.steps, MoveWork(value.npu_bytes)))
