"""Small models for the tests, and ways to run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import TensorProto
from onnx import helper as h
from onnx.reference import ReferenceEvaluator

from xamba import CumBA, ReduBA

FLOAT = TensorProto.FLOAT
#: The paper's passes, named: short axes are rewritten too.
PAPER = (CumBA(), ReduBA())
UNIT_ROUNDOFF = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}
ELEMENT_TYPES = {
    "float16": TensorProto.FLOAT16,
    "bfloat16": TensorProto.BFLOAT16,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
}


def value(name: str, shape: Sequence[Any] | None, dtype: str = "float32") -> onnx.ValueInfoProto:
    return h.make_tensor_value_info(name, ELEMENT_TYPES[dtype], shape)


def constant(name: str, data: Any, dtype: Any = np.int64) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(np.array(data, dtype), name)


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: Sequence[onnx.TensorProto] = (),
    opset: int = 17,
    ir_version: int = 8,
    domains: Sequence[str] = (),
) -> ir.Model:
    graph = h.make_graph(nodes, "g", inputs, outputs, initializer=constants)
    imports = [h.make_opsetid("", opset), *(h.make_opsetid(d, 1) for d in domains)]
    proto = h.make_model(graph, opset_imports=imports, ir_version=ir_version)
    onnx.checker.check_model(proto, full_check=True)
    return ir.from_proto(proto)


def one_op(
    op: str,
    shape: Sequence[Any],
    dtype: str = "float32",
    constants: Sequence[onnx.TensorProto] = (),
    opset: int = 17,
    out_rank: int | None = None,
    **attributes: Any,
) -> ir.Model:
    """``y = op(x, *constants)``."""
    node = h.make_node(op, ["x", *(c.name for c in constants)], ["y"], **attributes)
    rank = len(shape) if out_rank is None else out_rank
    out = value("y", [f"d{i}" for i in range(rank)], dtype)
    return model([node], [value("x", shape, dtype)], [out], constants, opset)


def run(m: ir.Model, feeds: dict[str, np.ndarray], reference: bool = False) -> list[np.ndarray]:
    """Outputs of a model, in onnxruntime unless `reference`."""
    proto = ir.to_proto(m)
    if reference:
        return ReferenceEvaluator(proto).run(None, feeds)  # type: ignore[return-value]
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    ).run(None, feeds)


def ops(m: ir.Model) -> list[str]:
    """Op types of a model, bodies of If, Loop and Scan included."""
    return [node.op_type for node in ir.traversal.RecursiveGraphIterator(m.graph)]


def copy(m: ir.Model) -> ir.Model:
    return ir.from_proto(ir.to_proto(m))


def check(m: ir.Model) -> None:
    onnx.checker.check_model(ir.to_proto(m), full_check=True)
