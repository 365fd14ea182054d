"""Model-local functions: only those that hold something to rewrite are put in place, and never with a traceback."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper as h

from tests.xamba.build import PAPER, check, constant, model, ops, run, value
from xamba import ActiBA, CumBA, ReduBA, optimize, rewrite
from xamba.errors import BadModel
from xamba.files import load

SUM = "a = Constant<value = int64[1] {1}>() b = ReduceSum(x, a)"


def with_functions(body: str, *functions: str, opset: int = 17) -> ir.Model:
    """A model `y = body(x)` and its functions, each "name opset body" of x to b."""
    text = f'<ir_version: 9, opset_import: ["" : {opset}, "my" : 1]>\ng (float[2,4] x) => (float[N,M] y) {{ {body} }}\n'
    for function in functions:
        name, version, inside = function.split(" ", 2)
        text += f'<domain: "my", opset_import: ["" : {version}, "my" : 1]> {name} (x) => (b) {{ {inside} }}\n'
    return ir.from_proto(onnx.parser.parse_model(text))  # unchecked: some of these the checker refuses


def left(m: ir.Model) -> list[str]:
    return sorted(key[1] for key in m.functions)


def assert_answer_kept(build, *passes) -> ir.Model:
    before, after = build(), build()
    done = rewrite(after, passes or [ReduBA()])
    assert done.modified, done.notes
    check(after)
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    np.testing.assert_allclose(run(after, {"x": x})[0], run(before, {"x": x})[0], rtol=1e-6)
    return after


def test_a_function_without_anything_to_rewrite_stays():
    build = lambda: with_functions(
        "u = my.Calm(x) y = my.Sums(u)", f"Sums 17 {SUM}", "Calm 17 n = Neg(x) b = Abs(n)"
    )
    m = assert_answer_kept(build)
    assert left(m) == ["Calm"] and ops(m) == ["Calm", "MatMul"]


def test_all_functions_go_where_a_table_without_one_is_asked_for():
    m = with_functions("u = my.Calm(x) y = Tanh(u)", "Calm 17 n = Neg(x) b = Abs(n)")
    rewrite(m, [ActiBA(inline=True)])
    assert not m.functions


def test_a_function_that_calls_one_is_put_in_place_too():
    build = lambda: with_functions("y = my.Outer(x)", "Outer 17 n = Neg(x) b = my.Sums(n)", f"Sums 17 {SUM}")
    assert left(assert_answer_kept(build)) == []


@pytest.mark.parametrize("version", [13, 15, 18])
def test_a_function_of_another_opset_whose_ops_are_the_same_is_rewritten(version):
    build = lambda: with_functions("y = my.Sums(x)", f"Sums {version} {SUM}")
    assert left(assert_answer_kept(build)) == []


def test_a_function_whose_ops_changed_since_stays_with_a_note():
    m = with_functions("y = my.Sums(x)", "Sums 11 b = ReduceSum<axes = [1]>(x)")
    done = rewrite(m, [ReduBA()])
    assert not done.modified and left(m) == ["Sums"]
    assert "my.Sums stays: it is of opset 11 and the model of 17, and ReduceSum changed" in done.notes[0]
    assert len(done.kept) == 1


def test_what_a_staying_function_calls_stays_too():
    m = with_functions(
        "y = my.Old(x)", "Old 11 c = ReduceSum<axes = [1]>(x) b = my.Sums(c)", f"Sums 17 {SUM}"
    )
    assert not rewrite(m, [ReduBA()]).modified
    assert left(m) == ["Old", "Sums"]


def test_functions_in_a_circle_are_one_sentence():
    m = with_functions("y = my.A(x)", f"A 17 {SUM.replace('b =', 'c =')} b = my.B(c)", "B 17 b = my.A(x)")
    with pytest.raises(BadModel, match="inline_functions=False"):
        rewrite(m, [ReduBA()])
    assert not rewrite(m, [ReduBA()], inline_functions=False).modified


def test_lengths_follow_through_a_function_that_stays():
    build = lambda: with_functions(
        "c = my.Wide(x) a = Constant<value = int64[1] {1}>() y = ReduceSum(c, a)",
        "Wide 17 n = Concat<axis = 1>(x, x) b = Abs(n)",
    )
    m = assert_answer_kept(build)
    assert ops(m) == ["Wide", "MatMul"]


def test_a_length_that_follows_is_used_though_the_file_declares_it_free():
    """The output is declared [?, ?], and what is behind it is known all the same."""

    def build() -> ir.Model:
        nodes = [
            h.make_node("Concat", ["x", "x"], ["c"], axis=1),
            h.make_node("ReduceSum", ["c", "none"], ["d"], noop_with_empty_axes=1),
            h.make_node("CumSum", ["d", "ax"], ["y"]),
        ]
        ends = [value("x", ["b", 2])], [value("y", [None, None]), value("d", [None, "n"])]
        m = model(nodes, *ends, [constant("ax", 1), constant("none", [])])
        return m

    m = build()
    first = rewrite(m, [CumBA(), ReduBA()])
    assert first.modified and not first.kept and "CumSum" not in ops(m)
    second = build()
    rewrite(second, [ReduBA(), CumBA()])
    assert "CumSum" not in ops(second)


def test_facts_follow_an_edit_between_two_passes():
    """The model is cut to other lengths by hand after a pass has looked at it."""
    nodes = [
        h.make_node("Relu", ["x"], ["a"]),
        h.make_node("CumSum", ["a", "ax"], ["y"]),
        h.make_node("Softplus", ["a"], ["z"]),
    ]
    m = model(
        nodes, [value("x", [2, 6])], [value("y", ["p", "q"]), value("z", ["p", "q"])], [constant("ax", 1)]
    )
    ActiBA().run(m)
    m.graph.inputs[0].shape = ir.Shape([2, 9])
    assert "9 x 9" in CumBA().run(m).rewritten[0].by
    check(m)


def test_facts_follow_a_changed_constant_and_a_changed_attribute():
    m = model(
        [h.make_node("Reshape", ["x", "to"], ["r"]), h.make_node("CumSum", ["r", "ax"], ["y"])],
        [value("x", [12])],
        [value("y", ["p", "q"])],
        [constant("to", [3, 4]), constant("ax", 1)],
    )
    assert not CumBA(max_mask_mib=0).run(m).modified
    m.graph.initializers["to"].const_value = ir.tensor(np.array([2, 6]), name="to")
    assert "6 x 6" in CumBA().run(m).rewritten[0].by
    check(m)


def test_one_odd_node_does_not_end_the_run():
    nodes = [
        h.make_node("CumSum", ["x", "two"], ["a"], name="odd"),
        h.make_node("CumSum", ["a", "ax"], ["y"]),
    ]
    graph = h.make_graph(
        nodes, "g", [value("x", [2, 3])], [value("y", [2, 3])], [constant("two", [1, 1]), constant("ax", 1)]
    )
    m = ir.from_proto(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8))
    result = CumBA().run(m)
    assert [k.node for k in result.kept] == ["odd"] and len(result.rewritten) == 1


def test_any_surprise_inside_a_rule_is_a_reason(monkeypatch):
    def surprise(*_: object) -> str:
        raise IndexError("no such axis")

    monkeypatch.setattr(CumBA, "rewrite", surprise)
    m = model(
        [h.make_node("CumSum", ["x", "ax"], ["y"])],
        [value("x", [2, 3])],
        [value("y", [2, 3])],
        [constant("ax", 1)],
    )
    assert "does not know (IndexError: no such axis)" in CumBA().run(m).kept[0].reason


def sparse(indices: object) -> onnx.SparseTensorProto:
    """A weight [2, 6] with 5 and 7 in it."""
    values = onnx.numpy_helper.from_array(np.array([5, 7], np.float32), "w")
    return h.make_sparse_tensor(
        values, onnx.numpy_helper.from_array(np.array(indices, np.int64), "i"), [2, 6]
    )


@pytest.mark.parametrize("indices", [[0, 11], [[0, 0], [1, 5]]])
@pytest.mark.parametrize("as_initializer", [True, False])
def test_sparse_weights_are_made_dense(indices, as_initializer, tmp_path):
    kept = [] if as_initializer else [h.make_node("Constant", [], ["w"], sparse_value=sparse(indices))]
    nodes = [*kept, h.make_node("CumSum", ["x", "ax"], ["c"]), h.make_node("Add", ["c", "w"], ["y"])]
    graph = h.make_graph(
        nodes,
        "g",
        [value("x", [2, 6])],
        [value("y", [2, 6])],
        [constant("ax", 1)],
        sparse_initializer=[sparse(indices)] if as_initializer else [],
    )
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), tmp_path / "in.onnx")
    done = optimize(tmp_path / "in.onnx", tmp_path / "out.onnx", PAPER)
    assert done.modified and done.verdict.ok
    y = run(load(tmp_path / "out.onnx"), {"x": np.zeros([2, 6], np.float32)})[0]
    assert (y[0, 0], y[1, 5], np.abs(y).sum()) == (5, 7, 12)


def test_a_sparse_weight_that_claims_to_be_huge_is_one_sentence(tmp_path):
    big = sparse([0, 11])
    big.dims[:] = [2**20, 2**20]
    graph = h.make_graph(
        [h.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [value("x", [2, 6])],
        [value("y", [2, 6])],
        sparse_initializer=[big],
    )
    onnx.save(h.make_model(graph), tmp_path / "in.onnx")
    with pytest.raises(BadModel, match=r"would take 4096\.0 GiB"):
        load(tmp_path / "in.onnx")


@pytest.mark.parametrize("typed", [True, False])
def test_an_output_without_a_shape_is_no_obstacle(typed, tmp_path):
    out = onnx.ValueInfoProto(name="y")
    if typed:
        out.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    nodes = [h.make_node("CumSum", ["x", "ax"], ["c"]), h.make_node("Relu", ["c"], ["y"])]
    graph = h.make_graph(nodes, "g", [value("x", [2, 6])], [out], [constant("ax", 1)])
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), tmp_path / "in.onnx")
    assert optimize(tmp_path / "in.onnx", tmp_path / "out.onnx", PAPER).verdict.ok
