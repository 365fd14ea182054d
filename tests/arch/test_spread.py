"""How far numbers may be off: read from the file, kept through YAML, refused where it makes no sense."""

import math

import pytest

from npusim.arch.presets import load_hardware
from npusim.arch.sources import Source
from npusim.arch.spread import ALONE, BLOCKS, BY_KIND, range_of, spreads
from npusim.errors import BadHardware

HEAD = "name: mine\nbased_on: lunar_lake\n"


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_hardware(path)


def of(hw, name, kernels=()):
    return next(s for s in spreads(hw, kernels) if s.name == name)


def test_a_range_and_a_spread_are_read(tmp_path):
    hw = written(
        tmp_path,
        'step:\n  minimum_ns: {value: 4000, source: assumed, from: "me", range: [2000, 8000]}\n'
        'ddr:\n  bandwidth_gb_per_s: {value: 100, source: assumed, from: "me", spread: 1.5}\n',
    )
    assert range_of(hw, "step.minimum_ns") == pytest.approx((2000, 8000))
    assert of(hw, "ddr.bandwidth_gb_per_s").up == pytest.approx(math.log(1.5))


def test_a_block_moves_by_the_widest_spread_of_its_numbers(tmp_path):
    hw = written(tmp_path, 'dma:\n  latency_ns: {value: 400, source: assumed, from: "me", spread: 3}\n')
    assert of(hw, "dma").up == pytest.approx(math.log(3))


def test_what_a_file_leaves_open_follows_from_the_kind_of_source():
    hw = load_hardware("lunar_lake")
    for kind, factor in BY_KIND.items():
        other = hw.replace({"ddr.bandwidth_gb_per_s": 100.0}, Source(kind, "test"))
        assert of(other, "ddr.bandwidth_gb_per_s").down == pytest.approx(math.log(factor))


def test_what_a_caller_gives_is_the_question_and_not_off():
    hw = load_hardware("lunar_lake").replace({"mac_array.clock_mhz": 1400.0})
    assert of(hw, "mac_array.clock_mhz").up == 0


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_ranges_survive_the_way_through_yaml(tmp_path, name):
    hw = load_hardware(name)
    path = tmp_path / "again.yaml"
    path.write_text(hw.to_yaml(), encoding="utf-8")
    again = load_hardware(path)
    assert spreads(again, ("exp",)) == spreads(hw, ("exp",)) and again == hw
    assert {s.name for s in spreads(hw)} == {*ALONE, *BLOCKS}


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ('{value: 4000, source: assumed, from: "x", range: [5000, 8000]}', "two numbers around the value"),
        ('{value: 4000, source: assumed, from: "x", range: 3}', "two numbers around the value"),
        ('{value: 4000, source: assumed, from: "x", range: [1, "b"]}', "two numbers around the value"),
        ('{value: 4000, source: assumed, from: "x", spread: 0.5}', "a factor from 1 on"),
        ('{value: 4000, source: assumed, from: "x", spread: wide}', "a factor from 1 on"),
        ('{value: 4000, source: assumed, from: "x", spread: .inf}', "a factor from 1 on"),
        ('{value: 4000, source: assumed, from: "x", range: [1, .inf]}', "two numbers around the value"),
        ('{value: 4000, source: assumed, from: "x", sprad: 2}', "unknown name beside 'value'"),
    ],
)
def test_a_reach_that_makes_no_sense_is_refused_with_its_line(tmp_path, number, says):
    with pytest.raises(BadHardware, match=says) as error:
        written(tmp_path, f"step:\n  minimum_ns: {number}\n")
    assert "mine.yaml:4" in str(error.value)


def test_a_kernel_with_two_prices_reaches_the_other_one():
    """Erf takes 32 cycles an element on Meteor Lake, and 21.7 by the price Intel's compiler plans with."""
    hw = load_hardware("meteor_lake")
    erf = hw.dsp.kernels["erf"]
    found = of(hw, "dsp.kernels.erf", ("erf",))
    assert found.down == pytest.approx(math.log(erf.cycles_per_element / erf.compiler_cycles_per_element))
    assert found.up == pytest.approx(math.log(BY_KIND["published"]))
