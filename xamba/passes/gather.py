"""Gather: the steps taken one by one from an axis become one Split.

Rule, for Gathers of one constant index each from the same value along the same axis, two at least, which
together take at least half of it::

    Gather(x, t, axis)  =  Squeeze(Split(x)[t])

so an unrolled scan (Mamba-1) reads its steps from one op. The elements are the same, bit for bit. Indices that
are not constant, and an axis of free length, are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.facts import Dim, Facts
from xamba.facts.nodes import attribute, is_onnx, node_label
from xamba.passes.base import Kept, Result, Rewritten, XambaPass
from xamba.passes.text import model_text
from xamba.passes.unread import drop_unread
from xamba.workbench import Workbench

_STEPS = """
i0 = Constant<value = int64 {0}>()
i1 = Constant<value = int64 {1}>()
i2 = Constant<value = int64[1] {-1}>()
a = Gather<axis = 1>(x, i0)
b = Gather<axis = 1>(x, i1)
c = Gather<axis = 1>(x, i2)
product = Mul(a, b)
one = Constant<value = int64[1] {1}>()
row = Unsqueeze(product, one)
y = Add(row, c)
"""


@dataclass(frozen=True)
class GatherSteps(XambaPass):
    """Steps gathered one by one from an axis become one Split."""

    name: ClassVar[str] = "gather"
    order: ClassVar[int] = 34
    examples: ClassVar[tuple[str, ...]] = (
        model_text("float[N,3,4] x", "float[N,1,4] y", _STEPS),
        model_text(
            "float[N,3] x",
            "float[N] y",
            "i0 = Constant<value = int64 {0}>() i2 = Constant<value = int64 {2}>() "
            "a = Gather<axis = -1>(x, i0) b = Gather<axis = -1>(x, i2) y = Sub(a, b)",
        ),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            model_text(
                "float[2,L] x",
                "float[2] y",
                "i0 = Constant<value = int64 {0}>() i1 = Constant<value = int64 {1}>() "
                "a = Gather<axis = 1>(x, i0) b = Gather<axis = 1>(x, i1) y = Add(a, b)",
            ),
            "free length",
        ),
        (
            model_text(
                "float[2,9] x",
                "float[2] y",
                "i0 = Constant<value = int64 {0}>() i1 = Constant<value = int64 {1}>() "
                "a = Gather<axis = 1>(x, i0) b = Gather<axis = 1>(x, i1) y = Add(a, b)",
            ),
            "2 of 9",
        ),
    )

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type == "Gather" and bool(node.inputs[0])

    def reports(self, node: ir.Node) -> bool:
        return False

    def rewrite_model(self, model: ir.Model, bench: Workbench, facts: Facts, result: Result) -> None:
        groups: dict[tuple[ir.Value, int], list[tuple[ir.Node, int]]] = {}
        for node in model.graph:
            x = node.inputs[0] if self.targets(node) else None
            if x is None or facts.is_constant(x) or (x.const_value is not None and not x.is_graph_input()):
                continue
            index, shape = facts.constant(node.inputs[1]), facts.of(x).shape
            dtype = facts.of(x).dtype
            if index is None or index.size != 1 or index.ndim > 1 or shape is None:
                continue
            if dtype is None or not dtype.is_floating_point():
                continue
            axis = attribute(node, "axis", 0) % len(shape)
            groups.setdefault((x, axis), []).append((node, int(np.ravel(index)[0])))
        for (x, axis), gathers in groups.items():
            if len({index for _, index in gathers}) < 2:
                continue
            first = next((node for node, _ in gathers if self.wants(node)), gathers[0][0])
            label = node_label(first)
            try:
                if not self.wants(first):
                    raise Keep(f"its name matches no pattern of only={list(self.only)}")
                by = _split(x, axis, gathers, bench, facts)
            except Keep as keep:
                bench.discard()
                result.kept.append(Kept(self.name, "Gather", label, str(keep)))
            else:
                result.rewritten.append(Rewritten(self.name, "Gather", label, by))


def _split(x: ir.Value, axis: int, gathers: list[tuple[ir.Node, int]], bench: Workbench, facts: Facts) -> str:
    shape, dtype = facts.of(x).shape or (), facts.of(x).dtype
    length = shape[axis]
    if not isinstance(length, int) or dtype is None:
        raise Keep(f"the axis {axis} it takes steps from has a free length")
    taken = sorted({index % length for _, index in gathers})
    if 2 * len(taken) < length:
        raise Keep(f"only {len(taken)} of {length} steps are taken")
    ends = sorted({0, length, *taken, *(t + 1 for t in taken)})
    sizes = [b - a for a, b in pairwise(ends)]
    starts = dict(zip(ends, range(len(sizes)), strict=False))
    pieces = _split_node(x, axis, sizes, facts, bench, gathers[0][0])
    for node, index in gathers:
        piece, old = pieces[starts[index % length]], list(node.inputs)
        rest = facts.constant(node.inputs[1])
        if rest is not None and rest.ndim == 1:
            made = bench.node("Identity", [piece], [*shape[:axis], 1, *shape[axis + 1 :]], dtype)
        else:
            left: list[Dim] = [*shape[:axis], *shape[axis + 1 :]]
            made = bench.squeeze("Squeeze", piece, [axis], left, dtype)
        bench.replace(node, made)
        drop_unread([v for v in old if v is not x])
    return f"Split of {length} along axis {axis}, {len(gathers)} Gathers"


def _split_node(
    x: ir.Value, axis: int, sizes: list[int], facts: Facts, bench: Workbench, before: ir.Node
) -> list[ir.Value]:
    """A Split before a node. Sizes are an attribute before opset 13 and an input from there on."""
    shape, dtype = facts.of(x).shape or (), facts.of(x).dtype
    assert dtype is not None
    attributes: dict[str, object] = {"axis": axis}
    inputs = [x]
    if bench.opset < 13:
        attributes["split"] = sizes
    else:
        inputs.append(bench.ints(sizes, "xamba_sizes"))
    node = ir.node("Split", inputs, attributes, num_outputs=len(sizes), name=bench.fresh("gather_split_node"))  # type: ignore[arg-type]
    for out, size in zip(node.outputs, sizes, strict=True):
        out.name = bench.fresh("gather_split")
        out.shape = ir.Shape([*shape[:axis], size, *shape[axis + 1 :]])
        out.type = ir.TensorType(dtype)
    node.metadata_props["xamba.pass"] = "gather"
    assert before.graph is not None
    before.graph.insert_before(before, node)
    return list(node.outputs)
