"""Scores that constants are added to, of keys that fill no sixteens (NPU 4000 and 5010).

    MatMul -> Add (constant) -> Softmax -> MatMul

There a batch of products is one kernel, which makes whole sixteens of keys (197 as 208). Of one sequence what it makes
keeps its padding through addition and softmax: nothing is copied to sixteens, the constant is stored with it, and what
crosses DDR crosses with it. The addition takes all heads as one line of sixteens, whose rows the tiles share, so scores
and sums cross. The softmax's result does where a tile would have no head left: then that kernel shares the rows of all
heads (6 heads of 145 and of 100 rows on four tiles, two a tile; 6 and 8 heads on three stay).

Of windows (several problems in front of the heads) that share a constant scores are cut to their keys behind the
product and filled up in front of the next one, so that the softmax's result crosses whatever the tiles
(`matmul_slice_out`, `expand_in1` in Intel's schedules of Swin's windows of 49). Windows with constants of their own, as
Swin's shifted ones, are so many more heads of one sequence."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from math import ceil, prod

from npusim.compiler.chains.chains import is_softmax
from npusim.compiler.cutting.split import ceil_to
from npusim.compiler.lowering.neighbours import making_steps, reading_steps
from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import PARTS
from npusim.compiler.sharing.pieces import convolution_of
from npusim.graph import Value
from npusim.ops.counting import CHANNEL_BLOCK, most_even_rectangle
from npusim.work import MacOp, MacWork, Work


def padded_scores(
    placed: list[Placed], values: Mapping[str, Value], sizes: dict[str, float], outputs: Set[str], tiles: int
) -> list[Placed]:
    """The steps with additions of constants to scores that lie with their padding, which `sizes` (bytes) gets, and
    softmaxes whose results cross."""
    softmaxes = [k for k, s in enumerate(placed) if is_softmax(s) and not s.one_dsp]
    if not softmaxes or tiles == 1:
        return placed
    readers = reading_steps(placed)
    maker = making_steps(placed)
    placed = list(placed)
    for k in softmaxes:
        names = _scores(k, placed, readers, maker)
        if not names or not outputs.isdisjoint(names) or len(values[names[-1]].shape) < 3:
            continue
        *outer, heads, queries, keys = values[names[-1]].shape
        uneven = keys % CHANNEL_BLOCK > 0
        windows = prod(outer)
        whole = all(_is_whole(placed[maker[n]], values) for n in names[1:-1])
        if windows > 1 and not whole:
            if uneven:
                placed[k] = placed[k]._replace(sharing=PARTS)
            continue
        heads *= windows
        if uneven and ceil(heads / tiles) * (tiles - 1) >= heads:
            placed[k] = placed[k]._replace(sharing=PARTS)
        wide = ceil_to(keys, CHANNEL_BLOCK)
        for name in names:
            sizes[name] = values[name].npu_bytes * wide / keys
        rows, columns = most_even_rectangle(heads * queries * wide // CHANNEL_BLOCK)
        for name in names[1:-1]:
            step = placed[maker[name]]
            line = _line(step.steps[0], rows, columns)
            placed[maker[name]] = step._replace(
                steps=(line,), padded=(), fixed_bytes=step.fixed_bytes * wide / keys
            )
    return placed


def _scores(
    k: int, placed: list[Placed], readers: Mapping[str, list[int]], maker: Mapping[str, int]
) -> tuple[str, ...]:
    """What the product, the additions of constants and softmax `k` make, where each is read by the next alone and a
    batch of products reads the last; empty elsewhere."""
    names = [placed[k].writes[0]]
    after = readers.get(names[0], [])
    if len(after) != 1 or not _is_batch(placed[after[0]]):
        return ()
    name, reader = placed[k].reads[0], k
    while name in maker and readers[name] == [reader]:
        names.append(name)
        reader = maker[name]
        step = placed[reader]
        if _is_batch(step):
            return tuple(reversed(names)) if len(names) > 2 else ()
        if not _adds_constant(step):
            break
        name = step.reads[0]
    return ()


def _line(work: Work, rows: int, columns: int) -> Work:
    """A pass over so many pixels of sixteen channels."""
    assert isinstance(work, MacWork)
    of = {"out_h": rows, "out_w": columns, "out_c": CHANNEL_BLOCK}
    return replace(work, **of, in_h=rows, in_w=columns, in_c=CHANNEL_BLOCK)


def _is_whole(step: Placed, values: Mapping[str, Value]) -> bool:
    """Whether the constant that is added has an element for each of the result's."""
    constants = [values[n] for n in step.node.inputs if n in values and values[n].constant]
    return any(value.elements == values[step.writes[0]].elements for value in constants)


def _is_batch(step: Placed) -> bool:
    work = convolution_of(step)
    return work is not None and work.groups > 1


def _adds_constant(step: Placed) -> bool:
    work = step.only
    added = isinstance(work, MacWork) and work.op == MacOp.ELTWISE and step.node.op_type == "Add"
    return added and len(step.reads) == 1 and step.fixed_bytes > 0
