"""PReLU on NPU 5010: what crosses DDR where array and kernel share channels another way."""

import pytest

from npusim.compiler.residency.uneven_kernels import by_channels
from npusim.work import MacOp, MacWork
from tests.compiler.residency.test_kernel_sharing import moved
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv
from tests.vendor.nets.usual_pieces import prelu


def expanded(rows: int, channels: int):
    """1x1, PReLU, depthwise, PReLU, 1x1, as in nets for faces."""
    g = Builder()
    x = g.op("Relu", conv(g, g.input(1, 64, rows, rows), 64, 64, 3))
    y = prelu(g, conv(g, x, 64, channels, 1), channels)
    y = prelu(g, conv(g, y, channels, channels, 3, 1, channels), channels)
    return g.model(conv(g, y, channels, 64, 1))


@pytest.mark.parametrize(
    ("rows", "channels", "crossing"),
    [
        (14, 256, (True, True, True, True)),  # 16 sixteens on three tiles: 6, 5, 5 of the array
        (14, 384, (False, False, False, True)),  # 24: 8 on each, and the window takes them where they lie
        (28, 128, (True, True, False, False)),  # the window shares rows
        (24, 256, (False, True, False, False)),  # 8 rows a tile: by rows, but a window wants its neighbours'
    ],
)
def test_uneven_channels_cross_on_both_sides(rows, channels, crossing):
    """Convolution to PReLU, PReLU to window, window to PReLU, PReLU to 1x1: as in Intel's schedules."""
    found = moved(expanded(rows, channels), "5010")
    names = ("Conv_2", "PRelu_3", "Conv_4", "PRelu_5")
    assert tuple(f"{n}/load" in found for n in names) == crossing
    size = channels * rows * rows * 2
    assert all(found[f"{n}/write"] == size for n, crosses in zip(names, crossing, strict=True) if crosses)


def test_other_npus_share_it_as_the_array():
    """Whatever crosses there does by the rules for their kernels; 384 channels of 14 x 14 on NPU 4000 stay."""
    assert "Conv_2/load" not in moved(expanded(14, 256), "4000")


@pytest.mark.parametrize(
    ("rows", "channels", "taps", "shared"),
    [
        (28, 256, 3, True), (24, 256, 3, False), (20, 256, 3, False), (14, 256, 3, True), (12, 256, 3, False),
        (10, 512, 3, True), (56, 128, 1, False), (28, 128, 1, True), (28, 64, 1, False), (7, 128, 1, True),
        (40, 192, 3, True), (28, 48, 3, False),
    ],
)  # fmt: skip
def test_by_channels_where_the_array_has_less_to_do(rows, channels, taps, shared):
    work = MacWork(MacOp.CONVOLUTION, rows, rows, channels, 64, rows, rows, kernel_h=taps, kernel_w=taps)
    assert by_channels(work, 3) == shared
