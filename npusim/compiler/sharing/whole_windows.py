"""Windows that fill the scratchpads beside their weights: whole to a tile's last bytes, or cut with their neighbours.

A window over a plane whose rows the tiles share holds its own rows with those around, its result's and all weights on
every tile. Where only the weights make it more than the share others get (0.90), Intel's compiler 8.4 does not cut it
by itself: it runs whole if that fits into a tile but for some 36 KB on NPU 4000 and 5010, 16 KB on 3720, on 4000 each
tensor in steps of 32 KB as its swizzled ones lie (64 channels by 3 x 3: 96 x 160 and 128 x 120 on 5010, 1,426 of 1,474
KB; 120 x 160 on 4000; 130 x 112 on 3720, 1,953 of 1,982 KB); else it goes in two to four strips with what is in front
and behind (80 x 192, 108 x 144, 1,439 KB on 5010; 124 x 160, 136 x 144 on 4000; 132 x 112 on 3720): 23 of 23 residual
blocks made for it."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.cutting.strips import Machine
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.pieces import convolution_of, weight_copies
from npusim.ops.counting import CHANNEL_BLOCK

MOST_WEIGHTS = 0.25  # of the scratchpads, all copies: more stream


class Room(NamedTuple):
    """What a window may take of a tile, and the steps tensors lie in; nothing where the rule does not hold."""

    tile_bytes: float = 0.0
    steps_of: float = 1.0

    def fits(self, step: Placed, tiles: int) -> bool | None:
        """Whether a window fits whole; None where it is no such window."""
        if not self.tile_bytes:
            return None
        held = _on_tile(step, tiles)
        if held is None or step.fixed_bytes > MOST_WEIGHTS * self.tile_bytes:
            return None
        return sum(ceil(nbytes / self.steps_of) * self.steps_of for nbytes in held) <= self.tile_bytes


def need_beside_weights(step: Placed, need: float, machine: Machine) -> float:
    """What a step needs that needs `need` without its weights: a window that fits whole beside these no more than what
    stays, one that they make too much more than that."""
    fits = Room(machine.window_bytes, machine.window_steps).fits(step, machine.tiles)
    if fits is None or need + step.fixed_bytes * machine.tiles <= machine.resident:
        return need
    return min(need, machine.resident) if fits else max(need, machine.resident + 1.0)


def _on_tile(step: Placed, tiles: int) -> tuple[float, float, float] | None:
    """Bytes a tile holds of what a window reads, makes and weighs with; None where the tiles do not share its rows."""
    work = convolution_of(step)
    if work is None or tiles == 1 or step.reads_turned or step.images > 1 or weight_copies(step, tiles) == 1:
        return None
    if work.kernel_h == 1 or len(step.reads) > 1:
        return None
    rows = ceil(work.out_h / tiles)
    around = min(work.in_h, (rows - 1) * work.stride_h + work.kernel_h)
    read = around * work.in_w * ceil_to(work.in_c, CHANNEL_BLOCK) * work.input_bytes
    made = rows * work.out_w * ceil_to(work.out_c, CHANNEL_BLOCK) * work.output_bytes
    return read, made, step.fixed_bytes
