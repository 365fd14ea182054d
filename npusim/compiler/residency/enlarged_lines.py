"""Images enlarged linearly line by line, where nothing reads pixels again by address.

Intel's compiler 8.4 does so where an image and its enlargement are larger than all scratchpads: each row between two is
a depthwise window of two over both, written to DDR, then each column between two of what that made (`scale_h/middle`,
`scale_w/middle`; rows and columns before the first and behind the last pixel are copies there). Channels are filled up
to sixteens, but those of the result. What fits is one DSP kernel.

24 single images on NPU 3720: 40 x 40 by eight (19 channels, 3.95 MB in and out), 62 x 62 and 56 x 56 by four, 32 x 32
by eight stay with the DSPs; 80 x 80 by four (19 channels, 4.13 MB), 30 x 64 by four (64, 4.18 MB), 32 x 64 by eight
(19, 5.06 MB) and 41 x 41 to 321 x 321 (21, 4.40 MB) go by lines. 32 x 64 by eight: 9.2 MB and 496 and 1,008 tasks of
0.36 and 0.47 us. On NPU 4000 and 5010, where windows read pixels again for factors of up to 11 and 15, by larger whole
factors alone (`enlarged_whole_by_lines`): 22 x 22, 24 x 24 and 32 x 32 by sixteen (21 and 16 channels, 5.2 to 11 MB;
not 16 x 16, 2.8 MB), not 33 x 33 to 513 x 513, which are a kernel's. The bounds are of bytes, not of this machine's
room, or more of it would be slower. Lines cost less than the kernel (1.6 and 2.6 ms here for an image on NPU 3720), so
a larger one may be cheaper: `2026-as-released` alone.

An image that leaves the graph is turned to planes behind its columns, through DDR, whatever the factor: by two passes
where its channels are no whole sixteens (`output_concat/reorder_out/0` and `/1`: 24.8 of 33 MB of 21 channels of
384 x 384 at the end of a DeepLab as PyTorch exports it), on NPU 5010 by the DMA in strips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from npusim.compiler.cutting.split import Blocks, ceil_to
from npusim.compiler.layouts.images import is_image
from npusim.compiler.layouts.pixels import passes_to_planes, turned_by_dma
from npusim.compiler.lowering.laid_anew import permuted, transferred
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import IMAGE, PARTS
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, one_tap
from npusim.ops.resizing import enlarging
from npusim.work import MacOp, MacWork, MoveWork

if TYPE_CHECKING:
    from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad

BY_LINES = "by_lines"
RESIZING = ("Resize", "Upsample")
TURNS = ("MemPermute", "Transpose")
TABLE_BYTES = 16  # a channel, of every line
WHY = "rows, then columns between two pixels are windows of two, line by line through DDR: both images do not fit"
PLANES = "an image made larger line by line is turned to planes through DDR as it leaves the graph"


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
    placed: Sequence[Placed],
    values: dict[str, Value],
    most_bytes: float,
    tiles: int,
    leaving: Set[str],
    whole: bool,
    by_dma: bool,
) -> list[Placed]:
    """The steps, two passes in place of each kernel that enlarges so much, and what turns those of `leaving` to planes
    that nothing turns yet. `whole`: of whole factors alone; `by_dma`: whether the DMA turns where channels are no whole
    sixteens."""
    turned = {n for step in placed if step.node.op_type in TURNS for n in step.reads}
    converted = (s for s in placed if s.node.op_type == "Convert" and not leaving.isdisjoint(s.writes))
    leaving = leaving | {n for step in converted for n in step.reads}
    found: list[Placed] = []
    for step in placed:
        lines = _by_lines(step, values, most_bytes, tiles, whole)
        leaves = len(lines) > 1 and step.writes[0] in leaving and step.writes[0] not in turned
        found += _in_planes(lines, values, by_dma) if leaves else lines
    return found


def _in_planes(lines: list[Placed], values: dict[str, Value], by_dma: bool) -> list[Placed]:
    """The passes, and the step behind them that turns what they make to planes."""
    *first, last = lines
    (name,) = last.writes
    value, out = values[name], Rows(f"{name}/columns")
    values[out] = replace(value, name=out)
    batch, channels, height, width = value.shape
    if turned_by_dma(value) or (by_dma and channels % CHANNEL_BLOCK):
        where = "scratchpad" if by_dma else "ddr"
        move = MoveWork(value.npu_bytes, where, where)
        turn = transferred(Node(f"{name}/planes", "Transpose", (out,), (name,)), move, PLANES)
    else:
        turned = one_tap(MacOp.PERMUTE, batch * height, width, channels, min(value.dtype.npu_bytes, 2.0))
        node = Node(f"{name}/planes", "MemPermute", (out,), (name,))
        turn = permuted(node, passes_to_planes(value, turned), PLANES, IMAGE)
    return [*first, last._replace(writes=(out,)), turn]


def _by_lines(
    step: Placed, values: dict[str, Value], most_bytes: float, tiles: int, whole: bool
) -> list[Placed]:
    if step.node.op_type not in RESIZING or step.lowering != "dsp" or not step.reads:
        return [step]
    source, out = values[step.reads[0]], values[step.writes[0]]
    linear = step.node.attribute("mode", "nearest") in ("linear", "bilinear")
    if not (linear and is_image(source) and is_image(out)) or source.shape[:2] != out.shape[:2]:
        return [step]
    (batch, channels, height, width), (high, wide) = source.shape, out.shape[2:]
    if batch > 1 or high <= height or wide <= width or source.npu_bytes + out.npu_bytes <= most_bytes:
        return [step]
    if whole and any(times % 1 for times in enlarging(step.node, source, out)):
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
    """A pass of such an image: two lines are loaded for each between them, and every result goes to DDR. Where factors
    are whole alone (NPU 4000, 5010) all lines between the same two wait for their transfers together (92 loads of
    columns by four tiles for 24 of the image, 1,472 for as many results)."""
    scratchpad.spill_all(step.reads, r)
    work = step.only
    assert isinstance(work, MacWork)
    lines, axis = (work.out_h, "rows") if work.kernel_h > 1 else (work.out_w, "columns")
    together = scratchpad.generation in scratchpad.memory.enlarged_whole_by_lines
    ends = work.in_h if axis == "rows" else work.in_w  # two for each line of the image
    pieces = int(ends / 2 if together else lines)
    r.blocks, r.pieces, r.destination = Blocks(**{axis: int(lines)}), pieces, "ddr"
    r.loads = [(n, 2 * scratchpad.sizes[n], pieces) for n in step.reads]
    r.weights_held = 2 * step.fixed_bytes / lines
    r.reason = f"{lines:.0f} {axis} one by one through DDR"
    return list(step.reads)
