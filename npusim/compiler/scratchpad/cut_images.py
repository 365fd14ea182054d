"""Channels of what a convolution made, cut off by a Split without sizes.

Intel's compiler leaves the convolution whole, as it does no product, nor one that a Split with sizes cuts
(`fuse/cut_products.py`). In its schedules (windows of 1 and 3, planes of 20 to 64, two and four parts, and
convolutional LSTMs) a kernel gets its channels from inside on NPU 4000 and 5010 where the tiles share the
convolution's rows; where they share its channels (windows on planes of up to 28 rows on NPU 4000), and always on 3720,
the whole is written to DDR, each reader loads its channels and goes on inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS, SMALL_PLANE_ROWS, is_pointwise
from npusim.work import MacWork


def cut_images(
    steps: Sequence[Placed], part_of: Mapping[str, str], whole: bool, apart: bool
) -> tuple[frozenset[str], frozenset[str]]:
    """Parts of what convolutions made, and those of them that their readers get from inside: all if `whole`, however
    the tiles share the convolution (`split_channels_stay`), none if `apart`."""
    made = {n: s for s in steps if s.node.op_type in CONVOLUTIONS for n in s.writes} if part_of else {}
    parts = frozenset(n for n in part_of if edge_of(n, part_of) in made)
    if apart:
        return parts, frozenset()
    inside = (n for n in parts if whole or not _over_channels(made[edge_of(n, part_of)]))
    return parts, frozenset(inside)


def _over_channels(step: Placed) -> bool:
    work = step.steps[-1] if step.steps else None
    return isinstance(work, MacWork) and work.out_h <= SMALL_PLANE_ROWS and not is_pointwise(step)
