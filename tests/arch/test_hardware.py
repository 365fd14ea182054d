"""A hardware description: round trips, sources, replacement."""

import numpy as np
import pytest

from npusim.arch.hardware import STRUCTURAL
from npusim.arch.presets import list_hardware, load_hardware
from npusim.arch.sources import KINDS
from npusim.errors import BadHardware

PRESETS = list_hardware()


@pytest.mark.parametrize("name", PRESETS)
def test_every_number_has_a_source_that_says_something(name):
    hw = load_hardware(name)
    assert set(hw.numbers()) <= set(hw.sources)
    for number, source in hw.sources.items():
        assert source.kind in KINDS, number
        assert len(source.where) > 5 and "default of the schema" not in source.where, number


@pytest.mark.parametrize("name", PRESETS)
def test_a_yaml_round_trip_changes_nothing(name, tmp_path):
    hw = load_hardware(name)
    (tmp_path / "again.yaml").write_text(hw.to_yaml(), encoding="utf-8")
    assert load_hardware(tmp_path / "again.yaml") == hw


def test_hardware_that_differs_in_one_number_is_not_equal():
    hw = load_hardware("lunar_lake")
    assert hw != hw.replace({"dma.latency_ns": 1.0}) and hw == load_hardware("lunar_lake")


def test_replacing_a_number_changes_that_number_and_its_source_only():
    hw = load_hardware("lunar_lake")
    new = hw.replace({"mac_array.clock_mhz": 1234.0})
    changed = [n for n in hw.numbers() if hw.get(n) != new.get(n)]
    assert changed == ["mac_array.clock_mhz"]
    assert new.sources["mac_array.clock_mhz"].kind == "assumed"
    assert hw.mac_array.clock_mhz != 1234.0


def test_a_number_may_be_an_array_and_is_checked_as_one():
    hw = load_hardware("lunar_lake").replace({"dma.bytes_per_cycle": [16, 32], "tiles": 6})
    assert np.array_equal(hw.dma.bytes_per_cycle, [16, 32]) and hw.tiles == 6
    with pytest.raises(BadHardware, match=r"dma.bytes_per_cycle: must be greater than 0, got -1"):
        hw.replace({"dma.bytes_per_cycle": np.array([16, -1])})
    with pytest.raises(BadHardware, match="is an array; a YAML file holds one NPU"):
        hw.to_yaml()


def test_an_unknown_name_is_answered_with_the_nearest_ones():
    hw = load_hardware("lunar_lake")
    for call in (hw.get, lambda name: hw.replace({name: 1})):
        with pytest.raises(BadHardware, match=r"nearest: .*dma.latency_ns"):
            call("dma.latency")


def test_structure_tells_structural_numbers_apart_and_no_others():
    hw = load_hardware("lunar_lake")
    assert len(hw.structure()) == len(STRUCTURAL)
    assert hw.replace({"tiles": 5}).structure() != hw.structure()
    assert hw.replace({"dma.latency_ns": 5}).structure() == hw.structure()
    hash(hw.structure())


def test_hardware_cannot_be_changed_in_place():
    hw = load_hardware("lunar_lake")
    with pytest.raises(Exception, match="frozen"):
        hw.tiles = 3
