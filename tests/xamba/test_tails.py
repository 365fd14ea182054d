"""A table is exactly 0 (or 1) where the function is only near it: no op may be given that which asks for more."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xamba.build import copy, run
from tests.xamba.test_laws import parsed as in_type
from xamba import ActiBA
from xamba.facts.bounds import bounds
from xamba.facts.facts import facts_of
from xamba.passes.text import model_text
from xamba.tables.pwl import table

ONE = "one = Constant<value = float {1.0}>() "
ZERO = "zero = Constant<value = float {0.0}>() "


def parsed(body: str, out: str = "float[N] y", functions: str = "", opset: int = 17) -> ir.Model:
    text = model_text("float[N] x", out, body, opset)
    if functions:
        text = (
            text.replace('"" : 17', '"" : 17, "my" : 1').replace("ir_version: 8", "ir_version: 9") + functions
        )
    return ir.from_proto(onnx.parser.parse_model(text))


REFUSED = {
    "log": "s = Sigmoid(x) y = Log(s)",
    "log of softplus": "s = Softplus(x) y = Log(s)",
    "reciprocal": "s = Sigmoid(x) y = Reciprocal(s)",
    "divisor": "s = Softplus(x) y = Div(x, s)",
    "negative power": "s = Sigmoid(x) p = Constant<value = float {-0.5}>() y = Pow(s, p)",
    "unknown power": "s = Sigmoid(x) y = Pow(s, x)",
    "through moves": """s = Sigmoid(x) a = Unsqueeze<axes = [0]>(s)
        b = Transpose(a) c = Squeeze<axes = [1]>(b) y = Log(c)""",
    "through a cast": "s = Sigmoid(x) d = Cast<to = 11>(s) l = Log(d) y = Cast<to = 1>(l)",
    "through a root and a product": "s = Sigmoid(x) m = Mul(s, x) r = Sqrt(s) k = Mul(r, m) y = Reciprocal(k)",
    "one less it": ONE + "s = Sigmoid(x) r = Sub(one, s) y = Log(r)",
    "one and its tanh": ONE + "s = Tanh(x) r = Add(one, s) y = Log(r)",
    "odds": ONE + "s = Sigmoid(x) r = Sub(one, s) y = Div(s, r)",
    "sum of zeros": "s = Softplus(x) a = ReduceSum<keepdims = 1>(s) y = Div(x, a)",
    "above zero": ZERO + "s = Sigmoid(x) g = Greater(s, zero) y = Where(g, x, s)",
    "equal to one": ONE + "s = Sigmoid(x) g = Equal(s, one) y = Where(g, x, s)",
    "as a truth": "s = Sigmoid(x) g = Cast<to = 9>(s) y = Where(g, x, s)",
    "cut to whole numbers": "s = Sigmoid(x) y = Floor(s)",
    "quotient by tanh": "s = Tanh(x) y = Div(x, s)",
    "in a body": """s = Sigmoid(x) t = Constant<value = bool {1}>()
        y = If(t)<then_branch = a () => (float[N] u) { u = Log(s) },
                  else_branch = b () => (float[N] v) { v = Neg(s) }>""",
    "out of a body": """t = Constant<value = bool {1}>()
        s = If(t)<then_branch = a () => (float[N] u) { u = Sigmoid(x) },
                  else_branch = b () => (float[N] v) { v = Neg(x) }>
        y = Log(s)""",
}
TAKEN = {
    "with an epsilon": "e = Constant<value = float {0.001}>() s = Sigmoid(x) a = Add(s, e) y = Log(a)",
    "clipped": "e = Constant<value = float {0.001}>() s = Softplus(x) a = Clip(s, e) y = Reciprocal(a)",
    "at least an epsilon": "e = Constant<value = float {0.001}>() s = Softplus(x) a = Max(s, e) y = Div(x, a)",
    "for its type alone": "e = Constant<value = double {3.0}>() s = Sigmoid(x) c = CastLike(e, s) y = Div(s, c)",
    "as a numerator": "e = Constant<value = float {3.0}>() s = Sigmoid(x) y = Div(s, e)",
    "squared": "e = Constant<value = float {2.0}>() s = Sigmoid(x) y = Pow(s, e)",
    "above a half": "e = Constant<value = float {0.5}>() s = Sigmoid(x) g = Greater(s, e) y = Where(g, x, s)",
    "operand within the range": """l = Constant<value = float {-5.0}>() h = Constant<value = float {5.0}>()
        c = Clip(x, l, h) s = Sigmoid(c) y = Log(s)""",
    "normalised": """e = Constant<value = float {0.00001}>() t = Constant<value = float {2.0}>()
        s = Sigmoid(x) m = Mul(s, x) q = Pow(m, t) a = ReduceMean<keepdims = 1>(q)
        b = Add(a, e) r = Sqrt(b) y = Div(m, r)""",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_whose_exact_end_would_show_is_kept(name):
    m = parsed(REFUSED[name], opset=12 if "axes = " in REFUSED[name] else 17)
    result = ActiBA().run(m)
    assert not result.modified
    assert any("only near" in kept.reason for kept in result.kept), result.kept


@pytest.mark.parametrize("name", TAKEN)
def test_a_table_whose_exact_end_is_harmless_is_made(name):
    m = parsed(TAKEN[name])
    before = copy(m)
    result = ActiBA(segments=128).run(m)
    assert result.modified, result.kept
    x = np.linspace(-30, 30, 997).astype(np.float32)
    (a,), (b,) = run(before, {"x": x}), run(m, {"x": x})
    assert np.isfinite(b).all() and np.abs(a - b).max() <= 0.05 * np.abs(a).max()


def test_an_exact_zero_is_followed_into_a_function_and_out_again():
    inside = '<domain: "my", opset_import: ["" : 17]> F (a) => (b) { c = Identity(a) b = Log(c) }'
    assert "Log" in ActiBA().run(parsed("s = Sigmoid(x) y = my.F(s)", functions=inside)).kept[0].reason
    moves = '<domain: "my", opset_import: ["" : 17]> F (a) => (b) { b = Identity(a) }'
    assert (
        "Log" in ActiBA().run(parsed("s = Sigmoid(x) t = my.F(s) y = Log(t)", functions=moves)).kept[0].reason
    )


EXP_BOUNDED = {
    "less the largest": "m = ReduceMax<keepdims = 1>(x) d = Sub(x, m) y = Exp(d)",
    "minus a square": "q = Mul(x, x) m = Neg(q) y = Exp(m)",
    "minus softplus": "q = Softplus(x) m = Neg(q) y = Exp(m)",
    "clipped": "l = Constant<value = float {-20}>() h = Constant<value = float {2}>() c = Clip(x, l, h) y = Exp(c)",
    "decay": "a = Constant<value = float {-0.5}>() q = Softplus(x) m = Mul(a, q) y = Exp(m)",
}


@pytest.mark.parametrize("name", EXP_BOUNDED)
def test_exp_gets_a_table_where_its_operand_is_bounded(name):
    m = parsed(EXP_BOUNDED[name])
    before = copy(m)
    assert ActiBA(functions=("Exp",), segments=64).run(m).modified
    x = np.linspace(-30, 30, 997).astype(np.float32)
    (a,), (b,) = run(before, {"x": x}), run(m, {"x": x})
    assert np.abs(a - b).max() <= 0.003 * np.abs(a).max()


@pytest.mark.parametrize("body", ["y = Exp(x)", "q = Neg(x) y = Exp(q)", "q = Softplus(x) y = Exp(q)"])
def test_exp_of_what_may_grow_is_kept_unless_a_range_is_promised(body):
    m = parsed(body)
    assert "grows without end" in ActiBA(functions=("Exp",)).run(m).kept[0].reason
    assert ActiBA(functions=("Exp",), range=(-8.0, 4.0)).run(m).modified


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(["Relu", "Sigmoid", "Tanh", "Neg", "Abs", "Exp", "Softplus", "square", "half"]),
        max_size=6,
    )
)
def test_no_run_leaves_the_bounds(chain):
    body, last = "k = Constant<value = float {-0.5}>() ", "x"
    for index, op in enumerate(chain):
        call = {"square": f"Mul({last}, {last})", "half": f"Mul(k, {last})"}.get(op, f"{op}({last})")
        body += f"v{index} = {call} "
        last = f"v{index}"
    m = parsed(body + f"y = Identity({last})")
    lo, hi = bounds(m.graph.outputs[0], facts_of(m))
    y = run(m, {"x": np.linspace(-6, 6, 301).astype(np.float32)})[0].astype(np.float64)
    y = y[~np.isnan(y)]
    slack = 1e-6 * (1 + np.abs(y).max(initial=0.0))
    assert (y >= lo - slack).all() and (y <= hi + slack).all()


NO_MATCH = {
    "log(1.0019 + exp)": "k = Constant<value = float {1.0019}>() e = Exp(x) a = Add(e, k) y = Log(a)",
    "1 / (1.0003 + exp)": """k = Constant<value = float {1.0003}>()
        n = Neg(x) e = Exp(n) a = Add(e, k) y = Reciprocal(a)""",
    "1.002 / (1 + exp)": ONE
    + "k = Constant<value = float {1.002}>() n = Neg(x) e = Exp(n) a = Add(e, one) y = Div(k, a)",
    "x / (1 + exp x)": ONE + "e = Exp(x) a = Add(e, one) y = Div(x, a)",
    "x sigmoid(-x)": "n = Neg(x) s = Sigmoid(n) y = Mul(x, s)",
    "x sigmoid(-2 x)": "k = Constant<value = float {-2.0}>() n = Mul(x, k) s = Sigmoid(n) y = Mul(x, s)",
    "0.5009 gelu": ONE
    + """h = Constant<value = float {0.5009}>() r = Constant<value = float {1.4142135}>()
        z = Div(x, r) e = Erf(z) a = Add(e, one) m = Mul(x, a) y = Mul(m, h)""",
    "gelu over 1.4156": ONE
    + """h = Constant<value = float {0.5}>() r = Constant<value = float {1.4156}>()
        z = Div(x, r) e = Erf(z) a = Add(e, one) m = Mul(x, a) y = Mul(m, h)""",
    "gelu with x^2": ONE
    + """h = Constant<value = float {0.5}>() k = Constant<value = float {0.044715}>()
        w = Constant<value = float {0.7978846}>() p = Mul(x, x) q = Mul(p, k) c = Add(x, q) u = Mul(c, w) t = Tanh(u)
        a = Add(t, one) m = Mul(x, a) y = Mul(m, h)""",
}


@pytest.mark.parametrize("name", NO_MATCH)
def test_nearly_an_activation_is_none(name):
    m = parsed(NO_MATCH[name])
    result = ActiBA(functions=("Softplus", "Swish", "Gelu")).run(m)
    assert not result.modified


def test_an_activation_written_in_float16_is_one():
    body = """one = Constant<value = float {1.0}>() h = Constant<value = float {0.5}>()
        r = Constant<value = float {0.70710678}>() z = Mul(x, r) e = Erf(z) a = Add(e, one)
        m = Mul(x, a) y = Mul(m, h)"""
    assert ActiBA().run(in_type(model_text("float[N] x", "float[N] y", body), "float16")).modified


def test_the_claim_in_the_file_is_that_of_its_type():
    half, single = (table("Sigmoid", 128, dtype=t).achieved for t in ("float16", "float32"))
    assert half > 2 * single
