"""Exported networks: every CumSum replaced or kept with a reason, and the same answer afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import onnx_ir as ir
import pytest

from tests.shared import SHARED, needs_shared
from tests.xamba.build import ops, run
from xamba import ActiBA, CumBA, ReduBA, rewrite, verify
from xamba.facts.inference import Inference
from xamba.files import load, without_weights

GRAPHS = SHARED / "graphs"
SMALL = sorted(p.stem for p in (GRAPHS / "small").glob("*.onnx"))
LARGE = sorted(p.stem for p in (GRAPHS / "large").glob("*.onnx"))
#: onnxruntime itself cannot run this one on random data (mixture of experts; manifest.csv says so).
UNRUNNABLE = {"jamba_moe_L8_ts"}
#: Those that take more than 5 s: of half precision, of many layers.
LONG = {
    "mamba2_tf5_L16_fp16_dy", "bamba_L32_dy", "mamba_tf5_L8_fp16_ts", "mamba2_tf4_L16_tsnofold", "mamba2_tf4_L16_ts",
    "rwkv_L8_ts", "recurrentgemma_L16_dy", "mamba2_130m_tf4_L4_ts", "mamba130m_tf4_dec_ts",
}  # fmt: skip
SUMS = {"CumSum", "ReduceSum", "ReduceMean"}
pytestmark = needs_shared


def marked(names: Iterable[str]) -> list:
    """The names as parameters, the long ones marked."""
    return [pytest.param(n, marks=[pytest.mark.slow] if n in LONG else []) for n in names]


def small(name: str) -> ir.Model:
    return load(GRAPHS / "small" / f"{name}.onnx")


@pytest.mark.parametrize("name", [n for n in SMALL if n not in UNRUNNABLE])
def test_the_exact_passes_keep_the_answer_within_rounding(name):
    model = small(name)
    before = Counter(ops(model))
    done = rewrite(model, [CumBA(integers=True), ReduBA(mean=True, integers=True)])
    sums = sum(before[op] for op in SUMS)
    assert len(done.rewritten) + len(done.kept) >= sums and not SUMS & set(ops(model))
    if not done.modified:
        return
    verdict = verify(GRAPHS / "small" / f"{name}.onnx", model)
    assert verdict.ok, verdict
    assert verdict.limit <= (3e-3 if "fp16" in name else 2e-5)


@pytest.mark.parametrize("name", marked(n for n in SMALL if n not in UNRUNNABLE))
def test_all_passes_keep_the_recorded_answer_within_the_tables_error(name):
    model = small(name)
    if not rewrite(model, [CumBA(block=4), ReduBA(mean=True), ActiBA(segments=64)]).modified:
        return
    verdict = verify(GRAPHS / "small" / f"{name}.onnx", model)
    assert verdict.ok, verdict
    data = np.load(GRAPHS / "small" / f"{name}.npz")
    inputs = {v.name: data[f"in_{v.name}"] for v in model.graph.inputs}
    # Recorded on another processor: the model as it is rounds otherwise here, too.
    for value, y, as_it_is in zip(
        model.graph.outputs, run(model, inputs), run(small(name), inputs), strict=True
    ):
        want = data[f"out_{value.name}"].astype(np.float64)
        rounded = np.abs(as_it_is - want).max()
        assert np.abs(y - want).max() <= verdict.limit * np.abs(want).max() + rounded


@pytest.mark.parametrize("name", marked(LARGE))
def test_every_sum_of_a_large_graph_is_replaced_or_kept_with_a_reason(name):
    model = load(GRAPHS / "large" / f"{name}.onnx")
    before = Counter(ops(model))
    done = rewrite(model, [CumBA(integers=True), ReduBA(mean=True, integers=True)])
    after = Counter(ops(model))
    replaced = Counter(line.op_type for line in done.rewritten)
    kept = Counter(line.op_type for line in done.kept)
    for op in SUMS:
        assert replaced[op] + kept[op] == before[op] and after[op] == kept[op]
    assert all(line.reason for line in done.kept)
    assert not rewrite(model, [CumBA(integers=True), ReduBA(mean=True, integers=True)]).modified


def test_both_exporters_forms_of_mamba_2_have_the_same_sums_replaced():
    lines = []
    for name in "mamba2_tf4_L16_ts", "mamba2_tf4_L16_dy", "mamba2_tf4_L16_dynoopt", "mamba2_tf4_L16_tsnofold":
        done = rewrite(small(name), [CumBA(integers=True), ReduBA(mean=True, integers=True)])
        lines.append(Counter((line.op_type, line.by) for line in done.rewritten))
    assert lines[0] == lines[1] == lines[2] == lines[3]


def test_a_weightless_one_layer_mamba_is_verified_with_random_weights():
    path = GRAPHS / "large" / "xamba_mamba_1layer_T4_ts.onnx"
    model = load(path)
    rewrite(model, [CumBA(), ReduBA(mean=True), ActiBA()])
    verdict = verify(path, model)
    assert verdict.ok and verdict.random_weights > 0


@pytest.mark.slow
def test_the_papers_own_graph_keeps_its_answer():
    """Mamba-2 130M, one layer, 4 tokens padded to the 256 chunk (random weights)."""
    path = GRAPHS / "large" / "xamba_mamba2_1layer_T4_dy.onnx"
    model = load(path)
    done = rewrite(model, [CumBA(integers=True), ReduBA(mean=True, integers=True)])
    assert Counter(line.op_type for line in done.rewritten) == {"CumSum": 3, "ReduceSum": 6, "ReduceMean": 3}
    assert verify(path, model).ok


@pytest.mark.parametrize("name", [n for n in SMALL if n not in UNRUNNABLE])
def test_worked_out_shapes_are_those_of_the_run(name):
    """Every static shape that `Facts` works out for a raw graph is the shape onnxruntime computes."""
    model = small(name)
    for value in (v for node in model.graph for v in node.outputs):
        value.shape, value.type = None, None
    table = Inference(model).run()
    wanted = [
        v
        for node in model.graph
        for v in node.outputs
        if table[v].dtype is not None and table[v].shape is not None and not v.is_graph_output()
    ][::7]
    original = small(name)
    by_name = {v.name: v for node in original.graph for v in node.outputs}
    for value in wanted:
        exposed = by_name[value.name]
        exposed.shape, exposed.type = None, ir.TensorType(table[value].dtype)
        original.graph.outputs.append(exposed)
    data = np.load(GRAPHS / "small" / f"{name}.npz")
    found = run(original, {v.name: data[f"in_{v.name}"] for v in original.graph.inputs})
    assert len(wanted) > 0
    for value, y in zip(wanted, found[-len(wanted) :], strict=True):
        shape = table[value].shape
        assert len(shape) == y.ndim
        assert all(not isinstance(d, int) or d == size for d, size in zip(shape, y.shape, strict=True))


def test_taking_the_weights_out_for_the_checker_leaves_the_model_as_it_was():
    model = small("mamba2_tf4_L16_ts")
    before = ir.to_proto(model).SerializeToString()
    lite = without_weights(model)
    assert ir.to_proto(model).SerializeToString() == before
    assert lite.ByteSize() < len(before)
