"""verify: finds what differs, passes what only rounds, and derives the border between them."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper as h

from tests.xamba.build import constant, copy, model, one_op, run, value
from xamba import ActiBA, CumBA, ReduBA, verify
from xamba.errors import BadArgument, BadModel, NotComparable
from xamba.proof.samples import random_inputs
from xamba.proof.tolerance import MARGIN, derive


def cumsum(shape=(3, 50), dtype: str = "float32", **attributes) -> ir.Model:
    return one_op("CumSum", list(shape), dtype, [constant("ax", 1)], **attributes)


def test_a_model_equals_itself_exactly():
    verdict = verify(cumsum(), cumsum())
    output = verdict.outputs[0]
    assert verdict.ok and output.max_abs == output.max_rel == 0 and output.sqnr_db == np.inf


def test_the_numbers_are_those_of_the_definition():
    a = one_op("Mul", [4, 5], constants=[constant("c", 1.0, np.float32)])
    b = one_op("Mul", [4, 5], constants=[constant("c", 1.01, np.float32)])
    output = verify(a, b, seed=3).outputs[0]
    x = random_inputs(a, 3)["x"]
    assert output.max_abs == pytest.approx(np.abs(x).max() * 0.01, rel=1e-3)
    assert output.max_rel == pytest.approx(0.01, rel=1e-3)
    assert output.sqnr_db == pytest.approx(40, abs=0.01)  # 20 log10(1 / 0.01)
    assert not output.ok


@pytest.mark.parametrize("wrong", [{"exclusive": 1}, {"reverse": 1}])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_a_wrong_mask_is_found(wrong, dtype):
    assert not verify(cumsum(dtype=dtype), cumsum(dtype=dtype, **wrong)).ok


@settings(max_examples=25)
@given(st.integers(2, 400), st.integers(0, 30))
def test_a_mask_with_one_wrong_entry_is_found(length, seed):
    m = cumsum([2, length])
    CumBA().run(m)
    (mask,) = m.graph.initializers.values()
    array = mask.const_value.numpy().copy()
    array[seed % length, length - 1] = 0.9
    mask.const_value = ir.tensor(array, name=mask.name)
    assert not verify(cumsum([2, length]), m, seed=seed).ok


@settings(max_examples=25)
@given(st.integers(1, 600), st.integers(0, 30), st.sampled_from(["float16", "float32", "float64"]))
def test_a_right_mask_passes_whatever_the_length_the_type_and_the_seed(length, seed, dtype):
    m = cumsum([2, length], dtype)
    CumBA(block=16).run(m)
    assert verify(cumsum([2, length], dtype), m, seed=seed).ok


@settings(max_examples=25)
@given(st.integers(1, 600), st.integers(0, 30))
def test_a_single_sum_passes_even_where_it_happens_to_be_near_zero(length, seed):
    m = one_op("ReduceSum", [length], out_rank=0, keepdims=0)
    rewritten = copy(m)
    ReduBA().run(rewritten)
    assert verify(m, rewritten, seed=seed).ok


def test_the_tolerance_is_the_formula():
    before, after = cumsum([3, 100]), cumsum([3, 100])
    CumBA().run(after)
    found = derive(before, after)
    u = 2.0**-24
    assert found.longest_sum == 100 and found.sums_deep == 1
    assert found.total == pytest.approx(MARGIN * (u * np.sqrt(100) + u))


def test_sums_that_stand_in_both_models_do_not_loosen_the_tolerance():
    weight = constant("w", np.eye(500), np.float32)
    nodes = [h.make_node("MatMul", ["x", "w"], ["m"]), h.make_node("CumSum", ["m", "ax"], ["y"])]
    ends = [value("x", [4, 500])], [value("y", [4, 500])]
    m = model(nodes, *ends, [weight, constant("ax", 0)])
    rewritten = copy(m)
    CumBA().run(rewritten)
    assert derive(m, rewritten).longest_sum == 4


def test_tables_add_what_they_state_and_count_once_when_in_place():
    plain = one_op("Softplus", [4, 4])
    for inline in False, True:
        m = copy(plain)
        ActiBA(inline=inline, segments=16).run(m)
        found = derive(plain, m)
        stated = float(next(iter(m.graph)).metadata_props["xamba.achieved"])
        assert found.table_count == 1 and found.tables == pytest.approx(MARGIN * stated, rel=1e-2)
        assert verify(plain, m).ok


def test_the_tolerance_never_excuses_everything():
    plain = one_op("Softplus", [4, 4])
    m = copy(plain)
    ActiBA(segments=8).run(m)
    assert derive(plain, m).total == 0.1


def test_a_table_of_one_segment_is_no_table_and_excused_nothing():
    plain = one_op("Softplus", [4, 4])
    m = copy(plain)
    ActiBA(segments=1).run(m)
    assert derive(plain, m).tables == 0 and not verify(plain, m).ok


def test_the_relu_variant_is_not_the_same():
    plain = one_op("Softplus", [4, 4])
    m = copy(plain)
    ActiBA(variant="relu").run(m)
    verdict = verify(plain, m)
    assert not verdict.ok and verdict.outputs[0].max_abs > 0.3


def test_nan_where_there_was_a_number_fails_and_says_so():
    a = one_op("Mul", [2, 3], constants=[constant("c", 1, np.float32)])
    b = one_op("Mul", [2, 3], constants=[constant("c", np.nan, np.float32)])
    output = verify(a, b, tolerance=1e9).outputs[0]
    assert not output.ok and output.nonfinite == 6 and "NaN" in output.reason


def test_the_same_nan_and_infinity_pass():
    a = one_op("Mul", [2, 3], constants=[constant("c", np.inf, np.float32)])
    assert verify(a, copy(a)).ok


def test_whole_numbers_have_to_be_equal():
    a = one_op("Add", [2, 3], "int32", [constant("c", 1, np.int32)])
    b = one_op("Add", [2, 3], "int32", [constant("c", 2, np.int32)])
    output = verify(a, b, tolerance=1e9).outputs[0]
    assert not output.ok and output.reason == "whole numbers differ"


def test_another_shape_fails():
    a = one_op("ReduceSum", [2, 3], constants=[constant("axes", [1])], keepdims=1)
    b = one_op("ReduceSum", [2, 3], constants=[constant("axes", [1])], out_rank=1, keepdims=0)
    assert "shape [2, 1] became [2]" in verify(a, b).outputs[0].reason


def test_other_inputs_are_not_comparable():
    with pytest.raises(NotComparable, match="x"):
        verify(cumsum(), cumsum(dtype="float64"))


def test_the_seed_decides_the_inputs():
    a, b, c = (random_inputs(cumsum(), seed)["x"] for seed in (1, 1, 2))
    assert (a == b).all() and not (a == c).all()


def test_token_ids_stay_below_the_rows_of_their_table():
    table = constant("table", np.zeros((5, 3)), np.float32)
    nodes = [
        h.make_node("Cast", ["ids"], ["wide"], to=onnx.TensorProto.INT64),
        h.make_node("Gather", ["table", "wide"], ["y"]),
    ]
    m = model(nodes, [value("ids", ["b", 40], "int32")], [value("y", ["b", 40, 3])], [table])
    ids = random_inputs(m, 0, {"b": 7})["ids"]
    assert ids.shape == (7, 40) and ids.min() == 0 and ids.max() == 4


def test_free_dimensions_are_2_or_as_bound_and_unknown_names_are_refused():
    m = one_op("Relu", ["batch", 3])
    assert random_inputs(m, 0)["x"].shape == (2, 3)
    assert verify(m, copy(m), dims={"batch": 5}).outputs[0].shape == (5, 3)
    with pytest.raises(BadArgument, match="'bach' \\(free: 'batch'\\)"):
        verify(m, copy(m), dims={"bach": 5})


@pytest.mark.parametrize(
    "bad", [{"tolerance": -1.0}, {"tolerance": float("nan")}, {"seed": -1}, {"runtime": "x"}]
)
def test_impossible_arguments_are_refused(bad):
    with pytest.raises(BadArgument):
        verify(cumsum(), cumsum(), **bad)


def test_both_runtimes_agree():
    m = cumsum()
    CumBA().run(m)
    verdicts = [verify(cumsum(), m, runtime=r) for r in ("onnxruntime", "onnx.reference")]
    assert all(v.ok for v in verdicts) and [v.runtime for v in verdicts] == ["onnxruntime", "onnx.reference"]


def test_what_onnxruntime_has_not_got_runs_in_the_reference():
    m = cumsum(dtype="bfloat16")
    CumBA().run(m)
    assert verify(cumsum(dtype="bfloat16"), m).runtime == "onnx.reference"


def test_missing_weights_are_random_the_same_for_both_and_gone_afterwards(tmp_path):
    weight = constant("w", np.ones((300, 4)), np.float32)
    m = model(
        [h.make_node("MatMul", ["x", "w"], ["y"])], [value("x", [2, 300])], [value("y", [2, 4])], [weight]
    )
    path = tmp_path / "m.onnx"
    ir.save(m, path, external_data="m.data", size_threshold_bytes=10)
    (tmp_path / "m.data").unlink()
    loaded = ir.load(path)
    verdict = verify(path, loaded)
    assert verdict.ok and verdict.random_weights == 1 and verdict.outputs[0].scale > 0
    assert isinstance(loaded.graph.initializers["w"].const_value, ir.ExternalTensor)


def test_a_model_that_no_runtime_takes_is_a_bad_model():
    node = h.make_node("Nonsense", ["x"], ["y"], domain="nowhere")
    m = model([node], [value("x", [2])], [value("y", [2])], domains=["nowhere"])
    with pytest.raises(BadModel, match=r"onnxruntime.*onnx\.reference"):
        verify(m, copy(m))


def test_verify_changes_neither_model():
    m = cumsum()
    before = ir.to_proto(m).SerializeToString(deterministic=True)
    verify(m, cumsum())
    assert ir.to_proto(m).SerializeToString(deterministic=True) == before
    assert run(m, {"x": np.ones((3, 50), np.float32)})[0][0, -1] == 50
