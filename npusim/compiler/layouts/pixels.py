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
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip, one_tap
from npusim.work import MacOp, MoveWork, Work

#: Lowerings of a transposed convolution whose results' pixels come from channels.
PHASES = ("by_phases", "phases_at_once")
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
    """Whether such an image is turned to planes by the DMA where it lies: rows or columns that fill no sixteens, since
    of the two passes the first takes rows as channels, the second columns (`unrolled_permuteDMA` of 171 x 4, 180 x 5,
    204 x 3, 300 x 3, of 3 channels of 480 x 135, 135 x 480 and 540 x 960, not of 120 x 4, 192 x 2, 512 x 3)."""
    _, channels, height, width = value.shape
    return channels > 1 and any([channels * n % CHANNEL_BLOCK for n in (height, width)])


def passes_to_planes(value: Value, turn: Work) -> tuple[Work, ...]:
    """The passes that write such an image [N, C, H, W] plane by plane: `turn`, or where its channels are no whole
    sixteens two poolings with DDR between them. The first has H x W C / 16 pixels of sixteen channels, the second
    W x C of H channels (`reorder_out/0` and `/1` of 3 x 192 x 320 on NPU 4000: 16 x 48 x 60 and
    192 x 80 x 3 a tile)."""
    batch, channels, height, width = value.shape
    if channels % CHANNEL_BLOCK == 0:
        return (turn,)
    trip, size = ddr_round_trip(value.npu_bytes), min(value.dtype.npu_bytes, 2.0)
    if turned_by_dma(value):
        return turn, *trip, turn
    first = one_tap(MacOp.MAX_POOL, batch * height, width * channels // CHANNEL_BLOCK, CHANNEL_BLOCK, size)
    second = one_tap(MacOp.MAX_POOL, batch * width, channels, height, size)
    return first, *trip, second


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


def pixels_in_strips(step: Placed | None, made_by: Mapping[str, Placed], values: Mapping[str, Value]) -> bool:
    """Whether the DMA takes a step's pixels from what a convolution of whole sixteens makes: in strips beside it, which
    are put together in DDR (NPU 5010)."""
    if step is None or step.node.op_type != "DepthToSpace" or step.lowering != "dma":
        return False
    maker = made_by.get(step.reads[0])
    return (
        maker is not None
        and maker.node.op_type == "Conv"
        and values[step.reads[0]].shape[1] % CHANNEL_BLOCK == 0
    )


def planes_by_dma(
    placed: list[Placed], leaving: Set[str], values: Mapping[str, Value], tile_bytes: float
) -> None:
    """Images of `leaving` that are turned so are moved twice: in one tile the second time, from DDR where two of them
    have no room there (388,800 bytes stay, 1,146,496 are written and read)."""
    for k, step in enumerate(placed):
        if (
            step.node.op_type == "DepthToSpace"
            and step.lowering == "dma"
            and not leaving.isdisjoint(step.writes)
        ):
            value = values[step.writes[0]]
            if is_image(value) and turned_by_dma(value):
                source = "scratchpad" if 2 * value.npu_bytes <= tile_bytes else "ddr"
                placed[k] = step._replace(steps=(*step.steps, MoveWork(value.npu_bytes, source)))
