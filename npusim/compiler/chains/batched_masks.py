"""Masks of several sequences, each of its own padding, added to the scores of all their heads.

    MatMul -> Add (mask [N,1,.,K], written out to the size of the scores) -> Softmax -> MatMul

NPU 4000 and 5010 cut such an addition together with its softmax (npusim.compiler.chains.masked) in the last layer that
reads the mask alone, and of keys that are whole sixteens alone. In front of that it takes all heads at once: as the
channels of an image of queries and keys where they are whole sixteens (4 x 12 of 128 x 128 as [1x48x43x128] on three
tiles, `mask_add/as_add/op_reshaped`), whose rows the tiles share, so that scores and sums cross DDR; else as one line
of sixteens, and these stay where a tile's rows of that are whole heads (2 x 12 of 128 x 128; 4 x 6 of 96 x 96 on four
tiles, not on three). Seen in schedules of TinyBERT, DistilBERT, MiniLM, GTE, BERT4Rec, BERT over 2 to 8 sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil

from npusim.compiler.chains.chains import is_softmax
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import GROUPS
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, most_even_rectangle
from npusim.work import MacOp, MacWork


def cut_of_batch(
    k: int, placed: Sequence[Placed], readers: Mapping[str, list[int]], values: Mapping[str, Value]
) -> bool:
    """Whether an addition to scores is cut together with the softmax as far as its batch goes: of several sequences
    the last one that reads the mask is, where keys are whole sixteens."""
    step = placed[k]
    if not _of_batch(values[step.writes[0]].shape):
        return True
    mask = min(step.reads, key=lambda n: values[n].elements)
    return max(readers[mask]) == k and values[step.writes[0]].shape[-1] % CHANNEL_BLOCK == 0


def _of_batch(shape: Sequence[int]) -> bool:
    return len(shape) == 4 and shape[0] > 1 < shape[1]


def heads_in_line(
    placed: Sequence[Placed], cut: Set[str], values: Mapping[str, Value], tiles: int
) -> list[Placed]:
    """The steps with additions of masks to the scores of several sequences, those `cut` with their softmax apart, by
    heads where each tile has whole ones of the line of sixteens they are added in."""
    sums = {added for _, added in _batched_sums(placed, values) if added not in cut}
    kept = {n for n in sums if _whole_heads(values[n].shape, tiles)}
    return [s._replace(sharing=GROUPS) if kept.intersection(s.writes) else s for s in placed]


def crossing_sums(
    placed: Sequence[Placed], values: Mapping[str, Value], tiles: int
) -> frozenset[tuple[str, str]]:
    """Scores of several sequences, and what a mask added to them makes, that the next step reads through DDR, each with
    what is made of it: where the addition has no whole heads on each tile (`heads_in_line`)."""
    found: set[tuple[str, str]] = set()
    readers = {n: s.writes[0] for s in placed if is_softmax(s) for n in s.reads}
    for scores, added in _batched_sums(placed, values):
        if not _whole_heads(values[added].shape, tiles):
            found |= {(scores, added), (added, readers[added])}
    return frozenset(found)


def _batched_sums(placed: Sequence[Placed], values: Mapping[str, Value]) -> list[tuple[str, str]]:
    """Scores of several sequences and what the addition of a mask makes of them, for a softmax."""
    read = {n for s in placed if is_softmax(s) for n in s.reads}
    if not read:
        return []
    made = {s.writes[0] for s in placed if s.node.op_type == "MatMul"}
    return [
        (next(n for n in s.reads if n in made), s.writes[0])
        for s in placed
        if len(s.reads) == 2 and s.writes[0] in read and not s.sharing and adds(s)
        and _of_batch(values[s.writes[0]].shape) and not made.isdisjoint(s.reads)
    ]  # fmt: skip


def _whole_heads(shape: Sequence[int], tiles: int) -> bool:
    """Whether each tile has whole heads of a sum of scores: heads that are whole sixteens are the channels of an image
    of queries and keys, whose rows the tiles share; others are added as one line of sixteens."""
    batch, heads, queries, keys = shape
    heads *= batch
    rows, _ = most_even_rectangle(ceil(heads * queries * keys / CHANNEL_BLOCK))
    return heads % CHANNEL_BLOCK > 0 and rows % tiles == 0 == heads % tiles


def adds(step: Placed) -> bool:
    """Whether a step is an addition on the MAC array."""
    work = step.only
    return isinstance(work, MacWork) and work.op == MacOp.ELTWISE and step.node.op_type == "Add"
