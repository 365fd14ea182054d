"""`npusim run --annotate`: the model says of each node what was predicted, and runs as before."""

import numpy as np
import onnx
import pytest

import npusim
from npusim.errors import BadOutput
from npusim.report.annotate import annotated
from tests.shared import SHARED, needs_shared

EXAMPLE = "examples/mamba2_small.onnx"


@pytest.fixture(scope="module")
def report():
    return npusim.simulate(npusim.load(EXAMPLE), npusim.hardware("lunar_lake"), "2024.12")


def props(node):
    return {p.key: p.value for p in node.metadata_props}


def test_times_engines_bounds_and_reasons_stand_in_the_nodes(report, tmp_path):
    model = onnx.load_from_string(annotated(report, EXAMPLE, str(tmp_path / "out.onnx")))
    said = {node.name: props(node) for node in model.graph.node}
    for node in report.nodes:
        if node.name in said:
            assert said[node.name]["npusim.time_us"] == f"{node.critical_us:.3f}"
            assert said[node.name].get("npusim.reason", "") == node.reason
        for name in node.fused:
            assert said.get(name, {"npusim.runs_inside"}), name
    assert said["/mixer/CumSum_1"]["npusim.engine"] == "DSP"
    assert any("npusim.runs_inside" in each for each in said.values())
    assert "lunar_lake" in props(model)["npusim.latency"]


def test_the_annotated_model_gives_the_same_answer_and_the_same_report(report, tmp_path):
    ort = pytest.importorskip("onnxruntime")
    target = tmp_path / "out.onnx"
    target.write_bytes(annotated(report, EXAMPLE, str(target)))
    onnx.checker.check_model(str(target))
    rng = np.random.default_rng(0)
    sessions = [ort.InferenceSession(str(p), providers=["CPUExecutionProvider"]) for p in (EXAMPLE, target)]
    feeds = {i.name: rng.standard_normal(i.shape).astype(np.float32) for i in sessions[0].get_inputs()}
    before, after = (s.run(None, feeds) for s in sessions)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    again = npusim.simulate(npusim.load(str(target)), npusim.hardware("lunar_lake"), "2024.12")
    assert again.latency_us == report.latency_us


@needs_shared
def test_weights_in_a_file_of_their_own_stay_beside_the_model(tmp_path):
    path = str(SHARED / "graphs" / "large" / "mamba130m_tf5_L4_ts.onnx")
    report = npusim.simulate(npusim.load(path), npusim.hardware("lunar_lake"))
    with pytest.raises(BadOutput, match="name a file in the model's folder"):
        annotated(report, path, str(tmp_path / "out.onnx"))
