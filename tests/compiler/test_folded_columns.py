"""Columns of uneven channels become channels; a window over the result is cut apart from them."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


def bytes_between(npu: str, tiles: int, channels: int, pixels: int) -> float:
    """MB that cross DDR in a network of one bottleneck: six times `channels`, a depthwise window, a projection."""
    g = Builder(weights=False)
    wide = 6 * channels
    x = conv(g, g.input(1, 3, 2 * pixels, 2 * pixels), 3, 48, 3, 2)
    x = conv(g, g.op("Relu", x), 48, channels, 1)
    y = g.op("Relu", conv(g, x, channels, wide, 1))
    y = g.op("Relu", conv(g, y, wide, wide, 3, 2, wide))
    y = conv(g, y, wide, 32, 1)
    graph = of_model(g.model(conv(g, y, 32, 32, 1)), "")
    report = simulate(graph, load_hardware(npu).replace({"tiles": tiles}), "2026", band=False)
    return report.bytes_moved / 1e6


@pytest.mark.parametrize(("npu", "tiles"), [("meteor_lake", 2), ("panther_lake", 3)])
def test_pairs_of_columns_are_cut_apart_from_a_window(npu: str, tiles: int) -> None:
    """24 channels on 112 x 112 to 144, 3.6 MB, cross DDR twice (MobileNet-v2 of 1.4 in Intel's schedules); 32 to 192 on
    as many pixels pass from strip to strip, though they are more."""
    folded, plain = (bytes_between(npu, tiles, c, 112) for c in (24, 32))
    assert folded > 2 * 3.6 > plain


def stem_bytes(pixels: int, results: int, behind: int) -> float:
    """MB that cross DDR on NPU 5010 in an image's convolution, a depthwise window (`behind` of 1: none), and others."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, pixels, pixels), 3, results, 3, 2))
    if behind > 1:
        x = g.op("Relu", conv(g, x, results, results, behind, 1, results))
    x = conv(g, conv(g, x, results, 16, 1), 16, 32, 3, 2)
    graph = of_model(g.model(x), "")
    return simulate(graph, load_hardware("panther_lake"), "2026", band=False).bytes_moved / 1e6


def test_24_results_of_a_folded_image_are_shared_over_channels() -> None:
    """192 results of sixteen columns at 14 columns, 64 a tile of NPU 5010: image and result cross DDR (Intel's schedule
    2.35 MB, with a 1x1 convolution behind 0.52); 32 channels and other widths stay."""
    assert stem_bytes(224, 24, 3) == pytest.approx(2.35, rel=0.02)
    assert stem_bytes(224, 24, 1) == pytest.approx(0.52, rel=0.05)
    assert stem_bytes(224, 32, 3) < 0.7 and stem_bytes(192, 24, 3) < 0.6
