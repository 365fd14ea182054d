"""Images of the graph that one op alone works on: a share of each crosses DDR by profile 2026."""

from itertools import pairwise

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.layouts.crossing_share import (
    LINE_SHARE,
    OWN_SHARE,
    TRIPS,
    UNEVEN_SHARE,
    crosses_for_rows,
    crossing_bytes,
    line_bytes,
    own_bytes,
)
from npusim.compiler.lowering.place import Placed
from npusim.graph import DType, Node, Value
from npusim.simulation import simulate
from npusim.work import MacOp, MacWork
from tests.compiler import at_size

ROOM = 4e6
#: Intel's compiler, us: its schedules of a 1x1 convolution of 256 x 118 x 118 to 88 at stride 2.
SCHEDULES = {"meteor_lake": 566.4, "panther_lake": 230.3}


def image(channels, height, width):
    return Value("x", (1, channels, height, width), DType.FLOAT16)


def window(op, taps, channels, terms, height, width):
    work = MacWork(op, height, width, channels, terms, height, width, taps, taps)
    return Placed(
        Node("n", "Conv", ("x",), ("y",)), "mac_array", (work,), "mac_array", "", ("x",), ("y",), 0, 0
    )


def test_by_hand():
    """512,000 elements, 1.024 MB: half of what fills half of 4 MB. A pooling that leaves a quarter has 1.25 of its
    bytes and crosses 1.5 times (1.2 x 1.25), a third of it here; one that works ten times as long on it all of it."""
    turned, size = 1.024e6, 0.512
    one = crossing_bytes(image(320, 40, 40), 320, ROOM, 1.25 * turned, False)
    assert one == pytest.approx(OWN_SHARE * 1.25 * turned * size / (1 + size))
    busy = crossing_bytes(image(320, 80, 80), 320, ROOM, 40 * turned, False)
    assert busy == pytest.approx(TRIPS * 4 * turned, rel=0.03)


def test_rows_that_are_no_rows_of_the_reader_cross_as_much_as_the_op_moves():
    """7 x 7 pixels are no whole sixteens, and six tenths of the image are for that."""
    nbytes = 2 * 2048 * 49
    found = crossing_bytes(image(2048, 7, 7), 2048, ROOM, 1.1 * nbytes, True)
    assert found == pytest.approx((1.1 + UNEVEN_SHARE) * nbytes)
    assert crossing_bytes(image(1152, 12, 12), 1152, ROOM, 3e6, True) == TRIPS * 2 * 1152 * 144


def test_a_small_image_of_whole_sixteens_stays_and_channels_filled_up_cross_as_such():
    assert crossing_bytes(image(16, 16, 16), 16, ROOM, 2e4, False) == 0
    filled = crossing_bytes(image(3, 640, 640), 16, ROOM, 2e7, False)
    assert filled > 4 * crossing_bytes(image(3, 640, 640), 3, ROOM, 2e7, False)


def test_which_images_cross_for_their_rows():
    depthwise = window(MacOp.DEPTHWISE, 5, 64, 64, 12, 12)
    assert crosses_for_rows(image(64, 12, 12), depthwise, False)  # small planes are shared over channels
    assert not crosses_for_rows(image(64, 12, 16), depthwise, True)
    assert not crosses_for_rows(image(64, 120, 120), depthwise, False)
    assert crosses_for_rows(image(64, 120, 120), depthwise, True)  # the rows around a tile's own are wanted


def test_own_bytes_are_those_that_move_or_the_time_of_the_array():
    """64 channels to 64 of 56 x 56 by 3 x 3: 2.3 MB in the time of 115.6 million multiply-accumulates, 0.8 moved."""
    values = {"y": image(64, 56, 56)}
    plane = 2 * 64 * 56 * 56
    busy = window(MacOp.CONVOLUTION, 3, 64, 64, 56, 56)
    assert own_bytes(image(64, 56, 56), values, busy) == pytest.approx(115.6e6 / 50, rel=0.01)
    assert own_bytes(image(64, 56, 56), values, window(MacOp.MAX_POOL, 1, 64, 64, 56, 56)) == 2 * plane


@pytest.mark.parametrize("channels", [16, 24, 64, 720])
@pytest.mark.parametrize("side", [7, 16, 25, 56])
@pytest.mark.parametrize("own", [1.1, 2, 5, 10, 30])
def test_what_crosses_grows_in_no_steps_and_shrinks_with_the_room(channels, side, own):
    once = own * 2 * channels * side * side

    def crossing(n, room=ROOM):
        return crossing_bytes(image(channels * n, side, side), channels * n, room, n * once, False)

    costs = [n * once + crossing(n) for n in (1, 2, 4, 8)]
    assert all(a <= b <= 2.3 * a for a, b in pairwise(costs))
    assert crossing(1, 2 * ROOM) <= crossing(1)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_lone_convolution_is_within_two_of_intels_schedule(name):
    """0.29 and 0.33 of them before."""
    attributes = {"kernel_shape": (1, 1), "strides": (2, 2), "pads": (0,) * 4}
    graph = at_size.one_op(
        "Conv", {"x": (1, 256, 118, 118)}, (1, 88, 59, 59), {"w": (88, 256, 1, 1)}, attributes
    )
    us = simulate(graph, load_hardware(name), "2026", band=False).latency_us
    assert 0.5 <= us / SCHEDULES[name] <= 1.2


@pytest.mark.parametrize("channels", [16, 64, 512])
def test_of_a_line_a_share_crosses_that_grows_with_it(channels):
    """Less than the line is, and with twice the places more than twice as much but never all of the further ones."""
    lines = [Value("x", (1, channels, n), DType.FLOAT16) for n in (4096, 8192, 16384)]
    crossed = [line_bytes(line, max(channels, 16), ROOM, True) for line in lines]
    for line, once, twice in zip(lines, crossed, crossed[1:], strict=False):
        assert 2 * once <= twice <= 2 * once + LINE_SHARE * line.npu_bytes * max(16 / channels, 1)
        assert once <= LINE_SHARE * line.npu_bytes
    uneven = Value("x", (1, channels, 4098), DType.FLOAT16)
    assert line_bytes(uneven, channels, ROOM, True) > line_bytes(uneven, channels, ROOM, False)
