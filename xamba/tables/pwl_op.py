"""The table as an ONNX op: ``xamba.PWL`` with a function body of standard ops, or the body in place.

    y = xamba.PWL(x; breaks, slopes, offsets)      y = slopes[i] x + offsets[i],  i = count(breaks <= x)

`breaks` has n floats in rising order, `slopes` and `offsets` n + 1. The type of x may be any float
type; the arithmetic is float32 and y has the type of x. Where the slope is 0, y is the offset (also
for an infinite x), and NaN stays NaN.

The body finds i by bisection: log2(n) rounds of five ops, so memory is that of x and not of
``x times breaks``. One body serves every table of a model that is no longer than ``2^rounds - 1`` breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import AttributeProto, TensorProto
from onnx import helper as h

from xamba.tables.pwl import Table
from xamba.workbench import Workbench

DOMAIN, OP = "xamba", "PWL"
ATTRIBUTES = ("breaks", "slopes", "offsets")
FUNCTION_OPSET, INLINE_OPSET = 15, 11  # CastLike; Equal of floats
FUNCTION_IR_VERSION = 8


def rounds(breaks: int) -> int:
    """Rounds of bisection that this many breaks need."""
    return max(1, breaks.bit_length())


def _index(emit: Callable[..., Any], integer: Callable[[int], Any], x: Any, padded: Any, steps: int) -> Any:
    """Index of the segment of every element of x; `padded` holds at least 2^steps - 1 rising breaks."""
    step = 1 << (steps - 1)
    below = emit("Less", [x, emit("Gather", [padded, integer(step - 1)])])
    count = emit("Where", [below, integer(0), integer(step)])
    while step > 1:
        step >>= 1
        probe = emit("Gather", [padded, emit("Add", [count, integer(step - 1)])])
        below = emit("Less", [x, probe])
        count = emit("Where", [below, count, emit("Add", [count, integer(step)])])
    return count


def _line(emit: Callable[..., Any], zero: Any, x: Any, index: Any, slopes: Any, offsets: Any) -> Any:
    """slope x + offset; the offset alone where the slope is 0 (0 * inf is NaN); NaN where x is NaN."""
    slope, offset = emit("Gather", [slopes, index]), emit("Gather", [offsets, index])
    line = emit("Add", [emit("Mul", [slope, x]), offset])
    settled = emit("Where", [emit("Equal", [slope, zero]), offset, line])
    return emit("Where", [emit("IsNaN", [x]), x, settled])


def function(opset: int, steps: int) -> ir.Function:
    """The model-local function, for tables of at most ``2^steps - 1`` breaks."""
    nodes: list[onnx.NodeProto] = []
    names: dict[str, int] = {}

    def emit(op: str, inputs: Sequence[str], **attributes: Any) -> str:
        names[op] = names.get(op, 0) + 1
        out = f"{op.lower()}_{names[op]}"
        nodes.append(h.make_node(op, inputs, [out], **attributes))
        return out

    integers: dict[int, str] = {}

    def integer(value: int) -> str:
        if value not in integers:
            integers[value] = emit("Constant", [], value_int=value)
        return integers[value]

    for name in ATTRIBUTES:
        node = h.make_node("Constant", [], [name])
        node.attribute.add(name="value_floats", ref_attr_name=name, type=AttributeProto.FLOATS)
        nodes.append(node)
    zero = emit("Constant", [], value_float=0.0)
    pad = emit("Constant", [], value_floats=[float("inf")] * ((1 << steps) - 1))
    padded = emit("Concat", ["breaks", pad], axis=0)
    wide = emit("Cast", ["x"], to=TensorProto.FLOAT)
    count = _index(emit, integer, wide, padded, steps)
    # An infinite x is not below the padding either: the last segment is as far as it goes.
    last = emit("Sub", [emit("Size", ["slopes"]), integer(1)])
    index = emit("Min", [count, last])
    y = _line(emit, zero, wide, index, "slopes", "offsets")
    nodes.append(h.make_node("CastLike", [y, "x"], ["y"]))
    imports = [h.make_opsetid("", opset)]
    proto = h.make_function(DOMAIN, OP, ["x"], ["y"], nodes, imports, attributes=list(ATTRIBUTES))
    return ir.serde.deserialize_function(proto)


def call(bench: Workbench, x: ir.Value, shape: Any, dtype: ir.DataType, table: Table) -> ir.Value:
    """Queue one xamba.PWL node."""
    attributes = {
        "breaks": list(table.breaks),
        "slopes": list(table.slopes),
        "offsets": list(table.offsets),
    }
    return bench.node(OP, [x], shape, dtype, attributes, domain=DOMAIN)


def inline(bench: Workbench, x: ir.Value, shape: Any, dtype: ir.DataType, table: Table) -> ir.Value:
    """Queue the body itself, for runtimes that take no functions."""
    f32, i64, boolean = ir.DataType.FLOAT, ir.DataType.INT64, ir.DataType.BOOL
    types = {"Less": boolean, "Equal": boolean, "IsNaN": boolean}
    indices = set()

    def emit(op: str, inputs: Sequence[ir.Value]) -> ir.Value:
        whole = op in ("Where", "Add") and inputs[-1] in indices
        out_type = i64 if whole else types.get(op, f32)
        scalar = op == "Gather" and inputs[1].shape is not None and len(inputs[1].shape) == 0
        out = bench.node(op, inputs, () if scalar else shape, out_type, hint=f"xamba_pwl_{op.lower()}")
        if whole:
            indices.add(out)
        return out

    def integer(value: int) -> ir.Value:
        constant = bench.constant(np.array(value, np.int64), i64, f"xamba_int_{value}")
        indices.add(constant)
        return constant

    steps = rounds(len(table.breaks))
    size = 1 << steps
    fill = lambda column, length: np.array([*column, *[column[-1]] * (length - len(column))], np.float32)
    breaks = np.array([*table.breaks, *[np.inf] * (size - 1 - len(table.breaks))], np.float32)
    name = f"xamba_{table.activation.lower()}_{table.segments}"
    padded = bench.constant(breaks, f32, f"{name}_breaks")
    slopes = bench.constant(fill(table.slopes, size), f32, f"{name}_slopes")
    offsets = bench.constant(fill(table.offsets, size), f32, f"{name}_offsets")
    zero = bench.constant(np.array(0, np.float32), f32, "xamba_zero")
    wide = x if dtype == f32 else bench.node("Cast", [x], shape, f32, {"to": f32.value})
    count = _index(emit, integer, wide, padded, steps)
    y = _line(emit, zero, wide, count, slopes, offsets)
    return y if dtype == f32 else bench.node("Cast", [y], shape, dtype, {"to": dtype.value})


def ensure_function(model: ir.Model) -> None:
    """Give the model the function its xamba.PWL nodes call, long enough for the longest table."""
    lengths = [
        len(node.attributes["breaks"].as_floats())
        for node in ir.traversal.RecursiveGraphIterator(model.graph)
        if node.domain == DOMAIN and node.op_type == OP
    ]
    if not lengths:
        return
    opset = model.opset_imports.get("", model.opset_imports.get("ai.onnx", 1))
    new = function(opset, rounds(max(lengths)))
    model.functions[new.identifier()] = new
    model.opset_imports[DOMAIN] = 1
