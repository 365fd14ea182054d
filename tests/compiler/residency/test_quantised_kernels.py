"""8-bit networks: what crosses DDR between a kernel, the pass that makes its result 8-bit, and who reads that."""

import pytest

from npusim.compiler.residency.quantised_kernels import _shares, even_fours, unequal_in_8_bits
from npusim.work import MacOp, MacWork
from tests.compiler.residency.test_kernel_sharing import moved
from tests.vendor.builder import Builder
from tests.vendor.op_chains import eight_bits, stored


def convolved(g: Builder, x: str, ci: int, co: int, kernel: int = 1, group: int = 1) -> str:
    weight = stored(g, co, ci // group, kernel, kernel)
    return g.op("Conv", eight_bits(g, x), weight, pads=[kernel // 2] * 4, group=group)


def expanded(rows: int, channels: int):
    """1x1, HardSwish, depthwise, HardSwish, 1x1, 8 bits between them."""
    g = Builder(opset=19)
    y = convolved(g, g.input(1, 48, rows, rows), 48, 48)
    y = g.op("HardSwish", convolved(g, y, 48, channels))
    y = g.op("HardSwish", convolved(g, y, channels, channels, 3, channels))
    return g.model(eight_bits(g, convolved(g, y, channels, 48)))


@pytest.mark.parametrize("rows", [14, 28, 30, 56])
@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_passes_lie_as_their_kernels_and_go_on_by_whole_fours(npu, rows):
    """What a kernel makes stays for the pass; what that makes crosses on NPU 3720 where half of the rows is no whole
    fours of pixels."""
    channels = 96
    found = moved(expanded(rows, channels), npu)
    narrow = rows * rows * channels
    crossing = npu == "3720" and not even_fours(rows, rows, 2)
    written = [n for label, n in found.items() if label.startswith("Quant") and label.endswith("/write")]
    assert written == ([narrow, narrow] if crossing else [])
    assert not any(label.startswith("HardSwish") for label in found)


@pytest.mark.parametrize(
    ("channels", "alike"), [(240, True), (480, False), (672, False), (960, False), (1152, True)]
)
def test_channels_of_an_8_bit_window_are_shared_in_thirties_and_twos(channels, alike):
    """480 on four tiles are 128, 128, 128, 96; the kernel's sixteens 128, 128, 112, 112."""
    wide, narrow = _shares(channels, 32, 4), _shares(channels, 16, 4)
    assert sum(wide) == sum(narrow) == channels and (wide == narrow) == alike


def excited(rows: int, channels: int):
    """A depthwise window, HardSwish, squeeze-and-excite, 1x1."""
    g = Builder(opset=19)
    y = g.op("Relu", convolved(g, g.input(1, channels, rows, rows), channels, channels))
    y = g.op("HardSwish", convolved(g, y, channels, channels, 3, channels))
    gate = g.op("Sigmoid", convolved(g, g.op("GlobalAveragePool", y), channels, channels))
    return g.model(eight_bits(g, convolved(g, g.op("Mul", y, gate), channels, 48)))


@pytest.mark.parametrize(("channels", "crossing"), [(240, False), (480, True), (672, True)])
def test_so_what_it_makes_crosses_to_its_kernel_where_the_shares_differ(channels, crossing):
    found = moved(excited(14, channels), "4000")
    floats = 14 * 14 * channels * 2
    written = [n for label, n in found.items() if label.startswith("Conv") and label.endswith("/write")]
    assert written == ([floats] if crossing else [])
    assert not any(label.startswith("HardSwish") for label in found)  # its result stays


def prelus(rows: int, channels: int):
    g = Builder(opset=19)
    y = convolved(g, g.input(1, 64, rows, rows), 64, channels)
    y = g.op("PRelu", y, g.weight(channels, 1, 1))
    return g.model(eight_bits(g, convolved(g, y, channels, 64)))


@pytest.mark.parametrize(("rows", "channels"), [(14, 256), (28, 128), (7, 512)])
def test_a_prelu_that_is_made_8_bit_is_shared_by_rows_on_npu_5010(rows, channels):
    found = moved(prelus(rows, channels), "5010")
    assert not any(
        label.startswith("PRelu") and n >= rows * rows * channels * 2 for label, n in found.items()
    )


def test_windows_of_floats_share_sixteens():
    work = MacWork(op=MacOp.DEPTHWISE, out_h=14, out_w=14, out_c=480, in_c=480, kernel_h=3, kernel_w=3)
    assert not unequal_in_8_bits(work, 4)
