"""Means over oblong planes read them from DDR, as in Intel's schedules of squeezes behind two convolutions."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded, model, node, weights
from tests.vendor.placement import HARDWARE

TILES = {"3720": 2, "4000": 4, "5010": 3}


def squeezed(channels, high, wide, npu, kind="ReduceMean", tiles=0):
    """The report of a window over [1,16,high,wide], another, and a gate made of the mean of what that makes."""
    axes = {"axes": [2, 3]} if kind == "ReduceMean" else {}
    graph = model(
        [
            node("Conv", "x w", "a", pads=[1] * 4),
            node("Conv", "a v", "b", pads=[1] * 4),
            node(kind, "b", "m", **axes),
            node("Conv", "m u", "s"),
            node("Sigmoid", "s", "g"),
            node("Mul", "b g", "y"),
            node("Conv", "y u", "z"),
        ],
        {"x": (1, 16, high, wide)},
        ["z"],
        {
            "w": weights(channels, 16, 3, 3),
            "v": weights(channels, channels, 3, 3),
            "u": weights(channels, channels, 1, 1),
        },
        opset=13,
    )
    hardware = load_hardware(HARDWARE[npu]).replace({"tiles": tiles or TILES[npu]})
    return simulate(loaded(graph), hardware, "2026", band=False)


def read(report) -> float:
    return sum(t.nbytes for t in report.tasks if t.node == "m" and t.source == "ddr")


@pytest.mark.parametrize(
    ("channels", "high", "wide", "npu", "crosses"),
    [  # KB written by C_b and read by Mean/as_avgpool in its schedules
        (32, 40, 160, "3720", True), (32, 48, 144, "3720", True), (32, 304, 64, "3720", True),
        (32, 40, 160, "4000", True), (64, 40, 100, "4000", True), (64, 40, 100, "5010", True),
        (32, 64, 128, "3720", False), (64, 76, 76, "4000", False), (64, 76, 76, "5010", False),
        (64, 16, 76, "5010", False),  # lies over channels
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["ReduceMean", "GlobalAveragePool"])
def test_oblong_planes_are_read_from_ddr(channels, high, wide, npu, crosses, kind):
    image = channels * high * wide * 2
    assert read(squeezed(channels, high, wide, npu, kind)) == (image if crosses else 0)


def test_the_gate_finds_its_image_inside():
    """The image is written once and read once: `Mul_10` of a ResNet-34 with squeezes loads its numbers alone."""
    report = squeezed(32, 40, 160, "3720")
    image = 32 * 40 * 160 * 2
    assert sum(t.nbytes for t in report.tasks if t.node == "b" and t.destination == "ddr") == image
    assert sum(t.nbytes for t in report.tasks if t.node == "y" and t.source == "ddr") < image / 10


def test_one_tile_keeps_it():
    assert read(squeezed(32, 40, 160, "3720", tiles=1)) == 0
