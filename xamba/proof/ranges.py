"""Which whole numbers an input may hold: read off the ops that use it."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from npusim_xamba.indices import passes_index
from xamba.facts.facts import Facts
from xamba.facts.nodes import attribute, is_onnx

#: Operands (by op and place) that decide a size: no large number may reach them.
SIZE_PLACES = {
    "Reshape": (1,),
    "Expand": (1,),
    "Tile": (1, 2),
    "Range": (0, 1, 2),
    "ConstantOfShape": (0,),
    "Slice": (1, 2, 3, 4),
    "Pad": (1,),
    "TopK": (1,),
    "Loop": (0,),
    "OneHot": (1,),
    "Resize": (2, 3),
    "Upsample": (1,),
    "Split": (1,),
    "EyeLike": (),
}
#: Embedding layers of onnxruntime: place of an index, place of its table.
EMBED_TABLES = {0: 2, 1: 4}


def index_bound(value: ir.Value, facts: Facts) -> int | None:
    """One more than the largest whole number that means something in this input; None if any does.

    Rows of the smallest table it looks up (Gather, an embedding), the depth of a OneHot, the largest
    constant it is compared with.
    """
    if value.dtype is None or not value.dtype.is_integer():
        return None
    bounds: list[int] = []
    queue, seen = [value], {value}
    while queue:
        at = queue.pop()
        for node, place in at.uses():
            bound = _bound(node, place, facts)
            if bound is not None:
                bounds.append(bound)
            elif is_onnx(node) and passes_index(node.op_type, place):
                queue += [out for out in node.outputs if out not in seen]
                seen.update(node.outputs)
    return min(bounds, default=None)


def _bound(node: ir.Node, place: int, facts: Facts) -> int | None:
    op = node.op_type
    if is_onnx(node) and op in ("Gather", "GatherElements") and place == 1:
        return _rows(node.inputs[0], attribute(node, "axis", 0), facts)
    if op == "EmbedLayerNormalization" and place in EMBED_TABLES:
        return _rows(node.inputs[EMBED_TABLES[place]], 0, facts)
    if is_onnx(node) and op == "OneHot" and place == 0:
        depth = facts.constant(node.inputs[1])
        return None if depth is None else int(depth.ravel()[0])
    if is_onnx(node) and op == "Equal":
        other = facts.constant(node.inputs[1 - place])
        # one constant to compare with is a marker (padding), many are the classes of a one-hot
        return int(other.max()) + 1 if other is not None and other.size > 1 and other.max() > 0 else None
    return None


def _rows(table: ir.Value | None, axis: int, facts: Facts) -> int | None:
    shape = facts.of(table).shape if table is not None else None
    rows = shape[axis] if shape else None
    return rows if isinstance(rows, int) and rows > 0 else None


def decides_a_size(value: ir.Value) -> bool:
    """Whether what the input holds (not how long it is) may decide a shape or a number of trips."""
    queue, seen = [value], {value}
    while queue:
        at = queue.pop()
        for node, place in at.uses():
            if place in SIZE_PLACES.get(node.op_type, ()):
                return True
            if node.op_type in ("Shape", "Size"):
                continue
            queue += [out for out in node.outputs if out not in seen]
            seen.update(node.outputs)
            for attr in node.attributes.values():
                if attr.type == ir.AttributeType.GRAPH:
                    inner = [v for v in attr.as_graph().inputs if v not in seen]
                    queue += inner
                    seen.update(inner)
    return False


def limits(dtype: ir.DataType) -> tuple[int, int]:
    """Smallest and largest whole number of a type."""
    info = np.iinfo(dtype.numpy())
    return int(info.min), int(info.max)
