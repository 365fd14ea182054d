"""Functions are inlined, branches chosen, loops counted."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, helper

from npusim.errors import BadModel, UnknownShape
from npusim.onnx_io import load
from tests.loading.make import BOOL, INT64, body, model, node, save

LOOP_INPUTS = {"i": (INT64, []), "go": (BOOL, []), "s": [2, 4]}
W = {"w": np.eye(4, dtype=np.float32)}
GO_ON = node("Identity", ["go"], ["go_out"])


def runs(graph):
    """How often each op type runs."""
    total = Counter()
    for n in graph.nodes:
        total[n.op_type] += n.repeats
    return total


def looped(trips, inner_trips):
    """A Loop around a Loop: each inner iteration a MatMul, each outer one a Relu, its result stacked."""
    inner = body(
        [node("MatMul", ["s", "w"], ["t"]), GO_ON],
        {"j": (INT64, []), "go": (BOOL, []), "s": [2, 4]},
        ["go_out", "t"],
    )
    outer = body(
        [
            node("Loop", ["inner_trips", "", "s0"], ["m"], body=inner, name="inner"),
            node("Relu", ["m"], ["t0"]),
            GO_ON,
        ],
        {"i": (INT64, []), "go": (BOOL, []), "s0": [2, 4]},
        ["go_out", "t0", "t0"],
    )
    loop = node("Loop", ["trips", "yes", "x"], ["last", "all"], body=outer, name="outer")
    weights = {
        "trips": np.array(trips),
        "inner_trips": np.array(inner_trips),
        "yes": np.array(True),
        "w": np.eye(4, dtype=np.float32),
    }
    return model([loop], {"x": [2, 4]}, ["last", "all"], weights)


@given(trips=st.integers(0, 7), inner_trips=st.integers(0, 5))
def test_a_loop_of_n_runs_as_often_as_n_copies_of_its_body(trips, inner_trips, tmp_path_factory):
    graph = load(save(looped(trips, inner_trips), tmp_path_factory.getbasetemp()))
    nodes, last = [], "x"
    for i in range(trips):
        for j in range(inner_trips):
            nodes.append(node("MatMul", [last, "w"], [f"m{i}_{j}"]))
            last = f"m{i}_{j}"
        nodes.append(node("Relu", [last], [f"r{i}"]))
        last = f"r{i}"
    nodes.append(node("Identity", [last], ["y"]))
    copies = load(save(model(nodes, {"x": [2, 4]}, ["y"], W), tmp_path_factory.getbasetemp()))
    for op in ("MatMul", "Relu"):
        assert runs(graph)[op] == runs(copies)[op]
    assert graph.values["all"].shape == (trips, 2, 4)
    assert graph.values["last"].shape == (2, 4)
    assert len([n for n in graph.nodes if n.op_type == "MatMul"]) <= 1


@given(trips=st.integers(1, 6))
def test_a_loop_whose_shapes_grow_is_unrolled(trips, tmp_path_factory):
    grow = body([node("Concat", ["s", "x"], ["t"], axis=0), GO_ON], LOOP_INPUTS, ["go_out", "t"])
    loop = node("Loop", ["trips", "", "x"], ["y"], body=grow, name="grow")
    weights = {"trips": np.array(trips)}
    graph = load(save(model([loop], {"x": [2, 4]}, ["y"], weights), tmp_path_factory.getbasetemp()))
    assert graph.values["y"].shape == (2 + 2 * trips, 4)
    assert runs(graph) == {"Concat": trips} and all(n.repeats == 1 for n in graph.nodes)
    assert "unrolled" in graph.warnings[0]


def test_a_growing_loop_with_too_many_iterations_is_refused_by_name(tmp_path):
    grow = body([node("Concat", ["s", "x"], ["t"], axis=0), GO_ON], LOOP_INPUTS, ["go_out", "t"])
    loop = node("Loop", ["trips", "", "x"], ["y"], body=grow, name="grow")
    with pytest.raises(UnknownShape, match=r"'grow'.* 65 of them; up to 64"):
        load(save(model([loop], {"x": [2, 4]}, ["y"], {"trips": np.array(65)}), tmp_path))


def test_a_counter_in_a_loop_is_folded_and_an_accumulator_is_not(tmp_path):
    """State 0 counts (constant in every iteration), state 1 starts as a constant and gathers the input."""
    inner = body(
        [
            node("Add", ["count", "one"], ["count_out"]),
            node("Add", ["total", "x"], ["total_out"]),
            GO_ON,
        ],
        {"i": (INT64, []), "go": (BOOL, []), "count": (INT64, []), "total": [2]},
        ["go_out", "count_out", "total_out"],
    )
    loop = node("Loop", ["trips", "", "zero", "zeros"], ["n", "y"], body=inner, name="l")
    weights = {
        "trips": np.array(9),
        "one": np.array(1),
        "zero": np.array(0),
        "zeros": np.zeros(2, np.float32),
    }
    graph = load(save(model([loop], {"x": [2]}, ["n", "y"], weights), tmp_path))
    assert runs(graph) == {"Identity": 1, "Add": 9}
    assert graph.values["n"].constant and not graph.values["y"].constant


def test_the_state_of_a_scan_is_counted_though_only_its_results_are_read(tmp_path):
    inner = body(
        [node("Mul", ["h", "a"], ["h_out"]), node("Relu", ["h"], ["r"])],
        {"h": [4], "a": [4]},
        ["h_out", "r"],
    )
    scan = node("Scan", ["h0", "as"], ["", "y"], body=inner, num_scan_inputs=1, scan_input_axes=[1])
    graph = load(save(model([scan], {"h0": [4], "as": [4, 7]}, ["y"]), tmp_path))
    assert {op: n for op, n in runs(graph).items() if op in ("Mul", "Relu", "Gather")} == {
        "Mul": 7,
        "Relu": 7,
        "Gather": 7,
    }
    assert graph.values["y"].shape == (7, 4)


def branches(shape_of_else=(2, 4)):
    short = body([node("Relu", ["x"], ["a"])], {}, ["a"])
    long = body(
        [node("MatMul", ["x", "w"], ["m"]), node("Expand", ["m", "shape"], ["b"])],
        {},
        ["b"],
        {"shape": np.array(shape_of_else)},
    )
    return node("If", ["which"], ["y"], then_branch=short, else_branch=long, name="choice")


@pytest.mark.parametrize(("which", "op"), [(True, "Relu"), (False, "MatMul")])
def test_a_constant_condition_chooses_the_branch(tmp_path, which, op):
    graph = load(save(model([branches()], {"x": [2, 4]}, ["y"], W | {"which": np.array(which)}), tmp_path))
    assert op in runs(graph) and not graph.warnings
    assert graph.outputs == ("y",)


def test_a_condition_from_data_takes_the_longer_branch_with_a_warning_or_is_refused(tmp_path):
    inputs = {"x": [2, 4], "which": (BOOL, [])}
    graph = load(save(model([branches()], inputs, ["y"], W), tmp_path))
    assert runs(graph) == {"MatMul": 1, "Expand": 1} and "'choice'" in graph.warnings[0]
    with pytest.raises(UnknownShape, match="'choice'"):
        load(save(model([branches((3, 2, 4))], inputs, ["y"], W), tmp_path))


def function(domain, name, nodes, inputs, outputs, **options):
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    return helper.make_function(domain, name, inputs, outputs, nodes, opsets, **options)


def reference(name, outer):
    """An attribute that takes its value from the attribute `outer` of the call."""
    return AttributeProto(name=name, ref_attr_name=outer, type=AttributeProto.FLOAT)


def test_functions_are_inlined_with_their_attributes_and_the_calls_name(tmp_path):
    leaky = node("LeakyRelu", ["a"], ["b"])
    leaky.attribute.append(reference("alpha", "slope"))
    inner = function("local", "Inner", [leaky], ["a"], ["b"], attributes=["slope"])
    call = node("Inner", ["p"], ["q"], domain="local", name="deep")
    call.attribute.append(reference("slope", "k"))
    outer = function("local", "Outer", [call, node("Relu", ["q"], ["r"])], ["p"], ["r"], attributes=["k"])
    nodes = [
        node("Outer", ["t0"], ["t1"], domain="local", name="c0", k=0.5),
        node("Outer", ["t1"], ["t2"], domain="local", name="c1", k=1.5),
    ]
    proto = model(nodes, {"t0": [3]}, ["t2"], functions=[inner, outer], domains=("local",))
    graph = load(save(proto, tmp_path))
    assert [n.name for n in graph.nodes] == [
        "c0/deep/LeakyRelu_0", "c0/Relu_1", "c1/deep/LeakyRelu_0", "c1/Relu_1",
    ]  # fmt: skip
    assert [n.attributes["alpha"] for n in graph.nodes[::2]] == [0.5, 1.5]


def test_a_function_of_domain_xamba_stays_one_node_with_the_shapes_of_its_body(tmp_path):
    f = function("xamba", "PWL", [node("Transpose", ["a"], ["b"])], ["a"], ["b"], attributes=["table"])
    call = node("PWL", ["x"], ["y"], domain="xamba", table="silu")
    graph = load(save(model([call], {"x": [2, 3]}, ["y"], functions=[f], domains=("xamba",)), tmp_path))
    assert [(n.domain, n.op_type, n.attributes) for n in graph.nodes] == [("xamba", "PWL", {"table": "silu"})]
    assert graph.values["y"].shape == (3, 2)


def test_functions_that_call_each_other_in_a_circle_are_refused(tmp_path):
    a = function("local", "A", [node("B", ["x"], ["y"], domain="local")], ["x"], ["y"])
    b = function("local", "B", [node("A", ["x"], ["y"], domain="local")], ["x"], ["y"])
    call = node("A", ["x"], ["y"], domain="local")
    with pytest.raises(BadModel, match="calls itself"):
        load(save(model([call], {"x": [2]}, ["y"], functions=[a, b], domains=("local",)), tmp_path))


def test_a_sequence_becomes_a_split_and_a_concat(tmp_path):
    nodes = [
        node("SplitToSequence", ["x"], ["parts"], axis=1, keepdims=0),
        node("SequenceLength", ["parts"], ["n"]),
        node("SequenceAt", ["parts", "last"], ["p"]),
        node("SequenceInsert", ["parts", "p"], ["more"]),
        node("ConcatFromSequence", ["more"], ["y"], axis=0, new_axis=1),
    ]
    graph = load(save(model(nodes, {"x": [2, 3]}, ["y", "n"], {"last": np.array(-1)}), tmp_path))
    assert runs(graph) == {"Split": 1, "Squeeze": 3, "Unsqueeze": 4, "Concat": 1}
    assert graph.values["y"].shape == (4, 2) and graph.values["n"].data.tolist() == 3
