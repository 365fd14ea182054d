"""Images of the graph that one op alone works on: a share of each crosses DDR by profile 2026."""

from itertools import pairwise

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.layouts.crossing_share import MOST_SHARE, UNEVEN_SHARE, crossing_bytes
from npusim.graph import DType, Value
from npusim.simulation import simulate
from tests.compiler import at_size

ROOM = 4e6
#: Intel's compiler, us: its schedules of a 1x1 convolution of 256 x 118 x 118 to 88 at stride 2.
SCHEDULES = {"meteor_lake": 566.4, "panther_lake": 230.3}


def image(channels, height, width):
    return Value("x", (1, channels, height, width), DType.FLOAT16)


def test_by_hand():
    """512,000 elements, 1.024 MB beside 2: a third of 0.8 of it; 7 x 7 pixels are no whole sixteens."""
    assert crossing_bytes(image(320, 40, 40), 320, ROOM) == pytest.approx(MOST_SHARE * 1.024e6**2 / 3.024e6)
    uneven = 2 * 2048 * 49
    share = uneven / (uneven + 2e6)
    assert crossing_bytes(image(2048, 7, 7), 2048, ROOM) == pytest.approx(
        (MOST_SHARE * share + UNEVEN_SHARE) * uneven
    )


def test_a_small_image_of_whole_sixteens_stays_and_channels_filled_up_cross_as_such():
    assert crossing_bytes(image(16, 16, 16), 16, ROOM) == 0
    assert crossing_bytes(image(3, 640, 640), 16, ROOM) > 4 * crossing_bytes(image(3, 640, 640), 3, ROOM)


@pytest.mark.parametrize("channels", [16, 24, 64, 720])
@pytest.mark.parametrize("side", [7, 16, 25, 56])
def test_what_crosses_grows_in_no_steps_and_shrinks_with_the_room(channels, side):
    once = 2 * channels * side * side
    costs = [
        n * once + crossing_bytes(image(channels * n, side, side), channels * n, ROOM) for n in (1, 2, 4, 8)
    ]
    assert all(a <= b <= 2.3 * a for a, b in pairwise(costs))
    assert crossing_bytes(image(channels, side, side), channels, 2 * ROOM) <= costs[0] - once


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
def test_a_line_is_an_image_one_column_wide(channels):
    line = Value("x", (1, channels, 4096), DType.FLOAT16)
    assert crossing_bytes(line, channels, ROOM) == crossing_bytes(image(channels, 4096, 1), channels, ROOM)
