"""Advice: numbers that hold when the command is run, best first, never about nothing."""

from dataclasses import replace

import pytest

import npusim
from npusim.advice.advise import for_file
from npusim.advice.rewritten import with_products
from npusim.compiler.rules.profile import load_profile
from npusim.report.json_report import from_json, to_json
from tests.vendor.tables import graph_of

EXAMPLE = "examples/mamba2_small.onnx"


@pytest.fixture(scope="module")
def report():
    return npusim.simulate(npusim.load(EXAMPLE), npusim.hardware("lunar_lake"), "2024.12", advice=True)


def kinds(report):
    return {advice.kind: advice for advice in report.advice}


def test_advice_is_ranked_and_survives_json(report):
    bands = [advice.saves_band_us for advice in report.advice]
    saves = [a.saves_us for a, band in zip(report.advice, bands, strict=True) if not band or band[0] > 0]
    assert saves == sorted(saves, reverse=True) and saves[0] > 0
    assert all(0 <= advice.share <= 1 and advice.sentence and advice.command for advice in report.advice)
    again = from_json(to_json(report))
    assert [advice.kind for advice in again.advice] == [advice.kind for advice in report.advice]


@pytest.mark.parametrize(("kind", "name"), [("cumba", "CumBA"), ("reduba", "ReduBA")])
def test_what_a_rewrite_is_predicted_to_save_it_saves(report, kind, name, tmp_path):
    """xamba rewrites the model and the rewritten one is simulated: the prediction was made without xamba."""
    import onnx_ir as ir

    import xamba

    model = ir.load(EXAMPLE)
    getattr(xamba, name)()(model)
    ir.save(model, tmp_path / "after.onnx")
    after = npusim.simulate(
        npusim.load(str(tmp_path / "after.onnx")), npusim.hardware("lunar_lake"), "2024.12"
    )
    saved = report.latency_us - after.latency_us
    if kind in kinds(report):
        assert kinds(report)[kind].saves_us == pytest.approx(saved, rel=0.1)
    else:
        assert saved < 0.01 * report.latency_us  # what does not pay is not advised


def test_a_rewrite_that_pays_is_advised(report):
    assert "cumba" in kinds(report)


def test_another_compiler_saves_what_running_with_it_says(report):
    newer = npusim.simulate(npusim.load(EXAMPLE), npusim.hardware("lunar_lake"), "2026-measured")
    assert kinds(report)["compiler"].saves_us == pytest.approx(report.latency_us - newer.latency_us)


def test_a_what_if_is_a_run_on_that_machine(report):
    hw, graph = npusim.hardware("lunar_lake"), npusim.load(EXAMPLE)
    asked = {what.name: what for what in report.what_if}
    clocks = asked["both clocks twice as fast"]
    faster = hw.replace({name: hw.get(name) * factor for name, factor in clocks.factors.items()})
    assert npusim.simulate(graph, faster, "2024.12").latency_us == pytest.approx(clocks.latency_us)
    assert all(what.latency_us <= report.latency_us * (1 + 1e-9) for what in report.what_if)


def test_a_file_is_named_as_it_is_typed(report):
    named = for_file(report, "my models/a.onnx")
    assert all("'my models/a.onnx'" in advice.command for advice in named.advice)


def test_of_a_model_that_is_no_onnx_file_a_rewrite_names_no_file_that_xamba_refuses(report):
    named = {a.kind: a for a in for_file(report, "my models/a.xml").advice}
    assert (
        named["cumba"].command.startswith("xamba optimize MODEL.onnx ") and "ONNX" in named["cumba"].sentence
    )
    assert all("a.xml" in a.command for a in named.values() if a.command.startswith("npusim "))


def test_advice_is_given_when_it_is_asked_for_and_up_to_a_number_of_tasks():
    graph, hw = npusim.load(EXAMPLE), npusim.hardware("lunar_lake")
    assert not npusim.simulate(graph, hw).advice
    assert not npusim.simulate(graph, hw, advice=10).advice
    assert npusim.simulate(graph, hw, advice=5000).advice


def test_a_graph_without_sums_is_left_as_it_is():
    graph = npusim.load(EXAMPLE)
    without = replace(graph, nodes=tuple(n for n in graph.nodes if n.op_type != "CumSum"))
    assert with_products(without, ("CumSum",)) == (replace(without, values=dict(without.values)), 0)


def test_a_saving_lies_in_its_band_and_there_is_none_without_the_band_of_the_report(report):
    assert all(a.saves_band_us for a in report.advice if a.saves_us)
    for advice in report.advice:
        if advice.saves_band_us:
            low, high = advice.saves_band_us
            assert low <= advice.saves_us <= high and " to " in advice.sentence
    bare = npusim.simulate(npusim.load(EXAMPLE), npusim.hardware("lunar_lake"), advice=True, band=False)
    assert not any(a.saves_band_us for a in bare.advice)


def test_a_saving_whose_sign_is_not_settled_says_so_and_stands_behind_what_pays():
    report = npusim.simulate("examples/mamba2_small.onnx", "panther_lake", advice=True)
    doubtful = [a for a in report.advice if a.saves_band_us and a.saves_band_us[0] <= 0]
    assert all("not settled" in a.sentence for a in doubtful)
    sure = [a for a in report.advice if a.saves_band_us and a.saves_band_us[0] > 0]
    assert not sure or report.advice[0] in sure


@pytest.mark.parametrize("npu", ["lunar_lake", "panther_lake"])
def test_keys_scaled_behind_their_repetition_are_advised_against(npu):
    """A grouped layer of a language model, a token after 512: what it saves is a run with heads read once."""
    graph, hw = graph_of("blocks", "llama1b_dec_512"), npusim.hardware(npu)
    found = kinds(npusim.simulate(graph, hw, advice=True))["heads"]
    once = replace(load_profile("2026"), fusion=load_profile("2026-measured").fusion)
    us = npusim.simulate(graph, hw).latency_us - npusim.simulate(graph, hw, once).latency_us
    assert found.saves_us == pytest.approx(us) and us > 0
    assert "heads" not in kinds(npusim.simulate(graph, hw, "2026-measured", advice=True))
