"""Operations that choose, gather, scatter, count or sort elements."""

from __future__ import annotations

import numpy as np

from npusim.loading.ir.case import Case
from npusim.loading.ir.ops_layout import whole
from npusim.loading.ir.table import translates

LAST = 2**31 - 1


@translates("Gather")
def gather(c: Case) -> None:
    """Leading axes that indices and data share (`batch_dims`) are those of GatherND."""
    axis = c.ints(2, "axis")[0]
    axis += c.rank() if axis < 0 else 0
    shared = c.whole("batch_dims", 0)
    shared += c.rank(1) if shared < 0 else 0
    if reorders_beams(c):
        c.renamed(c.x())
    elif not shared:
        c.node("Gather", [c.x(), c.x(1)], axis=axis)
    elif axis == shared:
        places = c.step("Unsqueeze", [whole(c, 1), c.constant([-1])])
        c.node("GatherND", [c.x(), places], batch_dims=shared)
    else:
        raise c.wrong(f"axis {axis} behind {shared} shared axes is not read; move the axis in front of it")


def reorders_beams(c: Case) -> bool:
    """A state put in the order of beams: the host's work, left out as Intel's pipeline leaves it out."""
    indices = c.t.producer(c.layer, 1)
    return indices is not None and indices.id in c.t.shared.states.beams


@translates("GatherElements")
def gather_elements(c: Case) -> None:
    c.node("GatherElements", [c.x(), c.x(1)], axis=c.whole("axis"))


@translates("GatherND")
def gather_nd(c: Case) -> None:
    c.node("GatherND", [c.x(), whole(c, 1)], batch_dims=c.whole("batch_dims", 0))


@translates("Slice")
def slice_(c: Case) -> None:
    """Data, start, stop, step, axes; ONNX has the steps last."""
    start, stop, step = (whole(c, k) for k in (1, 2, 3))
    axes = whole(c, 4) if c.has(4) else ""
    c.node("Slice", [c.x(), start, stop, axes, step])


def mask(c: Case, name: str, length: int) -> list[int]:
    found = c.sizes(name)
    return [*found, *[0] * length][:length]


@translates("StridedSlice")
def strided_slice(c: Case) -> None:
    """TensorFlow's slice: begin, end and stride by axis, with masks of ones for what is left open, dropped or new."""
    length = c.dims(1)[0] if c.rank(1) else 0
    names = ("begin_mask", "end_mask", "new_axis_mask", "shrink_axis_mask", "ellipsis_mask")
    open_begin, open_end, new, shrink, rest = (mask(c, n, length) for n in names)
    begin, end = c.value(1), c.value(2)
    stride = c.need(3, "strides").reshape(-1) if c.has(3) else np.ones(length, np.int64)
    axes, made, dropped = [], [], []
    starts: list[str] = []
    ends: list[str] = []
    axis = position = 0
    for i in range(length):
        if rest[i]:
            skip = c.rank() - sum(1 for j in range(length) if not new[j] and not rest[j])
            axis, position = axis + skip, position + skip
            continue
        if new[i]:
            made.append(position)
            position += 1
            continue
        one = bool(shrink[i])
        starts.append(bound(c, 1, i, begin, 0 if stride[i] > 0 else LAST, bool(open_begin[i]) and not one))
        if one:
            ends.append(behind(c, i, begin))
            dropped.append(axis)
        else:
            ends.append(bound(c, 2, i, end, LAST if stride[i] > 0 else -LAST - 1, bool(open_end[i])))
            position += 1
        axes.append(axis)
        axis += 1
    source = c.x()
    if axes:
        steps = [int(s) for i, s in enumerate(stride) if not new[i] and not rest[i]]
        inputs = [joined(c, starts), joined(c, ends), c.constant(axes), c.constant(steps)]
        source = c.step("Slice", [source, *inputs])
    if dropped:
        source = c.step("Squeeze", [source, c.constant(dropped)])
    if made:
        source = c.step("Unsqueeze", [source, c.constant(made)])
    c.renamed(source)


