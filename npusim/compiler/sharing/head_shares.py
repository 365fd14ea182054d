"""Kernels over several heads, or rows, of which the tiles have whole ones: with 8 on three tiles one has most.

Intel's compiler 8.4 splits a softmax, and a kernel on every element, over the first of its last three axes that is
longer than 1 (`SOK`, or `SOH` of rows). The DSPs of a tile share its part evenly, but on NPU 3720 where the tiles
have unequal parts, of which its two DSPs take whole heads (three of five: two and one). Single softmaxes in its
schedules, the longest by the even share of four and six DSPs: on NPU 3720 of 5, 7, 11 and 19 heads 1.6, 1.14, 1.09 and
1.05 times, of 6, 8, 10 and 14 once; on 5010 of 7, 8, 11, 14 and 16 heads 1.29, 1.13, 1.09, 1.07 and 1.13. Sigmoids,
square roots and others of 5 to 373 rows or channels do the same. Fewer than `LEAST_HEADS` are shared otherwise.

Two or three problems are no batch on NPU 4000 and 5010: products and the softmax between them are taken apart, one
behind the other, each on all tiles (`slice_0/softmax_in/as_softmax` of 17 to 104 rows, and in VITS, FastSpeech 2, CvT
and SegFormer; not of five)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil, prod

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.pieces import convolution_of
from npusim.graph import Value
from npusim.work import VectorWork

LEAST_HEADS = 5
MOST_APART = 3  # problems of a product that is taken apart
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


def heads_in_turn(placed: Sequence[Placed], pieces: Sequence[int]) -> list[Placed]:
    """The steps, a softmax between two products of up to `MOST_APART` problems as a kernel each. `pieces`: in how many
    a step is cut already; one that goes head by head is."""
    makers = {name: step for step in placed for name in step.writes}
    found = []
    for step, cut in zip(placed, pieces, strict=True):
        work, made = step.only, makers.get(step.reads[0]) if step.reads else None
        product = convolution_of(made) if made is not None else None
        heads = int(product.groups) if product is not None else 1
        alone = cut == 1 < heads <= MOST_APART
        if alone and isinstance(work, VectorWork) and work.kernel == "softmax":
            one = replace(work, elements=work.elements / heads, rows=work.rows / heads)
            step = step._replace(steps=(one,) * heads)
        found.append(step)
    return found


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
