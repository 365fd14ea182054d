"""Scores that stand channels first while their softmax is guarded against NaN.

    MatMul -> Add (mask) -> Softmax -> IsNaN, Where (zero for NaN) -> MatMul

torch.onnx.export writes attention so. As attention it is none Intel's compiler knows: it takes softmax and guard in
the order of the file, [heads, queries, keys], while products read and write keys or terms side by side. So the sum is
written in the other order by a pass of the MAC array (`as_add/_permutequantize` in its schedules), and what the guard
leaves is turned back by one more (`Select/reorder_out/to_maxpool`; two over sixteen heads at once where the heads are
no whole sixteens; filled up first where eight heads and more make none with their keys). Layers of Llama, Qwen, Phi and
Gemma on 128 to 512 tokens do so on all three NPUs.

Large heads (a megabyte of scores and more, from 725 tokens on) go one by one and nothing is turned: product, mask and
softmax are cut together, and what the softmax makes crosses DDR to its guard. In front of the softmax

- NPU 4000 makes the sums of all heads, where two heads fit, the mask inside, and stores them (1,024 tokens: 33.5 MB out
  and back, 2.1 of mask); of larger ones it stores nothing (1,792 tokens): so profile `2026` never stores them, in which
  a larger scratchpad is never slower,
- NPU 3720 stores half of the strips where two heads do not fit (30 of 64, 1,024 tokens),
- NPU 5010 stores strips where one does not: none of 1,024 to 1,408 tokens, of 1,536 to 2,048 none, all or some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from npusim.compiler.chains.chains import GUARDS, Attention, is_softmax
from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import ADDED
from npusim.compiler.sharing.pieces import convolution_of
from npusim.graph import Node, Value
from npusim.ops.counting import CHANNEL_BLOCK, ddr_round_trip, one_tap
from npusim.work import MacOp, MacWork, MoveWork, Work

LEAST_FILLED = 8  # heads; 3 are turned by the DMA
# What crosses DDR in front of the softmax: all where two heads fit; half where two, or one, do not.
TWO_HEADS, BEYOND_TWO, BEYOND_ONE = "two heads", "beyond two heads", "beyond a head"


def turned_scores(
    placed: list[Placed], values: dict[str, Value], tiles: int, tile_bytes: float
) -> list[Placed]:
    """The steps, with the passes that turn guarded scores and turn them back. `values` gets the turned tensors;
    `tile_bytes`: what one scratchpad has for a step in pieces."""
    if not any(s.node.op_type == "IsNaN" for s in placed):
        return placed
    readers: dict[str, list[Placed]] = {}
    maker = {name: step for step in placed for name in step.writes}
    for step in placed:
        for name in step.reads:
            readers.setdefault(name, []).append(step)
    room = tiles * tile_bytes
    turns: dict[str, tuple[Placed, Placed]] = {}  # a tensor -> its pass, and the reader the pass is for
    for step in placed:
        if not is_softmax(step):
            continue
        found = _guard_of(step, readers)
        added = maker.get(step.reads[0])
        if found is None or added is None or not _mask_added(added, values):
            continue
        guard, last = found
        first = next((p for n in added.reads if (p := maker.get(n)) and convolution_of(p)), None)
        if first is None or not _heads_fit(first, last, values[guard.writes[0]], tiles, tile_bytes):
            continue
        scores = added.writes[0]
        if readers[scores] == [step]:
            turns[scores] = _pass(scores, values, room), step
            turns[guard.writes[0]] = _pass(guard.writes[0], values, room, forwards=False), last
    return _with_passes(placed, turns) if turns else placed


def _guard_of(softmax: Placed, readers: Mapping[str, list[Placed]]) -> tuple[Placed, Placed] | None:
    """The step that replaces NaN in a softmax's result, and the batched product that reads what it leaves."""
    found = readers.get(softmax.writes[0], [])
    if {s.node.op_type for s in found} != GUARDS or any(s.engine != "dsp" for s in found):
        return None
    guard = next(s for s in found if s.node.op_type == "Where")
    after = readers.get(guard.writes[0], [])
    if len(after) != 1 or convolution_of(after[0]) is None or after[0].reads[0] != guard.writes[0]:
        return None
    return guard, after[0]