def bound(c: Case, index: int, i: int, known: np.ndarray | None, default: int, left_open: bool) -> str:
    """One begin or end, as a list of one."""
    if left_open:
        return c.constant([default])
    if known is not None:
        return c.constant([int(known.reshape(-1)[i])])
    return c.step("Gather", [whole(c, index), c.constant([i])], axis=0)


def behind(c: Case, i: int, begin: np.ndarray | None) -> str:
    """The end of a slice of one."""
    if begin is not None:
        first = int(begin.reshape(-1)[i])
        return c.constant([LAST if first == -1 else first + 1])
    at = c.step("Gather", [whole(c, 1), c.constant([i])], axis=0)
    return c.step("Add", [at, c.constant([1])])


def joined(c: Case, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else c.step("Concat", parts, axis=0)


@translates("ScatterElementsUpdate")
def scatter_elements(c: Case) -> None:
    how = {"none": None, "sum": "add", "mean": "add", "prod": "mul"}
    reduction = c.text("reduction", "none")
    axis = c.ints(3, "axis")[0]
    c.node("ScatterElements", [c.x(), c.x(1), c.x(2)], axis=axis, reduction=how.get(reduction, reduction))


@translates("ScatterNDUpdate")
def scatter_nd(c: Case) -> None:
    how = {"none": None, "sum": "add", "sub": "add", "prod": "mul"}
    reduction = c.text("reduction", "none")
    c.node("ScatterND", [c.x(), whole(c, 1), c.x(2)], reduction=how.get(reduction, reduction))


@translates("ScatterUpdate")
def scatter_update(c: Case) -> None:
    """Whole slices along one axis: of the first axis ScatterND has it, of others every element has its place."""
    axis = c.ints(3, "axis")[0] % max(c.rank(), 1)
    if axis == 0:
        places = c.step("Unsqueeze", [whole(c, 1), c.constant([-1])])
        c.node("ScatterND", [c.x(), places, c.x(2)])
        return
    if c.rank(1) > 1:
        raise c.wrong(f"indices of {c.rank(1)} axes along axis {axis} are not read")
    shape = [1] * c.rank()
    shape[axis] = -1
    places = c.step("Reshape", [whole(c, 1), c.constant(shape)])
    updates = c.x(2) if c.rank(2) == c.rank() else c.step("Unsqueeze", [c.x(2), c.constant([axis])])
    places = c.step("Expand", [places, c.step("Shape", [updates])])
    c.node("ScatterElements", [c.x(), places, updates], axis=axis)


@translates("SliceScatter")
def slice_scatter(c: Case) -> None:
    """A slice is written over: what is in front, the new rows, what is behind, of one axis and steps of one."""
    begin, end, step = (c.ints(k, what) for k, what in ((2, "begins"), (3, "ends"), (4, "steps")))
    axes = c.ints(5, "axes") if c.has(5) else list(range(len(begin)))
    if len(axes) != 1 or step != [1]:
        raise c.wrong("more than one axis, or steps other than 1, are not read")
    axis, size = axes[0] % c.rank(), c.static()[axes[0]]
    low, high = (min(max(n + size if n < 0 else n, 0), size) for n in (begin[0], end[0]))
    cuts = [(0, low), (high, size)]
    old = [
        c.step("Slice", [c.x(), c.constant([a]), c.constant([b]), c.constant([axis])]) if b > a else ""
        for a, b in cuts
    ]
    c.node("Concat", [part for part in (old[0], c.x(1), old[1]) if part], axis=axis)


@translates("TopK")
def top_k(c: Case) -> None:
    count = c.step("Reshape", [whole(c, 1), c.constant([1])])
    places = c.t.fresh(f"{c.layer.name}/places")
    second = len(c.layer.outputs) > 1
    wanted = c.out_type(1) if second else "i64"
    direct = second and wanted == "i64"
    c.node(
        "TopK",
        [c.x(), count],
        [c.out(), c.out(1) if direct else places],
        axis=c.whole("axis"),
        largest=c.text("mode", "max") == "max",
        sorted=c.text("sort", "value") != "none",
    )
    if second and not direct:
        c.as_type(places, "i64", 1)


@translates("OneHot")
def one_hot(c: Case) -> None:
    """Indices, depth, value where it is, value elsewhere; ONNX has the two values as one tensor."""
    values = c.step("Concat", [c.step("Reshape", [c.x(k), c.constant([1])]) for k in (3, 2)], axis=0)
    depth = c.step("Reshape", [c.x(1), c.constant([1])])
    c.node("OneHot", [c.x(), depth, values], axis=c.whole("axis", -1))


@translates("NonZero")
def non_zero(c: Case) -> None:
    c.as_type(c.step("NonZero", [c.x()]), "i64")


@translates("CumSum")
def cum_sum(c: Case) -> None:
    axis = c.x(1) if c.has(1) else c.constant(0)
    c.node("CumSum", [c.x(), axis], exclusive=c.flag("exclusive"), reverse=c.flag("reverse"))


@translates("Unique")
def unique(c: Case) -> None:
    """The four outputs are ONNX's; positions and counts are cast where the file wants 32 bits."""
    axis = c.ints(1, "axis")[0] if c.has(1) else None
    names = [c.out(), *(c.t.fresh(f"{c.layer.name}/{k}") for k in ("first", "inverse", "counts"))]
    c.node("Unique", [c.x()], names, axis=axis, sorted=c.flag("sorted", True))
    for index in range(1, len(c.layer.outputs)):
        c.as_type(names[index], "i64", index)


@translates("EmbeddingBagPackedSum", "EmbeddingBagPacked")
def embedding_bag(c: Case) -> None:
    """Rows of a table [entries, width] by indices [batch, count], weighted, added up (or their mean)."""
    rows = c.step("Gather", [c.x(), c.x(1)], axis=0)
    if c.has(2):
        rows = c.step("Mul", [rows, c.step("Unsqueeze", [c.x(2), c.constant([-1])])])
    mean = c.text("reduction", "sum").lower() == "mean"
    c.node("ReduceMean" if mean else "ReduceSum", [rows, c.constant([1])], keepdims=0)


@translates("RandomUniform")
def random_uniform(c: Case) -> None:
    c.node("RandomUniform", [], shape=c.ints(0, "sizes"))


@translates("Multinomial")
def multinomial(c: Case) -> None:
    count = c.ints(1, "number of samples")[0]
    c.node("Multinomial", [c.x()], sample_size=count, dtype=6 if c.out_type() == "i32" else 7)


@translates("NonMaxSuppression")
def non_max_suppression(c: Case) -> None:
    """Boxes, scores and limits as in ONNX; the scores of what is selected are gathered."""
    limits = []
    for index in range(2, 5):
        if c.has(index):
            limit = whole(c, index) if index == 2 else c.cast(c.x(index), "f32")
            limits.append(c.step("Reshape", [limit, c.constant([1])]))
    chosen = c.t.fresh(f"{c.layer.name}/chosen")
    center = c.text("box_encoding", "corner") == "center"
    c.node("NonMaxSuppression", [c.x(), c.x(1), *limits], [chosen], center_point_box=center)
    c.as_type(chosen, "i64")
    if c.used(1):
        scores = c.step("Unsqueeze", [c.step("GatherND", [c.x(1), chosen]), c.constant([-1])])
        ids = c.cast(c.step("Slice", [chosen, c.constant([0]), c.constant([2]), c.constant([1])]), c.type(1))
        c.as_type(c.step("Concat", [ids, scores], axis=1), c.type(1), 1)
    if c.used(2):
        count = c.step("Slice", [c.step("Shape", [chosen]), c.constant([0]), c.constant([1])])
        c.as_type(count, "i64", 2)
