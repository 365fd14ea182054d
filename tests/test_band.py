"""The band around a latency: it holds the point, a wider spread never narrows it, and what two runs share cancels."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.arch.sources import Source
from npusim.arch.spread import ALONE, BLOCKS
from npusim.arch.units import bounds
from npusim.simulation import simulate
from tests.compiler.strategies import graphs
from tests.graphs import loaded, model, node, weights

NPUS = {name: load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")}
KERNELS = tuple(f"dsp.kernels.{name}.launch_cycles" for name in ("convert", "softmax", "exp", "reduce_sum"))
MODES = st.sampled_from(["throughput", "latency"])


def spreading(hw, name, factor):
    """`hw` with another spread of one number."""
    return hw.replace({name: hw.get(name)}, Source("assumed", "test", spread=factor))


def number_of(hw, name):
    """A number that has a spread: itself, or the first of its block."""
    return name if name in hw.numbers() else next(n for n in hw.numbers() if n.startswith(f"{name}."))


@settings(max_examples=25)
@given(graphs(most=5), st.sampled_from(sorted(NPUS)), MODES)
def test_the_band_holds_the_point(graph, npu, mode):
    report = simulate(graph, NPUS[npu], mode=mode)
    low, high = report.band_us
    assert 0 <= low <= report.latency_us <= high
    assert not report.latency_us or low < high
    assert all(d.low_us <= report.latency_us * (1 + 1e-9) for d in report.doubts)


@settings(max_examples=25)
@given(
    graphs(most=5),
    st.sampled_from(sorted(NPUS)),
    MODES,
    st.sampled_from([*ALONE, *BLOCKS, *KERNELS]),
    st.floats(1, 3),
    st.floats(1, 3),
)
def test_a_wider_spread_never_narrows_a_band(graph, npu, mode, name, factor, wider):
    hw, number = NPUS[npu], number_of(NPUS[npu], name)
    narrow = simulate(graph, spreading(hw, number, factor), mode=mode).band_us
    wide = simulate(graph, spreading(hw, number, factor * wider), mode=mode).band_us
    assert wide[0] <= narrow[0] * (1 + 1e-9) and wide[1] >= narrow[1] * (1 - 1e-9)


def product(m, k, n):
    return loaded(model([node("MatMul", "x w", "y")], {"x": [m, k]}, ["y"], {"w": weights(k, n)}))


def test_a_doubt_is_what_a_simulation_at_that_end_says():
    hw = NPUS["lunar_lake"]
    report = simulate(product(16, 16, 16), hw)
    ends = hw.sources["step.minimum_ns"].range
    (first,) = [d for d in report.doubts if d.name == "step.minimum_ns"]
    slow = simulate(product(16, 16, 16), hw.replace({"step.minimum_ns": ends[1]})).latency_us
    fast = simulate(product(16, 16, 16), hw.replace({"step.minimum_ns": ends[0]})).latency_us
    assert first.high_us == pytest.approx(slow) and first.low_us == pytest.approx(fast)


def test_ends_add_up_as_independent_errors_do():
    report = simulate(product(256, 512, 512), NPUS["meteor_lake"])
    up = math.sqrt(sum(math.log(d.high_us / report.latency_us) ** 2 for d in report.doubts))
    assert report.band_us[1] == pytest.approx(report.latency_us * math.exp(up))


@pytest.mark.parametrize("npu", sorted(NPUS))
def test_a_clock_moves_every_engine_and_the_step(npu):
    """Doubt about the clock is what another clock would give: DSP and DMA keep their ratio to it, a step its cycles."""
    hw = NPUS[npu]
    graph = product(512, 512, 512)
    low = hw.sources["mac_array.clock_mhz"].range[0] / hw.mac_array.clock_mhz
    slow = hw.replace(
        {
            "mac_array.clock_mhz": hw.mac_array.clock_mhz * low,
            "dsp.clock_mhz": hw.dsp.clock_mhz * low,
            "step.minimum_ns": hw.step.minimum_ns / low,
        }
    )
    (doubt,) = [d for d in simulate(graph, hw).doubts if d.name == "mac_array.clock_mhz"]
    assert doubt.high_us == pytest.approx(simulate(graph, slow, band=False).latency_us)


def test_without_a_band_there_is_none():
    report = simulate(product(16, 16, 16), NPUS["lunar_lake"], band=False)
    assert report.band_us is None and report.doubts == ()


def test_every_spread_of_the_shipped_files_holds_its_value():
    for hw in NPUS.values():
        for name, source in hw.sources.items():
            assert source.spread is None or source.spread >= 1
            if source.range:
                assert (
                    source.range[0] <= hw.get(name) <= source.range[1] and bounds(name).low <= source.range[0]
                )
        assert np.all([name in hw.numbers() for name in ALONE])
