"""Scores to which a mask is added that the network makes as it runs: of padding, or of what the user asks for.

    MatMul -> Add (mask, written out to the size of the scores) -> Softmax -> MatMul

Intel's compiler lays the addition of such a mask out by heads, keys side by side, as the softmax takes them, so that
both are cut together in strips of rows, as few as stand inside five times (`mask_add/as_add/slice`, `softmax/slice`).
A constant mask is stored written out, and added as one line: nothing is cut together with that.

- On NPU 3720, whose products take heads one by one and share their rows, scores cross DDR in front of the addition, and
  what the softmax makes behind it.
- On NPU 4000 both cross where four tensors of that size do not fit, the scores alone from 0.4 of the scratchpads on,
  or where products make them head by head (npusim.compiler.chains.uneven_heads).
- On NPU 5010 the softmax's result crosses DDR or, where the scores do, the next product is cut together with both.

Of several sequences only the last layer is added to so (npusim.compiler.chains.batched_masks).

The mask comes from DDR for every layer, but for one of up to half a megabyte. Evidence: schedules of 15 graphs of two
layers of attention over 128 to 640 tokens in 6 to 16 heads of 64 terms, of E5, BGE and XLM-R, on three NPUs. Heads
that the tiles do not share evenly are added as a constant is on NPU 4000 (6 heads on 4 tiles; one graph)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import ceil

from npusim.compiler.chains.batched_masks import adds, cut_of_batch
from npusim.compiler.chains.chains import Attention, attention_around, attention_of, is_softmax
from npusim.compiler.cutting.split import Blocks
from npusim.compiler.lowering.neighbours import making_steps, reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.lowering.residence import Residence
from npusim.compiler.scratchpad.scratchpad import Scratchpad
from npusim.compiler.sharing.distribution import GROUPS
from npusim.graph import Value

APART, WHOLE, WITH_PRODUCT = "apart", "whole", "with product"  # what NPU 3720, 4000 and 5010 do
NO_MASKS: frozenset[str] = frozenset()
TENSORS_HELD = 4  # whole: scores, mask, their sum, the softmax's result
STRIPS_HELD = 5  # of these four, and the next strip's scores
# NPU 5010, from 12 heads of 128 tokens on; 3720 cuts nothing that fits, and would be slower with more room for it.
LEAST_STRIPS = 4
SMALL_SCORES = 1 << 18  # bytes that nobody cuts (4 heads of 64, 96 and 128 tokens on both)
SMALL_MASK = 1 << 19  # bytes: it stays for the next layer (0.41 MB do, 0.61 do not)
SCORES_INSIDE = 0.4  # of the scratchpads


def masked_sums(
    placed: list[Placed],
    sizes: Mapping[str, float],
    outputs: Set[str],
    tiles: int,
    how: str,
    values: Mapping[str, Value],
    in_rows: Set[str] = NO_MASKS,
) -> frozenset[str]:
    """Sums of the scores of small heads and a smaller tensor that is no constant, in attention without a guard.
    `how`: what the generation does, '' where it knows no such sums; not those whose heads lie `in_rows`."""
    if not how or not any(s.node.op_type == "Softmax" for s in placed):
        return NO_MASKS
    readers = reading_steps(placed)
    maker = making_steps(placed)
    found = set()
    for k, step in enumerate(placed):
        if step.one_dsp or not is_softmax(step):
            continue
        chain = attention_around(k, placed, readers, maker, sizes, outputs)
        whole = attention_of([placed[i] for i in chain]) if chain else None
        if whole is None or not _mask_added(placed[chain[-3]], whole, sizes, tiles, how):
            continue
        if how != APART and not cut_of_batch(chain[-3], placed, readers, values):
            continue
        if not in_rows.isdisjoint(placed[chain[-3]].writes):
            continue
        found.add(placed[chain[-3]].writes[0])
    return frozenset(found)


def _mask_added(step: Placed, whole: Attention, sizes: Mapping[str, float], tiles: int, how: str) -> bool:
    added = adds(step)
    even = how != WHOLE or whole.first.groups % tiles == 0
    smaller = len(step.reads) == 2 and min(sizes[n] for n in step.reads) < sizes[step.writes[0]]
    return bool(added and even and smaller and whole.small_heads and whole.first.groups > 1)


def masked_groups(
    placed: list[Placed],
    chains: Mapping[int, int],
    sums: Set[str],
    sizes: Mapping[str, float],
    room: float,
    how: str,
) -> tuple[list[Placed], dict[int, int]]:
    """The steps with each of `sums` right in front of its softmax, both in front of their product where that is cut
    together with them, and where chains begin now: index -> number of steps. `room`: bytes of the scratchpads."""
    if not sums:
        return placed, dict(chains)
    reader = {n: k for k, step in enumerate(placed) for n in step.reads}
    begins = {id(placed[k]): length for k, length in chains.items()}
    groups: dict[int, list[Placed]] = {}  # where they stand -> members
    inside: set[int] = set()
    for k, step in enumerate(placed):
        if sums.isdisjoint(step.writes):
            continue
        name = step.writes[0]
        members = [k, reader[name]]
        if how == WITH_PRODUCT and sizes[name] > SCORES_INSIDE * room:
            members.append(reader[placed[members[-1]].writes[0]])
        inside.update(members)
        group = [step._replace(sharing=GROUPS), *(placed[i] for i in members[1:])]
        groups[members[-1]] = group
        begins[id(group[0])] = len(group)
    order = []
    for k, step in enumerate(placed):
        order += groups.get(k, [] if k in inside else [step])
    return order, {k: begins[id(step)] for k, step in enumerate(order) if id(step) in begins}


def begins_masked(step: Placed) -> bool:
    """Whether the first step of what is cut together is such an addition, or a scale of scores (scaled_scores); all
    other attention begins with its first product."""
    return step.node.op_type in ("Add", "Mul", "Div")


def masked_strips(k: int, steps: Sequence[Placed], scratchpad: Scratchpad) -> list[Residence]:
    """Addition, softmax and perhaps product cut together: scores and mask arrive, what the last one makes leaves."""
    add, how = steps[0], scratchpad.memory.masked_scores[scratchpad.generation]
    size, sizes = scratchpad.sizes[add.writes[0]], scratchpad.sizes
    made = {n for s in steps[:-1] for n in s.writes}
    found = [Residence() for _ in steps]
    masks = [n for n in add.reads if n in scratchpad.written_out]
    small = all(sizes[n] <= SMALL_MASK and scratchpad.sharing_of(n) == GROUPS for n in masks)
    crossing = [n for n in add.reads if n not in masks or not small]
    most = scratchpad.pipelined_bytes * scratchpad.memory.resident_share
    apart = any((n, add.writes[0]) in scratchpad.crossing for n in add.reads)
    stays = how == WHOLE and (TENSORS_HELD - apart) * size <= most
    large = size > SCORES_INSIDE * scratchpad.tiles * scratchpad.tile_bytes
    if how == APART or large or apart:
        scratchpad.spill_all(crossing, found[0])
    elif not small:
        scratchpad.spill_all(masks, found[0])
    values = {n: sizes[n] for s in steps[2:] for n in s.reads if n not in made}
    inside = [n for n in add.reads if scratchpad.holder(n) is not None]
    strips = 1
    if not stays:
        room = scratchpad.resident_bytes - len(inside) * size - sum(values.values())
        strips = ceil((STRIPS_HELD - len(inside)) * size / max(room, scratchpad.resident_bytes / 4))
        strips = max(LEAST_STRIPS if size > SMALL_SCORES else 1, strips)
    reads = (*add.reads, *values)
    need = min(sum(sizes[n] for n in inside) + TENSORS_HELD * size / strips, scratchpad.resident_bytes)
    scratchpad.make_room(k, add._replace(reads=reads), found[0], need)
    for one, step in zip(found, steps, strict=True):
        one.pieces, one.blocks, one.destination = strips, Blocks(rows=strips), "next"
        arriving = [n for n in step.reads if n not in made and scratchpad.holder(n) is None]
        one.loads = [(n, sizes[n], 1 if n in values else strips) for n in arriving]
        one.fixed_traffic = one.weights_held = step.fixed_bytes
        one.held_bytes, one.follows = scratchpad.resident_bytes, frozenset(made & set(step.reads))
        rows = f"in {strips} strips of rows" if strips > 1 else "whole"
        one.reason = f"cut together with its neighbours: scores {rows}"
    found[-1].destination = "scratchpad" if stays else "ddr"
    for name in masks:
        if sizes[name] <= SMALL_MASK:
            scratchpad.put(name)
            scratchpad.sharings[name] = GROUPS
    return found
