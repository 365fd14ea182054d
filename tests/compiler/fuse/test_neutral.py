"""Factors of one and summands of zero cost nothing, and a factor behind a projection rides along in it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from npusim.onnx_io import load
from npusim.simulation import simulate


def priced(nodes, shape, constants, npu="lunar_lake"):
    """The report of a float16 graph from x to y; nodes are (op, inputs, output, attributes)."""
    made = [helper.make_node(k, i.split(), [o], f"n{o}", **a) for k, i, o, a in nodes]
    held = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT16, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT16, None)
    graph = helper.make_graph(made, "g", [x], [y], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return simulate(load(model), npu, band=False)


@given(
    op=st.sampled_from(["Mul", "Add", "Sub", "Div"]), last=st.booleans(), rows=st.integers(1, 40),
    npu=st.sampled_from(["meteor_lake", "lunar_lake", "panther_lake"]),
)  # fmt: skip
def test_what_changes_nothing_costs_nothing(op, last, rows, npu):
    number = np.float16(1 if op in ("Mul", "Div") else 0)
    constant = {"c": np.full(32, number)}
    with_it = [("Exp", "x", "a", {}), (op, "a c", "b", {}), ("Softmax", "b", "y", {})]
    without = [("Exp", "x", "a", {}), ("Softmax", "a", "y", {})]
    a, b = priced(with_it, [rows, 32], constant, npu), priced(without, [rows, 32], {}, npu)
    assert a.latency_us == b.latency_us and a.bytes_moved == b.bytes_moved and a.macs == b.macs


@pytest.mark.parametrize(
    "op, reads, value", [("Sub", "c a", 0), ("Div", "c a", 1), ("Mul", "a c", 2), ("Add", "a c", 1)]
)
def test_what_changes_something_stays(op, reads, value):
    nodes = [("Exp", "x", "a", {}), (op, reads, "b", {}), ("Softmax", "b", "y", {})]
    found = priced(nodes, [8, 32], {"c": np.full(32, np.float16(value))})
    assert "nb" in {n.name for n in found.nodes}


def test_a_larger_shape_stays():
    nodes = [("Exp", "x", "a", {}), ("Mul", "a c", "b", {}), ("Softmax", "b", "y", {})]
    found = priced(nodes, [1, 32], {"c": np.ones((8, 32), np.float16)})
    assert "nb" in {n.name for n in found.nodes}


#: The mask of words that are all there, as exporters of encoders write it: (nodes, its constants).
MASKS = {
    "where": ([("Where", "all zero low", "m", {})], lambda all_: {"all": all_}),
    "expand": (
        [("Expand", "one to", "w", {}), ("Where", "w zero low", "m", {})],
        lambda all_: {"one": all_.reshape(-1)[-1:], "to": np.array(all_.shape)},
    ),
    "arithmetic": (
        [("Cast", "all", "w", {"to": 10}), ("Sub", "unit w", "v", {}), ("Mul", "v low", "m", {})],
        lambda all_: {"all": all_},
    ),
}


@given(kind=st.sampled_from(sorted(MASKS)), tokens=st.integers(2, 160), hidden=st.booleans())
def test_a_mask_that_hides_nothing_costs_nothing_however_large(kind, tokens, hidden):
    nodes, held = MASKS[kind]
    shown = np.ones((1, 1, tokens, tokens), bool)
    shown[..., -1] = not hidden
    numbers = {"zero": np.float16(0), "unit": np.float16(1), "low": np.float16(-65504)}
    masked = [*nodes, ("Exp", "x", "a", {}), ("Add", "a m", "b", {}), ("Softmax", "b", "y", {})]
    without = [("Exp", "x", "a", {}), ("Softmax", "a", "y", {})]
    shape = [1, 4, tokens, tokens]
    found, plain = priced(masked, shape, numbers | held(shown)), priced(without, shape, {})
    assert (found.latency_us == plain.latency_us) == (not hidden)
    assert ("nb" in {n.name for n in found.nodes}) == hidden


@pytest.mark.parametrize("shift", ["", " b"])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_norm_without_scale_and_shift_is_the_kernel_alone(scale, shift):
    held = {"s": np.full(64, scale, np.float16), "b": np.zeros(64, np.float16)}
    found = priced([("LayerNormalization", f"x s{shift}", "y", {"axis": -1})], [16, 64], held)
    assert any(n.op_type == "MeanVarianceNormalization" for n in found.nodes) == (scale == 1.0)


@given(
    numbers=st.lists(st.sampled_from([0.5, 2.0, 3.0]), min_size=1, max_size=4), rank=st.integers(0, 3),
    npu=st.sampled_from(["meteor_lake", "lunar_lake", "panther_lake"]),
)  # fmt: skip
def test_factors_one_behind_another_are_one(numbers, rank, npu):
    names = ["a", *(f"m{i}" for i in range(len(numbers)))]
    chain = [("Mul", f"{a} c{i}", b, {}) for i, (a, b) in enumerate(pairwise(names))]
    held = {f"c{i}": np.full([1] * rank, n, np.float16) for i, n in enumerate(numbers)}
    first, last = ("Exp", "x", "a", {}), ("Softmax", names[-1], "y", {})
    many = priced([first, *chain, last], [4, 16, 32], held, npu)
    once = [first, ("Mul", "a c", "b", {}), ("Softmax", "b", "y", {})]
    one = priced(once, [4, 16, 32], {"c": np.full([1] * rank, 0.5, np.float16)}, npu)
    assert many.latency_us == one.latency_us and many.bytes_moved == one.bytes_moved


@pytest.mark.parametrize("between", ["", "Exp"])
def test_a_factor_behind_a_projection_and_moves_rides_along(between):
    """As Intel folds the scale of a ViT's queries into their projection."""
    nodes = [
        ("MatMul", "x w", "a", {}), ("Reshape", "a four", "b", {}),
        *([(between, "b", "e", {})] if between else []),
        ("Transpose", "e" if between else "b", "c", {"perm": [0, 2, 1, 3]}),
        ("Mul", "c s", "d", {}), ("Softmax", "d", "y", {}),
    ]  # fmt: skip
    held = {"w": np.ones((64, 64), np.float16), "four": np.array([1, 16, 4, 16]), "s": np.float16(0.25)}
    found = priced(nodes, [1, 16, 64], held)
    assert ("nd" in {n.name for n in found.nodes}) == bool(between)


