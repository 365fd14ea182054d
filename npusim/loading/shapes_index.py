"""Shape rules of ops that gather, scatter, generate or count elements."""

from __future__ import annotations

from math import ceil

import numpy as np

from npusim.graph import DType
from npusim.loading.rules import Op, Out, axis_in, checked, rule, small
from npusim.loading.tensors import dtype_like, dtype_of, numpy_type


@rule("Gather")
def gather(op: Op) -> list[Out]:
    x, index = op.x(0), op.x(1)
    axis = axis_in(op.attributes.get("axis", 0), len(x.shape))
    out = x.shape[:axis] + index.shape + x.shape[axis + 1 :]
    data = None
    if x.data is not None and index.data is not None and small(out):
        data = np.take(x.data, index.data, axis)
    return [Out(x.dtype, out, data)]


@rule("GatherElements")
def gather_elements(op: Op) -> list[Out]:
    return [Out(op.x(0).dtype, op.x(1).shape)]


@rule("GatherND")
def gather_nd(op: Op) -> list[Out]:
    x, index = op.x(0), op.x(1)
    skip = op.attributes.get("batch_dims", 0) + index.shape[-1]
    if skip > len(x.shape):
        raise ValueError(f"indices of {index.shape[-1]} numbers for a tensor of {len(x.shape)} dimensions")
    return [Out(x.dtype, index.shape[:-1] + x.shape[skip:])]


@rule("ScatterElements", "ScatterND", "Scatter", "TensorScatter")
def scatter(op: Op) -> list[Out]:
    return [Out(op.x().dtype, op.x().shape)]


@rule("ConstantOfShape")
def constant_of_shape(op: Op) -> list[Out]:
    out = checked(op.ints("shape", 0) or ())
    value = op.attributes.get("value")
    value = np.zeros(1, np.float32) if value is None else np.asarray(value)
    return [Out(dtype_like(value.dtype), out, np.full(out, value.reshape(-1)[0]) if small(out) else None)]


@rule("Range")
def range_(op: Op) -> list[Out]:
    start, limit, delta = (op.need(i).reshape(-1)[0] for i in range(3))
    if not delta:
        raise ValueError("its step is 0")
    count = max(0, ceil((limit.item() - start.item()) / delta.item()))
    dtype = op.x().dtype
    data = start + np.arange(count).astype(numpy_type(dtype)) * delta if small((count,)) else None
    return [Out(dtype, (count,), data)]


@rule("OneHot")
def one_hot(op: Op) -> list[Out]:
    index, values = op.x(0), op.x(2)
    depth = int(op.need(1).reshape(-1)[0])
    axis = axis_in(op.attributes.get("axis", -1), len(index.shape) + 1)
    return [Out(values.dtype, checked([*index.shape[:axis], depth, *index.shape[axis:]]))]


@rule("EyeLike")
def eye_like(op: Op) -> list[Out]:
    to = op.attributes.get("dtype")
    return [Out(op.x().dtype if to is None else dtype_of(to), op.x().shape)]


@rule("NonZero")
def non_zero(op: Op) -> list[Out]:
    x = op.x()
    data = op.fetch(x)
    if data is not None:
        found = np.array(np.nonzero(np.atleast_1d(data)), np.int64)
        return [Out(DType.INT64, found.shape, found)]
    return [Out(DType.INT64, (max(len(x.shape), 1), upper_bound(op, x.elements)))]


@rule("Compress")
def compress(op: Op) -> list[Out]:
    x = op.x()
    axis = op.attributes.get("axis")
    flat = (x.elements,) if axis is None else x.shape
    axis = 0 if axis is None else axis_in(axis, len(x.shape))
    chosen = op.fetch(op.x(1))
    count = upper_bound(op, flat[axis]) if chosen is None else int(np.count_nonzero(chosen[: flat[axis]]))
    return [Out(x.dtype, (*flat[:axis], count, *flat[axis + 1 :]))]


@rule("Unique")
def unique(op: Op) -> list[Out]:
    x = op.x()
    axis = op.attributes.get("axis")
    flat = (x.elements,) if axis is None else x.shape
    axis = 0 if axis is None else axis_in(axis, len(x.shape))
    data = op.fetch(x)
    if data is None:
        count = upper_bound(op, flat[axis])
    else:
        count = np.unique(data.reshape(flat), axis=axis).shape[axis]
    index = Out(DType.INT64, (count,))
    return [
        Out(x.dtype, (*flat[:axis], count, *flat[axis + 1 :])),
        index,
        Out(DType.INT64, (flat[axis],)),
        index,
    ]


