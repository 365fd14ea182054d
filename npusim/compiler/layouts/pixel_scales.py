"""Images multiplied by one number a pixel, the same for all channels: gates of attention over places.

Intel's compiler 8.4 makes a scale of it, whose channels are the pixels: 8,192 at most, and the numbers the second
operand. An image that the array made is turned to planes by a pass of it (`transpose_lhs/memperm_NCWH/NCHW`), through
DDR, scaled plane by plane, and turned back, unless an addition alone reads it: what the scale makes and what is turned
back cross DDR, too.

Seen in its schedules of an Attention U-Net (512 x 32 x 32 and 256 x 64 x 64; 128 x 128 pixels are a kernel), PP-LiteSeg
(16 x 16 to 64 x 128 pixels, products added in pairs), LEDNet and MobileViTv2 on NPU 3720, 4000 and 5010."""

from __future__ import annotations

from collections.abc import Iterable

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import SLABS
from npusim.graph import Value
from npusim.ops.binary import maps
from npusim.ops.counting import ddr_round_trip, one_tap, pixels
from npusim.work import MacOp


def pixels_scaled(placed: Iterable[Placed], values: dict[str, Value]) -> list[Placed]:
    """The steps; scales of pixels with the passes around them."""
    steps = list(placed)
    made = {n: s for s in steps for n in s.writes}
    readers: dict[str, set[str]] = {}
    for step in steps:
        for name in step.reads:
            readers.setdefault(name, set()).add(step.node.op_type)
    return [_turned(s, made, readers, values) if _scales_pixels(s, values) else s for s in steps]


def _scales_pixels(step: Placed, values: dict[str, Value]) -> bool:
    if step.lowering != "scale_shift" or step.node.op_type != "Mul" or len(step.node.inputs) != 2:
        return False
    return maps(values[step.node.inputs[1]], values[step.node.outputs[0]])


def _turned(
    step: Placed, made: dict[str, Placed], readers: dict[str, set[str]], values: dict[str, Value]
) -> Placed:
    maker, out = made.get(step.reads[0]), values[step.writes[0]]
    if maker is None or maker.engine != "mac_array":
        return step
    _, channels, height, width = out.shape
    turn = one_tap(MacOp.MAX_POOL, *pixels(height * width), channels, out.dtype.npu_bytes)
    crossing = ddr_round_trip(out.npu_bytes)
    back = () if readers.get(step.writes[0], set()) <= {"Add"} else (*crossing, turn)
    return step._replace(steps=(turn, *crossing, *step.steps, *back), sharing=SLABS)
