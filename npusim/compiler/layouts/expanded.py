"""An Expand of the graph's input that makes an output too large for a tile, as Intel's compiler 8.4 makes it.

Copies of whole rows (keys repeated for the queries that share them) that fit into one tile beside their source are
written in the time of one element a row (`ops/structure.py`) where they leave the graph. What does not fit is cut into
blocks of whole copies, which are loaded, filled in and written one behind another at the rate of all their bytes
(`Broadcast/output tile`). Where not even two copies fit beside their source, every copy is one within DDR, by all
ports.

Of 8 by 1,024 x 64 from 4 heads NPU 3720 fills 1 MB in 33.6 us and writes it in 39.8, four times: 316.9 us; 5010 takes
13.7 and 7.1, 85.4 us. Copies of 512 KB are filled in on 3720, made in DDR on 4000 and 5010, of 600 KB the same, of
700 KB made in DDR on 3720 too. (11 graphs of 2 to 17 MB on NPU 3720 and 5010, eight of them on 4000.) A larger one
may so be cheaper: the laws of size do not hold for copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from math import prod

from npusim.compiler.lowering.moved_inside import FILLED
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.work import MoveWork

LEAST_INSIDE = 3  # a source and two copies
WHY_IN_PIECES = "copies that do not fit into a tile are made piece by piece, at the rate of all their bytes"
WHY_IN_DDR = "whole rows of which no two fit into a tile beside their source are copied within DDR"


def expanded_in_ddr(
    placed: Iterable[Placed], values: Mapping[str, Value], inputs: Set[str], tile_bytes: float
) -> list[Placed]:
    """The steps, Expands of what a graph joins or makes copied within DDR, where of their whole rows no two fit into a
    tile beside their source (keys of one head of 256 after 1,024 tokens on NPU 4000 and 5010, after 1,500 on 3720)."""
    return [
        step._replace(steps=(found,), lowering="dma", engine="dma", reason=WHY_IN_DDR)
        if step.lowering == FILLED
        and inputs.isdisjoint(step.reads)
        and (found := _copies_in_ddr(step, values, tile_bytes)) is not None
        else step
        for step in placed
    ]


def written_in_full(placed: Iterable[Placed], outputs: Set[str]) -> list[Placed]:
    """The steps, Expands whose copies do not leave the graph written in the time of all their bytes: only a graph's
    output of whole rows is priced at an element a row (all 74 stores on NPU 3720, 155 of 163 on 5010 of the keys and
    values that queries share: 26 and 72 GB/s)."""
    return [
        step._replace(steps=(replace(work, counted=1),))
        if step.lowering == FILLED
        and isinstance(work := step.only, MoveWork)
        and work.counted < 1
        and outputs.isdisjoint(step.writes)
        else step
        for step in placed
    ]


def expanded_in_pieces(
    placed: Iterable[Placed],
    values: Mapping[str, Value],
    inputs: Set[str],
    outputs: Set[str],
    tile_bytes: float,
) -> list[Placed]:
    """The steps, such Expands written at their full rate or copied in DDR."""
    return [
        _in_pieces(step, values, tile_bytes)
        if step.lowering == FILLED and set(step.reads) <= inputs and set(step.writes) <= outputs
        else step
        for step in placed
    ]


def _in_pieces(step: Placed, values: Mapping[str, Value], tile_bytes: float) -> Placed:
    work = step.only
    source, out = values[step.reads[0]], values[step.writes[0]]
    if not isinstance(work, MoveWork) or source.npu_bytes + out.npu_bytes <= tile_bytes:
        return step
    found = _copies_in_ddr(step, values, tile_bytes)
    if found is None:
        return step._replace(steps=(replace(work, counted=1),), reason=WHY_IN_PIECES)
    return step._replace(steps=(found,), lowering="dma", reason=WHY_IN_DDR)


def _copies_in_ddr(step: Placed, values: Mapping[str, Value], tile_bytes: float) -> MoveWork | None:
    """The copies of an Expand within DDR, where no two fit into a tile beside their source."""
    work = step.only
    source, out = values[step.node.inputs[0]], values[step.writes[0]]  # the source as it is seen here
    short = len(out.shape) - len(source.shape)
    before = (*(1 for _ in range(short)), *source.shape)
    longer = [i for i, (a, b) in enumerate(zip(before, out.shape, strict=False)) if a != b]
    if not isinstance(work, MoveWork) or short < 0 or not longer:
        return None
    copies = prod(out.shape[: longer[-1] + 1])
    if LEAST_INSIDE * out.npu_bytes / copies <= tile_bytes:
        return None
    return replace(work, counted=1, transfers=copies)