@pytest.mark.parametrize("behind", [False, True])
def test_eight_bits_behind_and_in_front_of_a_transpose_are_one(behind):
    """A converter writes the pair in front of the move, an exporter behind it: the product is of 8 bits both times."""

    def pair(name, out):
        return [
            ("QuantizeLinear", f"{name} s z", f"{out}q", {}),
            ("DequantizeLinear", f"{out}q s z", out, {}),
        ]

    turn = {"perm": [0, 2, 1]}
    moved = (
        [*pair("x", "m"), ("Transpose", "m", "k", turn)]
        if behind
        else [("Transpose", "x", "m", turn), *pair("m", "k")]
    )
    nodes = [*pair("x", "q"), *moved, ("MatMul", "q k", "a", {}), ("Softmax", "a", "y", {})]
    held = {"s": np.float16(0.1), "z": np.int8(0)}
    found = priced(nodes, [4, 64, 128], held)
    product = next(n for n in found.nodes if n.op_type == "MatMul")
    assert product.macs == 4 * 64 * 64 * 128
    assert product.busy_us["mac_array"] == pytest.approx(_product_of_8_bits())


def _product_of_8_bits():
    nodes = [
        ("QuantizeLinear", "x s z", "q", {}), ("DequantizeLinear", "q s z", "d", {}),
        ("Transpose", "x", "t", {"perm": [0, 2, 1]}), ("QuantizeLinear", "t s z", "tq", {}),
        ("DequantizeLinear", "tq s z", "td", {}), ("MatMul", "d td", "a", {}), ("Softmax", "a", "y", {}),
    ]  # fmt: skip
    found = priced(nodes, [4, 64, 128], {"s": np.float16(0.1), "z": np.int8(0)})
    return next(n for n in found.nodes if n.op_type == "MatMul").busy_us["mac_array"]


@pytest.mark.parametrize("last", ["e one", "one e"])
@pytest.mark.parametrize("number", [1.0, 2.0])
def test_a_softplus_written_out_is_one(last, number):
    nodes = [("Exp", "x", "e", {}), ("Add", last, "a", {}), ("Log", "a", "y", {})]
    found = priced(nodes, [16, 64], {"one": np.float16(number)})
    whole = priced([("Softplus", "x", "y", {})], [16, 64], {})
    assert (found.latency_us == whole.latency_us) == (number == 1.0)
