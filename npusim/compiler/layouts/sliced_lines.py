"""Long windows along lines, [1,C,L], inside a network: what of their slices crosses DDR.

Intel's compiler 8.4 cuts a window of more than eleven taps (NPU 5010: 15) into slices and adds up what they make. Each
slice reads the line, written beside its zeros, from DDR. Where a tile's share of places is no whole sixteens, part of
its grid would stay idle: the tiles share a slice's channels instead, and the sum its places, as the 1x1 convolution
behind it does. So what the slices make changes hands:

- on NPU 3720, where a tile writes to itself alone, the result of every such slice crosses DDR, and their sum does;
  slices of few taps are shared over places all the same, and stay;
- on NPU 4000 and 5010 the first two results are added inside, every further one crosses DDR. What a 1x1 convolution
  made there of places that are no equal fours for all tiles is copied within DDR to lie beside its zeros.

Seen in its schedules of Citrinet, QuartzNet and TitaNet (depthwise, 13 to 87 taps, 256 and 512 channels of 200 and 300
places: two to eight slices) and of four windows of 13 to 33 taps over 256 places of 128 channels, where nothing of it
crosses; of 192 channels of such the third result does."""

from __future__ import annotations

from npusim.compiler.cutting.split import PIXELS_AT_ONCE
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.line_shares import rows_of
from npusim.graph import Value
from npusim.ops.counting import PIXELS_PER_ROW, ddr_round_trip
from npusim.ops.line_rows import large_slice
from npusim.work import MacOp, MacWork, MoveWork, Work

FEW_TAPS = 4  # of a slice that is shared over places: 2 and 4 of 200 and 300 places, not 4 of 200 and 6 to 11
INSIDE = 2  # results that are added where they are


def slices_read(
    step: Placed, line: Value, result: Value, tiles: int, around: bool, of_one_tap: bool
) -> Placed:
    """The step with what its slices load and hand on through DDR. `around`: the generation wants the places around a
    tile's own on it (NPU 4000, 5010); `of_one_tap`: a convolution of one tap made the line."""
    steps = step.steps
    if step.lowering == "sliced_15":
        steps = tuple([large_slice(w, tiles) if isinstance(w, MacWork) else w for w in steps])
    uneven = line.shape[2] % (PIXELS_AT_ONCE * tiles) > 0
    apart = uneven and not around and int(step.node.attribute("group", 1)) > 1
    made = ddr_round_trip(result.npu_bytes)
    works: list[Work] = []
    slices = 0
    for work in steps:
        if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION:
            works.append(work)
            continue
        slices += 1
        works += [MoveWork(line.npu_bytes, "ddr", "scratchpad")] if slices > 1 else []
        works.append(work)
        further = slices > INSIDE if uneven else slices == INSIDE + 1
        works += made if (work.kernel_h * work.kernel_w > FEW_TAPS if apart else further) else ()
    if around and of_one_tap and rows_of(line.shape[2], PIXELS_PER_ROW) % tiles:
        works.insert(1, MoveWork(line.npu_bytes, "ddr", "ddr"))
    return step._replace(steps=(*works, *(made if apart else ())))
