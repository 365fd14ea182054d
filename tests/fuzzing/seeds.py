"""Models the fuzzer starts from: an example of every op that has a cost, as its laws use them, small models of what the
loader takes apart, and a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from npusim.graph import Value
from tests.fuzzing.control import CONTROL
from tests.ops.cases import CASES

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mamba2_small.onnx"
OPSET = 21


def _type(value: Value) -> int:
    return int(TensorProto.DataType.Value(value.dtype.name))


def model_of(domain: str, kind: str) -> bytes:
    """One node of an op: constants with data are initializers, all else are inputs."""
    inputs, outputs, attributes = CASES[domain, kind](2, 4)
    names, infos, weights = [], [], []
    for i, value in enumerate(inputs):
        names.append("" if value is None else f"x{i}")
        if value is None:
            continue
        if value.data is not None:
            weights.append(numpy_helper.from_array(np.asarray(value.data), f"x{i}"))
        elif value.constant and value.dtype.name == "FLOAT":
            weights.append(numpy_helper.from_array(np.zeros(value.shape, np.float32), f"x{i}"))
        else:
            infos.append(helper.make_tensor_value_info(f"x{i}", _type(value), list(value.shape)))
    results = [f"y{i}" for i in range(len(outputs))]
    declared = [
        helper.make_tensor_value_info(name, _type(value), list(value.shape))
        for name, value in zip(results, outputs, strict=True)
        if value is not None
    ]
    node = helper.make_node(kind, names, results, domain=domain, name="n", **attributes)
    graph = helper.make_graph([node], "seed", infos, declared, weights)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(domain, 1)][: 1 + bool(domain)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


OP_SEEDS = [model_of(domain, kind) for domain, kind in sorted(CASES)]
SEEDS = [*OP_SEEDS, *(make().SerializeToString() for make in CONTROL for _ in range(4)), EXAMPLE.read_bytes()]
