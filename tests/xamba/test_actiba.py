"""ActiBA: activations become tables, look-alikes do not, and the error is the one the table states."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper as h

from tests.xamba.build import check, constant, copy, model, one_op, ops, run, value
from xamba import ActiBA
from xamba.errors import BadArgument
from xamba.tables.pwl import ACTIVATIONS, table
from xamba.tables.pwl_op import function, rounds

ALL = ("Softplus", "Swish", "Gelu", "Sigmoid", "Tanh", "Exp")
SAMPLE = np.concatenate([np.linspace(-12, 12, 480), [0.0]]).astype(np.float32).reshape(13, 37)


def of_x(
    nodes, constants=(), opset=17, dtype="float32", ir_version=8, domains=(), shape=(13, 37)
) -> ir.Model:
    """A model ``x -> y`` of these nodes."""
    ends = [value("x", shape, dtype)], [value("y", shape, dtype)]
    return model(nodes, *ends, constants, opset, ir_version, domains)


def n(op: str, inputs: str, output: str = "y", **attributes):
    return h.make_node(op, inputs.split(), [output], **attributes)


def number(name: str, x: float):
    return constant(name, x, np.float32)


FORMS = {
    "Softplus op": ("Softplus", 1, [n("Softplus", "x")], []),
    "log(1 + exp)": (
        "Softplus",
        1,
        [n("Exp", "x", "e"), n("Add", "one e", "a"), n("Log", "a")],
        [number("one", 1)],
    ),
    "with threshold": (
        "Softplus",
        1,
        [n("Softplus", "x", "s"), n("Greater", "x t", "g"), n("Where", "g x s")],
        [number("t", 20)],
    ),
    "with beta and threshold": (
        "Softplus",
        2,
        [
            n("Mul", "x b", "z"),
            n("Softplus", "z", "s"),
            n("Div", "s b", "d"),
            n("Greater", "z t", "g"),
            n("Where", "g x d"),
        ],
        [number("t", 20), number("b", 2)],
    ),
    "relu + log(1 + exp -|x|)": (
        "Softplus",
        1,
        [
            n("Abs", "x", "a"),
            n("Neg", "a", "m"),
            n("Exp", "m", "e"),
            n("Add", "e one", "p"),
            n("Log", "p", "l"),
            n("Max", "x zero", "r"),
            n("Add", "l r"),
        ],
        [number("one", 1), number("zero", 0)],
    ),
    "-log sigmoid(-x)": (
        "Softplus",
        1,
        [n("Neg", "x", "m"), n("Sigmoid", "m", "s"), n("Log", "s", "l"), n("Neg", "l")],
        [],
    ),
    "x sigmoid(x)": ("Swish", 1, [n("Sigmoid", "x", "s"), n("Mul", "x s")], []),
    "sigmoid(x) x": ("Swish", 1, [n("Sigmoid", "x", "s"), n("Mul", "s x")], []),
    "x sigmoid(1.702 x)": (
        "Swish",
        1.702,
        [n("Mul", "a x", "z"), n("Sigmoid", "z", "s"), n("Mul", "x s")],
        [number("a", 1.702)],
    ),
    "gelu, erf": (
        "Gelu",
        1,
        [
            n("Div", "x r", "z"),
            n("Erf", "z", "e"),
            n("Add", "e one", "a"),
            n("Mul", "x a", "m"),
            n("Mul", "m half"),
        ],
        [number("r", np.sqrt(2)), number("one", 1), number("half", 0.5)],
    ),
    "gelu, erf, other order": (
        "Gelu",
        1,
        [
            n("Mul", "x r", "z"),
            n("Erf", "z", "e"),
            n("Add", "one e", "a"),
            n("Mul", "half x", "m"),
            n("Mul", "m a"),
        ],
        [number("r", np.sqrt(0.5)), number("one", 1), number("half", 0.5)],
    ),
    "gelu, tanh": (
        "GeluTanh",
        1,
        [
            n("Pow", "x three", "p"),
            n("Mul", "p k", "q"),
            n("Add", "x q", "c"),
            n("Mul", "c w", "u"),
            n("Tanh", "u", "t"),
            n("Add", "t one", "a"),
            n("Mul", "x half", "m"),
            n("Mul", "m a"),
        ],
        [
            number("three", 3),
            number("k", 0.044715),
            number("w", np.sqrt(2 / np.pi)),
            number("one", 1),
            number("half", 0.5),
        ],
    ),
    "gelu, tanh, x * x * x": (
        "GeluTanh",
        1,
        [
            n("Mul", "x x", "xx"),
            n("Mul", "xx x", "p"),
            n("Mul", "k p", "q"),
            n("Add", "q x", "c"),
            n("Mul", "w c", "u"),
            n("Tanh", "u", "t"),
            n("Add", "t one", "a"),
            n("Mul", "x half", "m"),
            n("Mul", "m a"),
        ],
        [number("k", 0.044715), number("w", np.sqrt(2 / np.pi)), number("one", 1), number("half", 0.5)],
    ),
    "gelu, tanh, x (1 + k x x)": (
        "GeluTanh",
        1,
        [
            n("Mul", "x k", "kx"),
            n("Mul", "kx x", "q"),
            n("Add", "one q", "c"),
            n("Mul", "x w", "wx"),
            n("Mul", "wx c", "u"),
            n("Tanh", "u", "t"),
            n("Add", "t one", "a"),
            n("Mul", "x half", "m"),
            n("Mul", "m a"),
        ],
        [number("k", 0.044715), number("w", np.sqrt(2 / np.pi)), number("one", 1), number("half", 0.5)],
    ),
    "x / (1 + exp -x)": (
        "Swish",
        1,
        [n("Neg", "x", "m"), n("Exp", "m", "e"), n("Add", "e one", "a"), n("Div", "x a")],
        [number("one", 1)],
    ),
    "x / (1 + exp -1.702 x)": (
        "Swish",
        1.702,
        [n("Mul", "x k", "m"), n("Exp", "m", "e"), n("Add", "one e", "a"), n("Div", "x a")],
        [number("one", 1), number("k", -1.702)],
    ),
    "1 / (1 + exp -x)": (
        "Sigmoid",
        1,
        [n("Neg", "x", "m"), n("Exp", "m", "e"), n("Add", "e one", "a"), n("Div", "one a")],
        [number("one", 1)],
    ),
    "reciprocal of (1 + exp -x)": (
        "Sigmoid",
        1,
        [n("Mul", "x k", "m"), n("Exp", "m", "e"), n("Add", "e one", "a"), n("Reciprocal", "a")],
        [number("one", 1), number("k", -1)],
    ),
    "x * (1 / (1 + exp -x))": (
        "Swish",
        1,
        [
            n("Neg", "x", "m"),
            n("Exp", "m", "e"),
            n("Add", "e one", "a"),
            n("Div", "one a", "s"),
            n("Mul", "s x"),
        ],
        [number("one", 1)],
    ),
    "Sigmoid": ("Sigmoid", 1, [n("Sigmoid", "x")], []),
    "Tanh": ("Tanh", 1, [n("Tanh", "x")], []),
    "Exp": ("Exp", 1, [n("Exp", "x")], []),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("inline", [False, True])
def test_every_form_becomes_one_table_with_the_error_it_states(form, inline):
    name, parameter, nodes, constants = FORMS[form]
    m = of_x(nodes, constants)
    rewritten = copy(m)
    promise = (-8.0, 4.0) if name == "Exp" else None
    one = ActiBA(inline=inline, functions=ALL, range=promise)
    result = one.run(rewritten)
    assert len(result.rewritten) == 1 and not result.kept
    check(rewritten)
    if not inline:
        assert ops(rewritten) == ["PWL"]
    made = table(name, 32, parameter)
    x = SAMPLE[np.abs(SAMPLE - (made.lo + made.hi) / 2) < (made.hi - made.lo) / 2]
    x = np.resize(x, SAMPLE.shape)
    (before,), (after,) = run(m, {"x": x}), run(rewritten, {"x": x})
    assert np.abs(before - after).max() <= made.max_abs * 1.01 + 1e-5
    np.testing.assert_allclose(after, made(x.astype(np.float64)), rtol=1e-5, atol=1e-6)
    assert not one.run(rewritten).modified


NEAR_MISSES = {
    "gate of another value": ([n("Neg", "x", "b"), n("Sigmoid", "b", "s"), n("Mul", "x s")], []),
    "threshold of 1": (
        [n("Softplus", "x", "s"), n("Greater", "x t", "g"), n("Where", "g x s")],
        [number("t", 1)],
    ),
    "threshold on another value": (
        [n("Neg", "x", "z"), n("Softplus", "z", "s"), n("Greater", "x t", "g"), n("Where", "g x s")],
        [number("t", 20)],
    ),
    "log(2 + exp)": ([n("Exp", "x", "e"), n("Add", "e two", "a"), n("Log", "a")], [number("two", 2)]),
    "erf(x)": (
        [n("Erf", "x", "e"), n("Add", "e one", "a"), n("Mul", "x a", "m"), n("Mul", "m half")],
        [number("one", 1), number("half", 0.5)],
    ),
}


@pytest.mark.parametrize("miss", NEAR_MISSES)
def test_a_near_miss_keeps_its_answer(miss):
    m = of_x(*NEAR_MISSES[miss])
    rewritten = copy(m)
    ActiBA(functions=("Softplus", "Swish", "Gelu")).run(rewritten)
    x = np.clip(SAMPLE, -7, 7)
    (before,), (after,) = run(m, {"x": x}), run(rewritten, {"x": x})
    assert np.abs(before - after).max() <= 0.05  # a Softplus inside may have become a table, no more


def test_a_near_miss_says_why():
    m = of_x(*NEAR_MISSES["gate of another value"])
    result = ActiBA(functions=("Swish",)).run(m)
    assert not result.modified and "gate" in result.kept[0].reason
    m = of_x(*NEAR_MISSES["threshold of 1"])
    assert "threshold" in ActiBA(functions=("Softplus",)).run(m).kept[0].reason


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("inline", [False, True])
def test_every_float_type_keeps_its_type(dtype, inline):
    m = one_op("Sigmoid", [3, 5], dtype)
    rewritten = copy(m)
    assert ActiBA(inline=inline).run(rewritten).modified
    check(rewritten)
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
    x = np.linspace(-6, 6, 15).reshape(3, 5).astype(kind)
    (after,) = run(rewritten, {"x": x}, reference=dtype == "bfloat16")
    expected = table("Sigmoid", 32)(x.astype(np.float64))
    assert after.dtype == kind
    assert np.abs(after.astype(np.float64) - expected).max() <= (2e-3 if "16" in dtype else 1e-6) * 4


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.integers(1, 300),
    st.sampled_from(ALL),
    st.booleans(),
    st.sampled_from([11, 12, 13, 15, 17, 21]),
    st.lists(st.integers(1, 4), max_size=4),
)
def test_the_body_computes_the_table_for_every_size_opset_and_rank(segments, name, inline, opset, shape):
    if name in ("Swish", "Gelu"):
        name = "Softplus"
    m = one_op(name, shape, opset=opset)
    promise = (-8.0, 4.0) if name == "Exp" else None
    assert ActiBA(segments=segments, inline=inline, functions=ALL, range=promise).run(m).modified
    check(m)
    made = table(name, segments, bounds=promise)
    rng = np.random.default_rng(segments)
    edges = rng.choice(np.array([*made.breaks, -1e9, 1e9, 0.0], np.float32), shape)
    x = np.where(rng.random(shape) < 0.5, edges, rng.uniform(-10, 10, shape)).astype(np.float32)
    (after,) = run(m, {"x": x})
    np.testing.assert_allclose(after, made(x.astype(np.float64)), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("reference", [False, True])
def test_infinities_saturate_and_nan_stays_nan(inline, reference):
    x = np.array([[-np.inf, np.inf, np.nan, 1e30, -1e30]], np.float32)
    for op, expected in ("Softplus", [0, np.inf, np.nan, 1e30, 0]), ("Tanh", [-1, 1, np.nan, 1, -1]):
        m = one_op(op, [1, 5])
        ActiBA(inline=inline).run(m)
        with np.errstate(all="ignore"):
            (after,) = run(m, {"x": x}, reference)
        np.testing.assert_array_equal(after, np.array([expected], np.float32))


def test_before_opset_15_or_ir_version_8_the_body_is_written_in_place():
    for opset, ir_version in (11, 6), (13, 8), (17, 7):
        m = of_x([n("Tanh", "x")], opset=opset, ir_version=ir_version)
        result = ActiBA().run(m)
        assert "in place" in result.rewritten[0].by and not m.functions
        check(m)


def test_the_function_grows_for_a_longer_table_added_later():
    nodes = [n("Tanh", "x", "t"), n("Sigmoid", "t")]
    m = of_x(nodes)
    ActiBA(segments=4, functions=("Tanh",)).run(m)
    ActiBA(segments=100, functions=("Sigmoid",)).run(m)
    assert len(m.functions) == 1
    expected = table("Sigmoid", 100)(table("Tanh", 4)(SAMPLE.astype(np.float64)))
    np.testing.assert_allclose(run(m, {"x": SAMPLE})[0], expected, atol=1e-5)


def test_memory_is_that_of_the_operand_whatever_the_segments():
    """No value of the body is larger than x: bisection, not a comparison with every break."""
    assert rounds(1) == 1 and rounds(3) == 2 and rounds(4) == 3 and rounds(255) == 8
    assert not {"ReduceSum", "Unsqueeze", "Expand"} & {node.op_type for node in function(17, 8)}


def test_a_value_that_others_read_stays():
    m = of_x([n("Sigmoid", "x", "s"), n("Mul", "x s", "m"), n("Add", "m s")])
    result = ActiBA(functions=("Swish",)).run(m)
    assert len(result.rewritten) == 1 and sorted(ops(m)) == ["Add", "PWL", "Sigmoid"]


def test_a_swish_inside_a_longer_product_is_found():
    m = of_x([n("Sigmoid", "x", "s"), n("Mul", "s b", "t"), n("Mul", "x t")], [number("b", 3)])
    rewritten = copy(m)
    ActiBA(functions=("Swish",)).run(rewritten)
    assert ops(rewritten) == ["PWL", "Mul"]
    assert np.abs(run(m, {"x": SAMPLE})[0] - run(rewritten, {"x": SAMPLE})[0]).max() < 3 * 0.06


def test_only_the_named_functions_are_replaced():
    m = of_x([n("Tanh", "x", "t"), n("Sigmoid", "t")])
    ActiBA(functions=("Tanh",)).run(m)
    assert ops(m) == ["PWL", "Sigmoid"]


def test_exp_is_left_alone_unless_asked_for():
    m = of_x([n("Exp", "x")])
    assert not ActiBA().run(m).modified


def test_the_relu_variant_replaces_softplus_and_states_its_error():
    m = of_x([n("Softplus", "x", "s"), n("Tanh", "s")])
    result = ActiBA(variant="relu").run(m)
    assert ops(m) == ["Relu", "Tanh"]
    assert "0.69" in result.rewritten[0].by and "Softplus only" in result.kept[0].reason
    assert ACTIVATIONS["Softplus"].function(np.array(0.0), 1.0) == pytest.approx(0.693, abs=1e-3)


def test_a_constant_operand_is_kept():
    m = of_x([n("Sigmoid", "c", "s"), n("Add", "s x")], [number("c", 0.3)])
    result = ActiBA().run(m)
    assert not result.modified and "constant" in result.kept[0].reason


@pytest.mark.parametrize(
    "options",
    [
        {"segments": 0},
        {"segments": -3},
        {"range": (2.0, 2.0)},
        {"error": "squared"},
        {"variant": "spline"},
        {"functions": ("Mish",)},
    ],
)
def test_impossible_options_are_refused(options):
    with pytest.raises(BadArgument):
        ActiBA(**options)
