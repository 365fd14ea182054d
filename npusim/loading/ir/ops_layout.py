"""Operations that change shapes, order or place, and that make shapes."""

from __future__ import annotations

import numpy as np

from npusim.loading.ir.case import Case
from npusim.loading.ir.table import translates


@translates("Reshape")
def reshape(c: Case) -> None:
    c.node("Reshape", [c.x(), whole(c, 1)], allowzero=not c.flag("special_zero", True))


def whole(c: Case, index: int) -> str:
    """A tensor of sizes or places, as ONNX has them: of 64 bits."""
    return c.x(index) if c.type(index) == "i64" else c.cast(c.x(index), "i64")


@translates("Transpose")
def transpose(c: Case) -> None:
    order = c.ints(1, "order of axes")
    c.node("Transpose", [c.x()], perm=order or list(reversed(range(c.rank()))))


@translates("Squeeze", "Unsqueeze")
def squeeze(c: Case) -> None:
    c.node(c.layer.type, [c.x(), *([whole_list(c, 1)] if c.has(1) else [])])


def whole_list(c: Case, index: int) -> str:
    """Axes as a list, also where the file gives one number."""
    found = whole(c, index)
    return found if c.rank(index) == 1 else c.step("Reshape", [found, c.constant([-1])])


@translates("Concat")
def concat(c: Case) -> None:
    c.node("Concat", c.xs(), axis=c.whole("axis"))


@translates("Split")
def split(c: Case) -> None:
    axis = c.ints(1, "axis")[0]
    c.node("Split", [c.x()], c.outs(), axis=axis, num_outputs=c.whole("num_splits", len(c.layer.outputs)))


@translates("VariadicSplit")
def variadic_split(c: Case) -> None:
    """A length of -1 is what the others leave."""
    axis = c.ints(1, "axis")[0]
    lengths = c.value(2)
    given = whole(c, 2)
    if lengths is not None and np.any(lengths < 0):
        total = c.dims()[axis]
        if total < 0:
            sizes = [p.dims[axis] if p.dims else -1 for p in c.layer.outputs]
            total = sum(sizes) if -1 not in sizes else -1
        if total < 0:
            rest = c.step("Gather", [c.step("Shape", [c.x()]), c.constant([axis % c.rank()])], axis=0)
            known = int(lengths[lengths >= 0].sum())
            rest = c.step("Sub", [rest, c.constant([known])])
            parts = [rest if n < 0 else c.constant([int(n)]) for n in lengths.reshape(-1)]
            given = c.step("Concat", parts, axis=0)
        else:
            left = total - int(lengths[lengths >= 0].sum())
            given = c.constant([left if n < 0 else int(n) for n in lengths.reshape(-1)])
    c.node("Split", [c.x(), given], c.outs(), axis=axis)


@translates("Broadcast")
def broadcast(c: Case) -> None:
    """Explicit mapping of axes shapes the input first; the other modes are NumPy's."""
    source = c.x()
    if c.text("mode", "numpy").lower() == "explicit" and c.has(2):
        mapping = c.ints(2, "axes")
        length = c.dims(1)[0] if c.rank(1) == 1 else c.rank()
        if length > len(mapping):
            sizes = c.dims()
            if sizes.count(-1) > 1:
                raise c.wrong("its input has several free sizes, which a mapping of axes is not read with")
            target = [1] * length
            for axis, size in zip(mapping, sizes, strict=True):
                target[axis] = size
            source = c.step("Reshape", [source, c.constant(target)])
    c.node("Expand", [source, whole(c, 1)])


@translates("Tile")
def tile(c: Case) -> None:
    c.node("Tile", [c.x(), whole(c, 1)])


@translates("ShapeOf")
def shape_of(c: Case) -> None:
    """A mistake of the file's own types is cast away: ONNX's shapes have 64 bits."""
    c.as_type(c.step("Shape", [c.x()]), "i64")


@translates("Range")
def range_(c: Case) -> None:
    """Start, stop, step, each a scalar of the output's type."""
    dtype = c.out_type()
    ends = [c.x(k) if c.type(k) == dtype else c.cast(c.x(k), dtype) for k in range(3)]
    ends = [e if not c.rank(k) else c.step("Squeeze", [e]) for k, e in enumerate(ends)]
    c.node("Range", ends)


@translates("Pad")
def pad(c: Case) -> None:
    mode = c.text("pad_mode", "constant").lower()
    pads = c.step("Concat", [whole(c, 1), whole(c, 2)], axis=0)
    value = [c.x(3)] if c.has(3) and mode == "constant" else []
    c.node("Pad", [c.x(), pads, *value], mode="reflect" if mode == "symmetric" else mode)


