"""The band of a ratio: a run against itself is exactly 1, the band holds the ratio, and a sign in doubt is said so."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from npusim.arch.presets import load_hardware
from npusim.cli import app
from npusim.comparison.page import page
from npusim.comparison.settled import factor, ratio_band, words
from npusim.comparison.waterfall import compare, to_document
from npusim.simulation import simulate
from tests.compiler.strategies import graphs

NPUS = {name: load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")}
EXAMPLE = "examples/mamba2_small.onnx"
NPU = st.sampled_from(sorted(NPUS))


@settings(max_examples=20)
@given(graphs(most=5), NPU)
def test_a_comparison_with_itself_is_exactly_one(graph, npu):
    report = simulate(graph, NPUS[npu])
    found = compare(report, simulate(graph, NPUS[npu]))
    if report.latency_us:
        assert found.band == (1.0, 1.0) and found.settled is False
        assert "no difference" in found.verdict


@settings(max_examples=20)
@given(graphs(most=5), graphs(most=5), NPU, NPU)
def test_the_band_holds_the_ratio_and_turns_with_it(a, b, one, other):
    before, after = simulate(a, NPUS[one]), simulate(b, NPUS[other])
    band = ratio_band(before, after)
    if band is None:
        assert not before.latency_us or not after.latency_us
        return
    speedup = before.latency_us / after.latency_us
    assert band[0] * (1 - 1e-9) <= speedup <= band[1] * (1 + 1e-9)
    back = ratio_band(after, before)
    assert back == pytest.approx((1 / band[1], 1 / band[0]))


@settings(max_examples=20)
@given(graphs(most=5), graphs(most=5), NPU)
def test_what_both_rest_on_cancels(a, b, npu):
    """On one NPU a ratio is never less certain than two independent latencies would make it."""
    before, after = simulate(a, NPUS[npu]), simulate(b, NPUS[npu])
    band = ratio_band(before, after)
    if band:
        apart = before.band_us[1] / after.band_us[0], before.band_us[0] / after.band_us[1]
        assert band[1] <= apart[0] * (1 + 1e-9) and band[0] >= apart[1] * (1 - 1e-9)


def run(*options):
    return CliRunner().invoke(app, ["compare", EXAMPLE, *options])


def test_two_generations_and_two_tile_counts_are_compared(tmp_path):
    out = tmp_path / "c.json"
    result = run("--hw", "lunar_lake", "--hw-after", "panther_lake", "--json", str(out))
    assert result.exit_code == 0, result.output
    document = json.loads(out.read_text())
    assert (document["before"]["hardware"], document["after"]["hardware"]) == ("lunar_lake", "panther_lake")
    low, high = document["speedup_band"]
    assert document["settled"] is not (low <= 1 <= high)
    result = run("--tiles", "4", "--tiles-after", "2")
    assert result.exit_code == 0 and "from lunar_lake (4 tiles" in result.output, result.output


def test_in_doubt_the_words_say_not_settled():
    """Six tiles against four: a few percent, less than plans are off by."""
    from tests.graphs import loaded, model, node, weights

    square = weights(256, 256)
    two = [node("MatMul", "x w", "h"), node("MatMul", "h v", "y")]
    graph = loaded(model(two, {"x": [256, 256]}, ["y"], {"w": square, "v": square}))
    hw = NPUS["lunar_lake"]
    found = compare(simulate(graph, hw), simulate(graph, hw.replace({"tiles": 6})))
    assert found.settled is False and found.verdict.startswith("not settled")
    assert any("not settled" in line.text for line in page(found))
    assert to_document(found)["settled"] is False


def test_nothing_to_compare_with_is_told():
    result = run()
    assert result.exit_code != 0 and "nothing to compare with" in str(result.exception or result.output)


def test_a_clock_is_set_on_both_sides_or_one():
    result = run("--clock", "1400", "--clock-after", "1850")
    assert result.exit_code == 0 and "faster" in result.output, result.output
    assert run("--clock", "5").exit_code != 0


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(1.26, "1.26x faster"), (1 / 1.76, "1.76x slower"), (1.0005, "0.05 % faster"), (1.0, "as fast")],
)
def test_a_small_change_is_told_in_percent_and_never_as_a_factor_of_one(ratio, said):
    assert factor(ratio) == said


def test_a_band_close_to_one_says_how_close():
    assert words(1.0005, (1.0002, 1.0008)) == "settled: 0.02 % to 0.08 % faster in 80 of 100 cases"
    assert words(1.2, (1.07, 1.47)) == "settled: 1.07x to 1.47x faster in 80 of 100 cases"
