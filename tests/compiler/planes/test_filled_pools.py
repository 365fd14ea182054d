"""Poolings of images whose few channels lie without padding: a pass of the MAC array fills them up through DDR."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

HARDWARE = {"3720": ("meteor_lake", 2), "4000": ("lunar_lake", 4)}


def bytes_moved(make, npu, *shape):
    g = Builder(weights=False)
    y = make(g, g.input(1, 3, *shape))
    name, tiles = HARDWARE[npu]
    machine = load_hardware(name).replace({"tiles": tiles})
    return simulate(of_model(g.model(y), ""), machine, "2026", band=False).bytes_moved


def enet(g, x):
    """The stem of ENet: a strided convolution and a pooling of the graph's own image, joined."""
    pooled = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.op("Relu", g.op("Concat", conv(g, x, 3, 13, 3, 2), pooled, axis=1))
    x = g.op("Relu", conv(g, x, 16, 16, 1))
    return g.op("Relu", conv(g, x, 16, 32, 3, 2))


def pooled_pairs(g, x):
    """Two convolutions of 8 channels, a pooling, two of 32 (ALIKE)."""
    for seen, made in ((3, 8), (8, 8)):
        x = g.op("Relu", conv(g, x, seen, made, 3))
    x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    for seen, made in ((8, 32), (32, 32)):
        x = g.op("Relu", conv(g, x, seen, made, 3))
    return x


@pytest.mark.parametrize(
    ("make", "npu", "shape", "theirs", "near"),
    [
        (enet, "3720", (360, 480), 19.26e6, 0.1),
        (enet, "4000", (360, 480), 18.22e6, 0.1),
        (enet, "3720", (512, 512), 29.22e6, 0.1),
        (enet, "4000", (512, 512), 27.62e6, 0.1),
        (pooled_pairs, "3720", (320, 480), 29.37e6, 0.1),
        (pooled_pairs, "4000", (320, 480), 19.64e6, 0.3),
        (pooled_pairs, "3720", (224, 224), 3.36e6, 0.1),
        (pooled_pairs, "4000", (224, 224), 1.16e6, 0.1),
    ],
)
def test_few_channels_without_padding_are_filled_up_as_intel_does(make, npu, shape, theirs, near):
    """By Intel's compiler, bytes to and from DDR; at 224 x 224 the images fit and nothing is filled up."""
    assert bytes_moved(make, npu, *shape) == pytest.approx(theirs, rel=near)


@pytest.mark.parametrize("npu", HARDWARE)
def test_the_pass_writes_sixteen_channels_where_three_lie(npu):
    """By hand: a larger image moves at least the sixteen channels that are written and read in front of the pooling."""
    height, width = 512, 512
    filled = 2 * 16 * height * width * 2
    image, result = 3 * height * width * 2, 13 * height * width * 2 / 4
    assert bytes_moved(enet, npu, height, width) > image + result + filled