def _mask_added(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether a step is the addition of a mask, on the MAC array, to scores of several rows."""
    work = step.only
    shape = values[step.writes[0]].shape
    return isinstance(work, MacWork) and work.op == MacOp.ELTWISE and len(shape) > 2 and min(shape[-3:]) > 1


def _heads_fit(first: Placed, last: Placed, scores: Value, tiles: int, tile_bytes: float) -> bool:
    """Whether the heads are small, and a row of scores fits beside its keys and values."""
    *_, queries, keys = scores.shape
    one, other = convolution_of(first), convolution_of(last)
    assert one is not None and other is not None
    rows = {"groups": 1, "out_h": queries, "out_w": 1}
    head = Attention(replace(one, **rows), replace(other, **rows))
    return keys == one.out_c and head.small_heads and head.strips(tiles, tile_bytes) is not None


def _pass(name: str, values: dict[str, Value], room: float, forwards: bool = True) -> Placed:
    """The pass from keys side by side to the order of the file (`forwards`), or back. `room`: bytes of all tiles."""
    value, out = values[name], f"{name}/turned"
    values[out] = replace(value, name=out)
    *outer, queries, keys = value.shape
    heads, size = prod(outer), min(value.dtype.npu_bytes, 2.0)
    works: tuple[Work, ...]
    if forwards:
        works = (one_tap(MacOp.PERMUTE_IMAGE, queries, heads, keys, size),)
    elif heads * keys % CHANNEL_BLOCK and heads >= LEAST_FILLED:
        works = _filled_up(queries, keys, heads, size, room)
    elif heads % CHANNEL_BLOCK == 0 or heads * keys % CHANNEL_BLOCK:
        works = (one_tap(MacOp.PERMUTE, queries, keys, heads, size),)
    else:
        one = one_tap(MacOp.MAX_POOL, queries, heads * keys // CHANNEL_BLOCK, CHANNEL_BLOCK, size)
        works = (one, *ddr_round_trip(value.elements * size), one)
    why = "guarded scores are turned to the order of the file by a pass of the MAC array"
    if not forwards:
        why = "guarded scores are turned back for the product that reads them by a pass of the MAC array"
    node = Node(f"{name}/layout", "MemPermute", (name,), (out,))
    sharing = ADDED if forwards else ""
    return Placed(node, "mac_permute", works, "mac_array", why, (name,), (out,), 0.0, 0.0, sharing=sharing)


def _filled_up(queries: int, keys: int, heads: int, size: float, room: float) -> tuple[Work, ...]:
    """Uneven heads of uneven keys turned back: copied in DDR with whole sixteens of keys, of which a convolution takes
    sixteen at once to fill up the heads, most of its weights zeros, then turned (9 heads of 600 x 600: 6.5 MB copied,
    6.6 in, 11.7 out, 11.5 in, 6.5 out on three NPUs; what fits stays in between, 12 of 333 x 333 on 5010)."""
    scores, filled = queries * keys * heads * size, queries * keys * ceil_to(heads, CHANNEL_BLOCK) * size
    columns = ceil_to(keys, CHANNEL_BLOCK) / CHANNEL_BLOCK
    even = CHANNEL_BLOCK * ceil_to(heads, CHANNEL_BLOCK)
    fill = one_tap(MacOp.CONVOLUTION, queries, columns, even, size, terms=CHANNEL_BLOCK * heads)
    fill = replace(fill, weight_groups=CHANNEL_BLOCK)
    turn = one_tap(MacOp.PERMUTE, queries, keys, even / CHANNEL_BLOCK, size)
    if filled <= room:
        return fill, turn
    # A step is cut as its first work is: the copy in front of it stands behind.
    return fill, MoveWork(scores, "ddr", "ddr"), *ddr_round_trip(filled), turn


def _with_passes(placed: list[Placed], turns: Mapping[str, tuple[Placed, Placed]]) -> list[Placed]:
    """Each pass in front of the reader it is for, which reads what the pass writes."""
    found = []
    for step in placed:
        for name in step.reads:
            turn, reader = turns.get(name, (None, None))
            if turn is not None and reader is step:
                found.append(turn)
                reads = tuple(turn.writes[0] if n == name else n for n in step.reads)
                step = step._replace(reads=reads)
        found.append(step)
    return found
