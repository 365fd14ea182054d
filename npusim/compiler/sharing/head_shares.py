"""Kernels over several heads, or rows, of which the tiles have whole ones: with 8 on three tiles one has most.

Intel's compiler 8.4 splits a softmax, and a kernel on every element, over the first of its last three axes that is
longer than 1 (`SOK`, or `SOH` of rows). The DSPs of a tile share its part evenly, but on NPU 3720 where the tiles
have unequal parts, of which its two DSPs take whole heads (three of five: two and one). Single softmaxes in its
schedules, the longest by the even share of four and six DSPs: on NPU 3720 of 5, 7, 11 and 19 heads 1.6, 1.14, 1.09 and
1.05 times, of 6, 8, 10 and 14 once; on 5010 of 7, 8, 11, 14 and 16 heads 1.29, 1.13, 1.09, 1.07 and 1.13. Sigmoids,
square roots and others of 5 to 373 rows or channels do the same. Fewer than `LEAST_HEADS` are shared otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from math import ceil, prod

from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.work import VectorWork

LEAST_HEADS = 5
SHARED_AXES = 3  # the last axes, of which the first longer than 1 is shared


def longest_heads(heads: int, tiles: int, dsps: int, whole: bool) -> float:
    """Heads of the DSP that has most. `whole`: DSPs of tiles with unequal shares take whole heads."""
    most = ceil(heads / tiles)
    return ceil(most / dsps) if whole and heads % tiles else most / dsps


def by_heads(
    placed: Iterable[Placed],
    values: Mapping[str, Value],
    tiles: int,
    dsps: int,
    whole: bool,
    one_a_tile: Collection[str] = (),
) -> list[Placed]:
    """The steps, kernels over heads as long as the DSP with most of these takes. `one_a_tile`: kernels that run on one
    DSP a tile."""
    return [
        _longer(step, work, heads, tiles, 1 if work.kernel in one_a_tile else dsps, whole)
        if tiles > 1
        and isinstance(work := step.only, VectorWork)
        and (heads := _heads(step, work, values, tiles)) >= LEAST_HEADS
        else step
        for step in placed
    ]


def _heads(step: Placed, work: VectorWork, values: Mapping[str, Value], tiles: int) -> int:
    """Length of the axis that is shared by all tiles; 0 where it is not known."""
    if step.one_dsp or step.on_every_tile or step.dsp_tiles < tiles or len(step.reads) != 1:
        return 0
    source = values[step.reads[0]]
    last = source.shape[-SHARED_AXES:]
    over_rows = work.kernel == "softmax" and last[:1] != (1,)
    if (not over_rows and work.rows > 1) or work.elements != source.elements or prod(last) != source.elements:
        return 0
    longer = [n for n in last if n > 1]
    return longer[0] if len(longer) > 1 and (not over_rows or len(last) == SHARED_AXES) else 0


def _longer(step: Placed, work: VectorWork, heads: int, tiles: int, dsps: int, whole: bool) -> Placed:
    share = longest_heads(heads, tiles, dsps, whole) * tiles * dsps / heads
    return step._replace(steps=(replace(work, elements=work.elements * share, rows=work.rows * share),))
