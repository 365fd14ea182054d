"""Gates of one number a pixel, as Intel's compiler 8.4 multiplies images by them."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder

MACHINES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}
PROFILES = ("2026", "2026-as-released")


def gated(side, channels=128, first=False, inside=True, added=False):
    """An image times a map of its own; `added`: to another such product."""
    g = Builder()
    window = lambda x, made: g.op("Conv", x, g.weight(made, channels, 3, 3), g.weight(made), pads=[1] * 4)
    image = g.input(1, channels, side, side)
    x = window(image, channels) if inside else image
    gate = g.op("Sigmoid", window(image, 1))
    times = lambda x: g.op("Mul", gate, x) if first else g.op("Mul", x, gate)
    y = g.op("Add", times(x), times(window(image, channels))) if added else times(x)
    return g.model(window(y, 64))


def products(model, name, profile):
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    report = simulate(of_model(model, "gated.onnx"), hw, profile, band=False)
    return [n for n in report.nodes if n.op_type == "Mul"]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(("side", "scaled"), [(16, True), (64, True), (90, True), (91, False), (128, False)])
def test_up_to_8192_pixels_are_channels_of_a_scale(side, scaled, name, profile):
    (found,) = products(gated(side), name, profile)
    assert (found.lowering == "scale_shift") == scaled


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake"])
def test_a_map_in_front_is_a_kernel(name):
    """48 x 64 pixels of PIDNet, the gate first: on NPU 3720 and 4000."""
    (found,) = products(gated(32, first=True), name, "2026")
    assert found.lowering == "dsp"


@pytest.mark.parametrize("name", MACHINES)
def test_an_image_of_the_graph_is_a_scale_as_released_only(name):
    """Twice 8,192 pixels would cost nine times as much, by a kernel."""
    graph = gated(32, inside=False)
    assert [n.lowering for n in products(graph, name, "2026")] == ["dsp"]
    assert [n.lowering for n in products(graph, name, "2026-as-released")] == ["scale_shift"]


@pytest.mark.parametrize("name", MACHINES)
def test_the_image_is_turned_through_ddr_and_back_unless_it_is_added(name):
    """128 x 32 x 32: out and in for the planes, for what is made of them and for what is turned back, but its load."""
    image = 128 * 32 * 32 * 2
    (alone,) = products(gated(32), name, "2026")
    assert 5 * image < alone.bytes_moved < 6.8 * image
    for one in products(gated(32, added=True), name, "2026"):
        assert 3 * image < one.bytes_moved < 4.8 * image
