"""Forms of convolutions that the MAC array has not: grouped, transposed, of a batch (Intel's schedules)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor import op_graphs

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def report(op, hardware="meteor_lake"):
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware], "step.minimum_ns": 0.0})
    return simulate(loaded(op_graphs.build(op, weights=False)), machine, "2026")


@pytest.mark.parametrize(
    ("op", "hardware", "megabytes", "mac_us"),
    [
        (
            "conv_256_256_3_1_28_8",
            "meteor_lake",
            1.8309,
            92.2,
        ),  # one of eight weights, and a bit for each of all
        ("conv_512_512_3_1_14_32", "panther_lake", 1.51, 34.1),
        ("convb_8_512_512_3_1_7_1", "panther_lake", 39.42, 117.0),  # weights read for each image
        ("convb_8_256_256_3_1_14_1", "meteor_lake", 12.68, 418.6),
        ("deconv_256_128_2_2_40", "meteor_lake", 17.36, 404.7),  # zeros in memory
        ("deconv_256_256_3_2_20", "panther_lake", 2.97, 93.0),
        ("depth2space_2_256_64", "meteor_lake", 41.36, 325.0),
        ("Neg_24_256_256", "lunar_lake", 14.68, 40.3),  # 24 channels as 32
    ],
)
def test_bytes_and_time_are_near_those_of_intels_schedules(op, hardware, megabytes, mac_us):
    found = report(op, hardware)
    assert found.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.15)
    assert found.engines["mac_array"] == pytest.approx(mac_us, rel=0.3)


def test_a_window_of_four_at_stride_two_is_four_windows_of_two():
    assert report("deconv_128_64_4_2_32").engines["mac_array"] == pytest.approx(71.6, rel=0.3)
    assert report("deconv_128_64_4_2_32").bytes_moved / 1e6 == pytest.approx(1.05, rel=0.05)


@settings(max_examples=min(15, settings().max_examples), deadline=None)
@given(groups=st.sampled_from([2, 4, 8, 16]), size=st.sampled_from([14, 28, 32]))
def test_more_groups_are_never_dearer_nor_move_more(groups, size):
    once = report(f"conv_64_64_3_1_{size}_1")
    cut = report(f"conv_64_64_3_1_{size}_{groups}")
    assert cut.engines["mac_array"] <= once.engines["mac_array"] * 1.001
    assert cut.bytes_moved <= once.bytes_moved * 1.001
