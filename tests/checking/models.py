"""Small models for the check, written to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from npusim import hardware
from npusim.checking.check import check
from npusim.checking.record import Verdict

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def value(name: str, shape: Sequence[int | str], kind: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """`node("Add", "x x", "y")`; its name is that of its op and first output."""
    names = outputs.split()
    return helper.make_node(op, inputs.split(), names, name=f"{op}_{names[0]}", **attributes)


def write(
    folder: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto] = (),
    constants: dict[str, Any] | None = None,
    functions: Sequence[onnx.FunctionProto] = (),
    outputs: Sequence[str] = ("y",),
) -> Path:
    """A model from x (float32 [2, 4, 16]) to y."""
    weights = [numpy_helper.from_array(np.asarray(data), name) for name, data in (constants or {}).items()]
    ends = [helper.make_empty_tensor_value_info(name) for name in outputs]
    graph = helper.make_graph(nodes, "g", inputs or [value("x", (2, 4, 16))], ends, weights)
    domains = {n.domain for n in nodes if n.domain} | {f.domain for f in functions}
    opsets = [helper.make_opsetid("", 21), *(helper.make_opsetid(d, 1) for d in sorted(domains))]
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=10), path)
    return path


def verdict(path: Path, npu: str = "lunar_lake", compiler: str = "2026", **options: Any) -> Verdict:
    return check(path, hardware(npu), compiler, **options)
