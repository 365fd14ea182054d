"""Elements that are said to be zero, minus infinity or finite are so in every run."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xamba.build import run
from xamba.facts.elements import NEGINF, ZERO, Elements
from xamba.facts.facts import facts_of
from xamba.facts.whole import Whole
from xamba.passes.text import model_text

#: Ops on values of shape [3, 4, 4]; each takes names of values made before.
OPS = (
    "Mul({a}, {b})",
    "Add({a}, {b})",
    "Sub({a}, {b})",
    "Where(upper, {a}, {b})",
    "Where(upper, low, {a})",
    "Where(upper, zero, {a})",
    "Exp({a})",
    "Tanh({a})",
    "Relu({a})",
    "Neg({a})",
    "CumSum({a}, axis1)",
    "CumSum<exclusive = 1>({a}, axis2)",
    "CumSum<reverse = 1>({a}, axis1)",
    "MatMul({a}, {b})",
    'Einsum<equation = "bij,bkj->bik">({a}, {b})',
    "Transpose<perm = [0, 2, 1]>({a})",
    "Trilu<upper = 0>({a})",
    "Concat<axis = 1>(PART({a}), REST({b}))",
    "Pad2({a})",
    "Spread({a})",
)
HEAD = """
zero = Constant<value = float {0.0}>()
low = Constant<value = float {-inf}>()
axis1 = Constant<value = int64 {1}>()
axis2 = Constant<value = int64 {-1}>()
shape = Constant<value = int64[2] {4, 4}>()
ones = ConstantOfShape<value = float[1] {1.0}>(shape)
one = Constant<value = int64 {1}>()
triangle = Trilu<upper = 1>(ones, one)
upper = Cast<to = 9>(triangle)
first = Constant<value = int64[1] {0}>()
cut = Constant<value = int64[1] {1}>()
all = Constant<value = int64[1] {4}>()
along = Constant<value = int64[1] {1}>()
pads = Constant<value = int64[6] {0, 1, 0, 0, 0, 0}>()
less = Constant<value = int64[1] {3}>()
wide = Constant<value = int64[3] {3, 4, 4}>()
v0 = Identity(x)
v1 = Identity(z)
"""


def spelled(op: str, at: int, a: str, b: str) -> str:
    """One op as a line or two of ONNX text, its result named v<at>."""
    if op.startswith("Concat"):
        return (
            f"p{at} = Slice({a}, first, cut, along)\nq{at} = Slice({b}, cut, all, along)\n"
            f"v{at} = Concat<axis = 1>(p{at}, q{at})"
        )
    if op.startswith("Pad2"):
        return f"p{at} = Slice({a}, first, less, along)\nv{at} = Pad(p{at}, pads)"
    if op.startswith("Spread"):
        return f"p{at} = ReduceSum<keepdims = 1>({a}, along)\nv{at} = Expand(p{at}, wide)"
    return f"v{at} = " + op.format(a=a, b=b)


@given(st.data())
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("finite", [False, True])
def test_known_elements_are_what_a_run_computes(finite, data):
    lines = []
    for at in range(2, data.draw(st.integers(3, 9))):
        names = [f"v{i}" for i in range(at)]
        op = data.draw(st.sampled_from(OPS))
        lines.append(spelled(op, at, data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))))
    body = HEAD + "\n".join(lines) + f"\ny = Identity(v{len(lines) + 1})"
    model = ir.from_proto(
        onnx.parser.parse_model(model_text("float[3,4,4] x, float[3,4,4] z", "float[3,4,4] y", body))
    )
    facts = facts_of(model)
    elements = Elements(facts, Whole(facts), finite)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    feeds = {name: rng.standard_normal((3, 4, 4)).astype(np.float32) for name in ("x", "z")}
    if not finite:  # without the assumption it has to hold for infinities too
        feeds["x"][0, 1, 2], feeds["z"][1, 2, 0] = np.inf, np.nan
    shown = [v for node in model.graph for v in node.outputs if (v.name or "").startswith("v")]
    codes = [elements.of(v) for v in shown]
    for v in shown:
        v.shape, v.type = None, ir.TensorType(ir.DataType.FLOAT)
        model.graph.outputs.append(v)
    with np.errstate(all="ignore"):
        found = run(model, feeds)[1:]
    for value, code, y in zip(shown, codes, found, strict=True):
        if code is None:
            continue
        full = np.broadcast_to(code, y.shape)
        stays = np.isfinite(y) if finite else np.ones(y.shape, bool)
        stays |= np.isneginf(y)
        assert (y[(full == ZERO) & stays] == 0).all(), (value.name, body)
        assert np.isneginf(y[(full == NEGINF) & stays]).all(), (value.name, body)
