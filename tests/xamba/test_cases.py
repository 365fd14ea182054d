"""Inputs on which a rewrite once went wrong: what happens now, and the recorded answer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shared import SHARED, needs_shared
from tests.xamba.build import check, ops, run
from xamba import ActiBA, CumBA, ReduBA, optimize, rewrite
from xamba.errors import XambaError
from xamba.files import check as complaint
from xamba.files import load

REWRITES, HOSTILE = SHARED / "cases" / "rewrites", SHARED / "cases" / "hostile"
ALL = ("Softplus", "Swish", "Gelu", "Sigmoid", "Tanh", "Exp")
#: Ops afterwards, and words of every reason in `kept`, after all passes with Exp among the activations.
EXPECTED = {
    "position_ids_int64": ("CumSum Sub Gather", ["no NPU takes a product of int64"]),
    "sum_int32_overflow": ("ReduceSum", ["no NPU takes a product of int32"]),
    "log_of_sigmoid": ("Sigmoid Log", ["only near it, and an exact 0 is no answer for Log"]),
    "one_over_sigmoid": ("Sigmoid Reciprocal", ["an exact 0 is no answer for Reciprocal"]),
    "kept_though_length_known": ("Abs Identity MatMul", []),
    "softplus_near_miss_1_0019": ("Exp Add Log", ["grows without end"]),
    "softplus_const_of_higher_rank": (
        "Exp Add Log",
        ["its shape [1, 1, 4] would become [4]", "grows without end"],
    ),
    "functions_all_put_in_place": ("Untouched MatMul", []),
    "cumsum_prime_8191": ("Pad Reshape MatMul MatMul MatMul Add Reshape Slice", []),
}
pytestmark = needs_shared


@pytest.mark.parametrize("name", sorted(p.stem for p in REWRITES.glob("*.onnx")))
def test_what_once_went_wrong_goes_right(name):
    model = load(REWRITES / f"{name}.onnx")
    done = rewrite(model, [CumBA(), ReduBA(), ActiBA(functions=ALL)])
    check(model)
    data = np.load(REWRITES / f"{name}.npz")
    found = run(model, {key[3:]: data[key] for key in data.files if key.startswith("in_")})
    for value, y in zip(model.graph.outputs, found, strict=True):
        want = data[f"out_{value.name}"].astype(np.float64)
        scale = np.abs(want[np.isfinite(want)]).max(initial=0.0)
        np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5 * scale)
    if name in EXPECTED:
        after, reasons = EXPECTED[name]
        assert ops(model) == after.split()
        assert len(done.kept) == len(reasons)
        assert all(words in kept.reason for words, kept in zip(reasons, done.kept, strict=True))


@pytest.mark.parametrize("name", sorted(p.stem for p in HOSTILE.glob("*.onnx")))
def test_a_hostile_file_is_rewritten_copied_or_refused_in_one_sentence(name, tmp_path):
    passes = [CumBA(integers=True), ReduBA(mean=True, integers=True), ActiBA(functions=ALL)]
    try:
        done = optimize(HOSTILE / f"{name}.onnx", tmp_path / "out.onnx", passes, check_answer=False)
    except XambaError as error:
        assert len(str(error).splitlines()) == 1 and not list(tmp_path.iterdir())
    else:
        assert not done.modified or complaint(load(tmp_path / "out.onnx")) is None


def test_the_exp_table_of_a_log_sum_is_kept_for_want_of_a_bound():
    model = load(HOSTILE / "logsumexp_exp_table.onnx")
    result = ActiBA(functions=("Exp",)).run(model)
    assert not result.modified and "nothing in the graph bounds its operand" in result.kept[0].reason


def test_a_function_of_an_older_opset_is_rewritten():
    model = load(HOSTILE / "fopset.onnx")
    assert rewrite(model, [ReduBA()]).modified and not model.functions
