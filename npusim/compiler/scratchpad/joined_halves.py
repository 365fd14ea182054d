"""Halves of what a convolution made, cut off by a Split and joined with what is made of one of them: the C2f, C3k2 and
GELAN blocks of YOLOv8 to v11.

Where the MAC array makes all parts (NPU 5010, whose lookup unit does Swish on the way; on the others a kernel makes
them), Intel's compiler has the convolution write its channels right where they are joined. Who reads one half gets it
by a copy within the scratchpads; a window in a block of up to three parts gets it through DDR, with the rows around
each tile's own, and what others read too is copied in place by a pooling. Of 102 such Concats in its schedules of
YOLOv8n, v9t, v10n and 11n at 256 to 640 pixels on NPU 5010 72 stay so, 17 on planes of 8 to 24 rows are put together
inside of parts that crossed DDR, and 13 go through DDR: whole and reader's result 1.83 MB and more (to 1.77 they
stay), or less where all of the whole does not fit into one tile beside the reader's weights and its result, which
several read and which so lies whole on every tile (1.05 and 0.52 MB in YOLOv8n-pose at 512 pixels, 0.79 and 0.52 in
YOLOv8s, 1.04 and 0.69 in YOLO11s at 416)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set, Sized

from npusim.compiler.lowering.parts import edge_of
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS, SMALL_PLANE_ROWS
from npusim.work import MacWork

MOST_PARTS = 3  # of a Concat whose window gets its half through DDR
FULL_TILE = 0.98  # of a tile, for a whole and what stands beside it: 1.41 MB stay, 1.49 cross
MAY_BE_WHOLE = 0.49  # of a tile: results up to 0.69 MB lie whole on every tile, of 1.05 their rows are shared


def one_tile_bytes(
    readers: Sequence[Placed],
    sizes: Mapping[str, float],
    uses: Mapping[str, Sized],
    tile_bytes: float,
    tiles: int,
) -> float:
    """The most bytes that stand beside a whole in one tile, of those who read it: weights (a tile's share of them on
    small planes, which are shared over channels) and what is made, all of it where several read it (`uses`)."""
    found = 0.0
    for step in readers:
        work = step.steps[0] if step.steps else None
        if not isinstance(work, MacWork):
            continue
        result = sum(sizes[n] for n in step.writes)
        several = any(len(uses.get(n, ())) > 1 for n in step.writes)
        whole = several and result <= MAY_BE_WHOLE * tile_bytes
        weights = step.fixed_bytes / (tiles if work.out_h <= SMALL_PLANE_ROWS else 1)
        found = max(found, weights + (result if whole else result / tiles))
    return found


def joined_halves(
    steps: Sequence[Placed],
    sizes: Mapping[str, float],
    part_of: Mapping[str, str],
    most: float,
    tile_bytes: float,
    tiles: int,
    keep: Set[str],
) -> dict[str, int]:
    """The Concats that are put together inside, by the name of the whole, and the halves they take: in how many parts.
    `most`: of all scratchpads, for such a whole and all that is made of it; `keep`: inputs and outputs of the graph."""
    if not part_of:
        return {}
    by_array = {n for s in steps if s.engine == "mac_array" for n in s.writes}
    convolved = {
        n for s in steps if s.engine == "mac_array" and s.node.op_type in CONVOLUTIONS for n in s.writes
    }
    joined = {s.writes[0] for s in steps if s.node.op_type == "Concat" and s.engine == "none"}
    readers: dict[str, list[Placed]] = {}
    for step in steps:
        for name in dict.fromkeys(step.reads):
            readers.setdefault(name, []).append(step)
    room: dict[str, float] = {}  # of a whole and what stands beside it, as a share of what there is
    for name in joined.intersection(readers):
        made = max(sum(sizes[n] for n in step.writes) for step in readers[name])
        beside = one_tile_bytes(readers[name], sizes, readers, tile_bytes, tiles)
        in_one = (sizes[name] + beside) / (FULL_TILE * tile_bytes)
        room[name] = max(in_one, (sizes[name] + made) / (most * tiles * tile_bytes))
    found: dict[str, int] = {}
    for step in steps:
        if step.writes[0] not in joined or room.get(step.writes[0], 1.0) >= 1:
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
