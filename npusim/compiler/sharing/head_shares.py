"""Softmax over the rows of some heads: the tiles have whole heads, so that with 8 heads on three tiles one has most.

Intel's compiler 8.4 splits such a kernel over its first axis (`SOK`). The DSPs of a tile share its heads evenly, but on
NPU 3720 where the tiles have unequal shares, of which its two DSPs take whole heads (three of five: two and one). Single
softmaxes in its schedules, the longest by the even share of four and six DSPs: on NPU 3720 of 5, 7, 11 and 19 heads 1.6,
1.14, 1.09 and 1.05 times, of 6, 8, 10 and 14 once; on 5010 of 7, 8, 11, 14 and 16 heads 1.29, 1.13, 1.09, 1.07 and
1.13. Fewer than `LEAST_HEADS` are shared otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import ceil

from npusim.compiler.lowering.place import Placed
from npusim.graph import Value
from npusim.work import VectorWork

LEAST_HEADS = 5


def longest_heads(heads: int, tiles: int, dsps: int, whole: bool) -> float:
    """Heads of the DSP that has most. `whole`: DSPs of tiles with unequal shares take whole heads."""
    most = ceil(heads / tiles)
    return ceil(most / dsps) if whole and heads % tiles else most / dsps


def by_heads(
    placed: Iterable[Placed], values: Mapping[str, Value], tiles: int, dsps: int, whole: bool
) -> list[Placed]:
    """The steps, softmaxes over heads as long as the DSP with most of these takes."""
    return [_longer(step, values, tiles, dsps, whole) if tiles > 1 else step for step in placed]


def _longer(step: Placed, values: Mapping[str, Value], tiles: int, dsps: int, whole: bool) -> Placed:
    work = step.only
    if not isinstance(work, VectorWork) or work.kernel != "softmax" or step.one_dsp or not step.reads:
        return step
    shape = values[step.reads[0]].shape
    heads = shape[-3] if len(shape) > 2 else 1
    if heads < LEAST_HEADS or work.elements != values[step.reads[0]].elements or step.on_every_tile:
        return step
    if any(n > 1 for n in shape[:-3]) or step.dsp_tiles < tiles:
        return step
    share = longest_heads(heads, tiles, dsps, whole) * tiles * dsps / heads
    if share <= 1:
        return step
    return step._replace(steps=(replace(work, elements=work.elements * share, rows=work.rows * share),))
