"""Every so many-th pixel of one image, several times over and joined as channels -> one convolution.

The Focus of YOLOv5 before 6.0, YOLOX, YOLOP and DAMO-YOLO, space to depth and the merging of patches written as slices:
[1,C,H,W] in slices of steps (s, t), each from another row and column on, joined to [1,nC,H/s,W/t], is a convolution of
s x t taps with these strides, whose weights pick one pixel and channel each. A slice of rows and one of columns behind
it, as PyTorch exports them, are one slice of both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node, Value
from npusim.ops.convolution import PICKS
from npusim.ops.slicing import MAX_STRIDE

PLANE = (2, 3)  # axes of rows and columns


class Pixels(NamedTuple):
    """Which pixels of `source` a slice takes: its first row and column, its steps, and the nodes that cut it out."""

    source: str
    first: tuple[int, int]
    steps: tuple[int, int]
    nodes: frozenset[int]


def slices_into_convolution(r: Rewriter) -> None:
    """Concats of such slices that nothing else reads become the convolution, named as the first of them."""
    for index, node in r.items("Concat"):
        if len(r.value(node.outputs[0]).shape) != 4 or node.attribute("axis") not in (1, -3):
            continue
        parts = [_pixels(r, name) for name in node.inputs]
        kept = [p for p in parts if p is not None]
        if len(kept) < len(parts) or len({(p.source, p.steps) for p in kept}) > 1 or len(kept) < 2:
            continue
        members = frozenset[int]().union(*(p.nodes for p in kept)) | {index}
        cut = [name for i in members - {index} if (n := r.nodes[i]) is not None for name in n.outputs]
        if not all(r.private(name, set(members)) for name in cut):
            continue
        source, (tall, wide) = r.value(kept[0].source), kept[0].steps
        named = r.nodes[min(members)]
        weight = _weights(r, node.name, source, len(kept), tall, wide)
        shape = {"kernel_shape": (tall, wide), "strides": (tall, wide), "pads": (0,) * 4, PICKS: True}
        assert named is not None
        picked = replace(
            node, name=named.name, op_type="Conv", inputs=(source.name, weight), attributes=shape
        )
        r.replace(sorted(members), picked)


def _weights(r: Rewriter, name: str, source: Value, count: int, tall: int, wide: int) -> str:
    channels = source.shape[1]
    made = f"{name}/pixels"
    r.values[made] = Value(made, (count * channels, channels, tall, wide), source.dtype, True)
    return made


def _pixels(r: Rewriter, name: str) -> Pixels | None:
    """What a Slice, or one of rows and one of columns, takes of an image; None where it is anything else."""
    first, steps, nodes = [0, 0], [1, 1], set[int]()
    while (found := r.maker(name, "Slice")) is not None and len(nodes) < len(PLANE):
        own = _taken(r, found[1])
        if own is None or any(own[a][1] > 1 and steps[i] > 1 for i, a in enumerate(PLANE)):
            break
        for i, axis in enumerate(PLANE):
            if own[axis][1] > 1:
                first[i], steps[i] = own[axis]
        nodes.add(found[0])
        name = found[1].inputs[0]
    if not nodes or not r.value(name).dtype.is_float or r.constant(name):
        return None
    return Pixels(name, (first[0], first[1]), (steps[0], steps[1]), frozenset(nodes))


def _taken(r: Rewriter, node: Node) -> dict[int, tuple[int, int]] | None:
    """By axis of an image where a Slice begins and its step, of one that leaves nothing else out."""
    shape, made = r.value(node.inputs[0]).shape, r.value(node.outputs[0]).shape
    numbers = [[int(v) for v in data] for n in node.inputs[1:] if n and (data := r.value(n).data) is not None]
    if len(shape) != 4 or shape[0] != 1 or len(numbers) < 4:
        return None
    begins, _, axes, steps = numbers
    found = dict.fromkeys(PLANE, (0, 1))
    for axis, begin, step in zip((a % 4 for a in axes), begins, steps, strict=True):
        fits = axis in PLANE and 1 <= step <= MAX_STRIDE and 0 <= begin < step
        if not fits or shape[axis] % step or made[axis] != shape[axis] // step:
            return None
        found[axis] = begin, step
    whole = all(made[a] == n for a, n in enumerate(shape) if a not in PLANE)
    return found if whole else None
