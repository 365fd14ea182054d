"""Poolings over channels behind the convolution of a folded image, and behind the last module of a stage."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


def megabytes(g: Builder, out: str, npu: str, tiles: int) -> float:
    hardware = load_hardware(npu).replace({"tiles": tiles})
    return simulate(of_model(g.model(out), ""), hardware, "2026", band=False).bytes_moved / 1e6


def stem(window: int, height: int, width: int, npu: str, tiles: int, behind: int = 1) -> float:
    """MB of a convolution to 64 channels at a stride of two, a pooling, two convolutions and another pooling."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, height, width), 3, 64, window, 2))
    x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = g.op("Relu", conv(g, x, 64, 64, behind))
    x = g.op("GlobalAveragePool", g.op("Relu", conv(g, x, 64, 64, 3)))
    return megabytes(g, x, npu, tiles)


@pytest.mark.parametrize(
    ("window", "height", "width", "intel"),
    [(7, 256, 128, 2.61), (7, 128, 256, 2.61), (7, 224, 128, 2.32), (3, 256, 128, 2.44), (3, 176, 176, 2.32)]
    + [(7, 160, 160, 0.77), (7, 192, 160, 0.87), (7, 192, 192, 0.53), (3, 192, 192, 0.37)],
)
def test_a_folded_image_crosses_to_a_pooling_over_channels(
    window: int, height: int, width: int, intel: float
) -> None:
    """Its result (64 x 128 x 64: 1.05 MB out and back), or, of ten folded columns and a window of seven, the image
    itself (0.15 MB); neither where what is pooled and the pooling's result are more than a tile (192 x 192)."""
    assert stem(window, height, width, "lunar_lake", 4) == pytest.approx(intel, rel=0.03)


def test_it_stays_where_the_pooling_goes_over_rows() -> None:
    """In front of a 3 x 3, and on NPU 5010 (Intel's schedules 0.73 and 0.51 MB of 256 x 128)."""
    assert stem(7, 256, 128, "lunar_lake", 4, behind=3) < 0.75
    assert stem(7, 256, 128, "panther_lake", 3) == pytest.approx(0.51, rel=0.03)


def module(g: Builder, x: str, channels: int, to: tuple[int, int, int, int, int, int]) -> str:
    """A module of GoogLeNet: 1x1, two 1x1 and 3x3, a pooling and 1x1, joined."""
    first, few, second, fewer, third, last = to
    relu = [g.op("Relu", conv(g, x, channels, n, 1)) for n in (first, few, fewer)]
    parts = [relu[0]]
    parts += [
        g.op("Relu", conv(g, a, n, m, 3)) for a, n, m in ((relu[1], few, second), (relu[2], fewer, third))
    ]
    pooled = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    parts.append(g.op("Relu", conv(g, pooled, channels, last, 1)))
    return g.op("Concat", *parts, axis=1)


@pytest.mark.parametrize(
    ("npu", "tiles", "rows", "intel"),
    [("lunar_lake", 4, 24, 3.25), ("lunar_lake", 4, 28, 4.99), ("lunar_lake", 4, 30, 5.55)]
    + [("panther_lake", 3, 20, 3.81), ("panther_lake", 3, 24, 3.24), ("panther_lake", 3, 28, 4.99)],
)
def test_the_last_module_of_a_stage_crosses_where_its_rows_fill_no_fours(
    npu: str, tiles: int, rows: int, intel: float
) -> None:
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 192, rows, rows), 192, 192, 3))
    x = module(g, x, 192, (64, 96, 128, 16, 32, 32))
    x = module(g, x, 256, (128, 128, 192, 32, 96, 64))
    x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = g.op("Relu", conv(g, g.op("Relu", conv(g, x, 480, 192, 1)), 192, 208, 3))
    assert megabytes(g, g.op("GlobalAveragePool", x), npu, tiles) == pytest.approx(intel, rel=0.06)
