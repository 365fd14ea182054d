"""The pass protocol: our passes sit in anyone's pipeline and keep its contract."""

from __future__ import annotations

import subprocess
import sys

import onnx_ir as ir
import pytest
from onnx import helper as h
from onnx_ir.passes.common import CommonSubexpressionEliminationPass, RemoveUnusedNodesPass

from tests.xamba.build import check, constant, copy, model, one_op, ops, value
from xamba import ActiBA, CumBA, ReduBA

PASSES = [CumBA(), ReduBA(), ActiBA()]


def mixed() -> ir.Model:
    """A CumSum, a ReduceSum and a Softplus, one after the other."""
    nodes = [
        h.make_node("CumSum", ["x", "ax"], ["c"], name="scan"),
        h.make_node("ReduceSum", ["c", "axes"], ["s"], name="sum"),
        h.make_node("Softplus", ["s"], ["y"], name="soft"),
    ]
    ends = [value("x", [2, 6])], [value("y", [2, 1])]
    return model(nodes, *ends, [constant("ax", 1), constant("axes", [1])])


def test_they_run_in_a_pass_manager_until_nothing_changes():
    m = mixed()
    manager = ir.passes.PassManager(
        [*PASSES, CommonSubexpressionEliminationPass(), RemoveUnusedNodesPass()], steps=4, early_stop=True
    )
    assert manager(m).modified
    assert ops(m) == ["MatMul", "MatMul", "PWL"]
    assert not manager(m).modified
    check(m)


@pytest.mark.parametrize("one", PASSES, ids=lambda p: p.name)
def test_a_pass_changes_the_model_it_is_given_and_no_copy(one):
    m = mixed()
    assert one.in_place and one(m).model is m


@pytest.mark.parametrize("one", PASSES, ids=lambda p: p.name)
def test_a_model_without_its_ops_is_untouched_to_the_byte(one):
    m = one_op("Relu", [2, 3])
    before = ir.to_proto(m).SerializeToString(deterministic=True)
    result = one.run(m)
    assert not (result.modified or result.rewritten or result.kept)
    assert ir.to_proto(m).SerializeToString(deterministic=True) == before


def test_a_kept_model_is_untouched_to_the_byte():
    m = one_op("CumSum", [2, "s"], constants=[constant("ax", 1)])
    before = ir.to_proto(m).SerializeToString(deterministic=True)
    assert CumBA().run(m).kept
    assert ir.to_proto(m).SerializeToString(deterministic=True) == before


def test_options_are_fields_and_cannot_change():
    assert CumBA(block=8) == CumBA(block=8) != CumBA()
    with pytest.raises(AttributeError):
        CumBA().block = 3  # type: ignore[misc]


def test_the_record_names_the_node_and_the_reason():
    m = mixed()
    results = [one.run(m) for one in PASSES]
    assert [r.rewritten[0].node for r in results] == ["scan", "sum", "soft"]
    assert str(results[0].rewritten[0]).startswith("rewritten: CumSum 'scan' -> MatMul")
    kept = CumBA().run(one_op("CumSum", [2, "s"], constants=[constant("ax", 1)])).kept[0]
    assert str(kept) == "kept: CumSum 'y': the scanned axis 1 has a free length ('s')"


def test_new_nodes_say_where_they_come_from_and_keep_the_exporters_notes():
    m = mixed()
    next(iter(m.graph)).metadata_props["namespace"] = "layers.0"
    CumBA().run(m)
    node = next(n for n in m.graph if n.op_type == "MatMul")
    assert node.metadata_props["xamba.from"] == "CumSum scan"
    assert node.metadata_props["xamba.pass"] == "cumba"
    assert node.metadata_props["namespace"] == "layers.0"


def test_replaced_values_keep_their_names_and_shapes():
    m = mixed()
    for one in PASSES:
        one.run(m)
    assert [node.outputs[0].name for node in m.graph] == ["c", "s", "y"]
    assert [list(node.outputs[0].shape or ()) for node in m.graph] == [[2, 6], [2, 1], [2, 1]]


def test_unread_axes_are_removed_and_read_ones_stay():
    m = mixed()
    CumBA().run(m)
    assert "ax" not in m.graph.initializers and "axes" in m.graph.initializers


def test_a_value_made_by_another_pass_in_between_is_seen():
    m = one_op("CumSum", [2, 6], constants=[constant("ax", 1)])
    CumBA().run(copy(m))
    node = next(iter(m.graph))
    m.meta.pop("xamba.facts", None)
    CumBA(max_mask_mib=0).run(m)  # keeps it, and has looked at all shapes
    fresh = ir.node("Relu", [m.graph.inputs[0]])
    m.graph.insert_before(node, fresh)
    node.replace_input_with(0, fresh.outputs[0])
    assert CumBA().run(m).modified


def test_names_of_the_model_are_never_taken():
    nodes = [
        h.make_node("CumSum", ["x", "ax"], ["xamba_lower_3_float"]),
        h.make_node("Relu", ["xamba_lower_3_float"], ["cumba_matmul"]),
        h.make_node("CumSum", ["cumba_matmul", "ax"], ["xamba_upper_3_float"]),
    ]
    ends = [value("x", [2, 3])], [value("xamba_upper_3_float", [2, 3])]
    m = model(nodes, *ends, [constant("ax", 1)])
    assert CumBA().run(m).modified
    check(m)


def test_importing_xamba_imports_nothing_heavy():
    code = "import sys, xamba; print(sorted({'onnx', 'onnx_ir', 'numpy', 'npusim'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
