"""Transposed convolutions of 4 x 4 taken apart by phases: what of these crosses DDR."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.late_pictures import doubled

MACHINES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}
PROFILES = ("2026", "2026-as-released")


def phases(name, profile, rows, channels, made, tiles=0):
    """What the step moves and what it loads of constants: each phase's weights and table."""
    g = Builder()
    model = g.model(doubled(g, rows, channels, made))
    hw = load_hardware(name).replace({"tiles": tiles or MACHINES[name]})
    nodes = simulate(of_model(model, "doubled.onnx"), hw, profile, band=False).nodes
    (found,) = [n for n in nodes if n.op_type == "ConvTranspose"]
    return found, 4 * (channels * made * 4 * 2 + made * 16)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("name", "rows", "channels", "made"),
    [
        ("lunar_lake", 32, 128, 128),
        ("lunar_lake", 56, 32, 48),
        ("panther_lake", 60, 64, 48),
        ("meteor_lake", 64, 64, 48),
        ("meteor_lake", 48, 128, 128),
    ],
)
def test_phases_that_fill_a_tile_cross(name, rows, channels, made, profile):
    """All four are written and read, once each: 4 x rows x rows x channels made, in float16."""
    found, weights = phases(name, profile, rows, channels, made)
    assert found.bytes_moved == pytest.approx(weights + 2 * (4 * rows * rows * made * 2), rel=0.002)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("name", "rows", "channels", "made"),
    [
        ("lunar_lake", 64, 64, 32),
        ("lunar_lake", 32, 128, 96),
        ("panther_lake", 48, 64, 32),
        ("panther_lake", 36, 128, 64),
        ("meteor_lake", 56, 64, 48),
        ("meteor_lake", 32, 128, 128),
    ],
)
def test_phases_that_find_room_stay(name, rows, channels, made, profile):
    found, weights = phases(name, profile, rows, channels, made)
    assert found.bytes_moved == pytest.approx(weights, rel=0.002)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "tiles"), [("lunar_lake", 4), ("panther_lake", 3), ("meteor_lake", 2)])
def test_rows_that_tiles_share_unequally_leave_them(name, tiles, profile):
    """What is put in place is written for its reader, not on NPU 3720; on one tile nothing crosses."""
    for rows in range(16, 28, 2):
        found, weights = phases(name, profile, rows, 64, 32)
        leaves = rows % tiles > 0 and name != "meteor_lake"
        assert (found.bytes_moved > weights + rows * rows * 32) == leaves, rows
    found, weights = phases(name, profile, 22, 64, 32, tiles=1)
    assert found.bytes_moved < weights + 22 * 22 * 32


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", MACHINES)
def test_uneven_channels_cross_whatever_their_size(name, profile):
    """24 channels, each phase as sixteens of them, are written without their padding."""
    found, weights = phases(name, profile, 24, 64, 24)
    assert found.bytes_moved > weights + 2 * (4 * 24 * 24 * 24 * 2)
