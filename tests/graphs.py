"""Small ONNX models for tests, and the way to load one without keeping a file."""

import tempfile
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from npusim.graph import Graph
from npusim.onnx_io import load

FLOAT = TensorProto.FLOAT


def model(nodes, inputs, outputs, constants=(), opset=20, dtype=FLOAT):
    """A model of `nodes`; `inputs` {name: shape}; `outputs` names; `constants` {name: array}."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(n, dtype, s) for n, s in dict(inputs).items()],
        [helper.make_tensor_value_info(n, dtype, None) for n in outputs],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in dict(constants).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def loaded(proto) -> Graph:
    """The static graph of a model in memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.onnx"
        save(proto, path)
        return load(path)


def node(op_type, inputs, output, **attributes):
    """One node, named after its output. `inputs`: names separated by spaces."""
    return helper.make_node(op_type, inputs.split(), [output], name=output, **attributes)


def weights(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
