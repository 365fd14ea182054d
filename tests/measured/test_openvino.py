"""OpenVINO's real wheel on a machine without an NPU: every way ends in a sentence; the CPU walks the same code."""

import sys

import numpy as np
import pytest
from onnx import save

from npusim.errors import BadArgument, BadModel
from npusim.measured import measure as ov
from npusim.measured.profile import CPU
from npusim.measured.readers.measurement import read_measurement, to_json
from npusim.measured.readers.read import read_report
from npusim.measured.values import check_values, difference
from npusim.onnx_io import load
from tests.graphs import model, node, weights
from tests.measured.samples import MODEL

pytest.importorskip("openvino")
STATE = ov.probe().state
without_npu = pytest.mark.skipif(STATE == ov.DEVICE, reason="this machine has an NPU")
with_npu = pytest.mark.skipif(
    STATE != ov.DEVICE, reason="NPU hardware path: not exercised, there is no NPU here"
)


@without_npu
def test_the_probe_names_the_release_and_says_there_is_no_npu():
    found = ov.probe()
    assert found.state in (ov.NO_DEVICE, ov.COMPILER_ONLY)
    assert "finds no NPU" in found.sentence and "\n" not in found.sentence
    assert found.facts["openvino"] in found.sentence or found.state == ov.COMPILER_ONLY
    assert "CPU" in found.facts["devices"]


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError("no"), OSError("libtbb.so.12: cannot open shared object")]
)
def test_the_probe_never_raises_when_openvino_is_missing_or_broken(monkeypatch, error):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "openvino":
                raise error

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    for name in [n for n in sys.modules if n == "openvino" or n.startswith("openvino.")]:
        monkeypatch.delitem(sys.modules, name)
    found = ov.probe()
    assert found.state == ov.NOT_INSTALLED
    assert ("pip install" in found.sentence) == isinstance(error, ModuleNotFoundError)


@without_npu
def test_measuring_on_an_npu_that_is_not_there_says_so():
    with pytest.raises(ov.NoNpu, match="finds no NPU"):
        ov.measure(MODEL, "NPU")


@pytest.mark.parametrize("device", ["AUTO:NPU,CPU", "HETERO:NPU,CPU", "GPU", "MULTI:CPU", ""])
def test_devices_that_may_run_elsewhere_are_refused(device):
    with pytest.raises(BadArgument, match="choose NPU or CPU"):
        ov.measure(MODEL, device)


def test_fewer_than_fifty_runs_are_refused():
    with pytest.raises(BadArgument, match="too few"):
        ov.measure(MODEL, "CPU", runs=49)


def test_a_measurement_on_a_cpu_walks_the_whole_way_and_is_read_back_as_a_cpu_run(tmp_path):
    found = ov.measure(MODEL, "CPU")
    latency = found.latency_us
    assert latency.runs == 50 and latency.warm_up == 10
    assert 0 < latency.p10 <= latency.median <= latency.p90
    assert found.device["executed_on"] == "CPU" and found.device["precision"] == "f32"
    assert {row.name for row in found.layers} >= {"mm", "soft"}
    assert any(row.status == "EXECUTED" for row in found.layers)
    file = tmp_path / "m.json"
    file.write_text(to_json(found))
    profile = read_report(file)
    assert profile.label == CPU and profile.latency_us == latency.median
    assert {y.name for y in profile.layers} <= {row.name for row in found.layers}


def test_a_measurement_on_an_npu_is_labelled_measured(tmp_path):
    """The form only: an edited copy of a CPU's file."""
    import json

    document = json.loads(to_json(ov.measure(MODEL, "CPU")))
    document["device"] |= {"executed_on": "NPU", "name": "Intel(R) AI Boost", "tiles": 4}
    document["layers"] = [
        {
            "name": "mm",
            "op_type": "MatMul",
            "status": "EXECUTED",
            "exec_type": "DPU",
            "real_us": 5,
            "cpu_us": 20,
        }
    ]
    profile = read_measurement(document, "synthetic")
    assert profile.label == "measured" and profile.tiles == 4 and profile.device_named
    assert profile.layers[0].engine == "mac_array"


def test_a_free_dimension_is_named_or_fixed(tmp_path):
    save(
        model([node("MatMul", "x w", "y")], {"x": ["batch", 8]}, ["y"], {"w": weights(8, 8)}),
        tmp_path / "m.onnx",
    )
    with pytest.raises(BadModel, match="dims"):
        ov.measure(tmp_path / "m.onnx", "CPU")
    assert ov.measure(tmp_path / "m.onnx", "CPU", shapes={"x": (3, 8)}).layers


def test_a_file_that_openvino_cannot_read_is_refused_in_one_line(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"no model")
    with pytest.raises(BadModel) as caught:
        ov.measure(tmp_path / "m.onnx", "CPU")
    assert len(str(caught.value).splitlines()) == 1


@with_npu
def test_a_measurement_on_the_npu_of_this_machine():
    found = ov.measure(MODEL, "NPU")
    assert found.device["executed_on"].startswith("NPU") and found.layers


def test_outputs_agree_between_openvino_in_float32_and_onnxruntime():
    pytest.importorskip("onnxruntime")
    check = check_values(MODEL, load(MODEL))
    assert check.ok and check.precision == "f32" and [o.name for o in check.outputs] == ["y"]
    assert check.outputs[0].max_abs <= 1e-4 * check.outputs[0].scale


def test_indices_of_a_table_stay_within_it(tmp_path):
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto

    proto = model([node("Gather", "table ids", "y")], {"ids": [4]}, ["y"], {"table": weights(5, 3)})
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    save(proto, tmp_path / "m.onnx")
    assert check_values(tmp_path / "m.onnx", load(tmp_path / "m.onnx")).ok


def test_a_difference_is_found_whatever_its_kind():
    a = np.array([1.0, 2.0, np.inf, np.nan], np.float32)
    assert difference("y", a, a.copy(), 1e-3).ok
    assert not difference("y", a, np.array([1.0, 2.1, np.inf, np.nan], np.float32), 1e-3).ok
    assert "finite in one" in difference("y", a, np.array([1.0, 2.0, 3.0, np.nan], np.float32), 1e-3).reason
    assert "shape" in difference("y", a, a[:2], 1e-3).reason
    assert difference("y", np.zeros(2), np.zeros(2), 1e-3).ok
    assert not difference("y", np.zeros(2), np.full(2, 1e-9), 1e-3).ok
