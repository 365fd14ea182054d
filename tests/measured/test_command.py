"""`npusim crosscheck` at the command line, against OpenVINO's real wheel and a stand-in for the vendor's compiler."""

import json
import os
import shlex
import shutil
import sys

import pytest

from npusim.measured import offline_compile
from npusim.measured.measure import DEVICE, probe
from npusim.onnx_io import load
from tests.cli.conftest import free_model, model, npusim  # noqa: F401
from tests.measured.samples import LUNAR, MODEL, REPORTS, synthetic_trace, write

pytest.importorskip("openvino")
FOUND = probe()
without_npu = pytest.mark.skipif(FOUND.state == DEVICE, reason="this machine has an NPU")
without_compiler = pytest.mark.skipif(
    bool(FOUND.facts.get("compiler_loadable")), reason="OpenVINO can load an NPU compiler here"
)
WRAPPER = """
import shutil, sys
from pathlib import Path
model, platform, out = sys.argv[1:4]
assert Path(model).is_file() and platform == "4000" and sys.argv[4] == "NPU_TILES={tiles}", sys.argv
shutil.copy(r"{trace}", Path(out) / "compileTimeScheduleTrace.json")
"""


@pytest.fixture
def command(tmp_path):
    """A command with the vendor compiler's interface that answers with a schedule of MODEL."""
    trace = write(tmp_path, "synthetic.json", synthetic_trace(load(MODEL), LUNAR, status="SIM"))
    script = write(tmp_path, "wrapper.py", WRAPPER.format(trace=trace, tiles=LUNAR.tiles))
    return shlex.join([sys.executable, str(script)])


@without_npu
@pytest.mark.parametrize("more", [[], ["--device", "NPU"], ["--device", "NPU", "--values"]])
def test_without_an_npu_the_answer_is_one_line_and_exit_code_3(npusim, more):  # noqa: F811
    answer = npusim("crosscheck", MODEL, *more)
    assert answer.code == 3 and answer.out == ""
    assert answer.err.startswith("no NPU here: ") and answer.err.count("\n") == 1


@without_npu
@without_compiler
def test_without_a_vendor_compiler_the_line_says_how_to_name_one(npusim, monkeypatch):  # noqa: F811
    monkeypatch.delenv("NPUSIM_VENDOR_COMPILER", raising=False)
    answer = npusim("crosscheck", MODEL, "--vendor-compiler")
    assert answer.code == 3 and "NPUSIM_VENDOR_COMPILER" in answer.err and answer.err.count("\n") == 1


def test_nothing_is_written_when_there_is_no_npu(npusim, tmp_path):  # noqa: F811
    if FOUND.state == DEVICE:
        pytest.skip("this machine has an NPU")
    npusim("crosscheck", MODEL, "--json", tmp_path / "out.json", "--save", tmp_path / "m.json")
    assert list(tmp_path.iterdir()) == []


def test_a_cpu_run_is_measured_saved_read_back_and_labelled(npusim, tmp_path):  # noqa: F811
    answer = npusim("crosscheck", MODEL, "--device", "CPU", "--save", tmp_path / "m.json")
    text = " ".join(answer.out.split())
    assert answer.code == 0 and "measured on a CPU" in text and "no prediction is judged by it" in text
    again = npusim("crosscheck", MODEL, "--report", tmp_path / "m.json")
    assert again.code == 0 and "measured on a CPU" in again.out and "found again by name" in again.out


def test_values_of_both_runtimes_are_compared_without_any_npu(npusim, tmp_path):  # noqa: F811
    pytest.importorskip("onnxruntime")
    answer = npusim("crosscheck", MODEL, "--values", "--json", tmp_path / "v.json")
    assert answer.code == 0 and "onnxruntime" in answer.out
    assert json.loads((tmp_path / "v.json").read_text())["values"]["ok"] is True


