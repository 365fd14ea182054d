"""Images that every tile reads whole: one transfer brings them to all, and one takes the result away.

Where the tiles of NPU 3720 share the channels of a pooling or a window for each channel, an image that was turned comes
back from DDR in one transfer to all of them, on one port, and the tiles write their channels into one whole, which
leaves in one (`DDR->CMX 1x 802,816` and `CMX->DDR 1x 200,704` of 128 x 56 x 56 by 2 x 2 in Intel's schedules, 1,382,400
and 345,600 of 192 x 60 x 60); rows come and go a share a tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil

from npusim.compiler.layouts.images_in_turn import IMAGE_RANK
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import SLABS, over_channels
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

CHANNELS_APART = (MacOp.MAX_POOL, MacOp.AVERAGE_POOL, MacOp.DEPTHWISE)


def broadcast(
    placed: Sequence[Placed], values: Mapping[str, Value], outputs: Set[str], tiles: int
) -> frozenset[str]:
    """The images that cross so, and the results, which the graph hands out."""
    slabs = {n for s in placed if s.sharing == SLABS and s.node.op_type == "MemPermute" for n in s.writes}
    found: set[str] = set()
    for step in placed:
        if outputs.isdisjoint(step.writes):
            continue
        if step.reads_turned and step.reads[0] in slabs and _over_channels(step, values, tiles):
            found.update((step.reads[0], *step.writes))
    return frozenset(found)


def _over_channels(step: Placed, values: Mapping[str, Value], tiles: int) -> bool:
    """Whether the tiles share the sixteens of channels of one small plane evenly."""
    work, shape = step.only, values[step.node.inputs[0]].shape
    if not isinstance(work, MacWork) or work.op not in CHANNELS_APART or len(shape) != IMAGE_RANK:
        return False
    even = ceil(work.in_c / CHANNEL_BLOCK) % tiles == 0
    return tiles > 1 and even and shape[0] == 1 and over_channels(work, shape[2])
