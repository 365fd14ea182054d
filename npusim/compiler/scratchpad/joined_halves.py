"""Halves of what a convolution made, cut off by a Split and joined with what is made of one of them: the C2f, C3k2 and
GELAN blocks of YOLOv8 to v11.

Where the MAC array makes all parts (NPU 5010, whose lookup unit does Swish on the way; on the others a kernel makes
them), Intel's compiler has the convolution write its channels right where they are joined. Who reads one half gets it
by a copy within the scratchpads; a window in a block of up to three parts gets it through DDR, with the rows around
each tile's own, and what others read too is copied in place by a pooling. Of 102 such Concats in its schedules of
YOLOv8n, v9t, v10n and 11n at 256 to 640 pixels on NPU 5010 72 stay so, 17 on planes of 8 to 24 rows are put together
inside of parts that crossed DDR, and 13 go through DDR: whole and reader's result 1.83 MB and more (to 1.77 they
stay), or, twice, 1.31 and 1.57 beside what a detector's neck keeps. Decided so 94 come out right or half so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS
from npusim.work import MacWork

MOST_PARTS = 3  # of a Concat whose window gets its half through DDR


def joined_halves(
    steps: Sequence[Placed],
    sizes: Mapping[str, float],
    part_of: Mapping[str, str],
    most: float,
    keep: Set[str],
) -> dict[str, int]:
    """The Concats that are put together inside, by the name of the whole, and the halves they take: in how many parts.
    `most`: bytes of such a whole and what is made of it; `keep`: inputs and outputs of the graph."""
    if not part_of:
        return {}
    by_array = {n for s in steps if s.engine == "mac_array" for n in s.writes}
    convolved = {
        n for s in steps if s.engine == "mac_array" and s.node.op_type in CONVOLUTIONS for n in s.writes
    }
    joined = {s.writes[0] for s in steps if s.node.op_type == "Concat" and s.engine == "none"}
    room: dict[str, float] = {}  # of a whole and the largest result of those who read it
    for step in steps:
        for name in joined.intersection(step.reads):
            result = sum(sizes[n] for n in step.writes)
            room[name] = max(room.get(name, 0.0), sizes[name] + result)
    found: dict[str, int] = {}
    for step in steps:
        if step.writes[0] not in joined or room.get(step.writes[0], most) >= most:
            continue
        cut = {n for n in step.reads if n in part_of}
        inside = cut and keep.isdisjoint((*step.reads, *step.writes))
        inside = inside and all(edge_of(n, part_of) in convolved for n in cut)
        if inside and by_array.issuperset(n for n in step.reads if n not in cut):
            found |= dict.fromkeys((*cut, *step.writes), len(step.reads))
    return found


def through_ddr(step: Placed, parts: int) -> bool:
    """Whether a step gets its half of a whole of so many parts through DDR."""
    work = step.steps[0] if step.steps else None
    return parts <= MOST_PARTS and isinstance(work, MacWork) and work.kernel_h > 1
