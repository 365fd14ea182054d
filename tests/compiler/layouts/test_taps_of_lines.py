"""A line of uneven channels, whose taps apart see images of their own: each is filled up to sixteens."""

import pytest

from npusim.onnx_io import of_model
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.judge import machine
from tests.vendor.nets.daily_pieces import leaky_of, line

TILES = {"3720": 2, "4000": 4, "5010": 3}


def _residual(npu: str, channels: int, taps: int, apart: int) -> Report:
    """A block of HiFi-GAN: what is added is activated and read by taps apart."""
    g, leaky = Builder(weights=False), leaky_of(0.1)
    x = line(g, g.input(1, channels, 2048), channels, channels, 3)
    y = g.op("Add", x, line(g, leaky(g, x), channels, channels, 3))
    z = line(g, leaky(g, y), channels, channels, taps, 1, 1, apart)
    out = g.op("Add", y, line(g, leaky(g, z), channels, channels, taps))
    return simulate(of_model(g.model(out), ""), machine(npu, TILES[npu]), band=False)


def _fills(report: Report) -> int:
    """Passes that write sixteen columns of every place (24 channels: 1,572,864 bytes) and read them again."""
    return sum(n.lowering == "mac_permute" and n.bytes_moved > 2 * 1_572_864 for n in report.nodes)


@pytest.mark.parametrize("npu", ["3720", "4000", "5010"])
def test_each_tap_is_filled_up(npu: str) -> None:
    """`conv_slice_in_0/pad_[0, 8, 0, 0]_expand_input` to `_6` in Intel's schedules of 24 channels of 2,048 places by
    seven taps five apart: 25 MB on all three NPUs."""
    once = _fills(_residual(npu, 24, 7, 1))
    assert _fills(_residual(npu, 24, 7, 5)) == 7 + (once if npu == "5010" else once - 1)


@pytest.mark.parametrize("npu", ["3720", "4000", "5010"])
def test_whole_sixteens_need_none(npu: str) -> None:
    assert not _fills(_residual(npu, 32, 7, 5))
