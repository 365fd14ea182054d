"""Images that every tile holds whole, since a gate's mean and its scale share them in two ways.

The mean of a plane is shared over channels, what is scaled by numbers made of it over rows, as the addition behind it.
On NPU 4000 and 5010 Intel's compiler 8.4 lets the convolution in front write its result whole to every tile, where it
fits there (`gated_whole`; SE and ECA bottlenecks of 64 x 64 x 64, 128 x 56 x 56, 256 x 40 x 40 and 48 x 48, 512 x 24 x
24 to 32 x 32, 1,024 x 16 x 16 and 1,536 x 14 x 14: 1x512x32x32 a tile in its schedules; of 256 x 52 x 52, 56 x 56 and
64 x 64, 1.38 MB and more, all share rows). So 1.05 MB that lie in the scratchpads four times send the skip beside
them to DDR and back, by the same addresses as anything else; the scale is no longer in place. On NPU 3720 the mean
shares rows on most planes, and nothing crosses.

Where the scale finds no room beside the whole (256 x 48 x 48), or the convolution is cut over channels for its weights
(1,024 x 16 x 16 on 4000, 1,536 x 14 x 14 and 7 x 7 on 5010, 1,536 and 2,048 of 512 on both), the scale reads it from
DDR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npusim.compiler.lowering.place import Placed
from npusim.work import MacOp, MacWork


def gate_of(step: Placed, sizes: Mapping[str, float]) -> str | None:
    """The tensor of a number a channel that a step scales an image by."""
    work = step.only
    if step.lowering != "scale_shift" or not isinstance(work, MacWork) or work.op != MacOp.DEPTHWISE:
        return None
    if len(step.reads) != 2 or work.out_h * work.out_w < 2:
        return None
    gate = min(step.reads, key=lambda n: sizes[n])
    return gate if sizes[gate] == work.out_c * work.input_bytes else None


def gated_wholes(steps: Sequence[Placed], sizes: Mapping[str, float], most_bytes: float) -> set[str]:
    """What convolutions make that is scaled by numbers made of its own means, up to `most_bytes`: of a number, not of
    a share, so that a larger scratchpad makes no more of them."""
    if not most_bytes:
        return set()
    pooled = {s.reads[0] for s in steps if is_mean(s)}
    gated = {n for s in steps if (gate := gate_of(s, sizes)) for n in s.reads if n != gate}
    made = {n for s in steps if _convolves(s) for n in s.writes}
    return {n for n in pooled & gated & made if sizes[n] <= most_bytes}


def is_mean(step: Placed) -> bool:
    """Whether a step is the mean of whole planes."""
    work = step.steps[0] if step.steps else None
    return isinstance(work, MacWork) and work.op == MacOp.AVERAGE_POOL and step.node.op_type != "AveragePool"


def _convolves(step: Placed) -> bool:
    work = step.only
    return isinstance(work, MacWork) and work.op == MacOp.CONVOLUTION and step.images == 1
