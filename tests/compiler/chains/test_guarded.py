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


def test_uneven_heads_of_uneven_keys_are_filled_up_through_ddr():
    """9 heads of 600 x 600: 6.48 MB copied, 6.48 in, 11.52 out and in, 6.48 out; of 12 x 333 x 333 what is filled up
    (3.4 MB) stays inside."""
    hw = load_hardware("panther_lake").replace({"tiles": 3})
    for heads, tokens, mb in ((9, 600, 42.48), (12, 333, 2 * 2 * 12 * 333**2 / 1e6)):
        nodes = simulate(attention(heads, tokens), hw, "2026-as-released", band=False).nodes
        moved = next(n.bytes_moved for n in nodes if n.name == "kept/layout")
        assert moved == pytest.approx(1e6 * mb, rel=0.02)


#: By Intel's compiler, of product, mask and softmax of 16 heads of 1,024 tokens (a layer of Granite 4.0 350M).
LARGE_MB = {("meteor_lake", 2): 105.2, ("lunar_lake", 4): 105.1, ("panther_lake", 3): 71.6}


@pytest.mark.parametrize(("hw", "tiles"), LARGE_MB)
def test_large_heads_are_cut_together_up_to_their_softmax(hw, tiles):
    """2 bytes of 16 x 1,024 x 1,024 scores: one tensor leaves the softmax, the guard reads it, makes flags of a byte,
    converts them (1 byte in, 2 out) and chooses (two in, one out)."""
    size = 2 * 16 * 1024 * 1024
    report = simulate(
        attention(16, 1024), load_hardware(hw).replace({"tiles": tiles}), "2026-as-released", band=False
    )
    moved = {n.name: n.bytes_moved for n in report.nodes}
    crossing = 0.5 if hw == "meteor_lake" else hw == "lunar_lake"
    assert moved["weights"] == pytest.approx(size * (1 + crossing), rel=0.01)
    together = moved["scores"] + moved["masked"] + moved["weights"]
    assert together == pytest.approx(1e6 * LARGE_MB[hw, tiles], rel=0.05)
    assert [moved["nan"], moved["nan/converted"], moved["kept"]] == pytest.approx(
        [1.5 * size, 1.5 * size, 3 * size], rel=0.01
    )


@pytest.mark.parametrize("hw", HARDWARE)
@pytest.mark.parametrize("tokens", [512, 640, 768, 1024, 1536])
def test_twice_the_heads_and_twice_the_scratchpad_by_their_laws(hw, tokens):
    machine = load_hardware(hw)
    size = float(machine.scratchpad.capacity_bytes)
    one, two, roomy = (
        simulate(
            attention(heads, tokens), machine.replace({"scratchpad.capacity_bytes": room}), "2026", band=False
        ).latency_us
        for heads, room in ((8, size), (16, size), (8, 2 * size))
    )
    assert one <= two <= 2.3 * one
    assert roomy <= 1.001 * one


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(HARDWARE), st.integers(2, 40), st.integers(2, 300))
def test_a_guard_never_makes_attention_faster(hw, heads, tokens):
    plain, guarded = (
        simulate(attention(heads, tokens, guarded=g), hw, "2026", band=False).latency_us
        for g in (False, True)
    )
    assert guarded >= plain
