"""What a hardware file may not say, and how it is told."""

import numpy as np
import pytest

from npusim.arch.config import load_yaml
from npusim.arch.fields import num
from npusim.arch.presets import config_dir, list_hardware, load_hardware
from npusim.arch.records import Strict
from npusim.compiler.rules.profile import load_profile
from npusim.errors import BadArgument, BadHardware

LUNAR = (config_dir() / "lunar_lake.yaml").read_text(encoding="utf-8")


class Engine(Strict):
    lanes: num(ge=1, integer=True)
    rate: num(gt=0)
    label: str = "x"


def refusal(tmp_path, text, model=None):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadHardware) as caught:
        load_yaml(path, model) if model else load_hardware(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(path), "bad.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lanes: 4\nrate: 2.0\nwidth: 3\n", "bad.yaml:3: width: unknown name"),
        ("lanes: 4\nlanes: 5\nrate: 1\n", "bad.yaml:2: lanes: written twice, first at bad.yaml:1"),
        ("lanes: 4\nrate: 1e9\n", "bad.yaml:2: rate: expected a number, got the text '1e9'"),
        ("lanes: true\nrate: 1\n", "bad.yaml:1: lanes: expected a number, got bool True"),
        ("lanes: 4\nrate: .nan\n", "bad.yaml:2: rate: must be finite"),
        ("lanes: 4\nrate: .inf\n", "bad.yaml:2: rate: must be finite"),
        ("lanes: -4\nrate: 1\n", "bad.yaml:1: lanes: must be at least 1, got -4"),
        ("lanes: 4\nrate: 0\n", "bad.yaml:2: rate: must be greater than 0, got 0"),
        ("lanes: 4.5\nrate: 1\n", "bad.yaml:1: lanes: must be a whole number, got 4.5"),
        ("lanes: [4]\nrate: 1\n", "bad.yaml:1: lanes: expected a number, got list [4]"),
        ("lanes: 4\n", "bad.yaml:1: rate: is missing"),
        ("lanes: 1:30\nrate: 1\n", "bad.yaml:1: lanes: write 1:30 as a plain decimal number"),
        ("lanes: 010\nrate: 1\n", "bad.yaml:1: lanes: write 010 as a plain decimal number"),
        ("lanes: &a 4\nrate: {<<: {b: 1}}\n", "bad.yaml:2: rate: merge keys are refused"),
        ("lanes: [1\nrate: 2\n", "bad.yaml:2: (file):"),
        ("", "bad.yaml:1: (file): expected names and values"),
        ("- 1\n", "bad.yaml:1: (file): expected names and values"),
        ("a: &x {b: *x}\n", "bad.yaml:1: a.b: aliases and deep nesting are refused"),
        ("[" * 5000, "bad.yaml:1: (file):"),
    ],
)
def test_each_bad_line_is_named_with_its_place(tmp_path, text, expected):
    assert refusal(tmp_path, text, Engine).startswith(expected)


def test_all_problems_of_a_file_are_told_at_once(tmp_path):
    message = refusal(tmp_path, "lanes: 0\nrate: 0\n", Engine)
    assert "bad.yaml:1: lanes" in message and "bad.yaml:2: rate" in message


def test_an_unreadable_file_is_told_in_a_sentence(tmp_path):
    with pytest.raises(BadHardware, match="cannot be read: No such file"):
        load_hardware(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff\n")
    with pytest.raises(BadHardware, match="it is not UTF-8 text"):
        load_hardware(tmp_path / "latin.yaml")


def test_a_number_without_a_source_is_an_assumption_of_its_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nbased_on: lunar_lake\ndma:\n  latency_ns: 400\n")
    hw = load_hardware(path)
    assert hw.dma.latency_ns == 400
    assert hw.sources["dma.latency_ns"][:2] == ("assumed", "written without a source in mine.yaml")
    assert hw.sources["dma.bytes_per_cycle"] == load_hardware("lunar_lake").sources["dma.bytes_per_cycle"]


def test_the_files_that_come_with_npusim_give_a_source_for_each_number():
    for name in list_hardware():
        sources = load_hardware(name).sources
        assert not [n for n, s in sources.items() if "without a source" in s.where or "default of" in s.where]


def test_an_unknown_kind_of_source_is_refused(tmp_path):
    text = LUNAR.replace('source: published, from: "VPUNN fp_ratio"', 'source: guessed, from: "VPUNN"')
    assert "source must be one of published, measured, fitted, assumed, got 'guessed'" in refusal(
        tmp_path, text
    )


def test_more_tiles_than_the_part_has_are_refused(tmp_path):
    assert "tiles: 9 is more than tiles_max, 6" in refusal(
        tmp_path, LUNAR.replace("tiles: {value: 4,", "tiles: {value: 9,")
    )


def test_a_file_may_be_based_on_another_and_says_where_its_own_numbers_are_from(tmp_path):
    path = tmp_path / "six.yaml"
    path.write_text(
        "name: six\nbased_on: lunar_lake\ntiles: {value: 6, source: assumed, from: all of them}\n",
        encoding="utf-8",
    )
    hw, base = load_hardware(path), load_hardware("lunar_lake")
    assert (hw.name, hw.tiles) == ("six", 6)
    assert hw.sources["tiles"][:2] == ("assumed", "all of them")
    assert hw.dma.latency_ns == base.dma.latency_ns
    assert hw.sources["dma.latency_ns"] == base.sources["dma.latency_ns"]


def test_an_error_in_an_override_names_the_override_not_the_base(tmp_path):
    text = "name: x\nbased_on: lunar_lake\ndma: {latencies: {value: 1, source: assumed, from: me}}\n"
    assert refusal(tmp_path, text) == "bad.yaml:3: dma.latencies: unknown name"


def test_files_based_on_each_other_are_refused(tmp_path):
    for name, base in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\nbased_on: {base}.yaml\n", encoding="utf-8")
    with pytest.raises(BadHardware, match=r"goes in a circle: a.yaml -> b.yaml -> a.yaml"):
        load_hardware(tmp_path / "a.yaml")


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(BadHardware, match="did you mean lunar_lake"):
        load_hardware("lunar_leke")
    assert {"meteor_lake", "lunar_lake", "panther_lake"} <= set(list_hardware())


@pytest.mark.parametrize(
    "text",
    ["based_on: " + "y" * 5000, "based_on: 7", "based_on: {a: 1}", "based_on: '2026'\nlowerings: null"],
    ids=lambda text: text[:20],
)
def test_a_base_that_is_no_name_is_one_sentence_in_hardware_and_in_profiles(tmp_path, text):
    path = tmp_path / "odd.yaml"
    path.write_text(text + "\n", encoding="utf-8")
    for read in (load_hardware, lambda given: load_profile(str(given))):
        with pytest.raises((BadHardware, BadArgument)) as caught:
            read(path)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


@pytest.mark.parametrize("given", ["9" * 400, "-" + "9" * 400])
def test_an_integer_beyond_any_float_is_refused_with_a_sentence(tmp_path, given):
    own = tmp_path / "own.yaml"
    own.write_text(f"based_on: lunar_lake\nname: own\ndsp: {{clock_mhz: {given}}}\n")
    with pytest.raises(BadHardware, match=r"own.yaml:3: dsp.clock_mhz: must be .*integer of more than 308"):
        load_hardware(own)
    with pytest.raises(BadHardware, match=r"dsp.clock_mhz: must be .*integer of more than 308"):
        load_hardware("lunar_lake").replace({"dsp.clock_mhz": np.asarray([1000, int(given)])})
