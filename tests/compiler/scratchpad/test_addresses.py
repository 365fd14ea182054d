"""Tensors by address within a tile, and those that leave because others find no room in one place."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.lowering.place import Placed
from npusim.compiler.rules.profile import load_profile
from npusim.compiler.scratchpad.addresses import LATENCY_BYTES, MOST_AHEAD, Addresses, Extents
from npusim.compiler.sharing.tile_bytes import weights_on_tile, whole_on_tiles
from npusim.graph import Node
from npusim.work import MacOp, MacWork
from tests.compiler.planes.test_planes import moved
from tests.vendor.judge import judge
from tests.vendor.tables import graph_of, read

TILE_BYTES = 1439 * 1024


def four_tiles(name, profile="2026-as-released"):
    """A network on NPU 4000 as Intel's compiler sees it."""
    hw = load_hardware("lunar_lake").replace({"tiles": 4})
    return compile_graph(graph_of("nets", name), hw, load_profile(profile))


def test_a_mobilenet_by_hand():
    """mobilenet_v2_160 on NPU 4000, read from the descriptors of its blob: the turned image at 0, the image behind it
    at 209,920; Conv_2's 675,840 bytes in the middle, so that Conv_4's 614,400 find no gap."""
    tile = Extents(TILE_BYTES, 0)
    assert tile.put([("image", 38_400), ("turned", 209_920)], 0)
    assert tile.at == {"turned": (0, 209_920), "image": (209_920, 248_320)}
    assert tile.put([("Conv_0", 102_400)], 1)
    tile.drop(["image", "turned"])
    assert tile.put([("Conv_2", 675_840)], 2) and tile.at["Conv_2"][0] == 248_320 + 102_400
    tile.drop(["Conv_0"])
    assert TILE_BYTES > 675_840 + 614_400 and not tile.put([("Conv_4", 614_400)], 3)
    tile.drop(["Conv_2"])
    assert tile.put([("Conv_4", 614_400), ("Conv_2", 675_840)], 3)
    assert tile.at == {"Conv_2": (0, 675_840), "Conv_4": (675_840, 1_290_240)}


def test_weights_of_later_steps_leave_before_anything_else():
    tile = Extents(100_000, 100_000)
    tile.fetch([0, 50_000, 30_000, 10_000], [1, 2, 3], 2 * 100_000)
    assert tile.fetched == {1, 2, 3}
    assert tile.put([("x", 40_000)], 0) and tile.fetched == {1}
    assert not tile.put([("y", 60_000)], 1) and tile.fetched == {1}


def test_no_more_is_fetched_than_what_compute_hides():
    tile = Extents(1e9, 100_000)
    tile.fetch([50_000] * 100, range(100), 1e9)
    assert len(tile.fetched) == MOST_AHEAD * 100_000 // (50_000 + LATENCY_BYTES)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3)), max_size=30))
def test_no_two_lie_in_one_place(tensors):
    tile = Extents(100, 0)
    for i, (size, gone) in enumerate(tensors):
        found = tile.put([(str(i), size)], 0)
        assert found == (str(i) in tile.at)
        if gone == 0:
            tile.drop(list(tile.at)[:1])
        extents = sorted(tile.at.values())
        assert all(a[1] <= b[0] for a, b in pairwise(extents)) and all(0 <= a < b <= 100 for a, b in extents)


def test_nothing_leaves_an_empty_tile():
    assert Addresses([], 4, 8, TILE_BYTES).guesses[0].put([("x", TILE_BYTES)], 0)


def step(op, rows, channels=192, weights=9_216.0):
    """A convolution of `rows` x `rows` pixels."""
    work = MacWork(op, rows, rows, channels, channels, rows, rows)
    node = Node("c", "Conv", ("x",), ("y",))
    return Placed(node, "mac_array", (work,), "mac_array", "", ("x",), ("y",), weights, 0.0)


@pytest.mark.parametrize(
    ("rows", "tiles", "whole"),
    [
        (40, 4, False),
        (28, 4, True),
        (24, 4, False),
        (20, 4, True),
        (28, 3, True),
        (24, 2, False),
        (10, 2, True),
    ],
)
def test_windows_on_small_planes_lie_on_every_tile(rows, tiles, whole):
    """How most of them are shared in Intel's schedules."""
    found = whole_on_tiles([step(MacOp.DEPTHWISE, rows)], tiles)
    assert found == ({"x", "y"} if whole else set())
    assert weights_on_tile(step(MacOp.DEPTHWISE, rows), tiles) == 9_216 / (tiles if whole else 1)


