"""Long windows along lines, [1,C,L], inside a network: what of their slices crosses DDR.

Intel's compiler 8.4 cuts a window of more than eleven taps (NPU 5010: 15) into slices and adds up what they make. Each
slice reads the line, written beside its zeros, from DDR. The tiles share the channels of a slice of many weights, and
the places of the sum, so what slices make changes hands:

- on NPU 3720, where a tile writes to itself alone, every such slice of a depthwise window hands on its result through
  DDR, and the sum goes there too where a tile's places are no whole sixteens;
- on NPU 4000 and 5010 the first two results are added inside; further ones cross DDR where a tile's places are no whole
  sixteens, else one. A line for this window alone, of places that are no equal fours for all tiles, was made by a 1x1
  convolution: it is copied within DDR to lie beside its zeros.

Seen in its schedules of Citrinet, QuartzNet and TitaNet (13 to 87 taps, 256 and 512 channels of 200 and 300 places: two
to eight slices on three NPUs), of 192 channels of 256 places under 33 taps, and of 128 of these under 13 to 33 taps,
where nothing crosses."""

from __future__ import annotations

from npusim.compiler.cutting.split import PIXELS_AT_ONCE, weight_bytes
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.line_shares import rows_of
from npusim.graph import Value
from npusim.ops.counting import PIXELS_PER_ROW, ddr_round_trip
from npusim.ops.line_rows import large_slice
from npusim.work import MacOp, MacWork, MoveWork, Work

FEW_TAPS = 4  # of a further slice that is shared over places: 3 are on NPU 5010, 6 to 15 are not
#: Of the line's bytes: weights of 0.24 and 0.27 are shared over places on NPU 3720, of 0.4 and more are not.
LARGE_WEIGHTS = 1 / 3
FEW_CHANNELS = 64  # of a tile: 128 of two tiles are shared over places
INSIDE = 2  # results that are added where they are


def slices_read(step: Placed, line: Value, result: Value, tiles: int, around: bool, copied: bool) -> Placed:
    """The step with what its slices load and hand on through DDR. `around`: the generation wants the places around a
    tile's own on it (NPU 4000, 5010); `copied`: a convolution of one tap made the line, for this window alone."""
    steps = step.steps
    if step.lowering == "sliced_15":
        steps = tuple([large_slice(w, tiles) if isinstance(w, MacWork) else w for w in steps])
    _, channels, places = line.shape
    uneven = places % (PIXELS_AT_ONCE * tiles) > 0
    depthwise = int(step.node.attribute("group", 1)) > 1
    by_weights = depthwise and not around
    wide = channels > FEW_CHANNELS * tiles
    made = ddr_round_trip(result.npu_bytes)
    works: list[Work] = []
    slices, crossing = 0, 0
    for work in steps:
        works.append(work)
        if not isinstance(work, MacWork) or work.op != MacOp.CONVOLUTION:
            continue
        slices += 1
        if slices > 1:
            works.insert(-1, MoveWork(line.npu_bytes, "ddr", "scratchpad"))
        many = work.kernel_h * work.kernel_w > FEW_TAPS
        further = many and (slices > INSIDE if uneven else slices == INSIDE + 1)
        heavy = wide and weight_bytes(work) > LARGE_WEIGHTS * line.npu_bytes
        if heavy if by_weights else further:
            crossing += 1
            works += made
    if copied and around and rows_of(places, PIXELS_PER_ROW) % tiles:
        works.insert(1, MoveWork(line.npu_bytes, "ddr", "ddr"))
    return step._replace(steps=(*works, *(made if crossing and uneven and by_weights else ())))
