"""xamba optimize | verify | passes: what is printed, what is written, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper as h

from tests.xamba.build import constant, model, one_op, ops, value
from xamba import cli
from xamba.files import load
from xamba.passes.registry import passes

ROOT = Path(__file__).resolve().parents[2]


def unfolded(page: str) -> str:
    """The page as one line."""
    return " ".join(page.split())


@pytest.fixture
def xamba(monkeypatch, capsys):
    """Run the command in this process; returns exit code, stdout, stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["xamba", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
            raise SystemExit(0)
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


@pytest.fixture
def source(tmp_path) -> Path:
    """A file with a CumSum and a Softplus."""
    nodes = [h.make_node("CumSum", ["x", "ax"], ["c"]), h.make_node("Softplus", ["c"], ["y"])]
    m = model(nodes, [value("x", [2, 6])], [value("y", [2, 6])], [constant("ax", 1)])
    path = tmp_path / "in.onnx"
    ir.save(m, path)
    return path


PAPER = ("--passes", "cumba,reduba")  # named: short axes are rewritten too


def refused(result: tuple[int, str, str], name: str, code: int = 2) -> str:
    """One line on stderr, nothing on stdout, no traceback."""
    exit_code, out, err = result
    assert exit_code == code and out == "" and err.startswith(f"{name}: ") and err.count("\n") == 1
    return err


def test_optimize_writes_a_verified_file(xamba, source, tmp_path):
    out = tmp_path / "out.onnx"
    code, text, err = xamba("optimize", source, "-o", out, *PAPER)
    assert code == 0 and err == "" and "1 replaced, 0 kept" in unfolded(text) and "same within" in text
    assert "predicted: " in text and all(
        len(line) <= 80 for line in text.splitlines()[1:]
    )  # without its path
    assert ops(load(out)) == ["MatMul", "Softplus"]
    assert xamba("verify", source, out)[0] == 0


def test_short_axes_stay_where_nobody_names_a_pass_and_the_page_says_why(xamba, source, tmp_path):
    out = tmp_path / "out.onnx"
    _, text, _ = xamba("optimize", source, "-o", out)
    assert (
        "0 replaced, 1 kept" in unfolded(text)
        and "axis of 6 is shorter than 96" in unfolded(text)
        and "--min-length 1" in unfolded(text)
    )
    assert source.read_bytes() == out.read_bytes()
    _, text, _ = xamba("optimize", source, "-o", out, "--min-length", "1")
    assert "1 replaced, 0 kept" in unfolded(text)
    assert "min_length is 0" in refused(
        xamba("optimize", source, "-o", out, "--min-length", "0"), "BadArgument"
    )


def test_optimize_prints_json(xamba, source, tmp_path):
    _, text, _ = xamba(
        "optimize", source, "-o", tmp_path / "out.onnx", "--passes", "cumba,actiba", "--json", "-"
    )
    plain = json.loads(text)
    assert plain["modified"] and plain["verify"]["ok"] and len(plain["rewritten"]) == 2


def test_a_file_with_nothing_to_rewrite_is_copied_byte_for_byte(xamba, tmp_path):
    path, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    ir.save(one_op("Relu", [2, 3]), path)
    code, text, _ = xamba("optimize", path, "-o", out)
    assert code == 0 and "byte for byte" in unfolded(text) and out.read_bytes() == path.read_bytes()


def test_what_is_kept_is_printed_with_its_reason(xamba, tmp_path):
    path, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    ir.save(one_op("CumSum", [2, "s"], constants=[constant("ax", 1)]), path)
    _, text, _ = xamba("optimize", path, "-o", out)
    assert "kept: the scanned axis 1 has a free length ('s')" in unfolded(text)
    assert out.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "options, name, words",
    [
        (["--passes", "cumba,foo"], "UnknownPass", "no pass is called 'foo'; choose from"),
        (["--passes", "actiba", "--segments", "0"], "BadArgument", "segments is 0"),
        (["--passes", "actiba", "--range", "3"], "BadArgument", "-8,8"),
        (["--passes", "actiba", "--range", "3,2"], "BadArgument", "below"),
        (["--passes", "actiba", "--error", "big"], "BadArgument", "relative or absolute"),
        (["--passes", "actiba", "--functions", "Mish"], "BadArgument", "Softplus"),
        (["--block", "0"], "BadArgument", "block is 0"),
        (["--dim", "batch"], "BadArgument", "batch=2"),
        ([*PAPER, "--dim", "nothing=3"], "BadArgument", "nothing"),
        ([*PAPER, "--seed", "-4"], "BadArgument", "seed is -4"),
    ],
)
def test_bad_options_are_one_line_and_write_nothing(xamba, source, tmp_path, options, name, words):
    out = tmp_path / "out.onnx"
    assert words in refused(xamba("optimize", source, "-o", out, *options), name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.onnx"]


def test_the_input_is_never_the_output(xamba, source, tmp_path):
    before = source.read_bytes()
    refused(xamba("optimize", source, "-o", source), "BadOutput")
    (tmp_path / "link.onnx").symlink_to(source)
    refused(xamba("optimize", source, "-o", tmp_path / "link.onnx"), "BadOutput")
    assert source.read_bytes() == before


def test_an_output_that_cannot_be_written_is_refused_before_any_work(xamba, source, tmp_path):
    refused(xamba("optimize", source, "-o", tmp_path / "no" / "out.onnx"), "BadOutput")
    refused(xamba("optimize", source, "-o", tmp_path), "BadOutput")


@pytest.mark.parametrize("content", [None, b"", b"this is no model " * 9, b"\x08\x07\x12"])
def test_a_file_that_is_no_model_is_one_line(xamba, tmp_path, content):
    path = tmp_path / "in.onnx"
    if content is not None:
        path.write_bytes(content)
    refused(xamba("optimize", path, "-o", tmp_path / "out.onnx"), "BadModel")
    refused(xamba("verify", path, path), "BadModel")
    assert not (tmp_path / "out.onnx").exists()


def test_a_rewrite_that_changes_the_answer_is_not_written(xamba, source, tmp_path):
    out = tmp_path / "out.onnx"
    relu = ("optimize", source, "-o", out, "--passes", "actiba", "--variant", "relu")
    assert "nothing is written" in refused(xamba(*relu), "NotEquivalent", code=1)
    assert not out.exists()
    code, text, _ = xamba(*relu, "--no-verify")
    assert code == 0 and "max abs error 0.69" in unfolded(text) and out.exists()
    code, text, _ = xamba("verify", source, out)
    assert code == 1 and "FAIL y" in unfolded(text) and "not the same" in unfolded(text)
    assert xamba("verify", source, out, "--tolerance", "1")[0] == 0


def test_verify_prints_json(xamba, source):
    code, text, _ = xamba("verify", source, source, "--json", "-", "--seed", "5")
    plain = json.loads(text)
    assert code == 0 and plain["ok"] and plain["seed"] == 5 and plain["outputs"][0]["sqnr_db"] is None


def test_passes_lists_each_pass_with_its_rule(xamba):
    code, text, _ = xamba("passes")
    assert code == 0 and [line.split()[0] for line in text.splitlines() if line[0] != " "] == list(passes())


def external(tmp_path: Path) -> Path:
    weight = constant("w", np.random.default_rng(0).standard_normal((50, 6)), np.float32)
    nodes = [h.make_node("MatMul", ["x", "w"], ["m"]), h.make_node("CumSum", ["m", "ax"], ["y"])]
    m = model(nodes, [value("x", [2, 50])], [value("y", [2, 6])], [weight, constant("ax", 1)])
    folder = tmp_path / "a"
    folder.mkdir()
    ir.save(m, folder / "in.onnx", external_data="in.data", size_threshold_bytes=100)
    return folder / "in.onnx"


def test_weights_in_another_file_are_copied_beside_the_output(xamba, tmp_path):
    path, folder = external(tmp_path), tmp_path / "b"
    folder.mkdir()
    assert xamba("optimize", path, "-o", folder / "out.onnx")[0] == 0
    assert (folder / "in.data").read_bytes() == (path.parent / "in.data").read_bytes()
    onnx.checker.check_model(str(folder / "out.onnx"), full_check=True)
    assert xamba("verify", path, folder / "out.onnx")[0] == 0


def test_weights_of_another_model_are_not_overwritten(xamba, tmp_path):
    path, folder = external(tmp_path), tmp_path / "b"
    folder.mkdir()
    (folder / "in.data").write_bytes(b"precious")
    refused(xamba("optimize", path, "-o", folder / "out.onnx"), "BadOutput")
    assert [p.name for p in folder.iterdir()] == ["in.data"]
    assert (folder / "in.data").read_bytes() == b"precious"


def test_a_file_without_its_weights_stays_without_them(xamba, tmp_path):
    path = external(tmp_path)
    (path.parent / "in.data").unlink()
    code, text, _ = xamba("optimize", path, "-o", path.parent / "out.onnx", *PAPER)
    assert code == 0 and "1 missing weights random" in unfolded(text)
    assert sorted(p.name for p in path.parent.iterdir()) == ["in.onnx", "out.onnx"]
    assert isinstance(load(path.parent / "out.onnx").graph.initializers["w"].const_value, ir.ExternalTensor)


def test_weights_outside_the_models_folder_are_refused(xamba, tmp_path):
    path = external(tmp_path)
    proto = onnx.load(path, load_external_data=False)
    for entry in proto.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = "../secret"
    path.write_bytes(proto.SerializeToString())
    refused(xamba("optimize", path, "-o", path.parent / "out.onnx"), "BadModel")


def test_functions_are_put_in_place_only_when_a_pass_works_inside_them(xamba, tmp_path):
    body = [h.make_node("Softplus", ["a"], ["b"])]
    function = h.make_function("local", "Soft", ["a"], ["b"], body, [h.make_opsetid("", 17)])
    graph = h.make_graph(
        [h.make_node("Soft", ["x"], ["y"], domain="local")], "g", [value("x", [2, 3])], [value("y", [2, 3])]
    )
    imports = [h.make_opsetid("", 17), h.make_opsetid("local", 1)]
    path, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    path.write_bytes(
        h.make_model(graph, opset_imports=imports, functions=[function], ir_version=8).SerializeToString()
    )
    xamba("optimize", path, "-o", out)
    assert out.read_bytes() == path.read_bytes()
    _, text, _ = xamba("optimize", path, "-o", out, "--passes", "actiba")
    assert "put in place" in unfolded(text) and ops(load(out)) == ["PWL"]
    _, text, _ = xamba("optimize", path, "-o", out, "--passes", "actiba", "--keep-functions")
    assert "inline functions first" in unfolded(text) and out.read_bytes() == path.read_bytes()


def test_the_command_runs_as_a_program(source, tmp_path):
    words = [sys.executable, "-m", "xamba", "optimize", str(source), "-o", str(tmp_path / "out.onnx")]
    done = subprocess.run(
        words, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0 and done.stderr == ""


def test_what_an_input_holds_and_the_names_of_free_dimensions(xamba, tmp_path):
    path = tmp_path / "in.onnx"
    ir.save(one_op("Relu", ["floor(seq/2)", None, 3]), path)
    words = ("verify", path, path, "--dim", "floor(seq/2)=3", "--dim", "x.1=4", "--json", "-")
    code, text, _ = xamba(*words, "--set", "x=7")
    output = json.loads(text)["outputs"][0]
    assert code == 0 and output["shape"] == [3, 4, 3] and output["scale"] == 7
    assert "'x'" in refused(xamba(*words, "--set", "y=7"), "BadArgument")
    assert "'floor(seq/2)', 'x.1'" in refused(
        xamba("verify", path, path, "--dim", "nothing=3"), "BadArgument"
    )
    assert "sr=16000" in refused(xamba(*words, "--set", "x"), "BadArgument")


def test_the_arithmetic_of_an_npu_is_asked_for_by_name(xamba, source, tmp_path):
    out = tmp_path / "out.onnx"
    code, text, _ = xamba("optimize", source, "-o", out, *PAPER, "--as", "fp16")
    assert code == 0 and "rounded to float16" in unfolded(text)
    assert "fp16, bf16" in refused(xamba("verify", source, out, "--as", "fp8"), "BadArgument")


def test_what_takes_too_much_memory_is_refused_with_both_numbers(xamba, tmp_path):
    path = external(tmp_path)
    said = refused(xamba("verify", path, path, "--max-memory", "0.001MB"), "BadModel")
    assert said.count("GiB") == 2 and "--max-memory" in said
    assert "512MB" in refused(xamba("verify", path, path, "--max-memory", "lots"), "BadArgument")


def test_choices_in_whatever_case_and_sizes_as_npusim_reads_them(xamba, source):
    words = ("--as", "FP16", "--runtime", "Onnx.Reference", "--max-memory", "2 GiB")
    assert xamba("verify", source, source, *words)[0] == 0


def test_the_list_of_commands_has_whole_sentences(xamba):
    listed = xamba("--help")[1].split("Commands:")[1]
    assert "not written when the answer differs." in unfolded(listed) and "..." not in listed


@pytest.mark.parametrize("command", ["optimize", "verify"])
def test_help_says_what_an_option_takes_in_words_of_a_user(xamba, command):
    code, out, _ = xamba(command, "--help")
    options = out.split("Options:")[1]
    assert code == 0 and "--dim NAME=N" in options and "--set NAME=VALUE" in options and "--seed N" in options
    assert not any(f"<{word}" in options for word in ("list", "str", "int", "float"))
