"""One op on a line of the graph, [1,C,L], in profile 2026: as Intel's compiler, by degrees where it steps."""

from itertools import pairwise
from math import prod

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.lowering.filled_lines import fill_line, fills_line
from npusim.graph import DType, Value
from npusim.ops.line_rows import COLUMNS, LARGE_LINE_MACS, large_line, large_line_by_law
from npusim.simulation import simulate
from npusim.work import MacOp, MacWork
from tests.compiler import at_size

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
PLACES = [256, 512, 1024, 2048, 4096, 8192]


def line(channels, places):
    return Value("x", (1, channels, places), DType.FLOAT16)


def convolution(terms, channels, kernel, places, stride=1, groups=1):
    pad = kernel // 2
    out = (places + 2 * pad - kernel) // stride + 1
    attributes = {"kernel_shape": (kernel,), "strides": (stride,), "pads": (pad, pad), "group": groups}
    weights = {"w": (channels, terms // groups, kernel)}
    return at_size.one_op("Conv", {"x": (1, terms, places)}, (1, channels, out), weights, attributes)


def microseconds(graph, name):
    return simulate(graph, load_hardware(name), "2026", band=False).latency_us


def column(terms, channels, kernel, places):
    return MacWork(MacOp.CONVOLUTION, places, 1, channels, terms, places, 1, kernel)


def test_a_line_just_large_enough_takes_the_slots_of_a_column():
    """500 million multiply-accumulates: 256 x 256 x 8 at 1,024 places are 537."""
    just = column(256, 256, 8, 1024)
    rows, *moves = large_line_by_law(just, 2, False)
    whole, *all_moves = large_line(just, 2, False)
    times = just.macs / LARGE_LINE_MACS
    assert rows.mac_slots == pytest.approx(COLUMNS / times)
    assert (rows.out_h, rows.out_w) == (whole.out_h, whole.out_w) == (32, 32)
    assert [m.nbytes for m in moves] == pytest.approx([(times - 1) / 3 * m.nbytes for m in all_moves])


def test_one_four_times_as_large_is_rows_and_nothing_else():
    large = column(512, 512, 8, 1024)
    assert large_line_by_law(large, 2, False) == large_line(large, 2, False)


def test_one_of_fewer_places_is_dearer_than_half_of_it_which_is_a_column():
    assert large_line(column(1536, 1536, 3, 192), 2, False) == ()
    assert large_line_by_law(column(1536, 1536, 3, 384), 2, False)[0].mac_slots == 2


@pytest.mark.parametrize("name", NPUS)
@pytest.mark.parametrize("terms", [256, 1024])
def test_twice_the_places_of_a_large_line_cost_no_less(name, terms):
    costs = [microseconds(convolution(terms, 512, 5, places), name) for places in PLACES[:4]]
    assert all(0.95 * a <= b <= 3 * a for a, b in pairwise(costs))


@settings(max_examples=min(25, settings().max_examples))
@given(
    st.sampled_from([16, 32, 64, 128, 256, 512, 1024]),
    st.sampled_from([(2, 2), (3, 1), (3, 2), (4, 4)]),
    st.sampled_from([16, 64, 256, *PLACES]),
    st.sampled_from(NPUS),
)
def test_twice_a_pooled_line_costs_once_to_2_3_times(channels, window, places, name):
    assume(channels * places <= 2**22)
    kernel, stride = window

    def pooled(c, n):
        sides = {"kernel_shape": (kernel,), "strides": (stride,)}
        out = (1, c, (n - kernel) // stride + 1)
        return at_size.one_op("MaxPool", {"x": (1, c, n)}, out, attributes=sides)

    once = microseconds(pooled(channels, places), name)
    for graph in (pooled(2 * channels, places), pooled(channels, 2 * places)):
        assert once - 4.5 <= microseconds(graph, name) <= max(2.3 * once, once + 4.5)


def test_columns_that_are_not_read_are_written_by_degrees_by_law():
    """24 channels of 1,024 places: 0.79 MB in sixteen columns, 1.05 once these are 32 channels."""
    wide, turned = 24 * 1024 * 16 * 2, 32 * 1024 * 16 * 2
    room = (wide + turned) / 1.5

    def others(room, by_law):
        works = fill_line(line(24, 1024), room, by_law=by_law)
        return works[4].nbytes if len(works) > 4 else 0

    assert others(room, False) == others(room / 4, True) == pytest.approx(turned * 15 / 16)
    assert others(room, True) == pytest.approx(turned * 15 / 32)
    assert others(wide + turned, True) == others(wide + turned, False) == 0


def test_one_tap_at_a_stride_does_not_fill_a_line_on_npu_5010():
    """Intel's schedules of 40, 200 and 408 channels by one tap at a stride of two: 9.2, 66 and 156 us, a copy; at one
    408 x 1,024 and 5,696 take 395 and 2,089."""
    once, apart = (MacWork(MacOp.CONVOLUTION, 1024, 1, 48, 408, 1024 * s, 1, stride_h=s) for s in (1, 2))
    assert fills_line(line(408, 1024), "Conv", once)
    assert not fills_line(line(408, 2048), "Conv", apart)
    assert fills_line(line(408, 2048), "Conv")  # NPU 3720 and 4000


@pytest.mark.parametrize("name", NPUS)
@pytest.mark.parametrize("channels", [24, 40, 408])
def test_channels_that_are_no_sixteens_cross_ddr_in_sixteen_columns(name, channels):
    graph = convolution(channels, 64, 3, 1024, groups=1)
    moved = simulate(graph, load_hardware(name), "2026", band=False).bytes_moved
    filled = 32 * prod((channels, 1024)) * 2 * (name != "panther_lake")
    assert moved >= filled
