"""One model by hand for every kind of finding and its remedy."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from npusim.checking.record import Answer
from tests.checking.models import INT64, node, value, verdict, write


def only(found):
    """The one finding of a verdict."""
    assert len(found.findings) == 1, found.findings
    return found.findings[0]


def test_a_plain_model_compiles(tmp_path):
    found = verdict(write(tmp_path, [node("Relu", "x", "t"), node("Softmax", "t", "y")]))
    assert found.answer is Answer.COMPILES and not found.findings and found.nodes == 2


def test_a_product_of_int64_is_refused_with_a_cast(tmp_path):
    weights = {"w": np.ones((16, 8), np.int64)}
    path = write(tmp_path, [node("MatMul", "x w", "y")], [value("x", (4, 16), INT64)], weights)
    found = only(verdict(path))
    assert found.node == "MatMul_y" and found.kind == "type" and "int64" in found.why
    assert "cast to int32" in found.remedy


def test_a_free_dimension_is_refused_and_binding_it_is_the_remedy(tmp_path):
    path = write(tmp_path, [node("Relu", "x", "y")], [value("x", ("seq", 16))])
    found = only(verdict(path))
    assert found.kind == "free" and "'seq'" in found.why and "--dim seq=128" in found.remedy
    assert verdict(path, dims={"seq": 8}).answer is Answer.COMPILES


def test_what_else_is_refused_is_told_beside_a_free_dimension(tmp_path):
    path = write(tmp_path, [node("Det", "x", "y")], [value("x", ("batch", 4, 4))])
    assert {f.kind for f in verdict(path).findings} == {"free", "unread"}


def test_an_input_of_six_axes_is_refused(tmp_path):
    path = write(tmp_path, [node("Relu", "x", "t"), node("Reshape", "t s", "y")], [value("x", (1, 1, 2, 2, 4, 16))],
                 {"s": np.array([-1])})  # fmt: skip
    found = only(verdict(path))
    assert found.kind == "rank" and "6 axes" in found.why and "Reshape" in found.remedy


def test_six_axes_inside_are_refused_where_the_op_cannot(tmp_path):
    shape = {"s": np.array([2, 2, 2, 2, 2, 4]), "flat": np.array([-1])}
    nodes = [node("Reshape", "x s", "a"), node("Where", "c a a", "b"), node("Reshape", "b flat", "y")]
    nodes[1:1] = [node("Greater", "a zero", "c")]
    found = verdict(write(tmp_path, nodes, constants=shape | {"zero": np.float32(0)}))
    assert found.answer is Answer.REFUSED
    assert any("merge axes" in f.remedy for f in found.findings)


def test_an_op_that_is_not_read_is_named(tmp_path):
    found = only(verdict(write(tmp_path, [node("Det", "x", "y")], [value("x", (2, 4, 4))])))
    assert found.op == "Det" and found.kind == "unread" and "reader" in found.why and found.remedy


def test_an_op_of_a_strange_domain_is_not_read(tmp_path):
    path = write(tmp_path, [node("Frob", "x", "y", domain="my.ops")])
    assert {f.kind for f in verdict(path).findings if f.refused} == {"unread"}


def test_a_function_of_the_model_is_refused_with_the_way_to_put_it_in_place(tmp_path):
    body = helper.make_function(
        "my", "F", ["a"], ["b"], [node("Relu", "a", "b")], [helper.make_opsetid("", 21)]
    )
    found = only(verdict(write(tmp_path, [node("F", "x", "y", domain="my")], functions=[body])))
    assert found.kind == "function" and "inline_local_functions" in found.remedy


def test_an_unread_op_in_a_branch_never_taken_counts(tmp_path):
    branch = helper.make_graph([node("Det", "x", "d")], "t", [], [value("d", (2,))])
    other = helper.make_graph([node("ReduceSum", "x axes", "r", keepdims=0)], "e", [], [value("r", (2,))])
    nodes = [helper.make_node("If", ["c"], ["y"], name="if", then_branch=branch, else_branch=other)]
    path = write(tmp_path, nodes, [value("x", (2, 4, 4))], {"c": np.array(False), "axes": np.array([1, 2])})
    assert {f.op for f in verdict(path).findings} == {"Det"}


def test_a_condition_known_at_run_time_is_refused(tmp_path):
    branches = [
        helper.make_graph([node(op, "x", op)], op, [], [value(op, (2, 4, 16))]) for op in ("Relu", "Sigmoid")
    ]
    nodes = [
        helper.make_node("If", ["c"], ["y"], name="if", then_branch=branches[0], else_branch=branches[1])
    ]
    inputs = [value("x", (2, 4, 16)), value("c", (), TensorProto.BOOL)]
    found = only(verdict(write(tmp_path, nodes, inputs)))
    assert (found.node, found.kind) == ("if", "run-time") and "--set" in found.remedy
    assert verdict(write(tmp_path, nodes, inputs), fixed={"c": True}).answer is Answer.COMPILES


@pytest.mark.parametrize(("limit", "answer"), [(True, Answer.COMPILES), (False, Answer.REFUSED)])
def test_a_loop_is_refused_unless_its_count_is_constant(tmp_path, limit, answer):
    inputs = [value("i", (), INT64), value("go", (), TensorProto.BOOL), value("s", (2, 4, 16))]
    nodes = [node("Add", "s s", "t"), node("Identity", "go", "on")]
    body = helper.make_graph(nodes, "b", inputs, [value("on", (), TensorProto.BOOL), value("t", (2, 4, 16))])
    loop = helper.make_node("Loop", ["n", "c", "x"], ["y"], name="loop", body=body)
    outer = [value("x", (2, 4, 16)), *([] if limit else [value("n", (), INT64)])]
    constants = {"c": np.array(True)} | ({"n": np.array(4)} if limit else {})
    assert verdict(write(tmp_path, [loop], outer, constants)).answer is answer


def test_a_shape_that_depends_on_data_is_refused_or_not_known(tmp_path):
    path = write(tmp_path, [node("Reshape", "x s", "y")], [value("x", (2, 4, 16)), value("s", (2,), INT64)])
    found = only(verdict(path))
    assert found.kind == "data" and "--set" in found.remedy
    assert verdict(path, fixed={"s": [8, 16]}).answer is Answer.COMPILES


def test_an_input_that_must_be_constant_is_named(tmp_path):
    inputs = [value("x", (2, 4, 16)), value("a", (1,), INT64)]
    found = verdict(write(tmp_path, [node("ReduceSum", "x a", "y", keepdims=1)], inputs))
    assert found.answer is Answer.REFUSED and "'a'" in found.findings[0].remedy


def test_a_sequence_is_no_input(tmp_path):
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [2]))
    inputs = [helper.make_value_info("x", kind)]
    path = write(tmp_path, [node("ConcatFromSequence", "x", "y", axis=0)], inputs)
    assert [f.kind for f in verdict(path).findings if f.refused] == ["edge"]


def test_a_release_nobody_asked_is_not_known(tmp_path):
    found = verdict(write(tmp_path, [node("Relu", "x", "y")]), compiler="2024.12")
    assert found.answer is Answer.UNKNOWN and "2026" in found.findings[0].remedy


def test_float8_is_known_on_npu_5010_alone(tmp_path):
    inputs = [value("x", (2, 4), TensorProto.FLOAT8E4M3FN)]
    path = write(tmp_path, [node("Transpose", "x", "y", perm=[1, 0])], inputs)
    assert verdict(path, "lunar_lake").answer is Answer.REFUSED
    assert verdict(path, "panther_lake").answer is Answer.COMPILES


@pytest.mark.parametrize(
    ("npu", "length", "answer"),
    [
        ("lunar_lake", 350_000, Answer.COMPILES),
        ("lunar_lake", 400_000, Answer.REFUSED),
        ("panther_lake", 300_000, Answer.COMPILES),
        ("panther_lake", 400_000, Answer.REFUSED),
        ("meteor_lake", 400_000, Answer.COMPILES),
        ("meteor_lake", 1_000_000, Answer.REFUSED),
    ],
)
def test_a_row_to_sum_that_does_not_fit_is_refused(tmp_path, npu, length, answer):
    """As Intel's compiler answered."""
    path = write(tmp_path, [node("CumSum", "x a", "y")], [value("x", (1, length))], {"a": np.array(1)})
    found = verdict(path, npu)
    assert found.answer is answer
    if answer is Answer.REFUSED:
        assert found.findings[0].kind == "memory" and "MiB" in found.findings[0].why


