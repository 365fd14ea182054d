"""Uneven channels between convolutions cross DDR with their padding."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.graph import Graph
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def megabytes(graph: Graph, npu: str) -> float:
    """What crosses DDR."""
    hardware = load_hardware(npu).replace({"tiles": TILES[npu]})
    return simulate(graph, hardware, "2026", band=False).bytes_moved / 1e6


def inner(g: Builder, x: str, given: int, made: int, pad: int = 0, groups: int = 1) -> str:
    """A 3 x 3 convolution, without padding."""
    weights = [g.weight(made, given // groups, 3, 3), g.weight(made)]
    return g.op("Conv", x, *weights, pads=[pad] * 4, group=groups, kernel_shape=[3, 3])


def valid(channels: int, rows: int, columns: int) -> Graph:
    """Three convolutions without padding and a depthwise window, of so many channels."""
    g = Builder(weights=False)
    x = g.op("Relu", inner(g, g.input(1, 32, rows, columns), 32, channels))
    x = g.op("HardSwish", inner(g, x, channels, channels))
    x = g.op("Relu", inner(g, x, channels, channels, 1, channels))
    return of_model(g.model(g.op("Relu", inner(g, x, channels, 32))), "")


@pytest.mark.parametrize(
    ("npu", "rows", "columns", "theirs"),
    [
        ("meteor_lake", 122, 203, 7.777),
        ("lunar_lake", 122, 203, 9.518),
        ("panther_lake", 122, 203, 7.951),
        ("lunar_lake", 180, 322, 26.450),
        ("panther_lake", 180, 322, 19.279),
    ],
)
def test_ten_channels_cross_as_sixteen(npu: str, rows: int, columns: int, theirs: float) -> None:
    """MB in Intel's schedules of such a graph, whose columns are not folded: 0.80 to 1.00 of them without padding."""
    assert megabytes(valid(10, rows, columns), npu) == pytest.approx(theirs, rel=0.03)


def test_what_leaves_the_graph_lies_without_padding() -> None:
    """10 channels that a caller reads are written as they are: 72 KB less than 16."""
    moved = []
    for channels in (10, 16):
        g = Builder(weights=False)
        made = inner(g, g.input(1, 32, 62, 62), 32, channels)
        moved.append(megabytes(of_model(g.model(made), ""), "panther_lake"))
    assert moved[1] - moved[0] > 0.04
