"""What of an image whose channels fill no sixteens is filled up in DDR on NPU 3720, as released."""

import pytest

import npusim
from npusim.compiler.layouts.filled_images import filled_in_ddr
from npusim.graph import DType, Value
from npusim.ops.counting import one_tap
from npusim.work import MacOp
from tests.compiler import at_size

ROOM = 2 * 1_982_464.0  # bytes of both scratchpads
CONVOLUTION = one_tap(MacOp.CONVOLUTION, 64, 64, 16, 2)


def image(channels: int, height: int, width: int) -> Value:
    return Value("x", (1, channels, height, width), DType.FLOAT16)


@pytest.mark.parametrize(
    ("channels", "height", "width", "first"),
    [
        (203, 64, 64, ""),  # 3.4 MB with itself turned
        (367, 48, 48, ""),
        (72, 100, 100, ""),
        (100, 100, 100, "columns"),
        (391, 51, 51, "columns"),
        (881, 72, 72, "columns"),
        (104, 112, 112, ""),  # filled up by the pass, in pieces
        (120, 128, 128, ""),
        (136, 112, 112, "channels"),
        (203, 128, 128, "channels"),
        (430, 96, 96, ""),
        (208, 128, 128, ""),  # whole sixteens
        (3, 1024, 1024, ""),  # another pass fills up so few
    ],
)
def test_what_intels_schedules_fill_up(channels, height, width, first) -> None:
    assert filled_in_ddr(image(channels, height, width), CONVOLUTION, ROOM) == first


@pytest.mark.parametrize("op", [MacOp.DEPTHWISE, MacOp.MAX_POOL, MacOp.ELTWISE])
def test_only_in_front_of_a_convolution_over_all_channels(op) -> None:
    assert not filled_in_ddr(image(203, 128, 128), one_tap(op, 64, 64, 16, 2), ROOM)


@pytest.mark.parametrize(("channels", "side"), [(203, 128), (881, 72)])
def test_bytes_are_those_of_a_copy_a_turn_and_what_is_read(channels, side) -> None:
    """27.8 MB of 203 x 128 x 128 in Intel's schedule, filled up (6.8), turned (13.6) and read (6.8); 39.1 of 881."""
    graph = at_size.convolution(channels, 16, 1, 1, side)
    whole = npusim.simulate(graph, "meteor_lake", "2026-as-released", band=False)
    assert whole.bytes_moved == pytest.approx({203: 27.8e6, 881: 39.1e6}[channels], rel=0.03)
