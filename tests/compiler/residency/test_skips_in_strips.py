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


def conv(name, reads, kernel=1, rows=SIDE):
    work = MacWork(
        MacOp.CONVOLUTION, rows, SIDE, CHANNELS, CHANNELS, rows, SIDE, kernel_h=kernel, kernel_w=kernel
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
    assert found == [
        (0, 4, pytest.approx((29 + 31 + 28) / SIDE), pytest.approx((28 + 29 + 27) / SIDE)),
        (4, 8, pytest.approx(27 / SIDE), pytest.approx(26 / SIDE)),
    ]


def test_residual_blocks_of_windows():
    """64 channels on 200 x 100, NPU 4000, two strips: 1.408 MB cross for the first addition, 1.382 for the second,
    1.280 for the third in each: 110, 108 and 100 rows of 12.8 kB, those around each tile's own with them (not here)."""
    steps = [conv("s0", "outside", rows=200)]
    for i in range(3):
        steps += [
            conv(f"a{i}", f"s{i}", 3, 200),
            conv(f"b{i}", f"a{i}", 3, 200),
            added(f"s{i + 1}", f"b{i}", f"s{i}"),
        ]
    found = crossing_skips([*steps, conv("last", "s3", rows=200)], strips=2, tiles=4)
    assert found == [
        (0, 3, pytest.approx(2 * 106 / 200), pytest.approx(2 * 104 / 200)),
        (3, 6, pytest.approx(2 * 104 / 200), pytest.approx(2 * 102 / 200)),
        (6, 9, pytest.approx(2 * 102 / 200), pytest.approx(2 * 100 / 200)),
    ]


def test_rows_of_tiles():
    assert tile_rows((3, 32), 4) == [(3, 11), (11, 18), (18, 25), (25, 32)]
    assert not held_by_tiles((0, 29), (0, 28), 4)  # the second tile wants the row 7 of the first
    assert held_by_tiles((0, 28), (0, 27), 4)


@given(st.integers(1, 40), st.integers(1, 8))
def test_the_same_rows_stay(rows, tiles):
    assert held_by_tiles((5, 5 + rows), (5, 5 + rows), tiles)


@given(st.integers(1, 3), st.integers(1, 8))
def test_one_tile_and_one_strip_hold_all(count, number):
    assert crossing_skips(bottlenecks(count), strips=number, tiles=1) == []
    assert crossing_skips(bottlenecks(count), strips=1, tiles=number) == []
