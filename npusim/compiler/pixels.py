"""Images whose pixels the DMA takes from channels (DepthToSpace): how they come, and how their planes are written.

Of Intel's schedules of 4 to 256 channels at 16 to 200 pixels, blocks of two, three and four, on all three NPUs."""

from __future__ import annotations

from collections.abc import Mapping, Set
from math import ceil

from npusim.compiler.distribution import padded_width
from npusim.compiler.images import is_image
from npusim.compiler.place import Placed
from npusim.compiler.profile import CompilerProfile
from npusim.compiler.split import PIXELS_AT_ONCE
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MoveWork


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