def test_a_free_dimension_is_fixed_for_all_backends(npusim, free_model):  # noqa: F811
    pytest.importorskip("onnxruntime")
    answer = npusim("crosscheck", free_model, "--dim", "batch=2", "--values", "--device", "CPU")
    assert answer.code == 0 and "2x64x64" in answer.out


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_vendor_compiler_is_reached_through_a_command(npusim, command, monkeypatch, by, tmp_path):  # noqa: F811
    words = ["--vendor-command", command]
    if by == "variable":
        monkeypatch.setenv("NPUSIM_VENDOR_COMPILER", command)
        words = ["--vendor-compiler"]
    answer = npusim("crosscheck", MODEL, *words, "--json", tmp_path / "c.json")
    assert answer.code == 0 and "vendor-simulated" in answer.out and "not hardware" in answer.out
    found = json.loads((tmp_path / "c.json").read_text())["comparisons"][0]
    assert found["same_engine_share"] == 1 and found["profile"]["label"] == "vendor-simulated"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("false", ["gave no compileTimeScheduleTrace.json", "exit code 1"]),
        ("no-such-program-anywhere", ["cannot be started"]),
        ("'unbalanced", ["cannot be read"]),
        (f"{shlex.quote(sys.executable)} -c pass", ["gave no compileTimeScheduleTrace.json"]),
    ],
)
def test_a_command_that_fails_is_told_in_one_line(npusim, command, words):  # noqa: F811
    answer = npusim("crosscheck", MODEL, "--vendor-command", command)
    assert answer.code == 2 and answer.err.count("\n") == 1 and all(w in answer.err for w in words), (
        answer.err
    )


def test_several_reports_are_compared_one_by_one(npusim, tmp_path):  # noqa: F811
    trace = write(tmp_path, "profiling.json", synthetic_trace(load(MODEL), LUNAR))
    answer = npusim(
        "crosscheck", MODEL, "--report", trace, "--report", REPORTS / "npusim_trace.json", "--json", "-"
    )
    labels = [c["profile"]["label"] for c in json.loads(answer.out)["comparisons"]]
    assert labels == ["measured", "predicted"]


def test_a_report_that_cannot_be_used_is_one_line_and_exit_code_2(npusim, tmp_path):  # noqa: F811
    answer = npusim("crosscheck", MODEL, "--report", write(tmp_path, "r.csv", "hello"))
    assert answer.code == 2 and answer.err.startswith("BadReport: ") and answer.err.count("\n") == 1
    answer = npusim(
        "crosscheck", MODEL, "--save", tmp_path / "m.json", "--report", REPORTS / "npusim_trace.json"
    )
    assert answer.code == 2 and "nothing is measured" in answer.err


@without_compiler
def test_openvinos_own_compiler_is_a_command_too_and_says_when_it_is_not_there(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert offline_compile.main([str(MODEL), "4000", str(tmp_path / "out"), "NPU_TILES=4"]) == 1
    assert "can load no NPU compiler" in capsys.readouterr().err
    assert offline_compile.main([]) == 1 and "MODEL PLATFORM OUT_FOLDER" in capsys.readouterr().err


@pytest.mark.skipif(
    not os.environ.get("NPUSIM_VENDOR_COMPILER") or shutil.which("wine") is None,
    reason="NPUSIM_VENDOR_COMPILER names no compiler: Intel's compiler not exercised",
)
@pytest.mark.parametrize(("hw", "tiles"), [("meteor_lake", 2), ("lunar_lake", 4), ("panther_lake", 3)])
def test_intels_own_compiler_puts_the_ops_where_we_do(npusim, hw, tiles):  # noqa: F811
    answer = npusim("crosscheck", MODEL, "--hw", hw, "--tiles", tiles, "--vendor-compiler", "--json", "-")
    layers = json.loads(answer.out)["comparisons"][0]["layers"]
    # Converting float32 at the edge of the graph is left to either engine; the compiler prices it at nothing.
    assert len(layers) > 4 and all(y["same_engine"] for y in layers if not y["name"].endswith("/convert"))
