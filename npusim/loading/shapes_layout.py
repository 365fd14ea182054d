"""Shape rules of ops that move or rename elements: Reshape, Transpose, Concat, Slice, Pad and their kin."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from npusim.graph import DType
from npusim.loading.rules import Op, Out, axis_in, broadcast, checked, rule, small


@rule("Shape")
def shape(op: Op) -> list[Out]:
    dims = op.x().shape[slice(op.attributes.get("start", 0), op.attributes.get("end"))]
    return [Out(DType.INT64, (len(dims),), np.array(dims, np.int64))]


@rule("Size")
def size(op: Op) -> list[Out]:
    return [Out(DType.INT64, (), np.array(op.x().elements, np.int64))]


@rule("Reshape")
def reshape(op: Op) -> list[Out]:
    x = op.x()
    wanted = op.ints("shape", 1)
    if wanted is None:
        raise ValueError("input 1, the shape, is missing")
    copy_zero = not op.attributes.get("allowzero", 0)
    dims = [x.shape[i] if d == 0 and copy_zero else d for i, d in enumerate(wanted)]
    if dims.count(-1) == 1:
        rest = prod(d for d in dims if d != -1)
        if rest == 0 or x.elements % rest:
            raise ValueError(f"{x.elements} elements {x.shape} do not fit into shape {wanted}")
        dims[dims.index(-1)] = x.elements // rest
    out = checked(dims)
    if prod(out) != x.elements:
        raise ValueError(f"{x.elements} elements {x.shape} do not fit into shape {wanted}")
    return [Out(x.dtype, out, None if x.data is None else x.data.reshape(out))]


@rule("Flatten")
def flatten(op: Op) -> list[Out]:
    x, axis = op.x(), op.attributes.get("axis", 1)
    axis = axis + len(x.shape) if axis < 0 else axis
    out = (prod(x.shape[:axis]), prod(x.shape[axis:]))
    return [Out(x.dtype, out, None if x.data is None else x.data.reshape(out))]


@rule("Squeeze")
def squeeze(op: Op) -> list[Out]:
    x, axes = op.x(), op.ints("axes", 1)
    rank = len(x.shape)
    drop = {i for i, d in enumerate(x.shape) if d == 1} if axes is None else {axis_in(a, rank) for a in axes}
    for axis in drop:
        if x.shape[axis] != 1:
            raise ValueError(f"axis {axis} of shape {x.shape} cannot be squeezed, it is not 1")
    out = tuple(d for i, d in enumerate(x.shape) if i not in drop)
    return [Out(x.dtype, out, None if x.data is None else x.data.reshape(out))]


@rule("Unsqueeze")
def unsqueeze(op: Op) -> list[Out]:
    x, axes = op.x(), op.ints("axes", 1)
    if axes is None:
        raise ValueError("input 1, the axes, is missing")
    rank = len(x.shape) + len(axes)
    new = {axis_in(a, rank) for a in axes}
    if len(new) != len(axes):
        raise ValueError(f"the axes {axes} name one dimension twice")
    old = iter(x.shape)
    out = tuple(1 if i in new else next(old) for i in range(rank))
    return [Out(x.dtype, out, None if x.data is None else x.data.reshape(out))]


@rule("Transpose")
def transpose(op: Op) -> list[Out]:
    x = op.x()
    rank = len(x.shape)
    perm = op.attributes.get("perm") or tuple(reversed(range(rank)))
    perm = tuple(axis_in(p, rank) for p in perm)
    if sorted(perm) != list(range(rank)):
        raise ValueError(f"perm {perm} is no permutation of {rank} dimensions")
    return [
        Out(x.dtype, tuple(x.shape[p] for p in perm), None if x.data is None else np.transpose(x.data, perm))
    ]


@rule("Expand")
def expand(op: Op) -> list[Out]:
    x = op.x()
    out = checked(broadcast(x.shape, op.ints("shape", 1) or ()))
    return [Out(x.dtype, out, np.broadcast_to(x.data, out) if x.data is not None and small(out) else None)]


@rule("Tile")
def tile(op: Op) -> list[Out]:
    x = op.x()
    repeats = op.ints("repeats", 1) or ()
    if len(repeats) != len(x.shape):
        raise ValueError(f"{len(repeats)} repeats for {len(x.shape)} dimensions")
    out = checked([d * r for d, r in zip(x.shape, repeats, strict=True)])
    return [Out(x.dtype, out, np.tile(x.data, repeats) if x.data is not None and small(out) else None)]


@rule("Concat")
def concat(op: Op) -> list[Out]:
    parts = [op.x(i) for i in range(len(op.inputs) or 1)]
    first = parts[0]
    axis = axis_in(op.attributes["axis"], len(first.shape))
    for part in parts[1:]:
        if part.shape[:axis] + part.shape[axis + 1 :] != first.shape[:axis] + first.shape[axis + 1 :] or len(
            part.shape
        ) != len(first.shape):
            raise ValueError(f"shapes {first.shape} and {part.shape} do not join along axis {axis}")
        if part.dtype is not first.dtype:
            raise ValueError(f"its inputs have two types, {first.dtype.label} and {part.dtype.label}")
    total = sum(p.shape[axis] for p in parts)
    out = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    data = None
    if small(out) and all(p.data is not None for p in parts):
        data = np.concatenate([p.data for p in parts], axis)
    return [Out(first.dtype, out, data)]


@rule("Split")
def split(op: Op) -> list[Out]:
    x = op.x()
    axis = axis_in(op.attributes.get("axis", 0), len(x.shape))
    total, sizes = x.shape[axis], op.ints("split", 1)
    if sizes is None:
        chunk = -(-total // op.count)  # the last one may be smaller (opset 18)
        sizes = tuple(max(0, min(chunk, total - chunk * i)) for i in range(op.count))
    if op.bounded is not None and sum(sizes) < total and min(sizes) >= 0:
        # The exporter saw fewer elements than the bound: the parts it saw are the better number.
        op.bounded(f"node '{op.name}' (Split) takes {sum(sizes)} of at most {total} elements")
    elif sum(sizes) != total or min(sizes) < 0:
        raise ValueError(f"the parts {sizes} do not add up to the {total} of axis {axis}")
    outs, start = [], 0
    for part in sizes:
        out = (*x.shape[:axis], part, *x.shape[axis + 1 :])
        index = (slice(None),) * axis + (slice(start, start + part),)
        outs.append(Out(x.dtype, out, None if x.data is None else x.data[index]))
        start += part
    return outs


@rule("Slice")
def slice_(op: Op) -> list[Out]:
    x = op.x()
    rank = len(x.shape)
    if op.bounded is not None and any(v is not None and op.fetch(v) is None for v in op.inputs[1:]):
        op.bounded(f"node '{op.name}' (Slice) starts or ends where the data say; priced as the whole tensor")
        return [Out(x.dtype, x.shape)]
    starts, ends = op.ints("starts", 1) or (), op.ints("ends", 2) or ()
    axes = op.ints("axes", 3) or tuple(range(len(starts)))
    steps = op.ints("steps", 4) or (1,) * len(starts)
    out, data = list(x.shape), x.data
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = axis_in(axis, rank)
        places = cut(x.shape[axis], start, end, step)
        out[axis] = len(places)
        data = (
            None if data is None else np.take(data, np.arange(places.start, places.stop, places.step), axis)
        )
    return [Out(x.dtype, tuple(out), data)]


def cut(length: int, start: int, end: int, step: int) -> range:
    """The places a slice takes, with ONNX's clamping. NumPy's differs: a backward slice that starts before
    the front takes nothing there, and the first element here."""
    if step == 0:
        raise ValueError("its step is 0")
    start, end = start + length * (start < 0), end + length * (end < 0)
    low, high = (0, length) if step > 0 else (-1, length - 1)
    return range(min(max(start, 0), high), min(max(end, low), high), step)


@rule("Pad")
def pad(op: Op) -> list[Out]:
    x = op.x()
    rank = len(x.shape)
    pads = op.ints("pads", 1) or ()
    axes = range(rank) if op.opt(3) is None else [axis_in(a, rank) for a in op.ints("axes", 3) or ()]
    if len(pads) != 2 * len(axes):
        raise ValueError(f"{len(pads)} pads for {len(axes)} dimensions, two each are needed")
    before, after = [0] * rank, [0] * rank
    for i, axis in enumerate(axes):
        before[axis], after[axis] = pads[i], pads[i + len(axes)]
    out = checked([b + d + a for b, d, a in zip(before, x.shape, after, strict=True)])
    data = None
    fill = op.opt(2)
    if (
        x.data is not None
        and small(out)
        and min(pads, default=0) >= 0
        and (fill is None or fill.data is not None)
    ):
        mode = op.attributes.get("mode", "constant")
        widths = list(zip(before, after, strict=True))
        if mode == "constant":
            value: Any = 0 if fill is None else np.asarray(fill.data).reshape(-1)[0]
            data = np.pad(x.data, widths, constant_values=op.attributes.get("value", value))
        elif mode in ("edge", "reflect", "wrap"):
            data = np.pad(x.data, widths, mode=mode)
    return [Out(x.dtype, out, data)]


@rule("DepthToSpace")
def depth_to_space(op: Op) -> list[Out]:
    x, block = op.x(), op.attributes["blocksize"]
    n, c, h, w = x.shape
    return [Out(x.dtype, (n, c // (block * block), h * block, w * block))]


@rule("SpaceToDepth")
def space_to_depth(op: Op) -> list[Out]:
    x, block = op.x(), op.attributes["blocksize"]
    n, c, h, w = x.shape
    return [Out(x.dtype, (n, c * block * block, h // block, w // block))]