@translates("DepthToSpace")
def depth_to_space(c: Case) -> None:
    mode = "DCR" if c.text("mode") == "blocks_first" else "CRD"
    c.node("DepthToSpace", [c.x()], blocksize=c.whole("block_size", 1), mode=mode)


@translates("SpaceToDepth")
def space_to_depth(c: Case) -> None:
    c.node("SpaceToDepth", [c.x()], blocksize=c.whole("block_size", 1))


@translates("ReorgYolo")
def reorg_yolo(c: Case) -> None:
    """The channels come in another order than in SpaceToDepth; the bytes that move are the same."""
    c.node("SpaceToDepth", [c.x()], blocksize=(c.sizes("stride") or [1])[0])


@translates("ShuffleChannels")
def shuffle_channels(c: Case) -> None:
    dims, axis = c.static(), c.whole("axis", 1) % max(c.rank(), 1)
    groups = c.whole("group", 1)
    apart = [*dims[:axis], groups, dims[axis] // groups, *dims[axis + 1 :]]
    order = list(range(len(apart)))
    order[axis], order[axis + 1] = axis + 1, axis
    turned = c.step("Transpose", [c.step("Reshape", [c.x(), c.constant(apart)])], perm=order)
    c.node("Reshape", [turned, c.constant(list(dims))])


@translates("Roll")
def roll(c: Case) -> None:
    """Cut and put together the other way round, one axis after another."""
    shifts, axes = c.ints(1, "shifts"), c.ints(2, "axes")
    dims, source = c.static(), c.x()
    if len(shifts) == 1:
        shifts = shifts * len(axes)
    for shift, axis in zip(shifts, axes, strict=True):
        size = dims[axis]
        at = (-shift) % size if size else 0
        if not at:
            continue
        parts = [
            c.step("Slice", [source, c.constant([a]), c.constant([b]), c.constant([axis])])
            for a, b in ((at, size), (0, at))
        ]
        source = c.step("Concat", parts, axis=axis)
    c.renamed(source)


@translates("SpaceToBatch", "BatchToSpace")
def blocks(c: Case) -> None:
    """Blocks of a space moved into the batch, or back: padding, a change of shape, an order of axes."""
    block, before, behind = (c.ints(k, what) for k, what in ((1, "block sizes"), (2, "begins"), (3, "ends")))
    dims = list(c.static())
    rank = len(dims)
    if c.layer.type == "SpaceToBatch":
        padded = [d + a + b for d, a, b in zip(dims, before, behind, strict=True)]
        source = c.step("Pad", [c.x(), c.constant([*before, *behind])]) if padded != dims else c.x()
        apart = [padded[0]]
        for size, n in zip(padded[1:], block[1:], strict=True):
            apart += [size // n, n]
        order = [*range(2, 2 * rank - 1, 2), 0, *range(1, 2 * rank - 1, 2)]
        turned = c.step("Transpose", [c.step("Reshape", [source, c.constant(apart)])], perm=order)
        batch = padded[0] * int(np.prod(block))
        c.node(
            "Reshape",
            [turned, c.constant([batch, *[s // n for s, n in zip(padded[1:], block[1:], strict=True)]])],
        )
        return
    batch = dims[0] // int(np.prod(block))
    apart = [*block[1:], batch, *dims[1:]]
    order = [rank - 1]
    for k in range(1, rank):
        order += [rank - 1 + k, k - 1]
    whole_sizes = [batch, *[d * n for d, n in zip(dims[1:], block[1:], strict=True)]]
    turned = c.step("Transpose", [c.step("Reshape", [c.x(), c.constant(apart)])], perm=order)
    ends = [s - e for s, e in zip(whole_sizes, behind, strict=True)]
    joined = c.step("Reshape", [turned, c.constant(whole_sizes)])
    if any(before) or any(behind):
        c.node("Slice", [joined, c.constant(before), c.constant(ends)])
    else:
        c.renamed(joined)


@translates("ReverseSequence")
def reverse_sequence(c: Case) -> None:
    lengths = whole(c, 1)
    c.node(
        "ReverseSequence",
        [c.x(), lengths],
        batch_axis=c.whole("batch_axis", 0),
        time_axis=c.whole("seq_axis", 1),
    )


@translates("Eye")
def eye(c: Case) -> None:
    """Rows, columns, diagonal: a constant where its sizes are."""
    sizes = [c.ints(k, "sizes")[0] for k in (0, 1)]
    diagonal = c.ints(2, "diagonal")[0]
    kind = c.out_type()
    batch = c.ints(3, "sizes") if c.has(3) else []
    plain = c.step("EyeLike", [c.constant(np.zeros(sizes), "f32")], k=diagonal)
    if batch:
        plain = c.step("Expand", [plain, c.constant([*batch, *sizes])])
    c.as_type(plain if kind == "f32" else c.cast(plain, kind), kind)
