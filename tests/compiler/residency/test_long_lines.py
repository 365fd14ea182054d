"""Lines of more than 8,192 places are convolved piece by piece through DDR, as in Intel's schedules of such chains."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.simulation import simulate
from tests.graphs import loaded, model, node, weights
from tests.vendor.placement import HARDWARE

TILES = {"3720": 2, "4000": 4, "5010": 3}


def chain(places, npu, profile="2026-as-released", channels=32):
    """The report of three windows along a line of `places`, the middle one of one tap, and the line's mean."""
    graph = model(
        [
            node("Conv", "x w", "a", pads=[1, 1]),
            node("Conv", "a v", "b"),
            node("Conv", "b w", "c", pads=[1, 1]),
            node("GlobalAveragePool", "c", "y"),
        ],
        {"x": (1, channels, places)},
        ["y"],
        {"w": weights(channels, channels, 3), "v": weights(channels, channels, 1)},
        opset=13,
    )
    hardware = load_hardware(HARDWARE[npu]).replace({"tiles": TILES[npu]})
    return simulate(loaded(graph), hardware, profile, band=False)


def read(report, name):
    return sum(
        t.nbytes for t in report.tasks if t.node == name and t.source == "ddr" and "weights" not in t.name
    )


@pytest.mark.parametrize("npu", TILES)
@pytest.mark.parametrize(("places", "pieces"), [(9000, 2), (16000, 2), (20000, 3)])
def test_pieces_of_places_cross_ddr(places, pieces, npu):
    """`output tile [0, 0, 6667, 0]` of 20,000 places reads 3 x 426 KB; what a 1x1 reads and makes crosses with them."""
    report = chain(places, npu)
    line = places * 32 * 2
    nodes = {n.name: n for n in report.nodes}
    assert [nodes[n].pieces for n in "abc"] == [pieces, 1, pieces]
    for name in "abc":
        assert line <= read(report, name) < 1.05 * line


@pytest.mark.parametrize("npu", TILES)
def test_lines_of_one_task_stay(npu):
    report = chain(8192, npu)
    assert max(n.pieces for n in report.nodes) == 1
    if npu == "3720":
        assert read(report, "b") < 8192 * 32
        assert report.bytes_moved < chain(8200, npu).bytes_moved / 1.5
    else:  # whole, but between a window and one tap through DDR (by Intel's, too, float16: 3.7 MB of both NPUs)
        assert report.bytes_moved < chain(8200, npu).bytes_moved


def test_the_law_of_doubling_keeps_them_inside():
    """A step in size: by profile 2026 twice the places cost no more than 2.3 times."""
    twice, once = (chain(places, "3720", "2026").latency_us for places in (16384, 8192))
    assert twice <= 2.3 * once


@pytest.mark.parametrize(("places", "crosses"), [(500, False), (2000, True), (1999, False), (7875, True)])
def test_a_mean_reads_a_line_that_is_pooled_as_a_plane(places, crosses):
    """snd_w2v and 70 others: 1,600 places are 40 x 40, and read from DDR; 1,999 divide into no plane."""
    assert (read(chain(places, "5010"), "y") > places * 32) == crosses
