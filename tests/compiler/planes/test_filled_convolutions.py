"""Convolutions over channels that fill no sixteens and lie without padding: a pass fills these up, through DDR."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv, enlarged

HARDWARE = {"3720": ("meteor_lake", 2), "4000": ("lunar_lake", 4), "5010": ("panther_lake", 3)}


def planned(make, npu, *shape):
    g = Builder(weights=False)
    y = make(g, g.input(1, 3, *shape))
    name, tiles = HARDWARE[npu]
    return simulate(
        of_model(g.model(y), ""), load_hardware(name).replace({"tiles": tiles}), "2026", band=False
    )


def joined(wide):
    """A map of half the size, enlarged, joined with the image and convolved, as in matting."""

    def make(g, img):
        y = g.op("Relu", conv(g, img, 3, 16, 3, 2))
        y = enlarged(g, g.op("Relu", conv(g, y, 16, wide, 3)), 2)
        y = g.op("Relu", conv(g, g.op("Concat", y, img, axis=1), wide + 3, 16 if wide == 32 else 64, 3))
        return conv(g, y, 16 if wide == 32 else 64, 16, 1)

    return make


def distilled(g, img):
    """Two residual blocks of 50 channels, each of which a 1 x 1 distils from, and a last convolution."""
    x, kept = conv(g, img, 3, 50, 3), []
    for _ in range(2):
        kept.append(g.op("LeakyRelu", conv(g, x, 50, 25, 1), alpha=0.05))
        x = g.op("LeakyRelu", g.op("Add", conv(g, x, 50, 50, 3), x), alpha=0.05)
    return conv(g, g.op("Concat", *kept, conv(g, x, 50, 25, 3), axis=1), 75, 16, 1)


def filled(report):
    return [n for n in report.nodes if n.op_type == "Pad"]


@pytest.mark.parametrize(
    ("wide", "npu", "side", "theirs", "near"),
    [
        (32, "3720", (320, 320), 129.3e6, 0.1),
        (32, "5010", (224, 224), 22.6e6, 0.1),
        (32, "4000", (512, 512), 125.3e6, 0.1),
        (32, "5010", (96, 96), 1.82e6, 0.1),  # stays inside
        (96, "4000", (144, 176), 31.6e6, 0.15),
    ],
)
def test_channels_joined_with_an_image_are_filled_up_as_intel_does(wide, npu, side, theirs, near):
    """By Intel's compiler, bytes to and from DDR."""
    assert planned(joined(wide), npu, *side).bytes_moved == pytest.approx(theirs, rel=near)


@pytest.mark.parametrize("npu", HARDWARE)
def test_the_pass_reads_35_channels_and_writes_48(npu):
    """By hand: 320 x 320 pixels cross once with 35 channels, once with 48, and once more in front of the window."""
    report = planned(joined(32), npu, 320, 320)
    (fill,) = filled(report)
    pixels = 2 * 320 * 320
    moved = [t for t in report.tasks if t.node == fill.name and t.nbytes]
    read = sum(t.nbytes for t in moved if t.source == "ddr")  # weights, too
    written = sum(t.nbytes for t in moved if t.destination == "ddr")
    assert 35 <= read / pixels < 42
    assert written == pytest.approx(48 * pixels, rel=0.05)


@pytest.mark.parametrize("npu", HARDWARE)
def test_a_sum_that_a_folded_convolution_reads_lies_without_padding(npu):
    """Of an RFDN's block: a sum that a 1 x 1 over folded columns reads, too, is filled up for the next window."""
    report = planned(distilled, npu, 180, 320)
    first, second = (n.name for n in report.nodes if n.op_type == "Add")
    written = {name: 0.0 for name in (first, second)}
    for task in report.tasks:
        if task.node in written and task.destination == "ddr":
            written[task.node] += task.nbytes
    assert len(filled(report)) == 3  # of the image's convolution, the first sum and what is joined
    assert written[first] == pytest.approx(2 * 50 * 180 * 320, rel=0.05)
    assert written[second] == 0  # 3 x 3 alone reads it


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_a_window_and_a_pooling_of_one_tensor_read_what_one_pass_fills_up(npu):
    """35 channels halved by a convolution beside a pooling, as in DABNet, ESPNet and CGNet."""

    def make(g, img):
        y = g.op("Relu", conv(g, img, 3, 32, 3, 2))
        y = g.op("Concat", y, g.op("AveragePool", img, kernel_shape=[2, 2], strides=[2, 2]), axis=1)
        pooled = g.op("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
        return conv(g, g.op("Concat", conv(g, y, 35, 29, 3, 2), pooled, axis=1), 64, 16, 1)

    report = planned(make, npu, 360, 480)
    assert len([n for n in filled(report) if not n.name.startswith("x0")]) == 1
