"""Scores and a constant of as many keys as fill no sixteens: they keep their padding, as in Intel's schedules."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}  # as Intel's schedules


def attention(heads, tokens, windows=1, width=64, biases=1, shared=False):
    """Attention with constants of the size of the scores added to them."""
    value = helper.make_tensor_value_info
    shape, turned = [windows, heads, tokens, width], [windows, heads, width, tokens]
    inputs = [value(n, TensorProto.FLOAT16, s) for n, s in (("q", shape), ("k", turned), ("v", shape))]
    nodes = [helper.make_node("MatMul", ["q", "k"], ["s0"], name="scores")]
    bias = np.ones([1 if shared else windows, heads, tokens, tokens], np.float16)
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
    """How often a tensor of `size` bytes crosses DDR."""
    moved: dict[tuple[str, str], float] = {}
    for task in report.tasks:
        if task.nbytes and "ddr" in (task.source, task.destination):
            moved[task.node, task.name] = moved.get((task.node, task.name), 0) + task.nbytes
    return sum(total == pytest.approx(size, rel=0.02) for total in moved.values())


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
def test_of_windows_that_share_a_bias_the_softmax_crosses_without_padding(hw):
    assert crossings(planned(hw, 6, 49, windows=16, width=32, shared=True), 16 * 6 * 49 * 49 * 2) == 7


@pytest.mark.parametrize("hw", ["lunar_lake", "panther_lake"])
def test_windows_with_biases_of_their_own_are_so_many_more_heads(hw):
    assert crossings(planned(hw, 6, 49, windows=16, width=32), 16 * 6 * 49 * 64 * 2) == 5


def test_two_constants_are_added_as_one():
    one, two = (planned("lunar_lake", 12, 197, biases=n) for n in (1, 2))
    assert two.bytes_moved == one.bytes_moved and two.latency_us == one.latency_us


@pytest.mark.parametrize(("hw", "us"), [("lunar_lake", 3.6), ("panther_lake", 2.2)])
def test_a_bias_is_added_as_a_line_of_sixteens(hw, us):
    """8 x 192 x 192, in Intel's schedules; with its heads as sixteen channels twice as long."""
    nodes = {n.name: n for n in planned(hw, 8, 192).nodes}
    assert nodes["sum0"].busy_us["mac_array"] == pytest.approx(us, rel=0.25)


def test_on_npu_3720_nothing_is_padded():
    sizes = {n.bytes_moved for n in planned("meteor_lake", 6, 145).nodes}
    assert all(size % (6 * 145 * 160 * 2) for size in sizes if size)
