"""Nodes inside If, Loop and Scan bodies are rewritten, also where the body declares no shapes."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper as h

from tests.xamba.build import FLOAT, check, constant, copy, model, ops, run, value
from xamba import ActiBA, CumBA, ReduBA, rewrite
from xamba.facts.facts import facts_of


def bare(name: str) -> onnx.ValueInfoProto:
    """A value of known type and unknown shape."""
    return h.make_tensor_value_info(name, FLOAT, None)


def assert_same(m, rewritten, feeds) -> None:
    check(rewritten)
    for a, b in zip(run(m, feeds), run(rewritten, feeds), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_scan_body_gets_its_shapes_from_the_scan(axis):
    body = h.make_graph(
        [h.make_node("CumSum", ["piece", "ax"], ["out"])], "body", [bare("piece")], [bare("out")]
    )
    scan = h.make_node("Scan", ["x"], ["y"], body=body, num_scan_inputs=1, scan_input_axes=[axis])
    shape = [2, 3, 4]
    rest = [d for i, d in enumerate(shape) if i != axis]
    m = model([scan], [value("x", shape)], [value("y", [shape[axis], *rest])], [constant("ax", 1)])
    rewritten = copy(m)
    assert len(CumBA().run(rewritten).rewritten) == 1 and ops(rewritten) == ["Scan", "MatMul"]
    assert rewritten.graph.initializers, "the mask is made once, outside the body"
    assert_same(m, rewritten, {"x": np.random.default_rng(0).standard_normal(shape).astype(np.float32)})


def test_branches_of_an_if_see_the_values_around_them_and_tell_their_shape():
    def branch(name: str, node: onnx.NodeProto) -> onnx.GraphProto:
        return h.make_graph([node], name, [], [bare(node.output[0])])

    then = branch("then", h.make_node("CumSum", ["r", "ax"], ["t"]))
    other = branch("else", h.make_node("Softplus", ["r"], ["e"]))
    nodes = [
        h.make_node("Reshape", ["x", "to"], ["r"]),
        h.make_node("If", ["flag"], ["i"], then_branch=then, else_branch=other),
        h.make_node("ReduceSum", ["i", "axes"], ["y"], keepdims=0),
    ]
    flag = h.make_tensor_value_info("flag", onnx.TensorProto.BOOL, [])
    constants = [constant("ax", 1), constant("to", [3, 4]), constant("axes", [1])]
    m = model(nodes, [value("x", [12]), flag], [value("y", [3])], constants)
    rewritten = copy(m)
    done = rewrite(rewritten, [CumBA(), ReduBA(), ActiBA(segments=512, inline=True)])
    assert sorted(line.op_type for line in done.rewritten) == ["CumSum", "ReduceSum", "Softplus"]
    x = np.random.default_rng(1).standard_normal(12).astype(np.float32)
    assert_same(m, rewritten, {"x": x, "flag": np.array(True)})


def loop_over(body: list, shape: list) -> ir.Model:
    """Two rounds of a loop whose body declares neither types nor shapes."""
    inputs = [
        h.make_tensor_value_info("i", onnx.TensorProto.INT64, []),
        h.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
        bare("state"),
    ]
    nodes = [h.make_node("Identity", ["go"], ["on"]), *body]
    outputs = [h.make_tensor_value_info("on", onnx.TensorProto.BOOL, []), bare("next")]
    loop = h.make_node("Loop", ["n", "", "x"], ["y"], body=h.make_graph(nodes, "body", inputs, outputs))
    constants = [constant("n", 2), constant("ax", 1)]
    return model([loop], [value("x", [2, 3])], [value("y", shape)], constants)


def test_types_inside_a_loop_follow_from_what_it_carries():
    m = loop_over([h.make_node("CumSum", ["state", "ax"], ["next"])], [2, 3])
    rewritten = copy(m)
    assert CumBA().run(rewritten).modified
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(run(rewritten, {"x": x})[0], run(m, {"x": x})[0])


def test_a_loop_whose_state_changes_its_shape_is_kept_and_says_so():
    body = [
        h.make_node("CumSum", ["state", "ax"], ["s"]),
        h.make_node("Concat", ["s", "s"], ["next"], axis=1),
    ]
    result = CumBA().run(loop_over(body, [2, "k"]))
    assert not result.modified and "axis 1" in result.kept[0].reason


def test_shapes_are_worked_out_through_a_free_batch():
    """Shape -> Gather -> Concat -> Reshape with one free entry, as exporters write a view."""
    nodes = [
        h.make_node("Shape", ["x"], ["s"]),
        h.make_node("Gather", ["s", "zero"], ["b"], axis=0),
        h.make_node("Unsqueeze", ["b", "front"], ["b1"]),
        h.make_node("Concat", ["b1", "rest"], ["to"], axis=0),
        h.make_node("Reshape", ["x", "to"], ["r"]),
        h.make_node("CumSum", ["r", "ax"], ["y"]),
    ]
    constants = [
        constant("zero", 0),
        constant("front", [0]),
        constant("rest", [3, -1]),
        constant("ax", 2),
    ]
    m = model(nodes, [value("x", ["batch", 12])], [value("y", ["batch", 3, "k"])], constants)
    reshaped = next(node for node in m.graph if node.op_type == "Reshape").outputs[0]
    assert facts_of(m).of(reshaped).shape == ("batch", 3, 4)
    rewritten = copy(m)
    assert CumBA().run(rewritten).modified
    x = np.arange(24, dtype=np.float32).reshape(2, 12)
    assert_same(m, rewritten, {"x": x})


@pytest.mark.parametrize(
    ("kind", "weights"),
    [
        ("ConstantOfShape", [constant("s", 3)]),
        ("Expand", [constant("s", 3)]),
        ("Shape", []),
        ("Tile", [constant("s", [1])]),
        ("Gather", []),
    ],
)
def test_a_node_that_contradicts_its_op_is_unknown_and_the_rest_is_rewritten(kind, weights):
    """Found by fuzzing: a shape that is a single number, inputs that are missing."""
    odd = h.make_node(kind, [w.name for w in weights], ["odd"], name="odd")
    total = h.make_node("CumSum", ["x", "ax"], ["y"], name="total")
    io = [value("x", [2, 4])], [value("y", [2, 4]), bare("odd")]
    graph = h.make_graph([odd, total], "g", *io, initializer=[constant("ax", 1), *weights])
    m = ir.from_proto(h.make_model(graph, opset_imports=[h.make_opsetid("", 20)]))
    assert facts_of(m) is not None
    assert CumBA().run(m).modified and "MatMul" in ops(m)
