"""Average poolings that do not count their padding: cut into the middle, four edges and four corners.

Every part divides by another number of elements, so Intel's compiler 8.4 runs nine poolings (`pool_center`, `pool_top`,
`pool_top_left`, ...) and joins their results in DDR. On NPU 5010 all of them read their input there, on 3720 those at
the edges, on 4000 none (its schedules of 27 such poolings: of 3 x 3, 14 to 56 rows, 64 to 768 channels)."""

from __future__ import annotations

from npusim.compiler.lowering.place import Placed
from npusim.compiler.scratchpad.scratchpad import Residence, Scratchpad
from npusim.work import MacWork

JOINED = "cut where its padding is not counted, its parts joined in DDR"
READ = "input through DDR for each of its parts"


def has_borders(step: Placed) -> bool:
    """Whether a step averages over windows that reach over the edge, whose outside does not count."""
    node = step.node
    if node.op_type != "AveragePool" or int(node.attribute("count_include_pad", 0)):
        return False
    same = node.attribute("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER")
    return isinstance(step.only, MacWork) and (same or any(node.attribute("pads") or ()))


def cross_borders(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """Spill what such a pooling reads, where all of its parts read it in DDR."""
    how = scratchpad.memory.borders_apart.get(scratchpad.generation)
    if how == "all" and scratchpad.tiles > 1 and has_borders(step) and scratchpad.spill_all(step.reads, r):
        r.reason = READ


def joined_borders(step: Placed, scratchpad: Scratchpad, r: Residence) -> None:
    """Leave its result in DDR, and read its edges there."""
    how = scratchpad.memory.borders_apart.get(scratchpad.generation)
    if how is None or scratchpad.tiles == 1 or r.pieces > 1 or not has_borders(step):
        return
    if r.destination == "scratchpad":
        r.destination, r.reason = "ddr", JOINED
    if how != "result":
        name = step.reads[0]
        holder = scratchpad.holder(name)
        if holder is not None:  # written, and inside all the same
            scratchpad.spill(holder, r)
            scratchpad.put(holder)
        r.loads.append((f"{name}/edges", scratchpad.sizes[name] * _edges(step), 1))


def _edges(step: Placed) -> float:
    """The share of an image that its edges read: as many rows and columns as reach over on each side."""
    work = step.only
    assert isinstance(work, MacWork)
    rows, columns = 2 * (work.kernel_h - 1) / work.in_h, 2 * (work.kernel_w - 1) / work.in_w
    return float(min(1.0, rows + columns))
