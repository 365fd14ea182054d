"""An image turned for a reader that is cut over channels crosses DDR between the two."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.distribution import SMALL_POOL_ROWS
from npusim.simulation import simulate
from tests.graphs import loaded, model, node


def bytes_moved(channels, size, hardware="panther_lake"):
    pool = node("MaxPool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    graph = loaded(model([pool], {"x": [1, channels, size, size]}, ["y"], dtype=10))
    return simulate(graph, load_hardware(hardware), "2026").bytes_moved


@pytest.mark.parametrize("hardware", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_a_small_plane_moves_four_times_its_bytes_and_a_large_one_twice(hardware):
    """In, turned, written, read, out, as Intel's schedule has it (192 x 28 x 28: 1.204 MB); or in and out."""
    small, large = 192 * 28 * 28 * 2, 64 * 64 * 64 * 2
    assert bytes_moved(192, 28, hardware) == pytest.approx(4 * small, rel=0.01)
    assert bytes_moved(64, 64, hardware) == pytest.approx(2 * large, rel=0.01)


@settings(max_examples=20, deadline=None)
@given(blocks=st.integers(1, 8), size=st.integers(4, 80))
def test_never_less_than_in_and_out_nor_more_than_once_more_each(blocks, size):
    channels = 16 * blocks
    once = 2 * channels * size * size * 2
    assert once * 0.99 <= bytes_moved(channels, size) <= once * (2 if size <= SMALL_POOL_ROWS else 1) * 1.3
