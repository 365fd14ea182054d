"""Images enlarged linearly line by line, where nothing reads pixels again by address (NPU 3720).

Intel's compiler 8.4 does so where an image and its enlargement are larger than all scratchpads: each row between two is
a depthwise window of two over both, written to DDR, then each column between two of what that made (`scale_h/middle`,
`scale_w/middle`; rows and columns before the first and behind the last pixel are copies there). Channels are filled up
to sixteens, but those of the result. What fits is one DSP kernel.

24 single images on NPU 3720: 40 x 40 by eight (19 channels, 3.95 MB in and out), 62 x 62 and 56 x 56 by four, 32 x 32
by eight stay with the DSPs; 80 x 80 by four (19 channels, 4.13 MB), 30 x 64 by four (64, 4.18 MB), 32 x 64 by eight
(19, 5.06 MB) and 41 x 41 to 321 x 321 (21, 4.40 MB) go by lines. 32 x 64 by eight: 9.2 MB and 496 and 1,008 tasks of
0.36 and 0.47 us. The bound is one of bytes, not of this machine's room, or more of it would be slower. Lines cost less
than the kernel (1.6 and 2.6 ms here for the image above), so a larger one may be cheaper: `2026-as-released` alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from npusim.compiler.cutting.split import Blocks, ceil_to
from npusim.compiler.layouts.images import is_image
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import PARTS
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

if TYPE_CHECKING:
    from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad

BY_LINES = "by_lines"
RESIZING = ("Resize", "Upsample")
TABLE_BYTES = 16  # a channel, of every line
WHY = "rows, then columns between two pixels are windows of two, line by line through DDR: both images do not fit"


def interpolated_apart(placed: Iterable[Placed], values: dict[str, Value]) -> list[Placed]:
    """The steps; a kernel that interpolates an image gets it from DDR and leaves its result there, for its rows lie
    between others than each tile's own. 15 of 15 in Intel's schedules of networks and single images between two
    convolutions: 10 x 10 to 28 x 28 by 1.7 to eight, linear and cubic, on NPU 3720, by 1.7 and 2.5 and cubic on 4000
    and 5010."""
    return [
        step._replace(sharing=PARTS)
        if step.node.op_type in RESIZING
        and step.engine == "dsp"
        and step.reads
        and is_image(values[step.reads[0]])
        else step
        for step in placed
    ]


class Rows(str):
    """The name of an image enlarged along its rows. A type of its own, for a tensor of the graph may be called so."""

    __slots__ = ()


def enlarged_by_lines(
    placed: Iterable[Placed], values: dict[str, Value], most_bytes: float, tiles: int
) -> list[Placed]:
    """The steps, two passes in place of each kernel that enlarges so much."""
    return [one for step in placed for one in _by_lines(step, values, most_bytes, tiles)]


def _by_lines(step: Placed, values: dict[str, Value], most_bytes: float, tiles: int) -> list[Placed]:
    if step.node.op_type not in RESIZING or step.lowering != "dsp" or not step.reads:
        return [step]
    source, out = values[step.reads[0]], values[step.writes[0]]
    linear = step.node.attribute("mode", "nearest") in ("linear", "bilinear")
    if not (linear and is_image(source) and is_image(out)) or source.shape[:2] != out.shape[:2]:
        return [step]
    (batch, channels, height, width), (high, wide) = source.shape, out.shape[2:]
    if batch > 1 or high <= height or wide <= width or source.npu_bytes + out.npu_bytes <= most_bytes:
        return [step]
    filled, size = ceil_to(channels, CHANNEL_BLOCK), source.dtype.npu_bytes
    between = Rows(f"{step.node.name}/rows")
    values[between] = replace(source, name=between, shape=(1, filled, high, width))
    rows = MacWork(
        MacOp.DEPTHWISE, high, width, filled, filled, 2 * height, width, 2, 1,
        input_bytes=size, weight_bytes=size, output_bytes=size,
    )  # fmt: skip
    columns = MacWork(
        MacOp.DEPTHWISE, high, wide, filled, filled, high, 2 * width, 1, 2,
        input_bytes=size, weight_bytes=size, output_bytes=size,
    )  # fmt: skip
    table = float(TABLE_BYTES * filled)
    first = step._replace(
        node=Node(between, "Resize", (step.reads[0],), (between,)), lowering=BY_LINES, engine="mac_array",
        steps=(rows,), writes=(between,), fixed_bytes=table * high * tiles, reason=WHY,
    )  # fmt: skip
    second = step._replace(
        lowering=BY_LINES, engine="mac_array", steps=(columns,), reads=(between,),
        fixed_bytes=table * wide, reason=WHY, macs=0.0,
    )  # fmt: skip
    return [first, second]


def line_by_line(step: Placed, scratchpad: Scratchpad, r: Residence) -> list[str]:
    """A pass of such an image: two lines are loaded for each between them, and every result goes to DDR."""
    scratchpad.spill_all(step.reads, r)
    work = step.only
    assert isinstance(work, MacWork)
    lines, axis = (work.out_h, "rows") if work.kernel_h > 1 else (work.out_w, "columns")
    r.blocks, r.pieces, r.destination = Blocks(**{axis: int(lines)}), int(lines), "ddr"
    r.loads = [(n, 2 * scratchpad.sizes[n], int(lines)) for n in step.reads]
    r.weights_held = 2 * step.fixed_bytes / lines
    r.reason = f"{lines:.0f} {axis} one by one through DDR"
    return list(step.reads)
