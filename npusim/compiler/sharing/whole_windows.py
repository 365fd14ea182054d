"""Windows that fill the scratchpads beside their weights: whole to a tile's last bytes, or cut with their neighbours.

A window over a plane whose rows the tiles share holds its own rows with those around, its result's and all weights on
every tile. Where only the weights make it more than the share others get (0.90), Intel's compiler 8.4 does not cut it
by itself: it runs whole if that fits into a tile but for some 36 KB on NPU 4000 and 5010, 16 KB on 3720, on 4000 each
tensor in steps of 32 KB as its swizzled ones lie (64 channels by 3 x 3: 96 x 160 and 128 x 120 on 5010, 1,426 of 1,474
KB; 120 x 160 on 4000; 130 x 112 on 3720, 1,953 of 1,982 KB); else it goes in two to four strips with what is in front
and behind (80 x 192, 108 x 144, 1,439 KB on 5010; 124 x 160, 136 x 144 on 4000; 132 x 112 on 3720): 23 of 23 residual
blocks made for it.

A pooling, and the first convolution of an image, do so but for 16 KB (4000: in its steps): 3 x 3 at a stride of two of
64 channels, 168 x 160 and not 174 x 160 on 5010, 216 and not 220 on 4000, 152 and not 156 on 3720; of 128, 114 x 112
and not 120 on 5010, 108 and not 112 on 3720; a grey image to 64 channels, 489 x 64 and not 516 on 5010. On NPU 3720
so does a window at a stride of two over each channel by itself (192 channels of 88 x 88, 96 of 124 x 124, not 128 of
110 x 110)."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.cutting.strips import Machine
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.widened import reads_widened, widens
from npusim.compiler.rules.memory_rules import Memory
from npusim.compiler.sharing.distribution import over_channels
from npusim.compiler.sharing.pieces import (
    IMAGE_CONVOLUTIONS,
    POOLINGS,
    convolution_of,
    takes_turned_image,
    weight_copies,
)
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

MOST_WEIGHTS = 0.25  # of the scratchpads, all copies: more stream


class Room(NamedTuple):
    """What a window may take of a tile, and the steps tensors lie in; nothing where the rule does not hold. What a
    pooling may, which has no weights."""

    tile_bytes: float = 0.0
    steps_of: float = 1.0
    pooling_bytes: float = 0.0
    image_channels: int = 1  # as many as those of an input image of fewer are filled up to
    of_each_channel: bool = False  # strided windows over each channel by itself, too

    def fits(self, step: Placed, tiles: int) -> bool | None:
        """Whether a window or a pooling fits whole; None where it is no such one."""
        pooling = isinstance(step.only, MacWork) and step.only.op in POOLINGS
        each = _of_each_channel(step)
        if each and not self.of_each_channel:
            return None
        lean = pooling or each or takes_turned_image(step)
        room = self.pooling_bytes if lean else self.tile_bytes
        held = _on_tile(step, tiles, pooling, self.image_channels) if room else None
        if held is None or step.fixed_bytes > MOST_WEIGHTS * room:
            return None
        return sum(ceil(nbytes / self.steps_of) * self.steps_of for nbytes in held) <= room


def room_of(memory: Memory, generation: str, tile_bytes: float, pads_images: bool = False) -> Room:
    """What a generation leaves them; `pads_images`: an image of fewer channels has sixteen inside."""
    windows, poolings = (
        tile_bytes - but[generation] if generation in but else 0.0
        for but in (memory.windows_whole_but, memory.poolings_whole_but)
    )
    steps_of = memory.windows_in_steps_of.get(generation, 1.0)
    channels, each = CHANNEL_BLOCK if pads_images else 1, generation in memory.depthwise_whole
    return Room(windows, steps_of, max(0.0, poolings), channels, each)


def runs_whole(step: Placed, machine: Machine) -> bool:
    """Whether a window, a pooling or an image's convolution fits whole beside its weights."""
    return machine.whole is not None and bool(machine.whole.fits(step, machine.tiles))


def need_beside_weights(step: Placed, need: float, machine: Machine) -> float:
    """What a step needs that needs `need` without its weights: a window that fits whole beside these no more than what
    stays, one that they make too much more than that."""
    fits = machine.whole.fits(step, machine.tiles) if machine.whole is not None else None
    if fits is None or need + step.fixed_bytes * machine.tiles <= machine.resident:
        return need
    if not fits and _of_each_channel(step):
        return need
    return min(need, machine.resident) if fits else max(need, machine.resident + 1.0)


def _of_each_channel(step: Placed) -> bool:
    """Whether a step is a window at a stride over each channel by itself."""
    work = step.only
    if not isinstance(work, MacWork) or work.op != MacOp.DEPTHWISE or work.stride_h <= 1:
        return False
    return work.kernel_h > 1 and step.node.op_type in IMAGE_CONVOLUTIONS


def _on_tile(
    step: Placed, tiles: int, pooling: bool, image_channels: int
) -> tuple[float, float, float] | None:
    """Bytes a tile holds of what a window reads, makes and weighs with; None where the tiles do not share its rows."""
    each = _of_each_channel(step)
    widened = reads_widened(step)
    work = step.only if pooling or widened or each else convolution_of(step)
    if not isinstance(work, MacWork) or tiles == 1 or step.images > 1:
        return None
    if step.reads_turned and not takes_turned_image(step):
        return None
    if pooling:
        if step.node.op_type not in ("MaxPool", "AveragePool"):
            return None
    elif not each and (
        over_channels(work, int(work.out_h))
        if step.reads_turned or widened
        else weight_copies(step, tiles) == 1
    ):
        return None
    if (work.kernel_h == 1 and not widens(step)) or len(step.reads) > 1:
        return None
    if pooling and over_channels(work, int(work.out_h)):
        blocks = ceil(ceil_to(work.in_c, CHANNEL_BLOCK) / tiles / CHANNEL_BLOCK)
        plane_bytes = blocks * CHANNEL_BLOCK * work.input_bytes
        return work.in_h * work.in_w * plane_bytes, work.out_h * work.out_w * plane_bytes, 0.0
    rows = ceil(work.out_h / tiles)
    around = min(work.in_h, (rows - 1) * work.stride_h + work.kernel_h)
    channels = max(work.in_c, image_channels) if step.reads_turned else ceil_to(work.in_c, CHANNEL_BLOCK)
    read = around * work.in_w * channels * work.input_bytes
    rows += step.reads_turned  # and what the next window reads around them
    made = rows * work.out_w * ceil_to(work.out_c, CHANNEL_BLOCK) * work.output_bytes
    return read, made, step.fixed_bytes
