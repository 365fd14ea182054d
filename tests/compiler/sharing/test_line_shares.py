"""Lines between windows along them and convolutions of one tap: which of them cross DDR."""

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder

MACHINES = {"3720": ("meteor_lake", 2), "4000": ("lunar_lake", 4), "5010": ("panther_lake", 3)}


def separable(channels: int, places: int, taps: int) -> Builder:
    """Four separable convolutions behind a dense one."""
    g = Builder()
    weights = g.weight(channels, channels, 3), g.weight(channels)
    x = g.op("Relu", g.op("Conv", g.input(1, channels, places), *weights, pads=[1, 1]))
    for _ in range(4):
        own, pads = g.weight(channels, 1, taps), [taps // 2] * 2
        y = g.op("Conv", x, own, g.weight(channels), pads=pads, group=channels)
        x = g.op("Relu", g.op("Conv", y, g.weight(channels, channels, 1), g.weight(channels)))
    return g.model(x)


def moved(model, npu: str, profile: str = "2026") -> float:
    """MB to and from DDR."""
    name, tiles = MACHINES[npu]
    hw = load_hardware(name).replace({"tiles": tiles})
    plan = compile_graph(of_model(model, "lines.onnx"), hw, load_profile(profile))
    tasks = (t for t in plan.ask if isinstance(t, DmaTask) and "ddr" in (t.source, t.destination))
    return sum(t.nbytes for t in tasks) / 1e6


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize(
    ("channels", "places", "taps", "npu", "intel"),
    [
        (64, 333, 5, "3720", 0.757),
        (64, 333, 5, "4000", 0.764),
        (64, 333, 5, "5010", 0.760),
        (128, 192, 9, "3720", 0.362),
        (128, 192, 9, "4000", 0.776),
        (128, 192, 9, "5010", 0.769),
        (128, 200, 9, "5010", 1.096),
        (128, 150, 9, "5010", 0.660),
    ],
)
def test_bytes_are_those_of_intels_schedules(channels, places, taps, npu, intel, profile):
    assert moved(separable(channels, places, taps), npu, profile) == pytest.approx(intel, rel=0.12)


def test_whole_rows_for_every_tile_stay_for_a_convolution_of_one_tap():
    """Of 192 places a tile has 64, as eight rows of eight: what the four windows make stays, of 200 it crosses."""
    line = 128 * 2 / 1e6  # MB a place
    even, uneven = (moved(separable(128, n, 9), "5010") for n in (192, 200))
    assert uneven - even > 2 * 4 * 192 * line
    assert uneven - even < 2 * 5 * 200 * line


def scaled(channels: int, places: int, taps: int) -> Builder:
    """Three times a window, Relu and a scale of channels."""
    g = Builder()
    x = g.input(1, channels, places)
    for _ in range(3):
        x = g.op(
            "Relu",
            g.op("Conv", x, g.weight(channels, channels, taps), g.weight(channels), pads=[taps // 2] * 2),
        )
        x = g.op("BatchNormalization", x, *[g.const(np.full(channels, 0.5)) for _ in range(4)])
    return g.model(x)


@pytest.mark.parametrize(
    ("channels", "places", "taps", "intel"),
    [(64, 1000, 3, 1.624), (32, 3000, 5, 2.342), (128, 512, 5, 2.357)],
)
def test_between_a_window_and_a_scale_a_line_crosses_on_npu_5010(channels, places, taps, intel):
    """Intel's schedules of 64, 32 and 128 channels; on NPU 3720 and 4000, where either may be, it stays."""
    assert moved(scaled(channels, places, taps), "5010") == pytest.approx(intel, rel=0.2)
    line = 2 * channels * places / 1e6
    for npu in ("3720", "4000"):
        assert moved(scaled(channels, places, taps), npu) < intel - line