@pytest.mark.parametrize("npu", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_weights_and_a_bias_in_eight_bits_are_taken_along_any_axis(tmp_path, npu):
    """As onnxruntime quantises a convolution: seven such networks compile on all three NPUs (tests/exported)."""
    held = {
        "w": np.ones((8, 4, 3, 3), np.int8), "sw": np.full(8, 0.1, np.float32), "zw": np.zeros(8, np.int8),
        "b": np.ones(8, np.int32), "sb": np.full(8, 0.01, np.float32), "zb": np.zeros(8, np.int32),
    }  # fmt: skip
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["wf"], "weights", axis=0),
        helper.make_node("DequantizeLinear", ["b", "sb", "zb"], ["bf"], "bias", axis=0),
        node("Conv", "x wf bf", "y"),
    ]
    path = write(tmp_path, nodes, [value("x", (1, 4, 16, 16))], held)
    assert verdict(path, npu).answer is Answer.COMPILES


def test_a_transpose_that_counts_axes_from_the_end_is_refused(tmp_path):
    turned = helper.make_node("Transpose", ["x"], ["y"], "turned", perm=[0, -2, -1, 1])
    found = only(verdict(write(tmp_path, [turned], [value("x", (1, 4, 8, 16))])))
    assert found.node == "turned" and "from the end" in found.why and "dynamo=True" in found.remedy
