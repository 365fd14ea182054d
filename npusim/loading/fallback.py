"""Rare ops: shapes from ONNX's own inference, values from ONNX's reference evaluator. Both imported late."""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.loading.rules import Op, Out, small
from npusim.loading.tensors import dtype_of, onnx_type


def _node(op: Op) -> Any:
    """The node as ONNX wants it, its tensors renamed to i0, i1, ... and o0, o1, ..."""
    from onnx import AttributeProto, helper, numpy_helper

    inputs = ["" if value is None else f"i{i}" for i, value in enumerate(op.inputs)]
    node = helper.make_node(op.kind, inputs, [f"o{i}" for i in range(op.count)], domain=op.domain)
    for name, value in op.attributes.items():
        if isinstance(value, AttributeProto):
            node.attribute.append(value)
        elif isinstance(value, np.ndarray):
            node.attribute.append(helper.make_attribute(name, numpy_helper.from_array(value)))
        elif value != ():
            node.attribute.append(helper.make_attribute(name, value))
    return node


def infer(op: Op) -> list[Out]:
    """The outputs by `onnx.shape_inference`. Raises `UnknownShape` if ONNX does not know them either."""
    from onnx import defs, helper, numpy_helper, shape_inference

    if not isinstance(op.kind, str) or not isinstance(op.domain, str):
        raise ValueError("its op type or domain is no UTF-8 text")
    try:
        schema = defs.get_schema(op.kind, op.opset, op.domain)
    except defs.SchemaError:
        raise op.unknown(no_rule(op)) from None
    known = [(f"i{i}", value) for i, value in enumerate(op.inputs) if value is not None]
    types = {n: helper.make_tensor_type_proto(onnx_type(v.dtype), v.shape) for n, v in known}
    data = {n: op.fetch(v) for n, v in known if v.constant}
    tensors = {n: numpy_helper.from_array(np.array(d, order="C")) for n, d in data.items() if d is not None}
    opsets = [helper.make_opsetid(op.domain, op.opset)]
    try:
        found = shape_inference.infer_node_outputs(schema, _node(op), types, tensors, None, opsets, 10)
    except shape_inference.InferenceError as error:
        raise ValueError(str(error)) from None
    return [_out(op, found.get(f"o{i}")) for i in range(op.count)]


def no_rule(op: Op) -> str:
    """What to do about an op nobody knows: three lines of a shape rule, with which --allow-unmodelled lists it."""
    function = "".join(c if c.isalnum() and c.isascii() else "_" for c in op.kind).lower() or "rule"
    domain = f", domain='{op.domain}'" if op.domain else ""
    first = next((i for i, value in enumerate(op.inputs) if value is not None), None)
    like = f"op.x({first})"
    out = f"{like}.dtype, {like}.shape" if first is not None else "DType.FLOAT, (1,)"
    names = "Out, rule" if first is not None else "DType, Out, rule"
    outputs = " * op.count" if op.count > 1 else ""
    return (
        f"no shape rule for this op of domain '{op.domain or 'ai.onnx'}', opset {op.opset}, and the file does not "
        "declare its output shapes; declare them (value_info), or say them in three lines of Python before "
        "npusim.load: "
        f"from npusim.loading.rules import {names}; @rule('{op.kind}'{domain}); "
        f"def _{function}(op): return [Out({out})]{outputs}"
    )


def _out(op: Op, proto: Any) -> Out:
    if proto is None or not proto.HasField("tensor_type") or not proto.tensor_type.HasField("shape"):
        raise op.unknown("its output shape does not follow from its inputs")
    tensor = proto.tensor_type
    if not all(d.HasField("dim_value") for d in tensor.shape.dim):
        raise op.unknown("its output shape does not follow from the shapes of its inputs")
    return Out(dtype_of(tensor.elem_type), tuple(d.dim_value for d in tensor.shape.dim))


def evaluate(op: Op, index: int) -> np.ndarray | None:
    """The value of an output of a node with constant inputs by `onnx.reference`; None if there is none."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    feeds: dict[str, np.ndarray] = {}
    for i, value in enumerate(op.inputs):
        if value is not None:
            data = op.fetch(value)
            if data is None:
                return None
            feeds[f"i{i}"] = np.asarray(data)
    any_type = [helper.make_tensor_value_info(f"o{i}", TensorProto.UNDEFINED, None) for i in range(op.count)]
    ins = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in feeds]
    model = helper.make_model(
        helper.make_graph([_node(op)], "node", ins, any_type),
        opset_imports=[helper.make_opsetid(op.domain, op.opset)],
    )
    try:
        outputs: Any = ReferenceEvaluator(model).run(None, feeds)
        result = outputs[index]
    except Exception:  # the reference evaluator raises anything, and a value we do without is no error
        return None
    return np.asarray(result) if small(np.shape(result)) else None
