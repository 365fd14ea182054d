"""Scores and a constant of as many keys as fill no sixteens: they keep their padding, as in Intel's schedules."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}  # as Intel's schedules


def attention(heads, tokens, windows=1, width=64, biases=1):
    """Attention with constants of the size of the scores added to them."""
    value = helper.make_tensor_value_info
    shape, turned = [windows, heads, tokens, width], [windows, heads, width, tokens]
    inputs = [value(n, TensorProto.FLOAT16, s) for n, s in (("q", shape), ("k", turned), ("v", shape))]
    nodes = [helper.make_node("MatMul", ["q", "k"], ["s0"], name="scores")]
    bias = np.ones([windows, heads, tokens, tokens], np.float16)
    constants = [numpy_helper.from_array(bias, f"b{i}") for i in range(biases)]
    for i in range(biases):
        nodes.append(helper.make_node("Add", [f"s{i}", f"b{i}"], [f"s{i + 1}"], name=f"sum{i}"))
    nodes += [
        helper.make_node("Softmax", [f"s{biases}"], ["p"], name="softmax", axis=-1),
        helper.make_node("MatMul", ["p", "v"], ["y"], name="product"),
    ]
    made = helper.make_graph(nodes, "attention", inputs, [value("y", TensorProto.FLOAT16, shape)], constants)
    return loaded(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)]))


def planned(hw, *args, **more):
    machine = load_hardware(hw).replace({"tiles": TILES[hw]})
    return simulate(attention(*args, **more), machine, "2026", band=False)


def crossings(report, size):
    """How often tensors of `size` bytes cross DDR for the steps between the two products."""
    moved: dict[str, float] = {}
    for task in report.tasks:
        if task.nbytes and "ddr" in (task.source, task.destination):
            moved[task.node] = moved.get(task.node, 0) + task.nbytes
    return sum(round(b / size) for b in moved.values() if b > 0.9 * size)


@pytest.mark.parametrize(
    ("hw", "heads", "tokens", "wide", "wanted"),
    [
        # scores out and in, the bias, their sum out and in; behind the softmax where a tile would have no head
        ("lunar_lake", 6, 145, 160, 7),
        ("panther_lake", 6, 145, 160, 5),
        ("lunar_lake", 6, 196, 208, 7),
        ("lunar_lake", 12, 197, 208, 5),
        ("panther_lake", 12, 197, 208, 5),
        ("panther_lake", 8, 130, 144, 5),
    ],
)
def test_scores_cross_with_their_padding(hw, heads, tokens, wide, wanted):
    assert crossings(planned(hw, heads, tokens), heads * tokens * wide * 2) == wanted


@pytest.mark.parametrize("hw", ["lunar_lake", "panther_lake"])
def test_of_windows_the_softmax_crosses_without_padding(hw):
    report = planned(hw, 6, 49, windows=16, width=32)
    assert crossings(report, 16 * 6 * 49 * 49 * 2) >= 7


def test_every_bias_is_added_to_padded_scores():
    one, two = (planned("lunar_lake", 12, 197, biases=n) for n in (1, 2))
    # another bias, and a sum that one addition hands to the next where it lies
    assert two.bytes_moved - one.bytes_moved == pytest.approx(12 * 197 * 208 * 2, rel=0.01)


@pytest.mark.parametrize(("hw", "us"), [("lunar_lake", 3.6), ("panther_lake", 2.2)])
def test_a_bias_is_added_as_a_line_of_sixteens(hw, us):
    """8 x 192 x 192, in Intel's schedules; with its heads as sixteen channels twice as long."""
    nodes = {n.name: n for n in planned(hw, 8, 192).nodes}
    assert nodes["sum0"].busy_us["mac_array"] == pytest.approx(us, rel=0.25)


def test_on_npu_3720_nothing_is_padded():
    sizes = {n.bytes_moved for n in planned("meteor_lake", 6, 145).nodes}
    assert all(size % (6 * 145 * 160 * 2) for size in sizes if size)
