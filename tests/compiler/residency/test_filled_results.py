"""What constants and results take inside: maps of enlargements, results of few channels."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder

MACHINES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}
PROFILES = ("2026", "2026-as-released")


def nodes(model, name, profile):
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    return simulate(of_model(model, "filled.onnx"), hw, profile, band=False).nodes


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", ["lunar_lake", "panther_lake"])
def test_an_enlargement_loads_its_weights_map(name, profile):
    """1,024 channels of 2 x 2 to 8 x 16 in ICNet: windows of nine and five taps, 128 bytes of map a channel and tap,
    1.92 MB loaded by Intel's on NPU 5010."""
    g = Builder()
    x = g.op("Conv", g.input(1, 64, 2, 2), g.weight(1024, 64, 1, 1), g.weight(1024))
    sizes = g.const([1, 1024, 8, 16])
    y = g.op("Resize", x, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")
    model = g.model(g.op("Conv", y, g.weight(64, 1024, 1, 1), g.weight(64)))
    (found,) = [n for n in nodes(model, name, profile) if n.op_type == "Resize"]
    assert (9 + 5) * 128 * 1024 < found.bytes_moved < 1.15 * (9 + 5) * 128 * 1024


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "crosses"), [("lunar_lake", True), ("panther_lake", False)])
def test_a_picture_takes_the_room_of_sixteen_channels(name, crosses, profile):
    """48 channels of 192 x 192 to a picture: 3.5 MB and 0.2, or 1.2 in sixteens, of which NPU 4000 with three tiles
    holds 4.0."""
    g = Builder()
    x = g.op("Conv", g.input(1, 3, 192, 192), g.weight(48, 3, 3, 3), g.weight(48), pads=[1] * 4)
    model = g.model(g.op("Conv", x, g.weight(3, 48, 3, 3), g.weight(3), pads=[1] * 4))
    hw = load_hardware(name).replace({"tiles": 3})
    report = simulate(of_model(model, "picture.onnx"), hw, profile, band=False)
    last = [n for n in report.nodes if n.op_type == "Conv"][-1]
    assert (last.bytes_moved > 48 * 192 * 192 * 2) == crosses


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "channels"), [("lunar_lake", 16), ("panther_lake", 1)])
def test_so_does_a_map_of_one_channel_that_is_spread_out(name, channels, profile):
    """32 channels of 120 x 120 to a map of 240 x 240, as in DBNet (240 x 240 to 480 x 480 are cut in three there)."""
    g = Builder()
    x = g.op("Conv", g.input(1, 16, 120, 120), g.weight(32, 16, 1, 1), g.weight(32))
    model = g.model(g.op("ConvTranspose", x, g.weight(32, 1, 2, 2), g.weight(1), strides=[2, 2]))
    (found,) = [n for n in nodes(model, name, profile) if n.op_type == "ConvTranspose"]
    held = 32 * 120 * 120 * 2 + channels * 240 * 240 * 2
    assert found.scratchpad_bytes == pytest.approx(held, rel=0.01)
