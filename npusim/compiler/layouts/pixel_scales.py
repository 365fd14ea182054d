"""Images multiplied by one number a pixel, the same for all channels: gates of attention over places.

Intel's compiler 8.4 makes a scale of it, whose channels are the pixels: 8,192 at most, and the numbers the second
operand. An image that the array made is turned to planes by a pass of it (`transpose_lhs/memperm_NCWH/NCHW`), through
DDR, scaled plane by plane, and turned back, unless an addition alone reads it: what the scale makes and what is turned
back cross DDR, too.

Seen in its schedules of an Attention U-Net (512 x 32 x 32 and 256 x 64 x 64; 128 x 128 pixels are a kernel), PP-LiteSeg
(16 x 16 to 64 x 128 pixels, products added in pairs), LEDNet and MobileViTv2 on NPU 3720, 4000 and 5010."""

from __future__ import annotations

from collections.abc import Iterable

from npusim.compiler.lowering.neighbours import making_steps, reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import SLABS
from npusim.graph import Value
from npusim.ops.binary import maps
from npusim.ops.counting import ddr_round_trip, one_tap, pixels
from npusim.work import MacOp


def pixels_scaled(placed: Iterable[Placed], values: dict[str, Value]) -> list[Placed]:
    """The steps; scales of pixels with the passes around them."""
    steps = list(placed)
    scales = [k for k, step in enumerate(steps) if _scales_pixels(step, values)]
    if not scales:
        return steps
    found, maker, readers = list(steps), making_steps(steps), reading_steps(steps)
    for k in scales:
        step = steps[k]
        if step.reads[0] in maker and steps[maker[step.reads[0]]].engine == "mac_array":
            added = all(steps[i].node.op_type == "Add" for i in readers.get(step.writes[0], ()))
            found[k] = _turned(step, values[step.writes[0]], added)
    return found


def _scales_pixels(step: Placed, values: dict[str, Value]) -> bool:
    if step.lowering != "scale_shift" or step.node.op_type != "Mul" or len(step.node.inputs) != 2:
        return False
    return maps(values[step.node.inputs[1]], values[step.node.outputs[0]])


def _turned(step: Placed, out: Value, added: bool) -> Placed:
    """A scale between the passes that turn an image. `added`: additions alone read it, as planes."""
    _, channels, height, width = out.shape
    turn = one_tap(MacOp.MAX_POOL, *pixels(height * width), channels, out.dtype.npu_bytes)
    crossing = ddr_round_trip(out.npu_bytes)
    back = () if added else (*crossing, turn)
    return step._replace(steps=(turn, *crossing, *step.steps, *back), sharing=SLABS)
