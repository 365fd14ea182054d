"""What sizes say of cuts whose places stand in a .bin that is not there, and of the sign in a rotary embedding."""

from __future__ import annotations

from math import prod
from typing import Any

from npusim.loading.ir.case import Case
from npusim.loading.ir.decided import NONE, around, count, from_file, one_of
from npusim.loading.ir.record import Layer
from npusim.loading.ir.table import Values, decides

CUTS = ("Slice", "StridedSlice", "Split", "VariadicSplit", "Gather")


@decides("Gather")
def gather(c: Case) -> Values:
    data, indices, out, shared = c.dims(), c.dims(1), c.out_port().dims, c.whole("batch_dims", 0)
    shared += len(indices) if shared < 0 else 0
    fits = [a for a in range(shared, len(data)) if data[:a] + indices[shared:] + data[a + 1 :] == out]
    axis = one_of(c, "axis", fits, lambda a: around(data, a))
    cuts = cuts_of(c)
    if from_file(c, 1) and c.layer in cuts and prod(indices) == 1:  # one row of several
        return {1: cuts.index(c.layer) % max(data[axis], 1), 2: [axis]}
    return {2: [axis]}


@decides("Pad")
def pad(c: Case) -> Values:
    more = [b - a for a, b in zip(c.dims(), c.out_port().dims, strict=True)]
    return {1: [n - n // 2 for n in more], 2: [n // 2 for n in more]}


def cuts_of(c: Case) -> list[Layer]:
    """The cuts of this layer's kind of the same tensor, in the order of their names (exporters count), but one that is
    negated is the second half of what rotary embeddings turn."""
    source = c.t.maker(c.layer, c.port())
    cuts = {goal[0]: c.t.layers[goal[0]] for goal in c.t.readers.get(source, [])}

    def place(cut: Layer) -> tuple[Any, ...]:
        reader = c.t.only_reader(cut)
        negated = reader is not None and reader.type in ("Negative", "Multiply") and sign(Case(reader, c.t))
        stem = cut.name.rstrip("0123456789")
        number = cut.name[len(stem) :][:9]
        return negated, stem.rstrip("_"), int(number) if number else -1

    return sorted((cut for cut in cuts.values() if cut.type == c.layer.type), key=place)


def start(c: Case, axis: int, part: int) -> int:
    """Where a cut of `part` begins: a single one of one is the last; several stand side by side."""
    size = c.dims()[axis]
    cuts = cuts_of(c)
    if part == 1 and len(cuts) == 1:
        return size - 1
    parts = [along(cut, axis, len(c.dims())) for cut in cuts]
    if sum(parts) == size:
        return sum(parts[: cuts.index(c.layer)])
    equal = [cut for cut, n in zip(cuts, parts, strict=True) if n == part]
    first = equal.index(c.layer) * part if c.layer in equal else 0
    return first if first + part <= size else max(size - part, 0)


def along(cut: Layer, axis: int, rank: int) -> int:
    """How much of an axis a cut takes; an axis that it drops is one."""
    dims = cut.outputs[0].dims
    return dims[axis] if len(dims) == rank else 1


@decides("Slice")
def slice_(c: Case) -> Values:
    dims, out, length = c.dims(), c.out_port().dims, count(c, 1)
    differ = [k for k, (a, b) in enumerate(zip(dims, out, strict=True)) if a != b]
    rest = [k for k in range(len(dims)) if k not in differ]
    axes = sorted([*differ, *rest][:length]) if c.has(4) else list(range(length))
    starts = [start(c, k, out[k]) if k in differ else 0 for k in axes]
    ends = [s + out[k] for s, k in zip(starts, axes, strict=True)]
    return {1: starts, 2: ends, 3: [1] * len(axes), 4: axes}


@decides("StridedSlice")
def strided_slice(c: Case) -> Values:
    from npusim.loading.ir.ops_index import mask

    length = count(c, 1)
    names = ("begin_mask", "end_mask", "new_axis_mask", "shrink_axis_mask", "ellipsis_mask")
    open_begin, open_end, new, shrink, rest = (mask(c, n, length) for n in names)
    dims, out = c.dims(), c.out_port().dims
    begins, ends, strides = [0] * length, [1] * length, [1] * length
    axis = place = 0
    for k in range(length):
        if rest[k]:
            skip = len(dims) - sum(1 for j in range(length) if not new[j] and not rest[j])
            axis, place = axis + skip, place + skip
        elif new[k]:
            place += 1
        elif shrink[k]:
            begins[k] = start(c, axis, 1)
            ends[k] = begins[k] + 1
            axis += 1
        else:
            size, part = dims[axis], out[place]
            begins[k] = 0 if open_begin[k] else size - part if open_end[k] else start(c, axis, part)
            ends[k] = begins[k] + part
            if open_begin[k] and open_end[k] and part:
                ends[k], strides[k] = size, -(-size // part)
            axis, place = axis + 1, place + 1
    return {1: begins, 2: ends, 3: strides}


def sign(c: Case) -> bool:
    """Whether a Multiply by one number is the change of sign in a rotary embedding: of a cut, in front of a Concat."""
    if c.layer.type == "Negative":
        return True
    reader, sources = c.t.only_reader(c.layer), [c.t.producer(c.layer, k) for k in (0, 1)]
    cuts = [k for k, s in enumerate(sources) if s is not None and s.type in CUTS]
    return reader is not None and reader.type == "Concat" and len(cuts) == 1 and count(c, 1 - cuts[0]) == 1


@decides("Multiply")
def factor(c: Case) -> Values:
    k = next((k for k in (0, 1) if from_file(c, k)), None)
    return {k: [-1.0]} if k is not None and sign(c) else NONE


@decides("SliceScatter")
def written_over(c: Case) -> Values:
    dims, part = c.dims(), c.dims(1)
    axis = next((k for k, (a, b) in enumerate(zip(dims, part, strict=True)) if a != b), 0)
    axes = [axis] if c.has(5) and count(c, 5) == 1 else list(range(len(dims)))
    return {2: [0] * len(axes), 3: [part[k] for k in axes], 4: [1] * len(axes), 5: axes}
