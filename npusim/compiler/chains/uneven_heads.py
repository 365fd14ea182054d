"""Masked scores that cross DDR for their heads: of a few more than there are tiles, or of large ones made one by one.

    MatMul -> Add (mask) -> Softmax -> MatMul

Intel's compiler shares the rows of all heads there instead, for the addition and for the softmax each in its own way,
and cuts nothing together: scores, sums and what the softmax makes cross DDR (`mask_add/as_add` of [1,256,1,512] and
`softmax` of [1,512,42,1] tiled by themselves in schedules of 4 heads of 320, 448 and 512 tokens and 5 of 512 on three
tiles, 5 of 320 and 512 and 6 of 512 on four; 3, 6, 7 and 8 heads on three are cut together). Of half a megabyte and
less scores stay (4 heads of 192 and 256)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from itertools import pairwise
from math import prod

from npusim.compiler.chains.batched_masks import adds
from npusim.compiler.chains.chains import is_softmax
from npusim.compiler.lowering.place import Placed
from npusim.graph import Value

SMALL_SCORES = 1 << 19  # bytes
#: Of one head, bytes: more are made head by head on NPU 4000, and cross (its schedules of 8 heads of 320 and 384
#: tokens, 4 of 384 and 512: 0.20, 0.29 and 0.52 MB; 8 of 256 and 272, 0.13 and 0.15, are one product).
LARGE_HEAD = 160_000


def heads_apart(scores: Value, tiles: int) -> bool:
    """Whether large scores of one sequence are of more heads than there are tiles, but less than two for each."""
    *outer, heads, _, _ = (1, 1, *scores.shape)
    few = tiles < heads < 2 * tiles
    return few and prod(outer) == 1 and scores.npu_bytes > SMALL_SCORES


def heads_alone(scores: Value, tiles: int) -> bool:
    """Whether products make scores of one sequence head by head, as many for each tile."""
    *outer, heads, queries, keys = (1, 1, *scores.shape)
    large = queries * keys * scores.dtype.npu_bytes > LARGE_HEAD
    return large and prod(outer) == 1 and heads % tiles == 0


def crossing_heads(
    placed: Sequence[Placed], values: Mapping[str, Value], tiles: int, outputs: Set[str]
) -> frozenset[tuple[str, str]]:
    """Such scores, their sums and what the softmax makes, each with what is made of it by the next step."""
    return frozenset(
        pair
        for names in _masked(placed, values, outputs)
        if heads_apart(values[names[1]], tiles)
        for pair in pairwise(names)
    )


def crossing_products(
    placed: Sequence[Placed], values: Mapping[str, Value], tiles: int, outputs: Set[str]
) -> frozenset[tuple[str, str]]:
    """Scores that are made head by head, each with the sum that reads it."""
    return frozenset(
        names[:2] for names in _masked(placed, values, outputs) if heads_alone(values[names[1]], tiles)
    )


def sums_apart(
    placed: Sequence[Placed], values: Mapping[str, Value], tiles: int, outputs: Set[str]
) -> frozenset[str]:
    """The sums of such scores and their masks, which are written out whole for them."""
    found = (names[1] for names in _masked(placed, values, outputs))
    return frozenset(added for added in found if heads_apart(values[added], tiles))


def _masked(
    placed: Sequence[Placed], values: Mapping[str, Value], outputs: Set[str]
) -> list[tuple[str, str, str, str]]:
    """What products make that masks are added to, the sums, what the softmax makes, and what is made of that."""
    softmaxes = {s.reads[0]: s.writes[0] for s in placed if is_softmax(s) and not s.one_dsp}
    if not softmaxes:
        return []
    made = {s.writes[0] for s in placed if s.node.op_type == "MatMul"}
    makes = {n: s.writes[0] for s in placed if s.node.op_type == "MatMul" for n in s.reads}
    found = []
    for step in placed:
        added = step.writes[0]
        scores = next((n for n in step.reads if n in made), "")
        if added not in softmaxes or len(step.reads) != 2 or not scores or not adds(step):
            continue
        names = (scores, added, softmaxes[added])
        if names[-1] in makes and outputs.isdisjoint(names):
            found.append((*names, makes[names[-1]]))
    return found
