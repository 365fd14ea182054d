"""Rewritten files load and run in OpenVINO on the CPU (float32 asked for: its default here is bfloat16)."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from tests.shared import SHARED, needs_shared
from tests.xamba.build import constant, copy, one_op, run
from xamba import ActiBA, CumBA, ReduBA, rewrite
from xamba.files import load
from xamba.functions import put_in_place
from xamba.passes.registry import passes

ov = pytest.importorskip("openvino")
SMALL = SHARED / "graphs" / "small"
QUICK = {"mamba2_tf4_L16_dy", "mamba2_tf5_L16_dy", "mamba_tf5_L8_ts", "mamba_tf4_L8_tsfn"}
NETWORKS = [
    pytest.param(p.stem, marks=[] if p.stem in QUICK else [pytest.mark.slow])
    for p in sorted(SMALL.glob("*.onnx"))
]


def run_openvino(model: ir.Model, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    core = ov.Core()
    read = core.read_model(ir.to_proto(model).SerializeToString())
    precision = ov.properties.hint.inference_precision
    compiled = core.compile_model(read, "CPU", {precision: ov.Type.f32})
    assert compiled.get_property(precision) == ov.Type.f32
    names = [next(name for name in port.names if name in feeds) for port in compiled.inputs]
    found = compiled({port: feeds[name] for port, name in zip(compiled.inputs, names, strict=True)})
    return [found[port] for port in compiled.outputs]


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
@pytest.mark.parametrize("block", [None, 3])
def test_a_cumulative_sum_as_a_product(axis, block):
    m = one_op("CumSum", [2, 6, 6, 3], constants=[constant("ax", axis)])
    x = np.random.default_rng(axis).standard_normal([2, 6, 6, 3]).astype(np.float32)
    expected = run(m, {"x": x})[0]
    CumBA(block=block).run(m)
    np.testing.assert_allclose(run_openvino(m, {"x": x})[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("axes", [[0], [1, 2], [0, 2], [3], [0, 1, 2, 3]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_a_sum_as_a_product(axes, keepdims):
    rank = 4 if keepdims else 4 - len(axes)
    m = one_op(
        "ReduceSum", [2, 6, 5, 3], constants=[constant("axes", axes)], out_rank=rank, keepdims=keepdims
    )
    x = np.random.default_rng(1).standard_normal([2, 6, 5, 3]).astype(np.float32)
    expected = run(m, {"x": x})[0]
    ReduBA().run(m)
    np.testing.assert_allclose(run_openvino(m, {"x": x})[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("op", ["Softplus", "Sigmoid", "Tanh"])
@pytest.mark.parametrize("segments", [4, 100])
def test_a_table_written_in_place(op, segments):
    m = one_op(op, [3, 7])
    ActiBA(segments=segments, inline=True).run(m)
    x = np.linspace(-11, 11, 21).reshape(3, 7).astype(np.float32)
    expected = run(copy(m), {"x": x})[0]
    np.testing.assert_allclose(run_openvino(m, {"x": x})[0], expected, rtol=1e-5, atol=1e-6)


PIPELINES = {
    "paper": [CumBA(), ReduBA(mean=True), ActiBA(segments=128, inline=True)],
    "exact": [one() for one in passes().values() if one.exact],
}


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_rewritten_network_gives_the_recorded_answer(name, pipeline):
    """Every network of the small ones; where no answer is recorded (mixture of experts) it has to compile."""
    model = load(SMALL / f"{name}.onnx")
    put_in_place(model, lambda _: False, everything=True)  # OpenVINO takes no functions
    rewrite(model, PIPELINES[pipeline])
    if not (SMALL / f"{name}.npz").exists():
        ov.Core().compile_model(ov.Core().read_model(ir.to_proto(model).SerializeToString()), "CPU")
        return
    data = np.load(SMALL / f"{name}.npz")
    found = run_openvino(model, {v.name: data[f"in_{v.name}"] for v in model.graph.inputs})
    for value, y in zip(model.graph.outputs, found, strict=True):
        want = data[f"out_{value.name}"]
        assert np.abs(y - want).max() <= 0.01 * np.abs(want).max()
