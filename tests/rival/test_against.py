"""`npusim against` on this machine's CPU: what the answer holds, and how it refuses."""

import json
import os
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import onnx
import pytest

import npusim as package
from npusim.errors import BadArgument, TooLarge
from npusim.measured.measure import DEVICE, probe
from npusim.rival.stand_in import FILE, missing_weights, with_zeros
from tests.cli.conftest import free_model, model, npusim  # noqa: F401
from tests.graphs import model as graph
from tests.graphs import node, weights
from tests.serving.test_serve import TINY
from tests.shared import SHARED, needs_shared

needs_onnxruntime = pytest.mark.skipif(
    find_spec("onnxruntime") is None,
    reason="extra 'ort' is not installed",
)
QUICK = ("--runs", "5", "--seconds", "0.5")


@pytest.fixture
def dropped(tmp_path):
    """A model with two weights outside, one of which is there."""
    proto = graph(
        [node("MatMul", "x w", "m"), node("MatMul", "m v", "n"), node("Relu", "n", "y")],
        {"x": (32, 64)},
        ["y"],
        {"w": weights(64, 64), "v": weights(64, 64, seed=1)},
    )
    folder = tmp_path / "dropped"
    folder.mkdir()
    for tensor in proto.graph.initializer:
        name = f"{tensor.name}.bin"
        if tensor.name == "v":
            (folder / name).write_bytes(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=name)
    path = folder / "dropped.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


@needs_onnxruntime
def test_the_page_says_who_is_faster_why_and_on_what(npusim, model):  # noqa: F811
    code, out, err = npusim("against", model, *QUICK, "--threads", "1")
    assert (code, err) == (0, "")
    assert out.startswith("model.onnx: the NPU is predicted ")
    for word in ("because", "predicted", "measured", "onnxruntime", "1 thread", "memory", "CumSum", "launch"):
        assert word in out
    assert all(len(line) <= 80 for line in out.splitlines())


@needs_onnxruntime
def test_json_holds_both_columns_whole(npusim, model):  # noqa: F811
    code, out, _ = npusim("against", model, *QUICK, "--json", "-")
    found = json.loads(out)
    assert code == 0 and found["schema"] == "npusim.against" and found["model_sha256"]
    assert sum(kind["npu_us"] for kind in found["kinds"]) == pytest.approx(found["latency_us"], rel=1e-3)
    assert sum(kind["cpu_us"] for kind in found["kinds"]) == pytest.approx(
        found["cpu"]["median_us"], rel=1e-3
    )
    cpu = found["cpu"]
    assert cpu["runs"] >= 5 and cpu["first_quartile_us"] <= cpu["median_us"] <= cpu["third_quartile_us"]
    assert found["over"] is None


@needs_onnxruntime
def test_over_a_free_dimension_the_crossing_is_told(npusim, free_model, tmp_path):  # noqa: F811
    html = tmp_path / "page.html"
    code, out, err = npusim("against", free_model, *QUICK, "--over", "batch=1,3", "--html", html)
    assert (code, err) == (0, "") and "CPU measured at batch 1" in " ".join(out.split())
    assert "Where the NPU wins" in html.read_text("utf-8")
    assert npusim("against", free_model, *QUICK).err.startswith("FreeDimension")


@needs_onnxruntime
def test_weights_that_are_not_there_are_zeros_and_the_folder_stays_as_it_was(dropped):
    before = sorted(os.listdir(dropped.parent)), dropped.read_bytes()
    found = package.against(dropped, runs=5, seconds=0.5, device="CPU")
    assert found.made_bytes == 64 * 64 * 4 and found.weight_bytes == 2 * 64 * 64 * 4
    assert (sorted(os.listdir(dropped.parent)), dropped.read_bytes()) == before


def test_every_missing_weight_has_a_place_of_its_own(dropped, tmp_path):
    proto = onnx.load(dropped, load_external_data=False)
    assert [t.name for t in missing_weights(proto, str(dropped.parent))] == ["w"]
    proto.graph.initializer.append(proto.graph.initializer[0])
    into = tmp_path / "into"
    into.mkdir()
    made = with_zeros(proto, str(dropped.parent), str(into))
    assert made == os.path.getsize(into / FILE) == 2 * 64 * 64 * 4
    places = [dict((e.key, e.value) for e in t.external_data) for t in proto.graph.initializer]
    assert [p.get("offset") for p in places if p["location"] == FILE] == ["0", str(64 * 64 * 4)]
    assert (into / "v.bin").read_bytes() == np.asarray(weights(64, 64, seed=1)).tobytes()


