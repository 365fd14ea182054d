"""Convolutions of images go in blocks along one axis, as in Intel's schedules."""

import pytest

from npusim.compiler.cutting.blocks import fitting_blocks
from npusim.compiler.cutting.fitted import ONE, Operands
from npusim.compiler.cutting.split import weight_bytes
from npusim.work import MacOp, MacWork

TILE_BYTES = 0.85 * 1440 * 1024


def found(channels, out, size, npu, tiles, by_time=True, taps=3, room=TILE_BYTES):
    """The blocks of a window over a plane of `size` pixels a side."""
    work = MacWork(MacOp.CONVOLUTION, size, size, out, channels, size, size, taps, taps)
    o = Operands(channels * size**2 * 2.0, weight_bytes(work), out * size**2 * 2.0)
    return fitting_blocks(work, o, tiles, room, ONE, npu if by_time else "")


def axes(blocks):
    return sorted(a for a in ("rows", "columns", "channels", "terms") if getattr(blocks, a) > 1)


@pytest.mark.parametrize("by_time", [True, False])
@pytest.mark.parametrize(("npu", "tiles"), [("4000", 4), ("5010", 3)])
def test_ssds_last_windows_are_cut_over_channels(npu, tiles, by_time):
    """512 to 512 channels of 38 x 38: `SOH C16` on both, image and weights read once (7.84 MB a layer on NPU 5010; 20.1
    in parts of rows and terms)."""
    way = found(512, 512, 38, npu, tiles, by_time)
    assert axes(way.blocks) == ["channels"] and way.blocks.channels == 16
    assert way.left_reads == way.right_reads == 1 and way.partial_bytes == 0


@pytest.mark.parametrize(("channels", "out", "size"), [(256, 256, 75), (256, 512, 38), (128, 128, 150)])
@pytest.mark.parametrize(("npu", "tiles"), [("3720", 2), ("4000", 4), ("5010", 3)])
def test_others_along_one_axis(channels, out, size, npu, tiles):
    assert len(axes(found(channels, out, size, npu, tiles).blocks)) <= 1


def test_along_two_where_one_is_much_dearer():
    """512 to 512 channels of 128 x 128: single rows would keep the array waiting."""
    assert len(axes(found(512, 512, 128, "5010", 3).blocks)) > 1


def test_what_fits_along_no_axis_is_cut_along_two():
    assert len(axes(found(2048, 2048, 128, "5010", 3, room=200_000).blocks)) > 1
