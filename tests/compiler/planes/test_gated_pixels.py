"""Gates of pixels and of channels on images that do not fit: kernels, scales and additions."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, conv_relu

HARDWARE = {"3720": ("meteor_lake", 2), "4000": ("lunar_lake", 4), "5010": ("panther_lake", 3)}


def planned(g, result, npu, profile="2026"):
    name, tiles = HARDWARE[npu]
    hw = load_hardware(name).replace({"tiles": tiles})
    return simulate(of_model(g.model(result), ""), hw, profile, band=False)


def scaled(side, channels):
    """A convolution, each channel times a gate of the channels' means, a convolution of one tap."""
    g = Builder(weights=False)
    x = conv(g, g.input(1, channels, side, side), channels, channels)
    s = conv(g, conv_relu(g, g.op("GlobalAveragePool", x), channels, 16, 1), 16, channels, 1)
    return g, conv(g, g.op("Mul", x, g.op("Sigmoid", s)), channels, 16, 1)


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize(
    ("side", "npu", "theirs"),
    [(128, "3720", 13.26), (128, "4000", 2.71), (128, "5010", 13.45), (200, "3720", 32.41), (200, "4000", 32.78),
     (200, "5010", 32.87)],
)  # fmt: skip
def test_a_scale_writes_over_no_input_where_it_and_its_result_do_not_fit(side, npu, theirs, profile):
    """2.1 MB in and out fit into four tiles, not into two or three."""
    moved = planned(*scaled(side, 64), npu, profile).bytes_moved / 1e6
    assert moved == pytest.approx(theirs, rel=0.06)


def gated(side, channels):
    """A map of one channel gates every pixel; what it makes is added to what was read, and convolved."""
    g = Builder(weights=False)
    i = conv_relu(g, g.input(1, channels, side, side), channels, channels)
    x = conv_relu(g, i, channels, channels)
    s = conv(g, conv_relu(g, x, channels, 16, 1), 16, 1, 1)
    y = g.op("Add", g.op("Mul", x, g.op("Sigmoid", s)), i)
    return g, conv(g, g.op("Relu", conv(g, y, channels, channels)), channels, 16)


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_kernels_and_the_addition_behind_them_are_cut_together_without_a_window(npu):
    """Sigmoid, Mul and Add of FFA-Net: what the kernel makes never leaves the scratchpads."""
    nodes = {n.op_type: n for n in planned(*gated(160, 64), npu).nodes}
    assert "Sigmoid, Mul, Add" in nodes["Add"].reason


@pytest.mark.parametrize(
    ("channels", "engine"), [(24, "dsp"), (20, "dsp"), (3, "dsp"), (32, "mac_array"), (48, "mac_array")]
)
def test_npu_5010_multiplies_images_of_uneven_channels_by_a_kernel(channels, engine):
    g = Builder(weights=False)
    x = conv(g, g.input(1, 16, 64, 64), 16, channels)
    y = conv(
        g,
        g.op("Mul", conv(g, x, channels, channels), g.op("Sigmoid", conv(g, x, channels, channels))),
        channels,
        16,
    )
    found = [n for n in planned(g, y, "5010").nodes if n.op_type == "Mul"]
    assert [n.engine for n in found] == [engine]
