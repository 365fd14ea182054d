"""The frame: grammar, errors as sentences, what a report says, sweeps, and laws over every question there is."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import npusim
from npusim.errors import BadArgument
from npusim.report.json_report import from_json, to_json
from npusim.whatif.base import Runs
from npusim.whatif.listing import document
from npusim.whatif.parse import changed, make, parse
from npusim.whatif.registry import find, questions
from npusim.whatif.run import applied

MODEL = Path(__file__).resolve().parents[2] / "examples" / "mamba2_small.onnx"
QUESTIONS = questions()


@pytest.fixture(scope="module")
def graph():
    return npusim.load(MODEL)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_says_what_it_is(name):
    kind = QUESTIONS[name]
    assert kind.name == name and kind.__doc__.splitlines()[0].endswith("?") and kind.came_from
    for option in document({name: kind})[0]["options"]:
        assert option["what"] and option["values"] and option["source"], option


@pytest.mark.parametrize("name", [n for n, kind in QUESTIONS.items() if not kind.rewrites_model()])
def test_a_question_with_its_defaults_changes_nothing_to_the_byte(name, graph):
    kind = QUESTIONS[name]
    if issubclass(kind, Runs) or any(field.is_required() for field in kind.model_fields.values()):
        pytest.skip("composes runs, or has no neutral options")
    hw = npusim.hardware("lunar_lake")
    after, machine = applied(graph, hw, [kind()])
    assert after == graph and machine == hw
    supposed = npusim.suppose(graph, name, hw)
    assert to_json(replace(supposed, what_ifs=())) == to_json(npusim.simulate(graph, hw))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sparsty:weights=0.5", "no what-if is called 'sparsty'; choose from .* did you mean sparsity\\?"),
        ("sparsity:weight=0.5", "has no option 'weight'; it takes .* did you mean weights\\?"),
        ("sparsity:weights=1.5", "weights is 1.5; it must be at most 1"),
        ("sparsity:weights=-0.5", "weights is -0.5; it must be at least 0"),
        ("sparsity:weights=nan", "weights is 'nan'; it must be a finite number"),
        ("sparsity:weights=much", "weights is 'much'; it must be a number"),
        ("sparsity:weights=", "weights is ''; it must be a number"),
        ("sparsity:0.5", "'0.5' is not KEY=VALUE; sparsity takes weights"),
        ("sparsity:weights=0.1,weights=0.2", "gives 'weights' twice"),
        ("sparsity:pattern=3:4", "pattern '3:4' is not on offer; choose from unstructured, 2:4"),
        ("", "no what-if is called ''"),
    ],
)
def test_what_is_wrong_is_one_sentence(text, said):
    with pytest.raises(BadArgument) as error:
        parse(text)
    assert re.search(said, str(error.value)) and "\n" not in str(error.value)


def test_words_on_offer_are_read_in_whatever_case():
    assert parse("sparsity:pattern=Channel") == parse("sparsity:pattern=channel")
    assert parse("precision:weights=INT4").asked == "precision:weights=int4"


def test_a_what_if_is_written_as_it_is_read():
    one = parse("sparsity:pattern=2:4,layers=*conv*")
    assert parse(one.asked) == one
    assert one.asked == "sparsity:pattern=2:4,layers=*conv*"
    assert changed(parse("sparsity:weights=0.5"), "weights", 0.7).asked == "sparsity:weights=0.7"
    assert parse("SPARSITY").asked == "sparsity"


def test_a_report_says_what_was_supposed_and_reads_back(graph):
    report = npusim.suppose(graph, ["sparsity:weights=0.5", "sparsity:activations=0.5"])
    assert [one.asked for one in report.what_ifs] == ["sparsity:weights=0.5", "sparsity:activations=0.5"]
    written = json.loads(to_json(report))["what_ifs"][0]
    assert written["options"]["weights"] == "0.5" and "50% zeros" in written["sentence"] and written["needs"]
    assert from_json(to_json(report)).what_ifs == report.what_ifs


def test_python_gives_a_graph_or_a_machine_or_says_why_not(graph):
    assert npusim.what_if(graph, "sparsity:weights=0.5") != graph
    assert (
        npusim.what_if(MODEL, "sparsity:weights=0.5").values
        == npusim.what_if(graph, "sparsity:weights=0.5").values
    )
    with pytest.raises(BadArgument, match="changes the graph, not the NPU"):
        npusim.what_if(npusim.hardware("lunar_lake"), "sparsity:weights=0.5")


def test_a_sweep_over_an_option_is_the_runs_one_by_one(graph):
    pytest.importorskip("xarray")
    found = npusim.sweep(graph, "lunar_lake", {"whatif.sparsity.weights": [0.0, 0.5, 0.9], "tiles": [1, 4]})
    for share in (0.0, 0.5, 0.9):
        for tiles in (1, 4):
            alone = npusim.suppose(graph, f"sparsity:weights={share}", tiles=tiles, band=False)
            point = found["latency_us"].sel({"whatif.sparsity.weights": share, "tiles": tiles})
            assert float(point) == pytest.approx(alone.latency_us, rel=1e-12)


def test_a_sweep_keeps_the_what_ifs_that_do_not_vary(graph):
    pytest.importorskip("xarray")
    fixed = "sparsity:weights=0.9,pattern=channel"
    found = npusim.sweep(graph, "lunar_lake", {"tiles": [1, 4]}, what_ifs=[fixed])
    alone = [npusim.suppose(graph, fixed, tiles=n, band=False).latency_us for n in (1, 4)]
    assert np.allclose(found["latency_us"], alone, rtol=1e-12)
    assert found.attrs["what_ifs"] == [fixed]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("whatif.sparsity.weight", "did you mean weights"),
        ("whatif.sparsity", "is not whatif.NAME.OPTION"),
        ("whatif.sparsty.weights", "did you mean sparsity"),
    ],
)
def test_what_cannot_vary_is_a_sentence(name, said, graph):
    pytest.importorskip("xarray")
    with pytest.raises(BadArgument, match=said):
        npusim.sweep(graph, "lunar_lake", {name: [0.1, 0.2]})
    with pytest.raises(BadArgument, match="it must be at most 1"):
        npusim.sweep(graph, "lunar_lake", {"whatif.sparsity.weights": [0.1, 1.2]})


def test_an_option_that_is_missing_or_unknown_is_told():
    with pytest.raises(BadArgument, match="has no option 'nothing'"):
        make(find("sparsity"), {"nothing": 1})
