"""The page of a run: any report makes one, it asks for nothing else, and no name in it gets loose."""

import json
import re
from dataclasses import replace

from hypothesis import given, settings
from typer.testing import CliRunner

import npusim
from npusim.comparison.html import steps
from npusim.comparison.html import to_html as compared
from npusim.comparison.waterfall import compare
from npusim.pages.template import Section, page, to_json
from npusim.report.columns import layer
from npusim.report.html import to_html
from tests.report.samples import reports, sample

EXAMPLE = "examples/mamba2_small.onnx"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def data_of(text):
    return json.loads(DATA.search(text).group(1))


@settings(max_examples=20)
@given(reports())
def test_any_report_makes_a_page_that_asks_for_nothing_else(report):
    text = to_html(report)
    assert text.count("<script") == text.count("</script>") == 2
    assert "http:" not in text and "https:" not in text and "\x1b" not in text
    run = data_of(text)["runs"][0]
    assert len(run["nodes"]["name"]) == len(report.nodes) and len(run["tasks"]["start"]) == len(report.tasks)
    assert {len(column) for column in run["nodes"].values()} == {len(report.nodes)}
    assert all(0 <= group < len(run["groups"]) for group in run["nodes"]["group"])


@settings(max_examples=10)
@given(reports(), reports())
def test_any_two_reports_make_a_page_and_its_waterfall_leads_from_one_to_the_other(before, after):
    found = compare(before, after)
    text = compared(found)
    assert text.count("<script") == 2
    assert len(data_of(text)["runs"]) == 2
    total = sum(delta for _, delta, _ in steps(found))
    assert abs(before.latency_us + total - after.latency_us) < 0.001


def test_a_page_is_small_and_equal_reports_make_equal_pages():
    report = npusim.simulate(npusim.load(EXAMPLE), npusim.hardware("lunar_lake"), advice=True)
    assert to_html(report) == to_html(replace(report)) and len(to_html(report)) < 200_000
    assert all(advice.sentence.split(":")[0] in to_html(report) for advice in report.advice)


def test_no_text_ends_a_script_and_what_is_no_number_is_null():
    text = to_json({"a": "</script><!--", "b": [float("nan"), float("inf"), 1.5]})
    assert "<" not in text and json.loads(text) == {"a": "</script><!--", "b": [None, None, 1.5]}


def test_a_section_without_a_body_is_left_out():
    text = page("t", "", [Section("a", "A", "<p>x</p>"), Section("b", "B", "")])
    assert 'id="a"' in text and 'id="b"' not in text


def test_layers_are_named_up_to_the_first_number():
    names = {
        "/model/layers.3/mixer/CumSum_1": "/model/layers.3",
        "/mixer/CumSum_1": "/mixer",
        "Conv_12": "Conv_12",
        "/h.0/attn/MatMul": "/h.0",
    }
    assert {name: layer(name) for name in names} == names


def test_the_commands_write_page_annotated_model_and_pictures(tmp_path):
    from npusim.cli import app

    run = lambda *words: CliRunner().invoke(app, [*map(str, words)])
    files = {form: tmp_path / f"x.{form}" for form in ("html", "onnx", "svg", "png")}
    done = run("run", EXAMPLE, "--html", files["html"], "--annotate", files["onnx"])
    assert done.exit_code == 0, done.output
    assert files["html"].read_text("utf-8").startswith("<!doctype html>")
    assert npusim.load(str(files["onnx"])).nodes
    done = run(
        "compare",
        EXAMPLE,
        files["onnx"],
        "--svg",
        files["svg"],
        "--png",
        files["png"],
        "-o",
        tmp_path / "c.html",
    )
    assert done.exit_code == 0, done.output
    assert b"<svg" in files["svg"].read_bytes()[:400] and files["png"].read_bytes().startswith(b"\x89PNG")
    assert (
        b">DMA<" in files["svg"].read_bytes() and b">step<" not in files["svg"].read_bytes()
    )  # no empty row
    assert "timeline" in (tmp_path / "c.html").read_text("utf-8")


def test_sample_of_all_kinds_has_all_its_sections():
    text = to_html(sample())
    for section in ("where", "advice", "timeline", "memory", "nodes", "sources"):
        assert f'<section id="{section}"' in text
