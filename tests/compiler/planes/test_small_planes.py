"""An image turned for its reader crosses DDR between the two unless it lies over the tiles as the reader wants it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded, model, node
from tests.vendor import op_graphs


def bytes_moved(channels, size, hardware="panther_lake"):
    pool = node("MaxPool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    graph = loaded(model([pool], {"x": [1, channels, size, size]}, ["y"], dtype=10))
    return simulate(graph, load_hardware(hardware), "2026-as-released").bytes_moved


@pytest.mark.parametrize("hardware", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_a_small_plane_moves_four_times_its_bytes_and_a_large_one_twice(hardware):
    """In, turned, written, read, out, as Intel's schedule has it (192 x 28 x 28: 1.204 MB); or in and out."""
    small, large = 192 * 28 * 28 * 2, 64 * 64 * 64 * 2
    assert bytes_moved(192, 28, hardware) == pytest.approx(4 * small, rel=0.01)
    assert bytes_moved(64, 64, hardware) == pytest.approx(2 * large, rel=0.01)


@pytest.mark.parametrize(
    ("op", "on_3720", "on_4000", "on_5010"),
    [
        ("conv_64_64_1_1_56_1", 0.812, 0.812, 1.6148),  # 28 rows, 14 rows, 18.9 rows of 56 a tile
        ("conv_256_256_3_1_40_1", 2.8221, 4.5834, 4.5425),  # 3 x 3: the rows around are missing on 4000
        ("conv_512_512_3_1_32_512", 2.1217, 2.1217, 2.1217),  # rows of whole sixteens stay, over channels too
        ("globalavg_2048_7", 0.8643, 1.323, 1.323),  # 49 pixels: loaded, or copied and loaded, as 7 x 16
        ("conv_1024_256_1_1_14_1", 1.8903, 2.3491, 2.3491),  # 196 pixels: 14 x 16
        ("conv1d_512_512_2_2_4000_1", 15.46, 15.47, 15.59),
    ],
)
def test_bytes_are_those_of_intels_schedules(op, on_3720, on_4000, on_5010):
    graph = loaded(op_graphs.build(op, weights=False))
    machines = {"meteor_lake": (on_3720, 2), "lunar_lake": (on_4000, 4), "panther_lake": (on_5010, 3)}
    for name, (megabytes, tiles) in machines.items():
        moved = simulate(graph, load_hardware(name).replace({"tiles": tiles}), "2026-as-released").bytes_moved
        assert moved / 1e6 == pytest.approx(megabytes, rel=0.08), name


@settings(max_examples=min(20, settings().max_examples), deadline=None)
@given(blocks=st.integers(1, 8), size=st.integers(4, 80))
def test_never_less_than_in_and_out_nor_more_than_once_more_each_with_its_padding(blocks, size):
    once = 16 * blocks * size * size * 2
    wide = 1 if size % 4 == 0 else -(-size // 16) * 16 / size  # rows of sixteens, copied and loaded
    most = 2 if size % 16 == 0 else 4 if size % 4 == 0 else 2 * wide + 3
    assert 2 * once * 0.99 <= bytes_moved(16 * blocks, size) <= most * once * 1.05
