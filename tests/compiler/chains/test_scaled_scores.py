"""Scores of windows and heads on NPU 3720: scaled apart, each step through DDR, as in Intel's schedules."""

from itertools import pairwise

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from npusim.simulation import simulate
from tests.graphs import loaded


def attention(windows, heads, rows, size, bias=False):
    """softmax(q k^T / sqrt(size)) v on [windows, heads, rows, size], a bias of the heads added if asked for."""
    value = helper.make_tensor_value_info
    shape = [windows, heads, rows, size]
    inputs = [
        value("q", TensorProto.FLOAT16, shape),
        value("k", TensorProto.FLOAT16, [windows, heads, size, rows]),
        value("v", TensorProto.FLOAT16, shape),
    ]
    constants = [numpy_helper.from_array(np.full((), size**-0.5, np.float16), "factor")]
    nodes = [
        helper.make_node("MatMul", ["q", "k"], ["s"], name="scores"),
        helper.make_node("Mul", ["s", "factor"], ["f"], name="scale"),
        helper.make_node("Softmax", ["b" if bias else "f"], ["p"], name="softmax", axis=-1),
        helper.make_node("MatMul", ["p", "v"], ["y"], name="product"),
    ]
    if bias:
        ones = np.full((1, heads, rows, rows), 0.5, np.float16)
        constants.append(numpy_helper.from_array(ones, "bias"))
        nodes.insert(2, helper.make_node("Add", ["f", "bias"], ["b"], name="bias"))
    made = helper.make_graph(nodes, "windows", inputs, [value("y", TensorProto.FLOAT16, shape)], constants)
    return loaded(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)]))


def crossings(report, size):
    """How often a tensor of the size of the scores crosses DDR, step by step; what is less does not count."""
    moved: dict[str, float] = {}
    for task in report.tasks:
        if task.nbytes and "ddr" in (task.source, task.destination):
            moved[task.node] = moved.get(task.node, 0) + task.nbytes
    names = ("scores", "scale", "bias", "softmax", "product")
    return [int(moved.get(n, 0) / size) for n in names if n in {node.name for node in report.nodes}]


@pytest.mark.parametrize("shape", [(4, 4, 256, 16), (16, 4, 64, 32)])
@pytest.mark.parametrize(("profile", "wanted"), [("2026", [1, 1]), ("2026-as-released", [2, 2])])
def test_factor_and_softmax_read_and_write_ddr_on_npu_3720(profile, wanted, shape):
    windows, heads, rows, _ = shape
    report = simulate(attention(*shape), "meteor_lake", profile, band=False)
    # 2.1 or 0.5 MB: out of the product, in and out of Multiply/as_scaleshift and of the softmax, into the product
    assert crossings(report, windows * heads * rows * rows * 2)[1:3] == wanted
    assert next(n for n in report.nodes if n.name == "scale").engine == "mac_array"


def test_a_bias_is_added_behind_the_scale():
    report = simulate(attention(16, 4, 64, 32, bias=True), "meteor_lake", "2026", band=False)
    assert [n.name for n in report.nodes if n.engine == "mac_array" and n.name in ("scale", "bias")] == [
        "scale",
        "bias",
    ]
    assert crossings(report, 16 * 4 * 64 * 64 * 2)[3] == 2  # the softmax


@pytest.mark.parametrize(("hw", "windows"), [("lunar_lake", 4), ("panther_lake", 4), ("meteor_lake", 1)])
def test_elsewhere_and_in_one_window_the_factor_rides_behind_the_product(hw, windows):
    report = simulate(attention(windows, 4, 256, 32), hw, "2026", band=False)
    assert all(n.name != "scale" or n.engine == "none" for n in report.nodes)


def test_twice_the_windows_cost_what_twice_a_batch_may():
    took = [
        simulate(attention(n, 4, 64, 32), "meteor_lake", "2026", band=False).latency_us
        for n in (1, 2, 4, 8, 16, 32, 64)
    ]
    ratios = [more / less for less, more in pairwise(took)]
    assert min(ratios) >= 0.85
    assert max(ratios) <= 3.1  # 2.6 from one window, whose scores stay, to two; then 1.4 to 1.9
