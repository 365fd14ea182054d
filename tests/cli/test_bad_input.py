"""Bad input: one line on standard error, exit code 2, no traceback, no file left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import SHARED, needs_shared


def refused(npusim, folder: Path, kind: str, *arguments: object) -> str:
    """The sentence of a command that must be refused; checks all that holds for every refusal."""
    before = sorted(os.listdir(folder))
    code, out, err = npusim(*arguments)
    assert code == 2, (code, out, err)
    assert out == ""
    assert err.count("\n") == 1 and err.endswith("\n"), err
    assert err.startswith(f"{kind}: ") and "Traceback" not in err, err
    assert sorted(os.listdir(folder)) == before
    return err


MODELS = {
    "missing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("this is not a model\n" * 50),
    "zeros": lambda path: path.write_bytes(bytes(1000)),
}


@pytest.mark.parametrize("what", MODELS)
def test_a_file_that_is_no_model_is_refused(npusim, tmp_path, what):
    path = tmp_path / "bad\nmodel.onnx"  # a name of two lines still gives one
    MODELS[what](path)
    assert "model.onnx" in refused(npusim, tmp_path, "BadModel", "run", path, "--json", tmp_path / "r.json")


@pytest.mark.parametrize("kept", [10, 100, 500])
def test_a_truncated_model_is_refused(npusim, model, tmp_path, kept):
    model.write_bytes(model.read_bytes()[:kept])
    refused(npusim, tmp_path, "BadModel", "run", model, "--json", tmp_path / "r.json")


def test_a_free_dimension_is_named_with_the_remedy(npusim, free_model, tmp_path):
    said = refused(npusim, tmp_path, "FreeDimension", "run", free_model, "--json", tmp_path / "r.json")
    assert "batch" in said and "--dim" in said


def test_an_op_without_a_cost_is_named_with_the_remedy(npusim, strange_model, tmp_path):
    said = refused(npusim, tmp_path, "UnknownOp", "run", strange_model, "--csv", tmp_path / "r.csv")
    assert "Frobnicate" in said and "--allow-unmodelled" in said


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        (["--hw", "sun_lake"], "BadHardware", "lunar_lake"),
        (["--hw", "no/such.yaml"], "BadHardware", "such.yaml"),
        (["--hw", ""], "BadHardware", "lunar_lake"),
        (["--compiler", "1999"], "BadArgument", "2026"),
        (["--precision", "fp32"], "BadArgument", "fp16, int8"),
        (["--tiles", 0], "BadHardware", "tiles"),
        (["--tiles", 99], "BadHardware", "99"),
        (["--dim", "batch"], "BadArgument", "NAME=N"),
        (["--dim", "=3"], "BadArgument", "NAME=N"),
        (["--dim", "batch="], "BadArgument", "whole number"),
        (["--dim", "batch=0"], "BadArgument", "from 1 on"),
        (["--dim", "batch=-1"], "BadArgument", "'-1'"),
        (["--dim", "batch=1.5"], "BadArgument", "'1.5'"),
        (["--dim", "batch=1e3"], "BadArgument", "'1e3'"),
        (["--dim", "batch=" + "9" * 40], "BadArgument", "40 digits"),
        (["--dim", "n=1", "--dim", "n=2"], "BadArgument", "1 and 2"),
    ],
)
def test_a_value_that_is_not_on_offer_is_refused(npusim, model, tmp_path, options, kind, said):
    assert said in refused(npusim, tmp_path, kind, "run", model, *options, "--json", tmp_path / "r.json")
    assert said in refused(npusim, tmp_path, kind, "explain", model, "MatMul", *options)


@pytest.mark.parametrize("option", ["--json", "--csv", "--trace"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "folder"),
        (".", "is a folder"),
        ("no/such/folder/r.json", "no folder"),
        ("new/", "folder"),
        ("model.onnx", "the input"),
        ("./model.onnx", "the input"),
        ("hard.onnx", "the input"),
        ("soft.onnx", "the input"),
        ("model.onnx/r.json", "no folder"),
        ("n" * 300, "too long"),
        ("loop", "cannot be written"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    npusim, model, tmp_path, monkeypatch, option, path, said
):
    os.link(model, tmp_path / "hard.onnx")
    (tmp_path / "soft.onnx").symlink_to(model)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    kept = model.read_bytes()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("npusim.onnx_io.load", lambda *_, **__: pytest.fail("the model was read"))
    assert said in refused(npusim, tmp_path, "BadOutput", "run", "model.onnx", option, path)
    assert model.read_bytes() == kept


def test_one_file_cannot_be_two_outputs(npusim, model, tmp_path):
    where = tmp_path / "r"
    assert "--json" in refused(npusim, tmp_path, "BadOutput", "run", model, "--json", where, "--csv", where)


def test_standard_output_holds_one_thing(npusim, model, tmp_path):
    said = refused(npusim, tmp_path, "BadArgument", "run", model, "--json", "-", "--trace", "-")
    assert "--json and --trace" in said


def test_a_disk_that_fails_leaves_neither_half_a_file_nor_the_others(npusim, model, tmp_path, monkeypatch):
    from npusim_xamba import files

    old = tmp_path / "old.csv"
    old.write_text("kept")
    write = files._write_new

    def full(path: str, text: str) -> None:
        write(path, text[:10])
        if "trace" in path:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_write_new", full)
    options = ["--json", tmp_path / "r.json", "--csv", old, "--trace", tmp_path / "r.trace"]
    assert "No space left" in refused(npusim, tmp_path, "BadOutput", "run", model, *options)
    assert old.read_text() == "kept"


@pytest.mark.parametrize(
    ("query", "said"), [("block.0", "whole name"), ("matmull", "nearest"), ("", "whole name")]
)
def test_a_node_that_is_not_one_is_refused_with_names(npusim, model, tmp_path, query, said):
    answer = refused(npusim, tmp_path, "BadArgument", "explain", model, query)
    assert said in answer and "/block.0/MatMul" in answer


def test_an_unknown_npu_cannot_be_shown(npusim, tmp_path):
    assert "lunar_lake" in refused(npusim, tmp_path, "BadHardware", "hw", "show", "nonesuch")


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["fly"],
        ["run", "m.onnx", "--tiles", "x"],
        ["run", "m.onnx", "--top", "-1"],
        ["run", "m", "--nope"],
    ],
)
def test_wrong_usage_exits_with_2_and_says_how(npusim, arguments):
    code, out, err = npusim(*arguments)
    assert (code, out) == (2, "") and err.startswith("BadArgument: ") and err.count("\n") == 1
    assert "Usage: npusim" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("option", "word", "kept"), [("--precision", "INT8", "int8"), ("--mode", "Latency", "latency")]
)
def test_a_choice_is_taken_in_whatever_case(npusim, model, option, word, kept):
    code, out, _ = npusim("run", model, option, word, "--json", "-")
    assert code == 0 and json.loads(out)[option.strip("-")] == kept


@pytest.mark.parametrize(
    ("option", "begun", "offered"),
    [
        ("--hw", "p", {"panther_lake"}),
        (
            "--compiler",
            "202",
            {
                "2024.12",
                "2024.12-dsp",
                "2024.12-pool",
                "2026",
                "2026-as-released",
                "2026-measured",
                "2026-tables",
            },
        ),
        ("--precision", "", {"fp16", "int8"}),
        ("--mode", "l", {"latency"}),
        ("--hw", "LUN", {"lunar_lake"}),
        ("--mode", "L", {"latency"}),
    ],
)
def test_tab_completes_values(option, begun, offered):
    words = f"npusim run model.onnx {option} {begun}"
    environment = os.environ | {"_NPUSIM_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "4"}
    command = [sys.executable, "-m", "npusim"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert set(done.stdout.split()) == offered


@needs_shared
def test_a_rule_that_meets_what_it_cannot_read_says_so_in_words_of_a_user(npusim, tmp_path):
    path = SHARED / "cases/hostile/attr_1_test_cumprod_2d_negative_axis.onnx"
    said = refused(npusim, tmp_path, "BadModel", "run", path)
    assert "CumProd_0" in said and "do not fit; inputs [2, 3]" in said and "tuple index" not in said
