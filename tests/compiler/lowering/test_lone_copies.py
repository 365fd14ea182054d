"""Ops that only move data change their form with the size, in profile 2026 as in Intel's compiler: the law of doubling
does not hold for them, and the node's reason names the form."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.layouts.expanded import WHY_IN_DDR, WHY_IN_PIECES
from npusim.compiler.rules.profile import load_profile
from npusim.simulation import simulate
from tests.compiler import at_size

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def machine(name):
    return load_hardware(name).replace({"tiles": TILES[name]})


def repeated(heads, copies, rows, size):
    shape = (1, heads, copies, rows, size)
    return at_size.one_op("Expand", {"x": (1, heads, 1, rows, size)}, shape, {"s": (5,)})


def reasons(graph, name):
    return [s.reason for s in compile_graph(graph, machine(name), load_profile("2026")).steps]


def reason(graph, name):
    return reasons(graph, name)[-1]


def test_heads_that_do_not_fit_are_repeated_in_pieces_or_in_ddr():
    assert reason(repeated(4, 8, 1024, 64), "meteor_lake") == WHY_IN_PIECES
    assert reason(repeated(4, 4, 4096, 128), "meteor_lake") == WHY_IN_DDR
    assert reason(repeated(1, 8, 128, 64), "meteor_lake") not in (WHY_IN_PIECES, WHY_IN_DDR)


@pytest.mark.parametrize(("name", "us"), [("meteor_lake", 316.9), ("panther_lake", 85.4)])
def test_they_take_the_time_of_intels_schedule(name, us):
    """4 heads of 1,024 x 64 eight times; half of it before."""
    found = simulate(repeated(4, 8, 1024, 64), machine(name), "2026", band=False).latency_us
    assert found == pytest.approx(us, rel=0.1)


@pytest.mark.parametrize(("channels", "word"), [(3, "copies"), (7, "copies"), (8, "convolution")])
def test_few_channels_are_enlarged_by_copies(channels, word):
    attributes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    shapes = (1, channels, 64, 64), (1, channels, 128, 128)
    graph = at_size.one_op("Resize", {"x": shapes[0]}, shapes[1], attributes=attributes)
    assert word in reason(graph, "panther_lake")


@pytest.mark.parametrize(("channels", "phases"), [(32, False), (48, True)])
def test_a_transposed_convolution_of_few_channels_is_one(channels, phases):
    attributes = {"kernel_shape": (4, 4), "strides": (2, 2), "pads": (1,) * 4}
    shapes = (1, channels, 24, 24), (1, channels, 48, 48)
    weights = {"w": (channels, channels, 4, 4)}
    graph = at_size.one_op("ConvTranspose", {"x": shapes[0]}, shapes[1], weights, attributes)
    assert any("each place between two inputs" in why for why in reasons(graph, "meteor_lake")) == phases
