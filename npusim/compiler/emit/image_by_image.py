"""Tensors that cross image by image: each image of a batch in transfers of its own, one a tile.

What takes the images of a batch one after another (npusim.compiler.layouts.images_in_turn) is a function called for
each in Intel's compiler: a pass that turns a batch reads every image in as many transfers as there are tiles, and
every result leaves in as many (`slice_5/cluster_1`; eight images of 6 channels of 16 x 16 cross in 42 transfers on NPU
3720 and 82 on 5010, ten of 15 of 96 x 96 in 52 and 101, eight of 128 of 16 x 16 in 41), however small they are. What
the DMA turns goes to the tiles through both ports where these share rows (`cluster_0/unrolled_permuteDMA`), and through
one place where they share channels (`output-DDR`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil

from npusim.compiler.layouts.images_in_turn import IMAGE_RANK, scales_images, takes_images
from npusim.compiler.lowering.place import Placed
from npusim.compiler.weights.own_weights import many_weights
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork

SMALL_ROWS, ROWS_AT_ONCE = 20, 4


def crossing_apart(
    placed: Sequence[Placed], values: Mapping[str, Value], outputs: Set[str], tiles: int
) -> tuple[dict[str, int], frozenset[str], frozenset[str]]:
    """Tensors that cross so, and of how many images: what a step reads and makes that takes images one after another,
    or scales their channels. Those whose rows the tiles share, and those of which each image crosses whole."""
    found: dict[str, int] = {}
    rows: set[str] = set()
    whole: set[str] = set()
    for step in placed:
        if outputs.isdisjoint(step.writes):
            continue
        shape = values[step.node.inputs[0]].shape if step.node.inputs else ()
        if step.reads_turned and scales_images(step) and len(shape) == IMAGE_RANK and shape[0] > 1:
            found |= dict.fromkeys((*step.reads, *step.writes), shape[0])
            (whole if _turned_whole(shape) else rows).update((*step.reads, *step.writes))
        elif takes_images(step):
            found |= dict.fromkeys((*step.reads, *step.writes), step.images)
            if _shares_rows(step, tiles):
                rows.update(step.reads)
    return found, frozenset(rows), frozenset(whole)


def _turned_whole(shape: tuple[int, ...]) -> bool:
    """Whether the DMA turns each image of a batch that is scaled in one tile, and back: of fewer channels than sixteen
    whose pixels are no whole sixteens (`input-0-CMX` and `concat_out` of 4 x 8 x 5 x 8, 4 x 4 x 19 x 36, 8 x 8 x 8 x
    27, not of 4 x 203 x 5 x 8)."""
    return shape[2] * shape[3] % CHANNEL_BLOCK > 0 and shape[1] < CHANNEL_BLOCK


def _shares_rows(step: Placed, tiles: int) -> bool:
    """Whether the tiles share rows: of a convolution of few weights whose planes are no small ones that have a sixteen
    of channels for each tile (20 channels of 11 rows, 224 of 15, 168 of 17 are shared over channels on two and three;
    30 of 27 and 105 of 27 are not), of a pooling of four rows a tile whose sixteens are no equal shares (400 channels
    of 8 rows by two are not on two tiles)."""
    work = step.steps[0]
    if not isinstance(work, MacWork):
        return False
    if work.op == MacOp.CONVOLUTION:
        small = work.out_h <= SMALL_ROWS * step.images and ceil(work.out_c / CHANNEL_BLOCK) >= tiles
        return not small and not many_weights(step, work)
    few = work.out_h < ROWS_AT_ONCE * tiles * step.images
    return bool(work.op != MacOp.DEPTHWISE and not few and ceil(work.in_c / CHANNEL_BLOCK) % tiles > 0)
