"""Reductions that stand for several ops, as the front end of Intel's compiler writes them out.

Its schedules of ReduceLogSumExp have ReduceMax, Subtract, Exp, ReduceSum, Log and Add, those of ReduceSumSquare a
product and ReduceSum; ReduceMin is the ReduceMax of what is negated by a kernel in front and behind
(`ReduceMin/as_maxpool`, `inv_in`, `inv_out`). The mean over the planes of a batch of images that the graph made is a
global pooling, which takes them image by image (the same schedule of a classifier's head and of squeezed
networks over 2 and 4 images on NPU 3720, whichever of the two they were written with)."""

from __future__ import annotations

from npusim.compiler.fuse.writer import Writer
from npusim.graph import Node

IMAGE_RANK = 4


def _kept(w: Writer, node: Node) -> tuple[int, ...] | None:
    """The shape of the result with its axes kept; None where it is not known."""
    shape, out = w.shape(node.inputs[0]), w.shape(node.outputs[0])
    if len(out) == len(shape):
        return out
    axes = node.attribute("axes")
    if axes is None and len(node.inputs) > 1 and node.inputs[1]:
        data = w.values[node.inputs[1]].data
        axes = None if data is None else [int(a) for a in data.reshape(-1)]
    if not axes:
        return None
    reduced = {a % len(shape) for a in axes}
    return tuple([1 if a in reduced else n for a, n in enumerate(shape)])


def _plain(w: Writer, node: Node) -> bool:
    """Whether the node reduces floats of a known shape."""
    return w.values[node.inputs[0]].dtype.is_float and w.values[node.inputs[0]].elements > 0


def log_sum_exp(w: Writer, node: Node) -> bool:
    """max + log(sum(exp(x - max)))."""
    kept = _kept(w, node)
    if kept is None or not _plain(w, node):
        return False
    x, *axes = node.inputs
    value, over = w.values[x], dict(node.attributes) | {"keepdims": 1}
    most = w.op("max", "ReduceMax", (x, *axes), kept, value.dtype, **over)
    less = w.op("less", "Sub", (x, most), value.shape, value.dtype)
    grown = w.op("exp", "Exp", (less,), value.shape, value.dtype)
    total = w.op("sum", "ReduceSum", (grown, *axes), kept, value.dtype, **over)
    log = w.op("log", "Log", (total,), kept, value.dtype)
    if kept == w.shape(node.outputs[0]):
        w.last("Add", (log, most), node.outputs[0])
    else:
        both = w.op("both", "Add", (log, most), kept, value.dtype)
        w.last("Reshape", (both,), node.outputs[0])
    return True


def sum_square(w: Writer, node: Node) -> bool:
    """The sum of x times x."""
    if not _plain(w, node):
        return False
    x, *axes = node.inputs
    square = w.op("square", "Mul", (x, x), w.shape(x), w.values[x].dtype)
    w.last("ReduceSum", (square, *axes), node.outputs[0], **node.attributes)
    return True


def log_sum(w: Writer, node: Node) -> bool:
    """The logarithm of the sum."""
    if not _plain(w, node):
        return False
    out = w.values[node.outputs[0]]
    total = w.op("sum", "ReduceSum", node.inputs, out.shape, out.dtype, **node.attributes)
    w.last("Log", (total,), node.outputs[0])
    return True


def minimum(w: Writer, node: Node) -> bool:
    """-max(-x)."""
    if not _plain(w, node) or w.shape(node.inputs[0]) == w.shape(node.outputs[0]):
        return False
    x, *axes = node.inputs
    out = w.values[node.outputs[0]]
    negative = w.op("negative", "Neg", (x,), w.shape(x), w.values[x].dtype)
    most = w.op("max", "ReduceMax", (negative, *axes), out.shape, out.dtype, **node.attributes)
    w.last("Neg", (most,), node.outputs[0])
    return True


def mean_of_planes(w: Writer, node: Node) -> bool:
    """The mean over height and width of each of several images."""
    x = node.inputs[0]
    shape, kept = w.shape(x), _kept(w, node)
    if len(shape) != IMAGE_RANK or shape[0] == 1 or kept != (*shape[:2], 1, 1) or min(shape[2:]) == 1:
        return False
    made = next((before for before in w.nodes if x in before.outputs), None)
    if made is None or not _plain(w, node):
        return False
    squares = made.op_type == "Pow" or (made.op_type == "Mul" and len(set(made.inputs)) == 1)
    if squares or any(n.op_type == "Sub" and node.outputs[0] in n.inputs for n in w.graph.nodes):
        return False  # means of a normalisation
    if kept == w.shape(node.outputs[0]):
        w.last("GlobalAveragePool", (x,), node.outputs[0])
    else:
        mean = w.op("mean", "GlobalAveragePool", (x,), kept, w.values[x].dtype)
        w.last("Reshape", (mean,), node.outputs[0])
    return True
