"""ReduBA: every sum and mean that can be a product with ones becomes one, with the same answer."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper as h

from tests.xamba.build import UNIT_ROUNDOFF, check, constant, copy, model, one_op, ops, run, value
from tests.xamba.test_cumba import SHAPES, data
from xamba import ReduBA


def reduction(op: str, shape, dtype: str, axes, keepdims: int, opset: int, **extra) -> ir.Model:
    """A ReduceSum or ReduceMean with axes in the place its opset has them (None: no axes at all)."""
    axes_are_input = opset >= (13 if op == "ReduceSum" else 18)
    rank = len(shape)
    count = rank if not axes else len(axes)
    noop = extra.get("noop_with_empty_axes") and not axes
    out_rank = rank if keepdims or noop else rank - count
    constants = [constant("axes", axes)] if axes_are_input and axes is not None else []
    attributes = {"axes": axes} if not axes_are_input and axes is not None else {}
    return one_op(op, shape, dtype, constants, opset, out_rank, keepdims=keepdims, **attributes, **extra)


def assert_same(m: ir.Model, rewritten: ir.Model, x: np.ndarray, axes, dtype: str, mean: bool) -> None:
    (a,), (b,) = run(m, {"x": x}), run(rewritten, {"x": x})
    assert a.shape == b.shape and a.dtype == b.dtype
    if dtype.startswith("int"):
        assert (a == b).all()
        return
    # Two sums of n terms in different order: 2 n u sum|x|; the mean also rounds 1/n, and its sum is / n.
    along = tuple(range(x.ndim)) if not axes else tuple(a % x.ndim for a in axes)
    n = int(np.prod([x.shape[a] for a in along]))
    total = np.abs(x.astype(np.float64)).sum(axis=along).max(initial=0.0)
    limit = 2 * (n + 2) * UNIT_ROUNDOFF[dtype] * total / (n if mean else 1)
    assert np.abs(a.astype(np.float64) - b).max(initial=0.0) <= limit


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_the_product_equals_the_sum_or_the_mean(draw):
    shape = draw.draw(SHAPES)
    rank = len(shape)
    axes = draw.draw(st.none() | st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True))
    if axes:
        axes = [a - rank if draw.draw(st.booleans()) else a for a in axes]
    op = draw.draw(st.sampled_from(["ReduceSum", "ReduceMean"]))
    opset = draw.draw(st.sampled_from([11, 13, 17, 18, 21]))
    keepdims = draw.draw(st.integers(0, 1))
    kinds = ["float32", "float64"] + (["float16"] if opset >= 13 else [])
    dtype = draw.draw(st.sampled_from(kinds + (["int32", "int64"] if op == "ReduceSum" else [])))
    m = reduction(op, shape, dtype, axes, keepdims, opset)
    rewritten = copy(m)
    result = ReduBA(mean=True, integers=True).run(rewritten)
    assert result.modified and not result.kept and op not in ops(rewritten)
    check(rewritten)
    assert_same(m, rewritten, data(shape, dtype, sum(shape)), axes, dtype, op == "ReduceMean")
    assert not ReduBA(mean=True, integers=True).run(rewritten).modified


@pytest.mark.parametrize("axes", [None, []])
def test_no_axes_and_noop_is_the_identity(axes):
    m = reduction("ReduceSum", [2, 3], "float32", axes, 1, 17, noop_with_empty_axes=1)
    assert ReduBA().run(m).rewritten[0].by == "Identity"
    assert ops(m) == ["Identity"]


@pytest.mark.parametrize("axes", [None, []])
def test_no_axes_without_noop_is_the_sum_of_all(axes):
    m = reduction("ReduceSum", [2, 3], "float32", axes, 1, 17)
    rewritten = copy(m)
    assert ReduBA().run(rewritten).modified
    assert_same(m, rewritten, data([2, 3], "float32", 0), None, "float32", False)


@pytest.mark.parametrize("keepdims, expected", [(0, "Squeeze"), (1, "Identity")])
def test_an_axis_of_length_1_costs_no_product(keepdims, expected):
    m = reduction("ReduceSum", [2, 1, 3], "float32", [1], keepdims, 17)
    assert ReduBA().run(m).modified
    assert ops(m) == [expected]


def test_an_axis_of_length_1_beside_another_adds_no_terms():
    m = reduction("ReduceSum", [4, 1, 3], "float32", [1, 2], 1, 17)
    ReduBA().run(m)
    masks = [v for v in m.graph.initializers.values() if v.name and v.name.startswith("xamba_ones")]
    assert [tuple(v.shape) for v in masks] == [(3, 1)]


@pytest.mark.parametrize(
    "shape, axes, keepdims",
    [
        (["b", 4], [1], 0),
        (["b", 4, "t"], [1], 0),
        (["b", 4, "t"], [1], 1),
        ([4, "t", "u"], [0], 0),
        ([4, "t", "u"], [0], 1),
        (["a", 4, 2, "b", "c"], [1, 2], 0),
        (["a", 4, "b", 5, "c"], [1, 3], 0),
        (["a", 4, "b", 5, "c"], [1, 3], 1),
        (["a", 1, 4, "b", "c"], [1, 2], 0),
        ([1, "a", 4, "b", "c"], [0, 2], 0),
    ],
)
def test_free_lengths_elsewhere_are_rewritten(shape, axes, keepdims):
    m = reduction("ReduceSum", shape, "float32", axes, keepdims, 17)
    rewritten = copy(m)
    assert ReduBA().run(rewritten).modified
    check(rewritten)
    lengths = iter([2, 3, 4])
    x = data([next(lengths) if isinstance(d, str) else d for d in shape], "float32", 5)
    assert_same(m, rewritten, x, axes, "float32", False)


def reasons(m: ir.Model, **options) -> list[str]:
    result = ReduBA(**options).run(m)
    assert not result.modified
    return [kept.reason for kept in result.kept]


def test_a_free_summed_length_is_kept_and_named():
    assert "('s')" in reasons(reduction("ReduceSum", [2, "s"], "float32", [1], 1, 17))[0]


def test_a_mean_of_whole_numbers_is_kept():
    m = reduction("ReduceMean", [2, 3], "int32", [1], 1, 17)
    assert "rounds" in reasons(m, mean=True, integers=True)[0]


def test_a_mean_stays_one_unless_asked_for():
    m = reduction("ReduceMean", [2, 3], "float32", [1], 1, 17)
    assert "fused normalisation (--mean" in reasons(m)[0]
    assert ReduBA(mean=True).run(m).modified


def test_a_mean_of_one_element_costs_nothing():
    m = reduction("ReduceMean", [2, 1], "float32", [1], 1, 17)
    assert ReduBA().run(m).modified and ops(m) == ["Identity"]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers_are_summed_by_a_product_only_when_asked_for(dtype):
    m = reduction("ReduceSum", [2, 3], dtype, [1], 1, 17)
    assert f"no NPU takes a product of {dtype}" in reasons(m)[0]
    assert ReduBA(integers=True).run(m).modified


def test_a_float16_mean_whose_reciprocal_is_subnormal_is_kept():
    assert "1/32768" in reasons(reduction("ReduceMean", [1, 32768], "float16", [1], 1, 17), mean=True)[0]


def test_an_empty_operand_is_kept():
    assert "no elements" in reasons(reduction("ReduceSum", [2, 0], "float32", [1], 1, 17))[0]


def test_infinities_come_out_of_the_product_as_out_of_the_sum():
    m = reduction("ReduceSum", [2, 3], "float32", [1], 0, 17)
    rewritten = copy(m)
    ReduBA().run(rewritten)
    x = np.array([[1, np.inf, 2], [np.inf, -np.inf, 0]], np.float32)
    np.testing.assert_array_equal(run(m, {"x": x})[0], run(rewritten, {"x": x})[0])


def test_sums_of_one_length_share_their_ones():
    nodes = [
        h.make_node("ReduceSum", ["x", "last"], ["a"], keepdims=1),
        h.make_node("ReduceSum", ["z", "last"], ["b"], keepdims=1),
        h.make_node("Add", ["a", "b"], ["y"]),
    ]
    ends = [value("x", [2, 6]), value("z", [3, 2, 6])], [value("y", [3, 2, 1])]
    m = model(nodes, *ends, [constant("last", [-1])])
    assert len(ReduBA().run(m).rewritten) == 2
    assert len(m.graph.initializers) == 1
