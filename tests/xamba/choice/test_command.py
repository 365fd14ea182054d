"""`xamba optimize --for`, and the verdict line of the default passes."""

import json
from types import SimpleNamespace

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from tests.graphs import model as graph_of
from tests.graphs import node
from tests.shared import SHARED, needs_shared
from tests.xamba.choice.models import segment_sum
from xamba.choice.page import ratio
from xamba.choice.search import reason_against
from xamba.choice.verdict import verdict_line
from xamba.cli import main
from xamba.files import load


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "in.onnx"
    ir.save(segment_sum(256), path)
    return path


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr("sys.argv", ["xamba", *map(str, words)])
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.mark.parametrize("option", ["--for", "--hw"])  # the second as npusim calls it
def test_the_table_names_place_price_error_and_both_witnesses(option, model, tmp_path, monkeypatch, capsys):
    code, out, _ = run(
        monkeypatch, capsys, "optimize", model, "-o", tmp_path / "out.onnx", option, "lunar_lake"
    )
    assert code == 0 and (tmp_path / "out.onnx").exists()
    for words in (
        "lunar_lake with compiler 2026",
        "faster",
        "before",
        "error",
        "cumba",
        "Intel's compiler",
    ):
        assert words in out
    assert "same within" in out


def test_a_mark_is_explained_on_the_page_it_stands_on(tmp_path, monkeypatch, capsys):
    words = ("optimize", "examples/mamba2_small.onnx", "-o", tmp_path / "out.onnx", "--for", "lunar_lake")
    out = " ".join(run(monkeypatch, capsys, *words)[1].split())
    assert "* -> " in out and "* with npusim's price of a kernel" in out
    assert "1 other kind " in out and "1 other kinds" not in out


def test_json_says_the_same_for_machines(model, tmp_path, monkeypatch, capsys):
    words = ("--for", "lunar_lake,panther_lake", "--compiler", "2026,2024.12", "--json", "-")
    code, out, _ = run(monkeypatch, capsys, "optimize", model, "-o", tmp_path / "out.onnx", *words)
    found = json.loads(out)
    assert code == 0 and len(found["targets"]) == 4
    assert all(t["after_us"] <= t["before_us"] for t in found["targets"])
    assert [s for s in found["sites"] if s["taken"]]


def test_what_does_not_pay_leaves_the_file_as_it_is(tmp_path, monkeypatch, capsys):
    source, out_file = tmp_path / "in.onnx", tmp_path / "out.onnx"
    ir.save(segment_sum(8), source)
    code, out, _ = run(monkeypatch, capsys, "optimize", source, "-o", out_file, "--for", "lunar_lake")
    assert code == 0 and "nothing pays" in out
    assert source.read_bytes() == out_file.read_bytes()


@pytest.mark.parametrize(
    "words, said",
    [
        (("--for", "lunar_leak"), "did you mean lunar_lake"),
        (("--for", "lunar_lake", "--compiler", "1999"), "2024.12"),
        (("--for", "lunar_lake", "--max-error", "-1"), "--max-error is -1"),
        (("--for", "lunar_lake", "--passes", "nothing"), "no pass is called 'nothing'"),
    ],
)
def test_mistakes_are_one_sentence_and_nothing_is_written(model, tmp_path, monkeypatch, capsys, words, said):
    code, _, err = run(monkeypatch, capsys, "optimize", model, "-o", tmp_path / "out.onnx", *words)
    assert code == 2 and said in err and "Traceback" not in err
    assert not (tmp_path / "out.onnx").exists()


def test_without_for_a_last_line_says_what_is_predicted(model, tmp_path, monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, "optimize", model, "-o", tmp_path / "out.onnx")
    _, mark, last = " ".join(out.split()).partition(" predicted: lunar_lake ")
    assert code == 0 and mark
    assert all(words in last for words in ("compiler 2026", "2024.12", "meteor_lake", "panther_lake"))


@needs_shared
def test_where_the_default_loses_the_line_says_so_and_names_the_remedy():
    from xamba.passes.registry import default_passes
    from xamba.pipeline import rewrite

    file = SHARED / "graphs" / "large" / "xamba_mamba2_1layer_T4_ts.onnx"
    after = load(file)
    rewrite(after, default_passes())
    line = verdict_line(load(file), after)
    assert "slower with compiler 2026" in line and "faster with 2024.12" in line and "--for" in line


def test_a_model_without_a_price_still_gets_a_line():
    m = segment_sum(8)
    next(node for node in m.graph if node.op_type == "Exp").op_type = "NobodyKnowsThis"
    assert verdict_line(m, m).startswith("no prediction: ")


def test_ratios_in_words():
    assert ratio(100, 50) == "2.0x faster" and ratio(50, 100) == "2.0x slower"
    assert ratio(100, 100) == "as fast" and ratio(102, 100) == "1.02x faster"


def test_a_file_that_no_runtime_takes_is_answered_with_what_the_checker_says_of_it(
    tmp_path, monkeypatch, capsys
):
    """torch.onnx.export(dynamo=False) writes axes counted from the end, in a Transpose of Mamba-2 (transformers 5)."""
    wrong = graph_of(
        [
            node("Transpose", "x", "t", perm=[0, -2, -1, 1]),
            node("CumSum", "x axis", "s"),
            node("Mul", "s t", "y"),
        ],
        {"x": (1, 64, 64, 64)},
        ["y"],
        {"axis": np.int64(1)},
    )
    onnx.save(wrong, tmp_path / "m.onnx")
    words = ("optimize", tmp_path / "m.onnx", "-o", tmp_path / "o.onnx", "--passes", "cumba")
    code, out, said = run(monkeypatch, capsys, *words)
    assert code == 2 and not out and "value type" not in said
    assert "onnx.checker refuses" in said and "m.onnx' as it is" in said and "perm" in said
    assert not (tmp_path / "o.onnx").exists()


def test_a_change_too_small_for_three_digits_is_not_once_slower():
    one = SimpleNamespace(targets=(SimpleNamespace(name="here"),))
    assert reason_against((1000.0,), (1000.1,), one) == "a little slower on here"
    assert reason_against((1000.0,), (1010.0,), one) == "1.01x slower on here"
