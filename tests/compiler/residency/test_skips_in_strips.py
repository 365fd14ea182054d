"""Skips inside steps cut together: which of their strips cross DDR since tiles hold other rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.compiler.lowering.place import Placed
from npusim.compiler.residency.skips_in_strips import crossing_skips, held_by_tiles, tile_rows
from npusim.graph import Node
from npusim.work import MacOp, MacWork

CHANNELS, SIDE = 64, 80


def placed(kind, name, reads, work):
    return Placed(
        Node(name, kind, reads, (name,)), "mac_array", (work,), "mac_array", "", reads, (name,), 0.0, 0.0
    )


def conv(name, reads, kernel=1):
    work = MacWork(
        MacOp.CONVOLUTION, SIDE, SIDE, CHANNELS, CHANNELS, SIDE, SIDE, kernel_h=kernel, kernel_w=kernel
    )
    return placed("Conv", name, (reads,), work)


def added(name, *reads):
    work = MacWork(MacOp.ELTWISE, SIDE, SIDE, CHANNELS, CHANNELS, SIDE, SIDE)
    return placed("Add", name, reads, work)


def bottlenecks(count):
    """Additions, and three convolutions between two of them."""
    steps = [added("s0", "outside", "beside")]
    for i in range(count):
        steps += [conv(f"a{i}", f"s{i}"), conv(f"b{i}", f"a{i}", 3), conv(f"c{i}", f"b{i}")]
        steps.append(added(f"s{i + 1}", f"c{i}", f"s{i}"))
    return steps


def test_resnet_50_at_320_pixels():
    """First stage on NPU 4000, three strips: 3.604 MB out and 3.441 in, then 1.106 and 1.065 of 80 rows of 41 kB."""
    found = crossing_skips(bottlenecks(2), strips=3, tiles=4)
    assert found == {
        (0, 4): (pytest.approx((29 + 31 + 28) / SIDE), pytest.approx((28 + 29 + 27) / SIDE)),
        (4, 8): (pytest.approx(27 / SIDE), pytest.approx(26 / SIDE)),
    }


def test_rows_of_tiles():
    assert tile_rows((3, 32), 4) == [(3, 11), (11, 18), (18, 25), (25, 32)]
    assert not held_by_tiles((0, 29), (0, 28), 0, 4)  # the second tile wants the row 7 of the first
    assert held_by_tiles((0, 29), (0, 28), 1, 4)  # which a window behind gives it, too
    assert held_by_tiles((0, 28), (0, 27), 0, 4)


def test_a_window_reads_what_lies_around():
    """Two windows, then an addition: tiles have the rows around their own."""
    steps = [added("s0", "outside", "beside"), conv("a", "s0", 3), conv("b", "a", 3), added("s1", "b", "s0")]
    assert (0, 3) not in crossing_skips(steps, strips=4, tiles=1)


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 2))
def test_the_same_rows_stay(rows, tiles, around):
    assert held_by_tiles((5, 5 + rows), (5, 5 + rows), around, tiles)


@given(st.integers(1, 3), st.integers(1, 8))
def test_one_tile_and_one_strip_hold_all(count, number):
    assert crossing_skips(bottlenecks(count), strips=number, tiles=1) == {}
    assert crossing_skips(bottlenecks(count), strips=1, tiles=number) == {}
