"""Windows that fill the scratchpads beside their weights run whole, or are cut with their neighbours."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


def block(npu: str, tiles: int, height: int, width: int, profile: str = "2026-as-released") -> Report:
    """A residual block of 64 channels behind a first convolution and in front of one at a stride of two."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, 2 * height, 2 * width), 3, 64, 3, 2))
    y = conv(g, g.op("Relu", conv(g, x, 64, 64, 3)), 64, 64, 3)
    graph = of_model(g.model(g.op("Relu", conv(g, g.op("Add", y, x), 64, 64, 3, 2))), "")
    return simulate(graph, load_hardware(npu).replace({"tiles": tiles}), profile, band=False)


@pytest.mark.parametrize(
    ("npu", "tiles", "height", "width", "pieces", "megabytes"),
    [
        ("panther_lake", 3, 96, 160, 1, 7.29),
        ("panther_lake", 3, 128, 120, 1, 7.23),
        ("panther_lake", 3, 80, 192, 2, 7.40),
        ("lunar_lake", 4, 120, 160, 1, 9.11),
        ("lunar_lake", 4, 124, 160, 2, 9.43),
        ("lunar_lake", 4, 136, 144, 2, 9.18),
        ("meteor_lake", 2, 132, 112, 2, 7.00),
    ],
)
def test_a_residual_block_crosses_as_much_as_there(
    npu: str, tiles: int, height: int, width: int, pieces: int, megabytes: float
) -> None:
    """MB of Intel's schedules; 96 x 160 was cut in seven pieces through DDR, 19.5 MB, for its weights."""
    report = block(npu, tiles, height, width)
    second = next(n for n in report.nodes if n.name == "Conv_2")
    assert (second.pieces > 1) == (pieces > 1)
    assert report.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.05)


@pytest.mark.parametrize(("npu", "tiles", "width"), [("panther_lake", 3, 160), ("lunar_lake", 4, 160)])
def test_more_rows_cross_no_less_and_no_more_than_in_proportion(npu: str, tiles: int, width: int) -> None:
    """From what fits to what is cut with its neighbours, profile 2026: no row more than doubles what crosses."""
    moved = [block(npu, tiles, h, width, "2026").bytes_moved / h for h in (84, 96, 104, 120, 124, 132, 144)]
    assert max(moved) < 2 * min(moved)


@pytest.mark.parametrize(("npu", "tiles", "megabytes"), [("meteor_lake", 2, 4.9), ("lunar_lake", 4, 5.4)])
def test_an_image_filled_up_counts_sixteen_channels(npu: str, tiles: int, megabytes: float) -> None:
    """SqueezeNet's 7 x 7 of 96 channels at 256 pixels is folded nowhere: its image crosses DDR and is read in strips
    (it ran whole, beside three channels)."""
    g = Builder(weights=False)
    x = g.op("Conv", g.input(1, 3, 256, 256), g.weight(96, 3, 7, 7), g.weight(96), strides=[2, 2])
    x = g.op("MaxPool", g.op("Relu", x), kernel_shape=[3, 3], strides=[2, 2])
    graph = of_model(g.model(g.op("Relu", conv(g, x, 96, 16, 1))), "")
    report = simulate(graph, load_hardware(npu).replace({"tiles": tiles}), "2026-as-released", band=False)
    assert next(n for n in report.nodes if n.name == "Conv_0").pieces > 1
    assert report.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.1)
