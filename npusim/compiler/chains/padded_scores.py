"""Scores that a constant is added to, of keys that fill no sixteens (NPU 4000 and 5010).

    MatMul -> Add (constant) -> Softmax -> MatMul

There a batch of products is one kernel, which makes whole sixteens of keys (197 as 208). Of one sequence what it makes
keeps its padding through addition and softmax: nothing is copied to sixteens, the constant is stored with it, and what
crosses DDR crosses with it. The addition takes all heads as one line of sixteens, whose rows the tiles share, so scores
and sums cross. The softmax's result does where a tile would have no head left: then that kernel shares the rows of all heads
(6 heads of 145 and of 100 rows on four tiles, two a tile; 6 and 8 heads on three stay).

Of windows (several problems in front of the heads) scores are cut to their keys behind the product and filled up in
front of the next one, so that the softmax's result crosses whatever the tiles (`matmul_slice_out`, `expand_in1` in
Intel's schedules of Swin's windows of 49)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from math import ceil, prod

from npusim.compiler.chains.chains import is_softmax
from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.neighbours import reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import PARTS
from npusim.compiler.sharing.pieces import convolution_of
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.work import MacOp, MacWork


def padded_scores(
    placed: list[Placed], values: Mapping[str, Value], sizes: dict[str, float], outputs: Set[str], tiles: int
) -> list[Placed]:
    """The steps with additions of constants to scores that lie with their padding, which `sizes` (bytes) gets, and
    softmaxes whose results cross."""
    softmaxes = [k for k, s in enumerate(placed) if is_softmax(s) and not s.one_dsp]
    if not softmaxes or tiles == 1:
        return placed
    readers = reading_steps(placed)
    maker = {name: k for k, step in enumerate(placed) for name in step.writes}
    placed = list(placed)
    for k in softmaxes:
        names = _scores(k, placed, readers, maker)
        if not names or not outputs.isdisjoint(names):
            continue
        *outer, heads, _, keys = values[names[-1]].shape
        if len(values[names[-1]].shape) < 3 or heads == 1 or keys % CHANNEL_BLOCK == 0:
            continue
        windows = prod(outer) > 1
        if windows or ceil(heads / tiles) * (tiles - 1) >= heads:
            placed[k] = placed[k]._replace(sharing=PARTS)
        if windows:
            continue
        share = ceil_to(keys, CHANNEL_BLOCK) / keys
        for name in names:
            sizes[name] = values[name].npu_bytes * share
        added = maker[names[1]]
        step = placed[added]
        placed[added] = step._replace(padded=(), fixed_bytes=step.fixed_bytes * share)
    return placed


def _scores(
    k: int, placed: list[Placed], readers: Mapping[str, list[int]], maker: Mapping[str, int]
) -> tuple[str, ...]:
    """What the product, the addition of a constant and softmax `k` make, where each is read by the next alone and a
    batch of products reads the last; empty elsewhere."""
    result, total = placed[k].writes[0], placed[k].reads[0]
    added = placed[maker[total]] if total in maker else None
    if added is None or len(added.reads) != 1 or not added.fixed_bytes or added.node.op_type != "Add":
        return ()
    work, scores = added.only, added.reads[0]
    if not isinstance(work, MacWork) or work.op != MacOp.ELTWISE or scores not in maker:
        return ()
    alone = readers.get(scores) == [maker[total]] and readers.get(total) == [k]
    after = readers.get(result, [])
    products = [placed[maker[scores]], *(placed[i] for i in after)]
    batches = [w is not None and w.groups > 1 for w in map(convolution_of, products)]
    return (scores, total, result) if alone and len(after) == 1 and all(batches) else ()
