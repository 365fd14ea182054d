"""How often a Loop runs: counted as a runtime runs it, where its condition follows from constants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from npusim.errors import BadArgument, UnknownShape
from npusim.onnx_io import load
from tests.loading.make import BOOL, INT64, body, model, node, save

I64 = np.int64


def counting(start, step, limit, compare, most=None, extra=()):
    """``i = start; do: x = relu(x); i += step; while i `compare` limit`` with at most `most` trips."""
    inner = body(
        [
            node("Relu", ["x_in"], ["x_out"]),
            node("Add", ["i_in", "step"], ["i_out"]),
            node(compare, ["i_out", "limit"], ["go"]),
            *extra,
        ],
        {"n": (INT64, []), "go_in": (BOOL, []), "x_in": [4], "i_in": (INT64, [])},
        ["go", "x_out", "i_out"],
    )
    loop = node(
        "Loop", ["most" if most is not None else "", "", "x", "start"], ["y", "i"], body=inner, name="again"
    )
    weights = {"start": I64(start), "step": I64(step), "limit": I64(limit)}
    if most is not None:
        weights["most"] = I64(most)
    return model([loop], {"x": [4]}, ["y"], weights)


def trips_of(proto, folder, **options):
    graph = load(save(proto, folder), **options)
    (relu,) = (n for n in graph.nodes if n.op_type == "Relu")
    return relu.repeats, graph.warnings


def run_by_hand(start, step, limit, compare, most):
    """What a runtime does, for at most 10,000 trips."""
    holds = {"Less": lambda i: i < limit, "Greater": lambda i: i > limit, "LessOrEqual": lambda i: i <= limit}
    i, trip = start, 0
    while trip < most and trip < 10_000:
        trip += 1
        i += step
        if not holds[compare](i):
            break
    return trip


@given(
    start=st.integers(-50, 50), step=st.integers(-4, 4), limit=st.integers(-100, 100),
    compare=st.sampled_from(["Less", "Greater", "LessOrEqual"]), most=st.integers(1, 300),
)  # fmt: skip
def test_the_count_is_that_of_running_it(tmp_path_factory, start, step, limit, compare, most):
    proto = counting(start, step, limit, compare, most)
    found, warnings = trips_of(proto, tmp_path_factory.getbasetemp())
    assert found == run_by_hand(start, step, limit, compare, most)
    assert not warnings


@pytest.mark.parametrize("most", [None, 2**31 - 1, 2**63 - 1])
@pytest.mark.parametrize("limit", [32, 1_000_000, 10**12])
def test_a_limit_that_says_for_ever_leaves_it_to_the_condition(tmp_path, most, limit):
    assert trips_of(counting(0, 1, limit, "Less", most), tmp_path) == (
        limit if most is None else min(limit, most),
        (),
    )


def test_a_condition_that_is_no_straight_line_is_followed_step_by_step(tmp_path):
    """i = 2 i + 1 from 1: 3, 7, 15, ... beyond 1000 at the ninth."""
    double = [node("Mul", ["i_in", "two"], ["twice"])]
    inner = body(
        [node("Relu", ["x_in"], ["x_out"]), *double, node("Add", ["twice", "one"], ["i_out"]),
         node("Less", ["i_out", "limit"], ["go"])],
        {"n": (INT64, []), "go_in": (BOOL, []), "x_in": [4], "i_in": (INT64, [])},
        ["go", "x_out", "i_out"],
    )  # fmt: skip
    loop = node("Loop", ["", "", "x", "one"], ["y", "i"], body=inner)
    proto = model([loop], {"x": [4]}, ["y"], {"one": I64(1), "two": I64(2), "limit": I64(1000)})
    assert trips_of(proto, tmp_path) == (9, ())


def test_a_condition_on_the_iteration_number_is_counted(tmp_path):
    inner = body(
        [node("Relu", ["x_in"], ["x_out"]), node("Less", ["n", "limit"], ["go"])],
        {"n": (INT64, []), "go_in": (BOOL, []), "x_in": [4]},
        ["go", "x_out"],
    )
    loop = node("Loop", ["", "", "x"], ["y"], body=inner)
    assert trips_of(model([loop], {"x": [4]}, ["y"], {"limit": I64(20)}), tmp_path) == (21, ())


def until_small(folder):
    """Halve x until its sum is small: only the data know how often."""
    inner = body(
        [node("Mul", ["x_in", "half"], ["x_out"]), node("ReduceSum", ["x_out"], ["s"], keepdims=0),
         node("Greater", ["s", "small"], ["go"])],
        {"n": (INT64, []), "go_in": (BOOL, []), "x_in": [4]},
        ["go", "x_out"],
    )  # fmt: skip
    loop = node("Loop", ["", "", "x"], ["y"], body=inner, name="until small")
    return save(model([loop], {"x": [4]}, ["y"], {"half": np.float32(0.5), "small": np.float32(1)}), folder)


def test_a_count_only_the_data_know_takes_an_upper_bound_by_name(tmp_path):
    path = until_small(tmp_path)
    with pytest.raises(UnknownShape, match=r"'until small'.*how often.*trips=\{'until small': 100\}"):
        load(path)
    for trips in (12, {"until small": 12}):
        graph = load(path, trips=trips)
        assert {n.repeats for n in graph.nodes if n.op_type == "Mul"} == {12}
        assert "priced with 12" in graph.warnings[0]
    with pytest.raises(BadArgument, match=r"'untill'; there are: 'until small'"):
        load(path, trips={"untill": 3, "": 12})
    for wrong in (-1, True, 1.5, 2**60):
        with pytest.raises(BadArgument, match="whole number"):
            load(path, trips=wrong)


def test_a_loop_that_never_ends_is_told(tmp_path):
    with pytest.raises(UnknownShape, match="never ends"):
        trips_of(counting(0, 0, 5, "Less"), tmp_path)


def test_loops_in_loops_are_counted_once_a_level(tmp_path):
    """Every level is taken in a bounded number of times: 12 levels of doubling would be 4,096."""
    inner_nodes, name = [node("Relu", ["x"], ["r0"])], "r0"
    for level in range(12):
        inside = helper.make_graph(
            [node("Identity", [f"c{level}"], [f"go{level}"]), *inner_nodes,
             node("Add", [f"k{level}", name], [f"s{level}"])],
            f"level{level}",
            [helper.make_tensor_value_info(f"n{level}", INT64, []),
             helper.make_tensor_value_info(f"c{level}", BOOL, []),
             helper.make_tensor_value_info(f"k{level}", TensorProto.FLOAT, [4])],
            [helper.make_tensor_value_info(f"go{level}", BOOL, []),
             helper.make_tensor_value_info(f"s{level}", TensorProto.FLOAT, [4])],
        )  # fmt: skip
        inner_nodes, name = (
            [node("Loop", ["two", "", "zero"], [f"r{level + 1}"], body=inside)],
            f"r{level + 1}",
        )
    proto = model(inner_nodes, {"x": [4]}, [name], {"two": I64(2), "zero": np.zeros(4, np.float32)})
    graph = load(save(proto, tmp_path), max_nodes=2000)
    assert max(n.repeats for n in graph.nodes) == 2**12
