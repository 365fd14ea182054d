"""Concats of images of which some lie plane by plane, as the graph's caller wrote them.

The MAC array makes and wants channels side by side. Where a Concat joins such images with planes of the graph's inputs
(or of what kernels make of these), Intel's compiler joins either planes, which are turned once for each reader's sake,
or channels side by side, each part of planes turned by itself. Its schedules: planes where two or more read the whole
(1 of 2, 1 of 3 and 1 of 5 parts are planes), or where more parts are planes than not (2 of 3, 3 of 5); side by side
where one reads it and no more parts are planes (1 of 2, 1 of 3, 2 of 4 of 2 and 64 channels, whoever else reads the
other parts, in whichever order they stand). Concats inside one another count as one: the cells of RAFT, 96 and 242
channels of 40 x 56 (`reorder_in_0`, `reorder_in0` behind `Concat`; 24 graphs on NPU 5010, ten of them on 4000, six on
3720)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from npusim.compiler.layouts.images import is_image
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value


def joins_channels(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step joins images along their channels."""
    if step.node.op_type != "Concat" or step.engine != "none" or len(step.reads) < 2:
        return False
    return int(step.node.attribute("axis", 1)) in (1, -3) and is_image(values[step.writes[0]])


def parts_of(step: Placed, made_by: Mapping[str, Placed], values: Mapping[str, Value]) -> Iterator[str]:
    """What a Concat joins, Concats inside it taken apart."""
    for name in step.reads:
        inner = made_by.get(name)
        if inner is not None and joins_channels(inner, values):
            yield from parts_of(inner, made_by, values)
        else:
            yield name


def is_planar(
    step: Placed,
    readers: int,
    made_by: Mapping[str, Placed],
    values: Mapping[str, Value],
    planes: Callable[[str], bool],
) -> bool:
    """Whether the whole that a Concat of channels makes lies plane by plane. `planes`: whether a part does."""
    parts = [planes(n) for n in parts_of(step, made_by, values)]
    return any(parts) and (readers > 1 or 2 * sum(parts) > len(parts))