@rule("NonMaxSuppression")
def non_max_suppression(op: Op) -> list[Out]:
    boxes, scores = op.x(0), op.x(1)
    limit = op.opt(2)
    each = 0 if limit is None else int(op.need(2).reshape(-1)[0])
    most = scores.shape[0] * scores.shape[1] * min(each, boxes.shape[1])
    return [Out(DType.INT64, (upper_bound(op, most) if most else 0, 3))]


def upper_bound(op: Op, most: int) -> int:
    """A count that only the data know: its upper bound if the caller wants bounds, else an error."""
    if op.bounded is None:
        raise op.unknown(
            f"how many elements it finds depends on the data (at most {most}); "
            "load with upper_bound=True to price the most"
        )
    op.bounded(f"node '{op.name}' ({op.kind}) finds at most {most} elements; priced as the most")
    return most


@rule("TopK")
def top_k(op: Op) -> list[Out]:
    x = op.x()
    axis = axis_in(op.attributes.get("axis", -1), len(x.shape))
    k = (op.ints("k", 1) or (0,))[0]
    out = checked([*x.shape[:axis], k, *x.shape[axis + 1 :]])
    return [Out(x.dtype, out), Out(DType.INT64, out)]


REDUCE = ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")


@rule(*(f"Reduce{kind}" for kind in REDUCE))
def reduce(op: Op) -> list[Out]:
    x = op.x()
    rank = len(x.shape)
    given = op.opt(1)
    if op.bounded is not None and given is not None and op.fetch(given) is None:
        axes: tuple[int, ...] | None = tuple(sorted(range(rank), key=lambda i: x.shape[i])[: given.elements])
        op.bounded(
            f"node '{op.name}' ({op.kind}) reduces axes the data choose; priced as the shortest, {axes}"
        )
    else:
        axes = op.ints("axes", 1)
    if not axes and op.attributes.get("noop_with_empty_axes", 0):
        return [Out(x.dtype, x.shape)]
    over = {axis_in(a, rank) for a in axes} if axes else set(range(rank))
    keep = op.attributes.get("keepdims", 1)
    out = tuple(1 if i in over else d for i, d in enumerate(x.shape) if keep or i not in over)
    data = None
    if x.data is not None and op.kind in ("ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin") and x.elements:
        compute = {"ReduceSum": np.sum, "ReduceProd": np.prod, "ReduceMax": np.max, "ReduceMin": np.min}[
            op.kind
        ]
        data = np.asarray(compute(x.data, tuple(over)), x.data.dtype).reshape(out)  # type: ignore[operator]
    return [Out(x.dtype, out, data)]


@rule("ArgMax", "ArgMin")
def arg_max(op: Op) -> list[Out]:
    x = op.x()
    axis = axis_in(op.attributes.get("axis", 0), len(x.shape))
    keep = (1,) if op.attributes.get("keepdims", 1) else ()
    return [Out(DType.INT64, x.shape[:axis] + keep + x.shape[axis + 1 :])]


@rule("Upsample", "Resize")
def resize(op: Op) -> list[Out]:
    from npusim.loading.fallback import infer

    x = op.x()
    if "scales" in op.attributes:
        scales = op.attributes["scales"]
    elif op.opt(3) is not None or op.attributes.get("axes") or op.attributes.get("keep_aspect_ratio_policy"):
        return infer(op)
    else:
        scales = op.need(1 if op.kind == "Upsample" or len(op.inputs) == 2 else 2).reshape(-1).tolist()
    if len(scales) != len(x.shape):
        raise ValueError(f"{len(scales)} scales for {len(x.shape)} dimensions")
    sizes = [scaled(d, s) for d, s in zip(x.shape, scales, strict=True)]
    return [Out(x.dtype, checked(sizes))]


def scaled(size: int, scale: float) -> int:
    """A size times a scale, in float32 as the runtimes multiply: 10 x 0.7 is 7 there, 6.9999999 in float64."""
    product = np.float32(size) * np.float32(scale)
    if not np.isfinite(product) or product < 0:
        raise ValueError(f"a size of {size} cannot be scaled by {scale}")
    return int(product)


@rule("RandomNormal", "RandomUniform")
def random(op: Op) -> list[Out]:
    out = checked(op.attributes["shape"])
    return [Out(dtype_of(op.attributes.get("dtype", 1)), out)]


@rule("RandomNormalLike", "RandomUniformLike", "Bernoulli")
def random_like(op: Op) -> list[Out]:
    to = op.attributes.get("dtype")
    return [Out(op.x().dtype if to is None else dtype_of(to), op.x().shape)]
