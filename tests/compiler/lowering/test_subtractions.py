"""Subtractions of images as a scale and an addition."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu

HARDWARE = {"3720": ("meteor_lake", 2), "4000": ("lunar_lake", 4), "5010": ("panther_lake", 3)}
PROFILES = ("2026", "2026-as-released")


def planned(model, npu, profile):
    name, tiles = HARDWARE[npu]
    hw = load_hardware(name).replace({"tiles": tiles})
    return simulate(of_model(model, ""), hw, profile, band=False)


def projected(side, channels, of_image=False):
    """What two convolutions change is subtracted from: a back-projection; `of_image`: from the graph's image."""
    g = Builder(weights=False)
    image = g.input(1, channels, side, side)
    x = image if of_image else conv_relu(g, image, channels, channels)
    y = conv_relu(g, conv_relu(g, x, channels, channels), channels, channels)
    return g.model(conv(g, conv(g, g.op("Sub", y, x), channels, channels, 3), channels, 16, 3))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("side", "channels", "npu", "theirs"),
    [(192, 32, "3720", 13.74), (192, 32, "4000", 8.49), (192, 32, "5010", 8.65), (128, 64, "3720", 12.36),
     (128, 64, "4000", 7.33)],
)  # fmt: skip
def test_bytes_are_those_of_intels_schedules(side, channels, npu, theirs, profile):
    assert planned(projected(side, channels), npu, profile).bytes_moved / 1e6 == pytest.approx(
        theirs, rel=0.1
    )


@pytest.mark.parametrize("npu", HARDWARE)
def test_the_scale_reads_what_is_subtracted_and_hands_it_to_the_addition(npu):
    nodes = {n.name: n for n in planned(projected(64, 32), npu, "2026").nodes}
    scale = nodes["Sub_6/negated"]
    assert (scale.op_type, scale.engine) == ("Mul", "mac_array")
    assert nodes["Sub_6"].engine == "mac_array"


@pytest.mark.parametrize(("channels", "of_image"), [(24, False), (32, True)])
def test_uneven_channels_and_images_of_the_graph_are_subtracted_as_ever(channels, of_image):
    names = {n.name for n in planned(projected(64, channels, of_image), "4000", "2026").nodes}
    assert not any(n.endswith("/negated") for n in names)
