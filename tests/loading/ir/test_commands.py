"""Every command takes an OpenVINO IR, or says what to do."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from npusim.errors import BadModel
from npusim.measured.compiler import _static
from tests.cli.conftest import npusim  # noqa: F401  (a fixture)
from tests.loading.ir.make import chain, save
from tests.loading.ir.runs import IR
from tests.shared import needs_shared
from xamba.cli import app as xamba_app
from xamba.errors import BadModel as BadForXamba
from xamba.files import load

STEP = ("--dim", "batch_size=1", "--dim", "sequence_length=1", "--dim", "past_sequence_length=16")


@pytest.fixture
def stateful(tmp_path):
    for ending in (".xml", ".bin"):
        shutil.copyfile(IR / "small" / f"llamatiny_stateful_int4{ending}", tmp_path / f"m{ending}")
    return tmp_path / "m.xml"


def test_a_small_one_of_our_own(npusim, tmp_path):  # noqa: F811
    path = save(tmp_path, chain("ReLU", "Exp"))
    target = tmp_path / "r.json"
    assert npusim("run", path, "--json", target).code == 0
    report = json.loads(target.read_text("utf-8"))
    assert [n["op_type"] for n in report["nodes"] if n["op_type"] != "Convert"] == ["Relu", "Exp"]
    assert report["model_sha256"]
    assert npusim("compare", path, path).code == 0
    assert npusim("explain", path, "n1").code == 0
    assert npusim("claim", path, "--us", "100").code == 0
    assert npusim("run", tmp_path).code == 0
    assert npusim("sweep", path, "--vary", "tiles=1,2", "-o", tmp_path / "s.csv").code == 0
    code, _, err = npusim("run", path, "--annotate", tmp_path / "a.onnx")
    assert (
        code == 2 and "takes ONNX files alone" in " ".join(err.split()) and not (tmp_path / "a.onnx").exists()
    )
    code, _, err = npusim("crosscheck", path, "--values")
    assert code == 2 and "takes ONNX files alone" in " ".join(err.split())


def test_a_folder_without_the_ir_of_a_model(npusim, tmp_path):  # noqa: F811
    (tmp_path / "page.xml").write_text("<html/>")
    code, out, err = npusim("run", tmp_path)
    assert code == 1 and "starts with <html>" in " ".join((out + err).split())


@needs_shared
def test_free_sizes_are_named_and_bound(npusim, stateful):  # noqa: F811
    code, out, err = npusim("run", stateful)
    said = " ".join(err.split())
    assert (code, out) == (2, "") and "--dim batch_size=1 --dim sequence_length=128" in said
    assert npusim("run", stateful, *STEP).code == 0
    code, out, _ = npusim("check", stateful)
    assert code == 1 and "has free dimensions" in " ".join(out.split())
    code, out, _ = npusim("check", stateful, *STEP)
    assert code == 0 and "DequantizeLinear" not in out
    assert npusim("generate", stateful, "--prompt", "16", "--tokens", "4").code == 0


def test_xamba_says_to_convert_first(tmp_path):
    path = save(tmp_path, chain("ReLU"))
    with pytest.raises(BadForXamba, match="is OpenVINO IR, and xamba rewrites ONNX files; convert first"):
        load(path)
    # Said before a missing -o is.
    answer = CliRunner().invoke(xamba_app, ["optimize", str(path)])
    assert isinstance(answer.exception, BadForXamba) and "convert first" in str(answer.exception)


def test_intels_compiler_is_given_the_file_as_it_is_or_told_to_make_it_static(tmp_path):
    path = save(tmp_path, chain("ReLU"))
    assert _static(path, tmp_path, {}) == path.resolve()
    free = save(tmp_path, chain("ReLU").replace('shape="2,3"', 'shape="?,3"'), "free.xml")
    with pytest.raises(BadModel, match="'x' has free sizes"):
        _static(free, tmp_path, {"x": (2, 3)})
