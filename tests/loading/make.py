"""Small ONNX models for the tests of loading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def model(
    nodes: list[Any],
    inputs: dict[str, Any],
    outputs: list[str] | dict[str, Any],
    weights: dict[str, Any] | None = None,
    opset: int = 17,
    functions: list[Any] | None = None,
    domains: tuple[str, ...] = (),
    ir_version: int = 8,
) -> onnx.ModelProto:
    """A model; `inputs` give shapes (of float32) or (type, shape), outputs may be left without shapes."""
    graph = helper.make_graph(
        nodes,
        "test",
        [info(name, given) for name, given in inputs.items()],
        [info(name, given) for name, given in outputs.items()]
        if isinstance(outputs, dict)
        else [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=opsets, functions=functions or [], ir_version=ir_version)


def info(name: str, given: Any) -> Any:
    kind, shape = (
        given if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], list) else (1, given)
    )
    return helper.make_tensor_value_info(name, kind, shape)


def save(proto: onnx.ModelProto, folder: Path, name: str = "model.onnx") -> Path:
    path = folder / name
    path.write_bytes(proto.SerializeToString())
    return path


def body(
    nodes: list[Any], inputs: dict[str, Any], outputs: list[str], weights: dict[str, Any] | None = None
) -> Any:
    """A subgraph; inputs as in `model`, or None for one without a stated shape."""
    return helper.make_graph(
        nodes,
        "body",
        [
            helper.make_empty_tensor_value_info(name) if given is None else info(name, given)
            for name, given in inputs.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()],
    )


node = helper.make_node
INT64 = TensorProto.INT64
BOOL = TensorProto.BOOL
