"""The mask that is added to scores between a product and its softmax, cut together: it lies as the product left them.

Keys are channels and queries pixels, four to a row (1 x 1,792 x 19 x 4 of a head of 1,792 tokens in Intel's schedules
of prompts on NPU 5010, whose grid takes eight pixels of a row at once: such a sum takes twice the time there that one
of sixteen channels would)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.pieces import convolution_of
from npusim.ops.counting import CHANNEL_BLOCK, MAX_CHANNELS
from npusim.work import MacOp, MacWork


def added_as_scores(placed: list[Placed], chains: Mapping[int, int]) -> list[Placed]:
    """The steps, sums inside of what is cut together as its first product lies. `chains`: index of the first step ->
    how many."""
    if not chains:
        return placed
    found = list(placed)
    for first, count in chains.items():
        scores: MacWork | None = None
        for k in range(first, first + count):
            scores = scores or convolution_of(placed[k])
            work = placed[k].only
            if scores and isinstance(work, MacWork) and work.op == MacOp.ELTWISE and _as_large(work, scores):
                rows = scores.out_h * scores.groups
                laid = replace(
                    work, out_h=rows, in_h=rows, out_w=scores.out_w, in_w=scores.out_w,
                    out_c=scores.out_c, in_c=scores.out_c,
                )  # fmt: skip
                found[k] = placed[k]._replace(steps=(laid,))
    return found


def _as_large(work: MacWork, scores: MacWork) -> bool:
    """Whether a sum has the elements of scores whose keys are whole sixteens."""
    elements = scores.out_h * scores.out_w * scores.out_c * scores.groups
    even = scores.out_c % CHANNEL_BLOCK == 0 and scores.out_c <= MAX_CHANNELS
    return bool(even and work.out_h * work.out_w * work.out_c == elements)
