"""Kernels that normalise channels take as long as the DSP with most of them (Intel's schedules)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.compiler.layouts.channel_shares import longest_share
from npusim.simulation import simulate
from tests.graphs import loaded, model, node
from tests.vendor.judge import machine

COUNTS = st.integers(1, 4)


@given(blocks=st.integers(1, 64), tiles=COUNTS, dsps=st.sampled_from([1, 2]), one_each=st.booleans())
def test_no_share_is_below_an_even_one_or_above_a_tiles(blocks, tiles, dsps, one_each):
    channels, most = 16 * blocks, 16 * -(-blocks // tiles)
    share = longest_share(channels, tiles, dsps, one_each)
    assert channels / (tiles * dsps) <= share <= most
    assert blocks % tiles or share == channels / (tiles * dsps)


@pytest.mark.parametrize(
    ("channels", "tiles", "share"),
    [
        (64, 3, 24),
        (80, 3, 24),
        (112, 3, 24),
        (128, 3, 24),
        (96, 3, 16),
        (80, 4, 24),
        (112, 4, 24),
        (128, 4, 16),
    ],
)
def test_shares_on_two_dsps_a_tile_are_those_of_its_schedules(channels, tiles, share):
    assert longest_share(channels, tiles, 2, False) == share


@pytest.mark.parametrize(
    ("npu", "tiles", "channels", "us"),
    [
        ("5010", 3, 64, 22.93),
        ("5010", 3, 80, 22.93),
        ("4000", 4, 96, 26.03),
        ("3720", 2, 48, 48.66),
        ("3720", 2, 64, 25.41),
    ],
)
def test_a_norm_between_convolutions_takes_what_intels_compiler_says(npu, tiles, channels, us):
    """28 x 28 pixels. Profile 2026 shares them evenly: twice the channels cost twice as much."""
    nodes = [
        node("Conv", "x w", "a", pads=[1, 1, 1, 1]),
        node("InstanceNormalization", "a s b", "n"),
        node("Conv", "n v", "y", pads=[1, 1, 1, 1]),
    ]
    window = np.ones((channels, channels, 3, 3), np.float16)
    constants = {"w": window, "v": window, "s": window[0, :, 0, 0], "b": window[0, :, 0, 0]}
    g = loaded(model(nodes, {"x": [1, channels, 28, 28]}, ["y"], constants, dtype=10))
    times = {p: simulate(g, machine(npu, tiles), p).engines["dsp"] for p in ("2026-as-released", "2026")}
    assert times["2026-as-released"] == pytest.approx(us, rel=0.01)
    assert times["2026"] <= times["2026-as-released"] * 1.1
