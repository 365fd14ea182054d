"""The drawing at the head of each hardware file shows the numbers below it."""

import re
from pathlib import Path

import pytest

from npusim.arch.presets import list_hardware, load_hardware

FILES = Path(__file__).resolve().parents[2] / "hw_configs"


@pytest.mark.parametrize("name", list_hardware())
def test_a_drawing_shows_the_numbers_of_its_file(name):
    hw, drawn = load_hardware(name), (FILES / f"{name}.yaml").read_text("utf-8").split("\n# Every number")[0]
    port_gb_per_s = hw.dma.bytes_per_cycle * hw.dsp.clock_mhz / 1000
    shown = [float(text) for text in re.search(r"each ([\d.]+) GB/s, (\d+) ns from DDR", drawn).groups()]
    assert shown == [float(f"{port_gb_per_s:.3g}"), round(hw.dma.latency_ns)]
    assert f"tile x {hw.tiles} " in drawn and f"DDR, {hw.ddr.bandwidth_gb_per_s:g} GB/s for both" in drawn
    assert f"{hw.mac_array.macs_per_cycle} int8 MACs/cycle, {hw.mac_array.clock_mhz:g} MHz" in drawn
    assert f"{hw.dsp.vector_bits}-bit vectors, {hw.dsp.clock_mhz:g} MHz" in drawn
    assert f"{round(hw.scratchpad.capacity_bytes / 1024)} KiB usable" in drawn
