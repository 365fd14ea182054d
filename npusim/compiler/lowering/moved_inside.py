"""Moves from DDR to DDR that the DMA makes by way of the scratchpad: loaded, turned or filled in, written."""

from __future__ import annotations

from collections.abc import Mapping

from npusim.compiler.lowering.place import Placed
from npusim.work import MoveWork

Way = tuple[str, str, str]  # what a transfer is called after the move, from where, to where
IN: Way = ("/in", "ddr", "scratchpad")
FILL: Way = ("/fill", "scratchpad", "scratchpad")
OUT: Way = ("", "scratchpad", "ddr")
TURNED: tuple[Way, ...] = (IN, ("", "scratchpad", "scratchpad"), ("/out", "scratchpad", "ddr"))
#: Transfers one behind another. `Tile` fills in an axis at a time (128 x 49 x 49 twice each way in Intel's schedules).
MOVED_INSIDE = {
    "Transpose": TURNED,
    "SpaceToDepth": TURNED,
    "DepthToSpace": TURNED,
    "Expand": (IN, FILL, OUT),
    "Tile": (IN, FILL, OUT),
}
#: An image spread out with zeros for a transposed convolution: a constant of zeros is brought to one tile, the pixels
#: between them, and all of it is written; what does not fit into one is made in DDR (NPU 3720: 401,408 and 1,605,632
#: bytes inside, 2,457,600 and 3,211,264 in DDR).
SPREAD = "spread"
LARGER = ("copied_larger", "copied_turned")  # columns, then rows, several times each
OVER_TABLE = "dma_over_table"
FILLED = "filled"
SPREAD_IN_A_TILE: tuple[Way, ...] = (("/zeros", "ddr", "scratchpad"), IN, OUT)
SPREAD_IN_DDR: tuple[Way, ...] = (("/zeros", "ddr", "ddr"), ("/between", "ddr", "ddr"))
#: Rows that the DMA picks from a table, inside before they are written (NPU 4000 and 5010, where they leave the graph).
PICKED: tuple[Way, ...] = (("/picked", "ddr", "scratchpad"),)
MANY_COPIES = 16  # of an Expand are filled in: 1,024 and 6,400 in Intel's schedules, where 4 are transfers


def ways_between(
    step: Placed, i: int, work: MoveWork, sizes: Mapping[str, float], source: str, destination: str
) -> tuple[Way, ...]:
    """The transfers of work `i` of a step that moves; none where it is one. What takes pixels from channels is loaded
    first, wherever it leaves them; what is turned to planes behind that lies inside in between."""
    if source != "ddr":
        return TURNED[1:2] if not i and _stays_between(step) else ()
    if destination == "ddr":
        return ways_inside(step, i, work, sizes)
    return TURNED[:2] if step.node.op_type == "DepthToSpace" and not i else ()


def _stays_between(step: Placed) -> bool:
    """Whether what takes pixels from channels leaves them inside for the transfer that turns them to planes."""
    turn = step.steps[1] if step.node.op_type == "DepthToSpace" and len(step.steps) > 1 else None
    return isinstance(turn, MoveWork) and turn.source == "scratchpad"


def ways_inside(step: Placed, i: int, work: MoveWork, sizes: Mapping[str, float]) -> tuple[Way, ...]:
    """The transfers of work `i` of a step that moves from DDR to DDR; none where it is a copy. An Expand of few copies
    is as many transfers."""
    if step.lowering == SPREAD:
        return SPREAD_IN_DDR if work.destination == "ddr" else SPREAD_IN_A_TILE
    if step.lowering == OVER_TABLE:
        return PICKED
    if step.lowering == FILLED:
        return MOVED_INSIDE["Expand"]
    kind = step.node.op_type
    ways = TURNED if kind == "MemPermute" and work.elements else MOVED_INSIDE.get(kind, ())
    if kind == "Expand" and (work.transfers > 1 or work.nbytes < MANY_COPIES * sizes[step.reads[0]]):
        return ()
    if kind == "DepthToSpace" and len(step.steps) > 1:  # then plane by plane
        return ways[1:] if i else ways[:2]
    if kind == "Tile":
        return ways[i > 0 : 2 + (i + 1 == len(step.steps))]
    return ways
