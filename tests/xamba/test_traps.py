"""Every awkward case of the reference graphs does what its row in traps.csv says."""

from __future__ import annotations

import csv

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from tests.shared import SHARED, needs_shared
from tests.xamba.build import ops, run
from xamba import ActiBA, CumBA, ReduBA, rewrite
from xamba.files import load
from xamba.proof.tolerance import derive

TRAPS = SHARED / "graphs" / "traps"
ROWS = list(csv.DictReader((TRAPS / "traps.csv").open())) if TRAPS.is_dir() else []
EXPECT = {row["name"]: row["expect"] for row in ROWS}
pytestmark = needs_shared


OWN_TEST = "silu_extremes"  # the exact graph answers NaN at -inf, the table the limit


def names(*kinds: str) -> list[str]:
    return [name for name, expect in EXPECT.items() if expect in kinds and name != OWN_TEST]


def aimed_at(model: ir.Model) -> list:
    """The passes that are about the model; sums before activations."""
    return [CumBA(integers=True), ReduBA(mean=True, integers=True), ActiBA()]


def answers(name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    data = np.load(TRAPS / f"{name}.npz")
    inputs = {key[3:]: data[key] for key in data.files if key.startswith("in_")}
    return inputs, {key[4:]: data[key] for key in data.files if key.startswith("out_")}


def outputs(model: ir.Model, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = run(model, inputs)
    return dict(zip([v.name for v in model.graph.outputs], found, strict=True))


def rewritten(name: str) -> tuple[ir.Model, object]:
    model = load(TRAPS / f"{name}.onnx")
    done = rewrite(model, aimed_at(model))
    onnx.checker.check_model(ir.to_proto(model), full_check=True)
    return model, done


def assert_same_answer(name: str, model: ir.Model) -> None:
    inputs, expected = answers(name)
    limit = derive(load(TRAPS / f"{name}.onnx"), model).total
    for key, value in outputs(model, inputs).items():
        want = expected[key]
        assert value.shape == want.shape and value.dtype == want.dtype
        if want.dtype.kind in "iub":
            assert (value == want).all()
            continue
        finite = np.isfinite(want)
        scale = np.abs(want[finite]).max(initial=0.0)
        assert np.abs(value[finite].astype(np.float64) - want[finite]).max(initial=0.0) <= limit * scale
        np.testing.assert_array_equal(value[~finite], want[~finite])


@pytest.mark.parametrize(
    "name", names("rewrite", "tolerance", "skip-or-exact", "reshape", "identity", "hard")
)
def test_a_case_to_rewrite_is_rewritten_and_answers_the_same(name):
    model, done = rewritten(name)
    assert done.rewritten
    assert not {"CumSum", "ReduceSum", "Softplus", "Swish", "QuickGelu"} & set(ops(model))
    assert_same_answer(name, model)
    assert not rewrite(model, aimed_at(model)).modified


@pytest.mark.parametrize("name", names("skip"))
def test_a_case_to_skip_is_left_alone_with_a_reason(name):
    model, done = rewritten(name)
    assert not done.modified and all(kept.reason for kept in done.kept) and len(done.kept) == 1
    assert_same_answer(name, model)


@pytest.mark.parametrize("name, op", [("rsum_size1_axis", "Squeeze")])
def test_a_sum_over_one_element_becomes_a_squeeze(name, op):
    model, _ = rewritten(name)
    assert ops(model) == [op]


@pytest.mark.parametrize("name", names("identity"))
def test_a_sum_over_nothing_becomes_an_identity(name):
    model, _ = rewritten(name)
    assert ops(model) == ["Identity"]


def test_a_gate_is_not_taken_for_silu():
    model, done = rewritten("glu_not_silu")
    assert "Swish" not in str(done.rewritten) and "gate" in done.kept[0].reason
    assert_same_answer("glu_not_silu", model)


def test_minus_infinity_in_a_cumulative_sum_is_the_documented_caveat():
    model, _ = rewritten("cumsum_neg_inf")
    inputs, expected = answers("cumsum_neg_inf")
    finite = np.isfinite(expected["y"])
    assert np.isnan(outputs(model, inputs)["y"][finite]).any()
    careful = load(TRAPS / "cumsum_neg_inf.onnx")
    assert not CumBA(refuse_nonfinite=True).run(careful).modified


def test_silu_of_infinities_is_its_limit():
    model, _ = rewritten("silu_extremes")
    inputs, expected = answers("silu_extremes")
    y, x = outputs(model, inputs)["y"], inputs["x"]
    assert (y[x == -np.inf] == 0).all() and (y[x == np.inf] == np.inf).all()
    finite = np.isfinite(expected["y"])
    assert np.abs(y[finite] - expected["y"][finite]).max() <= 0.006 * np.abs(expected["y"][finite]).max()


def test_the_cancelling_sum_is_exact_when_the_product_adds_in_order():
    """1e30 + 1 - 1e30: rounding only, bounded by n u sum|x|."""
    model, _ = rewritten("cumsum_cancel")
    inputs, expected = answers("cumsum_cancel")
    total = np.abs(inputs["x"].astype(np.float64)).sum()
    assert np.abs(outputs(model, inputs)["y"].astype(np.float64) - expected["y"]).max() <= 12 * 2**-24 * total


def test_flips_and_functions_and_bodies_leave_nothing_behind():
    assert ops(rewritten("cumsum_flip_slices")[0]) == ["MatMul"]
    assert not rewritten("model_local_function")[0].functions.keys() - {("xamba", "PWL", "")}
    for name in "if_subgraph", "loop_subgraph", "scan_selective":
        assert "MatMul" in ops(rewritten(name)[0])


def test_every_row_of_the_table_is_met_by_a_test():
    known = {"rewrite", "tolerance", "skip-or-exact", "reshape", "identity", "hard", "skip"}
    assert set(EXPECT.values()) - known == {"differs", "no-silu"}
    assert names("differs") == ["cumsum_neg_inf"] and names("no-silu") == ["glu_not_silu"]
