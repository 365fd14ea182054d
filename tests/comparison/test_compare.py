"""Comparisons: the waterfall adds up, and a rewrite is found again."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from typer.testing import CliRunner

from npusim.arch.presets import load_hardware
from npusim.cli import app
from npusim.comparison.html import to_html
from npusim.comparison.page import page
from npusim.comparison.waterfall import compare, to_document
from npusim.onnx_io import load
from npusim.report.words import added_note
from npusim.simulation import simulate
from tests.compiler.strategies import graphs

HW = load_hardware("lunar_lake")
EXAMPLE = "examples/mamba2_small.onnx"


@given(graphs(most=5), graphs(most=5))
def test_the_changes_sum_to_the_difference_of_the_latencies(a, b):
    before, after = simulate(a, HW), simulate(b, HW)
    found = compare(before, after, threshold_us=0.0)
    assert sum(c.delta_us for c in found.changes) == pytest.approx(
        after.latency_us - before.latency_us, abs=1e-6
    )
    assert found.speedup == pytest.approx(before.latency_us / after.latency_us)


@given(graphs(most=5))
def test_a_model_compared_with_itself_has_not_changed(graph):
    report = simulate(graph, HW)
    found = compare(report, report)
    assert found.changes == () and found.speedup == 1


@given(graphs(most=5), graphs(most=5))
def test_the_page_keeps_to_its_width_and_the_document_is_json(a, b):
    found = compare(simulate(a, HW), simulate(b, HW))
    assert max(len(line.text) for line in page(found, width=80)[1:]) <= 80
    assert json.loads(json.dumps(to_document(found), allow_nan=False))["speedup"] == pytest.approx(
        found.speedup
    )


@pytest.fixture(scope="module")
def rewritten(tmp_path_factory):
    import xamba

    target = tmp_path_factory.mktemp("rewritten") / "after.onnx"
    xamba.optimize(EXAMPLE, target, [xamba.CumBA()], check_answer=False)
    return str(target)


def test_a_rewritten_cumsum_is_shown_as_replaced(rewritten, tmp_path):
    out = tmp_path / "c.json"
    options = ["--hw", "lunar_lake", "--compiler", "2024.12", "--json", str(out)]
    result = CliRunner().invoke(app, ["compare", EXAMPLE, rewritten, *options])
    assert result.exit_code == 0, result.output
    document = json.loads(out.read_text())
    replaced = [c for c in document["changes"] if c["kind"] == "replaced"]
    assert len(replaced) == 3 and {c["op_before"] for c in replaced} == {"CumSum"}
    assert document["speedup"] > 1
    assert "faster on lunar_lake" in result.output


def test_a_missing_model_is_one_line_and_nothing_is_written(rewritten, tmp_path):
    from npusim.errors import BadModel

    result = CliRunner().invoke(
        app, ["compare", "nowhere.onnx", rewritten, "--json", str(tmp_path / "c.json")]
    )
    assert isinstance(result.exception, BadModel) and not list(tmp_path.iterdir())


def test_a_note_says_what_names_are_that_no_file_has():
    note = added_note(["node_sum_1", "x/fp16/layout", "y/1x2x64"])
    assert "/layout, /1x2x64" in note and "compiler adds" in note
    assert added_note(["/m/layer.0/layout_norm", "w/fp16x"]) == ""


def test_a_table_of_the_page_names_few_of_the_nodes_that_stand_in_for_one(rewritten):
    hw = load_hardware("lunar_lake")
    found = compare(simulate(load(EXAMPLE), hw, advice=False), simulate(load(rewritten), hw, advice=False))
    many = replace(found.changes[0], nodes_after=tuple(f"xamba_pwl_{k}" for k in range(40)))
    shown = to_html(replace(found, changes=(many,)))
    assert "xamba_pwl_2 and 37 more" in shown and "xamba_pwl_3," not in shown
