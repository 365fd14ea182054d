"""Scores whose softmax is guarded against NaN are turned by passes of the MAC array, as in Intel's schedules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded

HARDWARE = ("meteor_lake", "lunar_lake", "panther_lake")


def attention(heads, tokens, size=64, guarded=True):
    """Attention with a mask, as torch.onnx.export writes it."""
    value = helper.make_tensor_value_info
    scores = [1, heads, tokens, tokens]
    inputs = [
        value("q", TensorProto.FLOAT16, [1, heads, tokens, size]),
        value("k", TensorProto.FLOAT16, [1, heads, size, tokens]),
        value("v", TensorProto.FLOAT16, [1, heads, tokens, size]),
        value("mask", TensorProto.FLOAT16, [1, 1, tokens, tokens]),
    ]
    last = "kept" if guarded else "weights"
    nodes = [
        helper.make_node("MatMul", ["q", "k"], ["scores"], name="scores"),
        helper.make_node("Add", ["scores", "mask"], ["masked"], name="masked"),
        helper.make_node("Softmax", ["masked"], ["weights"], name="weights", axis=-1),
        helper.make_node("IsNaN", ["weights"], ["nan"], name="nan"),
        helper.make_node("Where", ["nan", "zero", "weights"], ["kept"], name="kept"),
        helper.make_node("MatMul", [last, "v"], ["y"], name="y"),
    ]
    if not guarded:
        nodes = nodes[:3] + nodes[-1:]
    zero = numpy_helper.from_array(np.zeros((), np.float16), "zero")
    made = helper.make_graph(
        nodes, "attention", inputs, [value("y", TensorProto.FLOAT16, [1, heads, tokens, size])], [zero],
        value_info=[value("scores", TensorProto.FLOAT16, scores)],
    )  # fmt: skip
    return loaded(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)]))


def passes(report):
    """Names of the passes that turn scores."""
    return [n.name for n in report.nodes if n.name in ("masked/layout", "kept/layout")]


@pytest.mark.parametrize("hw", HARDWARE)
@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [(128, ["masked/layout", "kept/layout"]), (512, ["masked/layout", "kept/layout"]), (1024, [])],
)
def test_scores_of_heads_that_fit_are_turned_and_turned_back(hw, tokens, wanted):
    assert passes(simulate(attention(32, tokens), hw, "2026")) == wanted


@pytest.mark.parametrize("hw", HARDWARE)
def test_attention_without_a_guard_turns_nothing(hw):
    assert not passes(simulate(attention(32, 128, guarded=False), hw, "2026"))


def test_heads_that_are_no_whole_sixteens_are_turned_back_twice():
    def busy(heads):
        report = simulate(
            attention(heads, 256), load_hardware("meteor_lake").replace({"step.minimum_ns": 0.0}), "2026"
        )
        return next(n.busy_us["mac_array"] for n in report.nodes if n.name == "kept/layout")

    assert busy(14) > 1.5 * busy(16)  # 2 x 14 heads against 16


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(HARDWARE), st.integers(2, 40), st.integers(2, 300))
def test_a_guard_never_makes_attention_faster(hw, heads, tokens):
    plain, guarded = (
        simulate(attention(heads, tokens, guarded=g), hw, "2026", band=False).latency_us
        for g in (False, True)
    )
    assert guarded >= plain
