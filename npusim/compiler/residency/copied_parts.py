"""Parts of a Concat that others read too, copied to where the whole lies in the scratchpads.

What one Concat alone reads is written where it is joined. What others read as well stays where it is, and a pooling of
one tap on the MAC array copies it for each Concat (`inserted_AVG_Pooling` in Intel's schedules of dense, harmonic,
partial and searched networks on all three NPUs), where the whole is put together inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Set
from dataclasses import replace

from npusim.compiler.layouts.images import is_image
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import (
    APART,
    CHANNELS,
    DOUBLED,
    DOUBLED_APART,
    ENLARGED,
    IMAGE,
    ROWS,
    joined_over,
)
from npusim.graph import Node, Value
from npusim.work import MacOp, MacWork

COPY = "/copied"  # what is copied for a Concat is called after what it is a copy of
WHY = "a part that others read too is copied to where it is joined, by a pooling of one tap"


def parts_copied(
    placed: list[Placed],
    values: dict[str, Value],
    sizes: dict[str, float],
    part_of: Mapping[str, str],
    most: float,
    keep: Set[str],
    over_channels: bool,
    narrow: float = 0,
    tiles: int = 1,
    halves: Container[str] = (),
) -> list[Placed]:
    """The steps, with a pass for each part that is copied. What it makes is added to `values` and `sizes` (bytes).
    `most`: bytes of what is put together inside; `keep`: inputs and outputs of the graph; `over_channels`: parts that
    the tiles share over channels and over rows are put together in DDR (`channels_joined_in_ddr`); `narrow`: so are
    those of planes of up to so many rows (`shared_parts_in_ddr_rows`). `halves`: wholes that stay inside though they
    take slices of a Split (npusim.compiler.scratchpad.joined_halves)."""
    if not any(s.node.op_type == "Concat" for s in placed):
        return placed
    joined = joined_over(placed, over_channels, narrow, tiles)
    reads = Counter(n for s in placed for n in dict.fromkeys(s.reads))
    viewed = set(part_of.values())
    apart: set[str] = set()  # parts of what is put together in DDR
    steps: list[Placed] = []
    for step in placed:
        if step.node.op_type == "Concat" and step.engine == "none" and is_image(values[step.writes[0]]):
            inside = sizes[step.writes[0]] <= most and keep.isdisjoint((*step.reads, *step.writes))
            inside = inside and apart.isdisjoint(step.reads)
            if step.writes[0] in halves:
                step = _copied(step, steps, values, sizes, reads, part_of)
            elif not (inside and joined_where_read({joined.get(n, "") for n in step.reads})):
                apart.update(step.reads)
            elif viewed.isdisjoint(step.reads) and not any(n in part_of for n in step.reads):
                step = _copied(step, steps, values, sizes, reads, {})
        steps.append(step)
    return steps


def joined_where_read(made: Set[str]) -> bool:
    """Whether parts made so that others read too are put together inside, not in DDR."""
    mixed = CHANNELS in made and ROWS in made
    return made.isdisjoint((APART, DOUBLED, DOUBLED_APART, ENLARGED)) and not mixed


def _copied(
    step: Placed,
    steps: list[Placed],
    values: dict[str, Value],
    sizes: dict[str, float],
    reads: Counter[str],
    in_place: Container[str],
) -> Placed:
    own = list(step.reads)
    for i, name in enumerate(own):
        if reads[name] < 2 or name in in_place or not is_image(values[name]):
            continue
        own[i] = f"{name}{COPY}/{step.node.name}"
        steps.append(copy_of(name, own[i], values, sizes))
    return step._replace(reads=tuple(own))


def copy_of(name: str, out: str, values: dict[str, Value], sizes: dict[str, float]) -> Placed:
    """The pass that copies an image inside; its result is added to `values` and `sizes`."""
    values[out] = replace(values[name], name=out)
    sizes[out] = sizes[name]
    batch, channels, height, width = values[name].shape
    pixels = batch * height
    work = MacWork(MacOp.AVERAGE_POOL, pixels, width, channels, channels, pixels, width)
    node = Node(out, "Identity", (name,), (out,))
    return Placed(node, "mac_array", (work,), "mac_array", WHY, (name,), (out,), 0.0, 0.0, sharing=IMAGE)