@needs_onnxruntime
def test_int4_weights_are_made_at_half_a_byte(tmp_path):
    tensor = onnx.TensorProto(name="q", data_type=onnx.TensorProto.INT4, dims=[3, 3], data_location=1)
    tensor.external_data.add(key="location", value="gone.bin")
    proto = graph([node("Relu", "x", "y")], {"x": (1,)}, ["y"])
    proto.graph.initializer.append(tensor)
    with_zeros(proto, str(tmp_path), str(tmp_path))
    assert {e.key: e.value for e in proto.graph.initializer[0].external_data}["length"] == "5"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--runtime", "tensorflow"), "choose from onnxruntime, openvino"),
        (("--runs", "2"), "take 5 or more"),
        (("--threads", "0"), "take 1 to"),
        (("--seconds", "0"), "above 0"),
        (("--device", "AUTO"), "choose CPU or NPU"),
        (("--over", "batch=x"), "whole numbers"),
        (("--over", "nothing=1,2"), "nothing"),
        (("--max-memory", "1KB"), "measuring may take"),
    ],
)
@needs_onnxruntime
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(npusim, model, tmp_path, options, said):  # noqa: F811
    out = tmp_path / "answer.json"
    code, shown, err = npusim("against", model, *options, "--json", out)
    assert code == 2 and shown == "" and said in err and err.count("\n") == 1
    assert not out.exists()


def test_a_runtime_that_is_not_installed_is_named_with_its_extra(npusim, model, monkeypatch):  # noqa: F811
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for runtime, extra in (("onnxruntime", "[ort]"), ("openvino", "[openvino]")):
        code, _, err = npusim("against", model, "--runtime", runtime)
        assert code == 2 and f"{runtime} is not installed" in err and extra in err


@needs_onnxruntime
def test_an_ir_is_told_which_runtime_reads_it(npusim, tmp_path):  # noqa: F811
    path = tmp_path / "m.xml"
    path.write_text('<?xml version="1.0"?><net/>')
    answer = npusim("against", path)
    assert answer.code == 2 and answer.err.count("\n") == 1


@needs_onnxruntime
def test_in_python_the_errors_are_exceptions(model):  # noqa: F811
    with pytest.raises(TooLarge, match="times its weights"):
        package.against(model, max_memory_bytes=10)
    with pytest.raises(BadArgument, match="threads"):
        package.against(model, threads=0)


def test_openvino_measures_too(model):  # noqa: F811
    pytest.importorskip("openvino")
    found = package.against(model, runtime="openvino", runs=5, seconds=0.5, device="CPU")
    assert found.cpu.runtime.startswith("OpenVINO ") and found.cpu.computes_in == "float32"
    assert sum(kind.cpu_us for kind in found.kinds) == pytest.approx(found.cpu.median_us)
    assert {kind.op_type for kind in found.kinds if kind.cpu_us} >= {"MatMul", "CumSum"}


def test_an_npu_that_is_not_here_is_said(model):  # noqa: F811
    pytest.importorskip("openvino")
    if probe().state == DEVICE:
        pytest.skip("this machine has an NPU")
    with pytest.raises(BadArgument, match="'NPU' is not here"):
        package.against(model, runs=5, seconds=0.5, device="NPU", runtime="openvino")


@needs_onnxruntime
def test_a_config_is_measured_as_the_pass_it_is_read_as(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(TINY))
    found = package.against(path, runs=5, seconds=0.5, device="CPU", over="past=16,32")
    assert found.made_bytes and found.cpu.median_us and found.report.graph == "config.json"
    assert [point.size for point in found.over.points] == [16, 32]


@needs_shared
def test_an_ir_is_measured_by_openvino(npusim):  # noqa: F811
    pytest.importorskip("openvino")
    path = SHARED / "graphs" / "ir" / "small" / "resnet_ts_fp16.xml"
    code, out, err = npusim("against", path, "--runtime", "openvino", *QUICK)
    assert (code, err) == (0, "") and "OpenVINO" in out


@needs_onnxruntime
def test_an_npu_of_this_machine_is_a_column_of_its_own(npusim, model, monkeypatch, tmp_path):  # noqa: F811
    """The way through the code, with the CPU's times in the place of an NPU's: no machine here has one."""
    from npusim.rival import ask

    def pretended(file, graph, runs, seconds, fixed):
        return replace(
            ask.onnxruntime_cpu(file, graph, 1, runs, seconds, fixed), device="NPU", name="a pretended NPU"
        )

    monkeypatch.setattr(ask, "npu_here", pretended)
    html, document = tmp_path / "page.html", tmp_path / "page.json"
    code, out, err = npusim("against", model, *QUICK, "--html", html, "--json", document)
    assert (code, err) == (0, "") and "pretended" in out and "measured" in out.split("kind of op")[1]
    assert all(len(line) <= 80 for line in out.splitlines())
    found = json.loads(document.read_text("utf-8"))
    here = found["npu_here"]["median_us"]
    assert sum(kind["measured_us"] for kind in found["kinds"]) == pytest.approx(here, rel=1e-3)
    assert "NPU, measured" in html.read_text("utf-8")
