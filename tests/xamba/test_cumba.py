"""CumBA: every CumSum that can be a masked product becomes one, with the same answer."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper as h

from tests.xamba.build import UNIT_ROUNDOFF, check, constant, copy, model, one_op, ops, run, value
from xamba import CumBA
from xamba.passes.blocks import LONGEST_WHOLE, SHORTEST, split

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=6)
KINDS = st.sampled_from(["float16", "float32", "float64", "int32", "int64"])


def data(shape: list[int], dtype: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype.startswith("int"):
        return rng.integers(-1000, 1000, shape).astype(dtype)
    return rng.standard_normal(shape).astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)


def bound(x: np.ndarray, axis: int, dtype: str) -> np.ndarray | int:
    """Largest difference of two sums of n terms in different order: 2 n u sum|x| (0 for whole numbers)."""
    if dtype.startswith("int"):
        return 0
    n = x.shape[axis]
    return 2 * (n + 1) * UNIT_ROUNDOFF[dtype] * np.abs(x.astype(np.float64)).sum(axis=axis, keepdims=True)


def assert_same(m, rewritten, x: np.ndarray, axis: int, dtype: str, reference: bool = False) -> None:
    (a,), (b,) = run(m, {"x": x}, reference), run(rewritten, {"x": x}, reference)
    assert a.shape == b.shape and a.dtype == b.dtype
    assert (np.abs(a.astype(np.float64) - b.astype(np.float64)) <= bound(x, axis, dtype)).all()


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data())
def test_the_product_equals_the_cumulative_sum(draw):
    shape = draw.draw(SHAPES)
    axis = draw.draw(st.integers(-len(shape), len(shape) - 1))
    dtype, opset = draw.draw(KINDS), draw.draw(st.sampled_from([11, 13, 14, 17, 21]))
    exclusive, reverse = draw.draw(st.integers(0, 1)), draw.draw(st.integers(0, 1))
    block = draw.draw(st.sampled_from([None, 2, 3]))
    if dtype == "float16" and opset < 14:
        dtype = "float32"  # CumSum has float16 from opset 14 on
    m = one_op("CumSum", shape, dtype, [constant("ax", axis)], opset, exclusive=exclusive, reverse=reverse)
    rewritten = copy(m)
    result = CumBA(block=block, integers=True).run(rewritten)
    assert result.modified and not result.kept and "CumSum" not in ops(rewritten)
    check(rewritten)
    assert_same(m, rewritten, data(shape, dtype, sum(shape)), axis, dtype)
    assert not CumBA(block=block, integers=True).run(rewritten).modified


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
@pytest.mark.parametrize("reverse", [0, 1])
def test_bfloat16_agrees_in_the_reference_implementation(axis, reverse):
    shape = [2, 3, 4, 5]
    m = one_op("CumSum", shape, "bfloat16", [constant("ax", axis)], reverse=reverse)
    rewritten = copy(m)
    assert CumBA().run(rewritten).modified
    assert_same(m, rewritten, data(shape, "bfloat16", 1), axis, "bfloat16", reference=True)


@pytest.mark.parametrize("length, block, parts", [(12, 4, 3), (12, 5, 3), (256, 32, 8), (6, 4, 2)])
def test_a_block_mask_is_no_longer_than_the_block(length, block, parts):
    m = one_op("CumSum", [3, length], constants=[constant("ax", 1)])
    assert CumBA(block=block).run(m).modified
    masks = {tuple(v.shape) for v in m.graph.initializers.values() if len(v.shape or ()) == 2}
    assert masks == {(length // parts, length // parts), (parts, parts), (length // parts, 1)}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(1, 20000), st.none() | st.integers(1, 2000))
def test_an_axis_is_cut_with_little_padding_into_blocks_no_longer_than_asked(length, block):
    cut = split(length, block)
    longest = block or max(SHORTEST, int(np.sqrt(length)) + 16)
    if cut is None:
        assert length <= (LONGEST_WHOLE if block is None else block) or block == 1
        return
    assert cut.block <= longest and 0 <= cut.padding(length) < cut.count
    divisors = [d for d in range(2, longest + 1) if length % d == 0]
    assert cut.padding(length) == 0 or not divisors or 2 * max(divisors) <= longest


@pytest.mark.parametrize("exclusive, reverse", [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("shape, axis, block", [([2, 13], 1, 4), ([13, 3], 0, 5), ([2, 13, 2, 3], 1, 4)])
def test_a_prime_length_is_padded_to_blocks(shape, axis, block, exclusive, reverse):
    m = one_op("CumSum", shape, constants=[constant("ax", axis)], exclusive=exclusive, reverse=reverse)
    rewritten = copy(m)
    assert "padded by" in CumBA(block=block).run(rewritten).rewritten[0].by
    check(rewritten)
    assert_same(m, rewritten, data(shape, "float32", 3), axis, "float32")
    masks = [v for v in rewritten.graph.initializers.values() if len(v.shape or ()) == 2]
    assert all(max(v.shape) <= block for v in masks)


@pytest.mark.parametrize("length, products", [(1, 1), (128, 1), (1024, 1), (1031, 4), (8191, 4), (8192, 4)])
def test_axes_over_1024_are_cut_by_default(length, products):
    m = one_op("CumSum", [1, length], constants=[constant("ax", 1)])
    rewritten = copy(m)
    assert CumBA().run(rewritten).modified
    assert ops(rewritten).count("MatMul") == (products if products == 1 else 3)
    assert_same(m, rewritten, data([1, length], "float32", 3), 1, "float32")
    total = sum(v.const_value.nbytes for v in rewritten.graph.initializers.values())
    assert total <= 4 * 2**20 + 100


@pytest.mark.parametrize("axis, expected", [(3, 1), (2, 1), (1, 3), (0, 3)])
def test_the_last_two_axes_need_one_product_and_no_other_op(axis, expected):
    m = one_op("CumSum", [2, 3, 4, 5], constants=[constant("ax", axis)])
    CumBA().run(m)
    assert len(ops(m)) == expected and "Transpose" not in ops(m)


def chain(count: int, shape: list[int]) -> object:
    nodes = [h.make_node("CumSum", [f"v{i}", "ax"], [f"v{i + 1}"]) for i in range(count)]
    ends = [value("v0", shape)], [value(f"v{count}", shape)]
    return model(nodes, *ends, [constant("ax", -1)])


def test_sums_of_one_length_share_one_mask():
    m = chain(5, [2, 7])
    assert len(CumBA().run(m).rewritten) == 5
    assert len(m.graph.initializers) == 1


def test_left_and_right_products_share_a_mask_where_it_is_the_same_matrix():
    nodes = [
        h.make_node("CumSum", ["x", "last"], ["a"]),
        h.make_node("CumSum", ["a", "first"], ["y"], reverse=1),
    ]
    square = [4, 4]
    m = model(nodes, [value("x", square)], [value("y", square)], [constant("last", 1), constant("first", 0)])
    CumBA().run(m)
    assert len(m.graph.initializers) == 1


def reasons(m, **options) -> list[str]:
    result = CumBA(**options).run(m)
    assert not result.modified
    return [kept.reason for kept in result.kept]


def test_what_was_made_for_a_sum_that_is_kept_goes_again():
    """The declared output says 7 where the sum has 6 elements: the shape would change, so nothing is done."""
    m = one_op("CumSum", [2, 6], constants=[constant("ax", 1)])
    m.graph.outputs[0].shape = ir.Shape([2, 7])
    assert "shape" in reasons(m)[0]
    assert list(m.graph.initializers) == ["ax"]


def test_a_free_scanned_length_is_kept_and_named():
    m = one_op("CumSum", [2, "s"], constants=[constant("ax", 1)])
    assert reasons(m) == ["the scanned axis 1 has a free length ('s')"]


def test_free_lengths_elsewhere_are_rewritten():
    for shape, axis in (["b", 4], 1), (["b", 4, "t"], 1), ([4, "t", "u"], 0), (["a", 4, 2, "b"], 1):
        m = one_op("CumSum", shape, constants=[constant("ax", axis)])
        rewritten = copy(m)
        assert CumBA().run(rewritten).modified
        check(rewritten)
        x = data([3 if isinstance(d, str) else d for d in shape], "float32", 2)
        assert_same(m, rewritten, x, axis, "float32")


def test_free_lengths_elsewhere_are_rewritten_in_blocks():
    for shape, axis in (["b", 6], 1), (["b", 6, "t"], 1), ([6, "t", "u"], 0):
        m = one_op("CumSum", shape, constants=[constant("ax", axis)])
        rewritten = copy(m)
        assert CumBA(block=3).run(rewritten).modified
        check(rewritten)
        x = data([3 if isinstance(d, str) else d for d in shape], "float32", 2)
        assert_same(m, rewritten, x, axis, "float32")


def test_all_masks_of_a_model_share_one_budget():
    """Many lengths: one mask each while they fit, then blocks of 256, and what fits no more is kept."""
    lengths = [1000 + i for i in range(24)]
    nodes = [h.make_node("CumSum", [f"x{i}", "ax"], [f"y{i}"]) for i in range(len(lengths))]
    inputs = [value(f"x{i}", [1, n]) for i, n in enumerate(lengths)]
    outputs = [value(f"y{i}", [1, n]) for i, n in enumerate(lengths)]
    m = model(nodes, inputs, outputs, [constant("ax", 1)])
    small = CumBA(max_mask_mib=1.0).run(copy(m))
    assert small.rewritten and small.kept and all("1 MiB for all masks" in k.reason for k in small.kept)
    result = CumBA().run(m)
    words = [line.by for line in result.rewritten]
    assert not result.kept and "triangle" in words[0] and "blocks" in words[-1]
    assert sum(v.const_value.nbytes for v in m.graph.initializers.values()) <= 32 * 2**20


def test_the_budget_counts_what_an_earlier_run_left():
    m = one_op("CumSum", [1, 512], constants=[constant("ax", 1)])
    assert CumBA(max_mask_mib=2.0).run(m).modified
    last = next(reversed(m.graph))
    m.graph.insert_after(last, ir.node("CumSum", [last.outputs[0], other_axis(m)], name="again"))
    assert CumBA(max_mask_mib=1.1).run(m).modified, "the same mask again costs nothing"
    assert sum("lower" in n or "upper" in n for n in m.graph.initializers) == 1


def other_axis(m: ir.Model) -> ir.Value:
    axis = ir.Value(name="ax2", const_value=ir.tensor(np.array(1), name="ax2"))
    m.graph.register_initializer(axis)
    return axis


def test_a_sum_beyond_the_budget_is_kept_and_says_what_helps():
    m = one_op("CumSum", [1, 8192], constants=[constant("ax", 1)])
    assert "--max-mask-mib" in reasons(copy(m), max_mask_mib=0.25)[0]
    assert CumBA(max_mask_mib=0.25, block=128).run(m).modified


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers_are_rewritten_only_when_asked_for(dtype):
    m = one_op("CumSum", [2, 3], dtype, [constant("ax", 1)])
    assert reasons(m) == [
        f"no NPU takes a product of {dtype}, and it wraps where a sum may not (--integers makes one)"
    ]
    assert CumBA(integers=True).run(m).modified


def test_an_axis_outside_the_rank_is_kept():
    node = h.make_node("CumSum", ["x", "ax"], ["y"])
    graph = h.make_graph([node], "g", [value("x", [2, 3])], [value("y", [2, 3])], [constant("ax", 5)])
    proto = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
    assert reasons(ir.from_proto(proto)) == ["its axis 5 is outside rank 2"]


def test_a_constant_operand_is_kept():
    node = h.make_node("CumSum", ["c", "ax"], ["s"])
    add = h.make_node("Add", ["s", "x"], ["y"])
    consts = [constant("c", [[1, 2, 3]], np.float32), constant("ax", 1)]
    m = model([node, add], [value("x", [1, 3])], [value("y", [1, 3])], consts)
    assert "constant" in reasons(m)[0]


def test_an_axis_initializer_that_a_caller_may_overwrite_is_no_constant():
    node = h.make_node("CumSum", ["x", "ax"], ["y"])
    inputs = [value("x", [2, 3]), h.make_tensor_value_info("ax", onnx.TensorProto.INT64, [])]
    m = model([node], inputs, [value("y", [2, 3])], [constant("ax", 1)])
    assert reasons(m) == ["its axis is not a constant"]


def infinite() -> tuple[object, np.ndarray]:
    m = one_op("CumSum", [1, 4], constants=[constant("ax", 1)])
    return m, np.array([[1, 2, np.inf, 3]], np.float32)


def test_the_documented_caveat_holds_and_the_option_refuses():
    m, x = infinite()
    careful = copy(m)
    assert "inf" in reasons(careful, refuse_nonfinite=True)[0]
    rewritten = copy(m)
    CumBA().run(rewritten)
    (before,), (after,) = run(m, {"x": x}), run(rewritten, {"x": x})
    assert np.isfinite(before[0, :2]).all() and np.isnan(after[0, :2]).all()


def test_the_option_rewrites_what_is_finite_for_certain():
    nodes = [h.make_node("Sigmoid", ["x"], ["s"]), h.make_node("CumSum", ["s", "ax"], ["y"])]
    finite = [h.make_node("Cast", ["x"], ["s"], to=1), h.make_node("CumSum", ["s", "ax"], ["y"])]
    unsure = model(nodes, [value("x", [2, 3])], [value("y", [2, 3])], [constant("ax", 1)])
    assert not CumBA(refuse_nonfinite=True).run(unsure).modified  # Sigmoid(NaN) is NaN
    certain = model(finite, [value("x", [2, 3], "int64")], [value("y", [2, 3])], [constant("ax", 1)])
    assert CumBA(refuse_nonfinite=True).run(certain).modified


@pytest.mark.parametrize("reverse", [0, 1])
def test_two_flips_around_a_sum_become_the_transposed_mask(reverse):
    flip = [
        constant("start", [-1]),
        constant("end", [-(2**63) + 1]),
        constant("along", [1]),
        constant("step", [-1]),
    ]
    names = [c.name for c in flip]
    nodes = [
        h.make_node("Slice", ["x", *names], ["r"]),
        h.make_node("CumSum", ["r", "ax"], ["c"], reverse=reverse),
        h.make_node("Slice", ["c", *names], ["y"]),
    ]
    shape = [2, 5, 3]
    m = model(nodes, [value("x", shape)], [value("y", shape)], [*flip, constant("ax", 1)])
    rewritten = copy(m)
    CumBA().run(rewritten)
    assert ops(rewritten) == ["MatMul"]
    assert_same(m, rewritten, data(shape, "float32", 3), 1, "float32")


def test_before_ir_version_4_no_input_is_added():
    node = h.make_node("CumSum", ["x", "ax"], ["y"])
    axis = h.make_node("Constant", [], ["ax"], value=constant("", 1))
    m = model([axis, node], [value("x", [2, 3])], [value("y", [2, 3])], opset=11, ir_version=3)
    assert CumBA().run(m).modified
    check(m)
    assert [v.name for v in m.graph.inputs] == ["x"] and not m.graph.initializers


@pytest.mark.parametrize(
    "start, end, along, step, reads",
    [
        (-1, -(2**63) + 1, 1, -2, 1),  # every other element
        (-1, -5, 1, -1, 1),  # the first element is left out
        (-2, -(2**63) + 1, 1, -1, 1),  # the last element is left out
        (-1, -(2**63) + 1, 2, -1, 1),  # another axis
        (-1, -(2**63) + 1, 1, -1, 2),  # somebody else reads the sums
    ],
)
def test_what_is_no_pair_of_flips_is_only_a_product(start, end, along, step, reads):
    parts = {"start": [start], "end": [end], "along": [along], "step": [step]}
    names = list(parts)
    nodes = [
        h.make_node("Slice", ["x", *names], ["r"]),
        h.make_node("CumSum", ["r", "ax"], ["c"]),
        h.make_node("Slice", ["c", *names], ["y"]),
        h.make_node("Relu", ["c"], ["z"]),
    ]
    outputs = [value("y", ["a", "b", "c"]), value("z", ["a", "b", "d"])][:reads]
    consts = [constant(k, v) for k, v in parts.items()] + [constant("ax", 1)]
    m = model(nodes[: 2 + reads], [value("x", [2, 5, 5])], outputs, consts)
    rewritten = copy(m)
    assert "flip" not in CumBA().run(rewritten).rewritten[0].by
    check(rewritten)
    x = data([2, 5, 5], "float32", 4)
    for a, b in zip(run(m, {"x": x}), run(rewritten, {"x": x}), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
