"""Why a rewrite gains or loses, read from the nodes of two reports."""

import onnx_ir as ir
import pytest

import npusim
from npusim.comparison.page import page
from npusim.comparison.reasons import reasons
from npusim.comparison.waterfall import compare
from npusim.simulation import simulate
from tests.xamba.build import constant, model, value
from xamba import CumBA, ReduBA

HW = npusim.hardware("lunar_lake")


def product_and_sum():
    """sum_k a[m, k] b[n, k] as a broadcast product and a sum, behind a CumSum."""
    from onnx import helper as h

    nodes = [
        h.make_node("CumSum", ["a", "axis"], ["c"], name="scan"),
        h.make_node("Mul", ["c", "b"], ["p"], name="product"),
        h.make_node("ReduceSum", ["p", "last"], ["y"], name="sum", keepdims=0),
    ]
    constants = [constant("axis", -1), constant("last", [-1])]
    inputs = [value("a", (1, 128, 1, 128)), value("b", (1, 1, 128, 128))]
    return model(nodes, inputs, [value("y", (1, 128, 128))], constants)


def reports(compiler, *passes):
    m = product_and_sum()
    found = [simulate(npusim.load(ir.to_proto(m)), HW, compiler)]
    for one in passes:
        one(m)
    return found[0], simulate(npusim.load(ir.to_proto(m)), HW, compiler)


def test_a_fusion_that_the_rewrite_hides_is_named():
    before, after = reports("2026", ReduBA())
    assert after.latency_us > before.latency_us
    first = reasons(before, after)[0]
    assert first.delta_us > 0
    assert "compiler 2026 makes one Einsum of Mul + ReduceSum by itself" in first.sentence
    assert "MatMul that replaced ReduceSum hides it" in first.sentence


def test_without_that_fusion_nobody_speaks_of_it():
    before, after = reports("2024.12", ReduBA())
    assert not any("by itself" in reason.sentence for reason in reasons(before, after))


def test_a_move_to_another_engine_is_named_with_what_each_compiler_says():
    before, after = reports("2026", CumBA())
    best = reasons(before, after)[0]
    assert best.delta_us < 0 and "CumSum on the DSPs became MatMul on the MAC array" in best.sentence


@pytest.mark.parametrize("compiler", ["2026", "2024.12"])
def test_a_model_beside_itself_needs_no_reason(compiler):
    before, _ = reports(compiler)
    assert reasons(before, before) == ()


def test_the_page_has_them_within_its_width():
    lines = page(compare(*reports("2026", CumBA(), ReduBA())), width=80)
    assert any(line.text.startswith("because") for line in lines)
    assert max(len(line.text) for line in lines[1:]) <= 80