@pytest.mark.parametrize(
    ("rows", "channels", "whole"),
    [
        (48, 144, True),
        (52, 96, True),
        (24, 96, True),
        (40, 240, False),  # 1.54 MB in and out, a tile has 1.47
        (40, 128, True),  # 3 of 8 sixteens, 16 of 40 rows: 1.13 of an equal share and 1.2
        (32, 128, False),  # 12 of 32 rows: 1.13, too
        (40, 120, False),  # sixteens that are not full
        (40, 144, True),
    ],
)
def test_windows_that_a_tile_holds_whole_are_shared_over_channels(rows, channels, whole):
    """NPU 5010, three tiles: equal shares of channels, or shares that are less work than a tile's rows in fours."""
    one = step(MacOp.DEPTHWISE, rows, channels)
    assert whole_on_tiles([one], 3, TILE_BYTES) == ({"x", "y"} if whole else set())
    assert weights_on_tile(one, 3, TILE_BYTES) == 9_216 / (3 if whole else 1)


def test_more_weights_than_results_are_shared():
    assert weights_on_tile(step(MacOp.CONVOLUTION, 14, 512, 2 * 512 * 512 * 9), 4) == 2 * 512 * 512 * 9 / 4
    assert weights_on_tile(step(MacOp.CONVOLUTION, 56, 64, 2 * 64 * 64 * 9), 4) == 2 * 64 * 64 * 9


@pytest.mark.parametrize(("name", "least"), [("humanseg_lite_192", 0.88), ("regnet_x_1g6_224", 0.88)])
def test_what_is_more_than_fits_is_placed_all_the_same(name, least):
    """Where what waits leaves for want of bytes, the rest is put in places, and finds gaps or not as elsewhere: bytes
    of these on NPU 5010 were 0.84 and 0.81 of Intel's while nothing was placed there."""
    row = next(r for r in read("nets", "fit") if (r.name, r.npu) == (name, "5010"))
    assert least <= judge(row, graph_of("nets", name)).ddr <= 1.15


def test_an_input_leaves_for_a_result_without_a_gap():
    """Conv_2's result: 2.64 MB written and 2.64 read in Intel's schedule, rows at the edges of tiles twice."""
    plan = four_tiles("mobilenet_v2_160")
    (conv_4,) = (s for s in plan.steps if s.node.name == "Conv_4")
    assert "no room in one place" in conv_4.reason
    assert moved(plan, conv_4.node.inputs[0] + "/") == pytest.approx(2 * 2.64e6, rel=0.1)


def test_no_input_leaves_for_its_result_in_profile_2026():
    """A larger scratchpad would be slower with it."""
    plan = four_tiles("mobilenet_v2_160", "2026")
    assert not any("no room in one place" in s.reason for s in plan.steps)


@pytest.mark.parametrize(
    ("rows", "channels", "tiles", "whole"),
    [
        (28, 256, 4, True),  # 1.18 MB of weights, 0.40 of results
        (40, 256, 4, True),
        (56, 256, 4, False),  # more results than weights
        (28, 240, 4, False),  # fifteen sixteens
        (28, 256, 3, False),
        (28, 192, 3, True),
        (20, 128, 4, False),  # 0.29 MB, no quarter of a tile
    ],
)
def test_windows_of_more_weights_than_results_see_the_whole_image(rows, channels, tiles, whole):
    """Where the tiles share sixteens of channels equally; on NPU 3720 rows of the plane decide."""
    work = MacWork(MacOp.CONVOLUTION, rows, rows, channels, channels, rows, rows, kernel_h=3, kernel_w=3)
    one = step(MacOp.CONVOLUTION, rows, channels, 2 * 9 * channels**2)._replace(steps=(work,))
    assert whole_on_tiles([one], tiles, most_weights=TILE_BYTES / 4) == ({"x", "y"} if whole else set())
    assert whole_on_tiles([one], tiles) == set()
