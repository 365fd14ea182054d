"""The clock of the MAC array: others keep their ratio to it, a step its cycles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.clock import at_clock, seen
from npusim.arch.presets import load_hardware
from npusim.errors import BadHardware

NPUS = [load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")]


@given(st.sampled_from(NPUS), st.floats(500, 2500))
def test_ratios_and_cycles_stay(hw, mhz):
    other = at_clock(hw, mhz)
    assert other.mac_array.clock_mhz == mhz
    assert other.dsp.clock_mhz / mhz == pytest.approx(hw.dsp.clock_mhz / hw.mac_array.clock_mhz)
    assert other.step.minimum_ns * mhz == pytest.approx(hw.step.minimum_ns * hw.mac_array.clock_mhz)
    assert other.sources["step.minimum_ns"].kind == hw.sources["step.minimum_ns"].kind
    low, high = other.sources["step.minimum_ns"].range
    assert low <= other.step.minimum_ns <= high


def test_a_clock_no_npu_runs_at_is_refused():
    with pytest.raises(BadHardware, match="1400"):
        at_clock(NPUS[0], 5)


def test_what_was_seen():
    assert seen("3720") == seen("4000") == "seen 1050 to 1600 on 3720"
