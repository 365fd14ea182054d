"""Differences of two tensors of rows, [1,L,C]: one is negated first, by a pass that has the rows as channels.

In Intel's schedules the pass takes rows that are whole sixteens as its channels (`Subtract/as_gconv`, 1x512x4x16 of 512
rows by 64 on NPU 3720, 1x512x8x8 on 5010), the addition behind it takes them as its pixels (`Subtract/add_out`,
1x64x64x4): what is negated crosses DDR on its way there and back, and 48 bytes a row are loaded for the signs (1,024 x
256: 1.6 MB between two products; 64 to 1,024 rows by 64 to 768, all three NPUs). Rows that are no whole sixteens lie
as their elements do for both, and one row stays inside."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.distribution import PARTS
from npusim.compiler.place import Placed, Placer
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS, TABLE_BYTES, one_tap, pixels
from npusim.work import MacOp, MacWork

LEAST_ROWS = 64  # 48 by 512 stay inside on NPU 3720 and 5010
SIGN_BYTES = 2 * CHANNEL_BLOCK + TABLE_BYTES
WHY = "what is subtracted is negated by a pass that lies otherwise, through DDR, as Intel's compiler does"


def negated_apart(step: Placed, placer: Placer, values: dict[str, Value]) -> tuple[list[Placed], Placed]:
    """A difference of rows as an addition, behind the step that negates; any other step as it is."""
    if step.node.op_type != "Sub" or len(step.steps) != 2 or len(step.reads) != 2:
        return [], step
    negates, adds = step.steps
    name = placer.root(step.node.inputs[1])
    shape = values[step.writes[0]].shape
    if not isinstance(negates, MacWork) or negates.op != MacOp.MAX_POOL or name not in step.reads:
        return [], step
    if len(shape) != 3 or shape[0] != 1 or any(values[n].shape != shape for n in step.node.inputs):
        return [], step
    rows = shape[1]
    if rows % CHANNEL_BLOCK or not LEAST_ROWS <= rows <= MAX_CHANNELS:
        return [], step
    out = f"{step.node.name}/negated"
    values[out] = replace(values[name], name=out)
    work = one_tap(MacOp.MAX_POOL, *pixels(shape[2]), rows, negates.output_bytes)
    node = Node(out, "Neg", (name,), (out,), repeats=step.node.repeats)
    fixed = float(rows * SIGN_BYTES)
    made = Placed(
        node, "scale_shift", (work,), "mac_array", WHY, (name,), (out,), fixed, 0.0, sharing=PARTS
    )  # fmt: skip
    reads = tuple(out if n == name else n for n in step.reads)
    return [made], step._replace(steps=(adds,), reads=reads)
