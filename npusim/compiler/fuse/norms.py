"""Normalisations written out as several nodes -> RMSNormalization, Softmax; LayerNormalization in `layer_norms`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node

HALF = 0.5


def _square(r: Rewriter, name: str) -> tuple[int, str] | None:
    """Pow(x, 2) or Mul(x, x): its index and x."""
    found = r.maker(name, "Pow", "Mul")
    if found is None:
        return None
    a, b = found[1].inputs[:2]
    if (found[1].op_type == "Pow" and r.scalar(b) == 2.0) or (found[1].op_type == "Mul" and a == b):
        return found[0], a
    return None


def root_mean_square(
    r: Rewriter, name: str, kinds: tuple[str, ...] = ("ReduceMean",)
) -> tuple[list[int], str] | None:
    """Sqrt(ReduceMean(x^2) + eps), or its power of a half: members and x."""
    root = r.maker(name, "Sqrt", "Pow")
    if root and root[1].op_type == "Pow" and r.scalar(root[1].inputs[1]) != HALF:
        return None
    eps = root and r.maker(root[1].inputs[0], "Add")
    mean = None
    if eps:
        mean = next((m for n in eps[1].inputs if (m := r.maker(n, *kinds))), None)
    if not root or not eps or not mean:
        return None
    square = _square(r, mean[1].inputs[0])
    return None if square is None else ([square[0], mean[0], eps[0], root[0]], square[1])


def axes_of(r: Rewriter, node: Node | None) -> list[int]:
    """The axes a reduction names, counted from the first, in order; none where they are not known."""
    if node is None:
        return []
    rank = len(r.value(node.inputs[0]).shape)
    axes = node.attribute("axes")
    if axes is None and len(node.inputs) > 1 and node.inputs[1]:
        axes = r.value(node.inputs[1]).data
    return [] if axes is None else sorted(int(a) % rank for a in np.ravel(axes))


def _last_axis(r: Rewriter, mean: int) -> bool:
    """Whether the mean is over the innermost axis."""
    node = r.nodes[mean]
    assert node is not None
    return axes_of(r, node) == [len(r.value(node.inputs[0]).shape) - 1]


def scale_and_shift(r: Rewriter, node: Node, shift: bool) -> tuple[list[int], Node, list[str]]:
    """Constant Mul, and Add behind it, that only `node` feeds: members, last node, constants. A Cast between float
    types in front of them belongs to them (exporters normalise in float32)."""
    members: list[int] = []
    constants: list[str] = []
    for op_type in ("Mul", "Add") if shift else ("Mul",):
        cast = r.reader(node.outputs[0], "Cast")
        wide = cast is not None and r.value(cast[1].outputs[0]).dtype.is_float
        name = cast[1].outputs[0] if cast and wide else node.outputs[0]
        found = r.reader(name, op_type)
        other = found and next((n for n in found[1].inputs if n != name), None)
        if not found or not other or not r.constant(other):
            break
        members += [found[0], *([cast[0]] if cast and wide else [])]
        constants.append(other)
        node = found[1]
    return members, node, constants


def rms_norm(r: Rewriter) -> None:
    """x / sqrt(mean(x^2) + eps) * scale, with Div, or Reciprocal and Mul -> RMSNormalization; so of a sum, whose length
    is a scale (keys of delta nets and RWKV-7 divided by their length: `Multiply/rms` in Intel's schedules)."""
    for index, node in r.items("Div", "Mul"):
        for name in node.inputs:
            members: list[int] = []
            root_name = name
            if node.op_type == "Mul":
                inverse = r.maker(name, "Reciprocal", "Div")
                if not inverse:
                    continue
                members, root_name = [inverse[0]], inverse[1].inputs[-1]
            elif name != node.inputs[1]:
                continue
            spread = root_mean_square(r, root_name, ("ReduceMean", "ReduceSum"))
            x = next((n for n in node.inputs if n != name), None)
            if (
                not spread
                or x is None
                or not _same_source(r, spread[1], x)
                or not _last_axis(r, spread[0][1])
            ):
                continue
            tail, last, constants = scale_and_shift(r, node, shift=False)
            inner = {index, *members, *spread[0], *tail}
            if all(r.private(n.outputs[0], inner) for i in inner if (n := r.nodes[i]) and n is not last):
                fused = replace(last, op_type="RMSNormalization", domain="", attributes={"axis": -1})
                r.replace(sorted(inner), replace(fused, inputs=(x, *constants)))
            break


def _same_source(r: Rewriter, a: str, b: str) -> bool:
    """Equal tensors, looking through casts between float types (exporters cast around the norm)."""

    def source(name: str) -> str:
        while (cast := r.maker(name, "Cast")) is not None and r.value(name).dtype.is_float:
            name = cast[1].inputs[0]
        return name

    return source(a) == source(b)


def softmax(r: Rewriter) -> None:
    """Exp(x - max) / sum(Exp(x - max)) over the innermost axis -> Softmax."""
    for index, node in r.items("Div"):
        exp = r.maker(node.inputs[0], "Exp")
        total = r.maker(node.inputs[1], "ReduceSum")
        if not exp or not total or total[1].inputs[0] != node.inputs[0] or not _last_axis(r, total[0]):
            continue
        x, members = exp[1].inputs[0], [exp[0], total[0], index]
        shifted = r.maker(x, "Sub")
        peak = shifted and r.maker(shifted[1].inputs[1], "ReduceMax")
        if shifted and peak and peak[1].inputs[0] == shifted[1].inputs[0]:
            x, members = peak[1].inputs[0], [peak[0], shifted[0], *members]
        inner = set(members)
        if all(r.private(n.outputs[0], inner) for i in inner if (n := r.nodes[i]) and n is not node):
            fused = replace(node, op_type="Softmax", domain="", inputs=(x,), attributes={"axis": -1})
            r.replace(members, fused)
