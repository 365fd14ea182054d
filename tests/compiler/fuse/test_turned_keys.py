"""Keys that a product reads in the other order are not turned, though a number scales them on the way."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from npusim.simulation import simulate
from tests.graphs import loaded


def scores(number=True, leaves=False):
    """Queries by turned keys; the keys scaled by a number, or by one a channel."""
    value = helper.make_tensor_value_info
    inputs = [value("q", TensorProto.FLOAT16, [1, 8, 64, 32]), value("x", TensorProto.FLOAT16, [8, 48, 32])]
    factor = np.full((1,) if number else (32, 1), 0.5, np.float16)
    nodes = [
        helper.make_node("Relu", ["x"], ["k"], name="k"),
        helper.make_node("Transpose", ["k"], ["turned"], name="turned", perm=[0, 2, 1]),
        helper.make_node("Reshape", ["turned", "shape"], ["seen"], name="seen"),
        helper.make_node("Mul", ["seen", "factor"], ["scaled"], name="scaled"),
        helper.make_node("MatMul", ["q", "scaled"], ["y"], name="y"),
    ]
    constants = [
        numpy_helper.from_array(np.array([1, 8, 32, 48]), "shape"),
        numpy_helper.from_array(factor, "factor"),
    ]
    outputs = [value("y", TensorProto.FLOAT16, [1, 8, 64, 48])]
    if leaves:
        outputs.append(value("scaled", TensorProto.FLOAT16, [1, 8, 32, 48]))
    made = helper.make_graph(nodes, "scores", inputs, outputs, constants)
    return loaded(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)]))


def engine(graph, hw):
    """The engine of the Transpose; 'none' where it is not made."""
    return next((n.engine for n in simulate(graph, hw, "2026").nodes if n.name == "turned"), "none")


@pytest.mark.parametrize("hw", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_keys_scaled_by_a_number_are_read_as_they_lie(hw):
    assert engine(scores(), hw) == "none"


def test_keys_scaled_otherwise_or_handed_out_are_turned():
    assert engine(scores(number=False), "lunar_lake") != "none"
    assert engine(scores(leaves=True), "lunar_lake") != "none"
