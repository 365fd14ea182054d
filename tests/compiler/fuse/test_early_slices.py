"""Rows that nobody reads are not computed where a Slice takes the others, but are where a Gather does."""

import numpy as np
import pytest

from npusim.compiler.fuse.early_slices import early_slices
from npusim.graph import DType, Graph, Node, Value
from npusim.simulation import simulate

HALF = DType.FLOAT16
ROWS, WIDTH, INNER = 577, 256, 1024


def feed_forward(taker):
    """Two products over 577 rows, and one row taken behind: `Slice`, or `Gather` of a number."""
    values = {
        "x": Value("x", (1, ROWS, WIDTH), HALF),
        "w": Value("w", (WIDTH, INNER), HALF, constant=True),
        "v": Value("v", (INNER, WIDTH), HALF, constant=True),
        "i": Value("i", (), DType.INT64, constant=True, data=np.array(0)),
        "a": Value("a", (1, ROWS, INNER), HALF),
        "r": Value("r", (1, ROWS, INNER), HALF),
        "b": Value("b", (1, ROWS, WIDTH), HALF),
        "y": Value("y", (1, WIDTH) if taker == "Gather" else (1, 1, WIDTH), HALF),
    }
    cut = {"axis": 1} if taker == "Gather" else {"axes": (1,), "starts": (0,), "ends": (1,)}
    nodes = (
        Node("a", "MatMul", ("x", "w"), ("a",), {}),
        Node("r", "Relu", ("a",), ("r",), {}),
        Node("b", "MatMul", ("r", "v"), ("b",), {}),
        Node("y", taker, ("b", "i") if taker == "Gather" else ("b",), ("y",), cut),
    )
    return Graph("ff", nodes, values, ("x",), ("y",), opset=20)


@pytest.mark.parametrize(("taker", "rows"), [("Slice", 1), ("Gather", ROWS)])
def test_rows_that_nobody_reads_are_left_out_in_front_of_a_slice_only(taker, rows):
    """`MatMul_3 [1x256x73x4, 512x256x1x1]` with Gather, `fc_sliced` of 1x256x1x1 with Slice in Intel's schedules."""
    assert early_slices(feed_forward(taker)).values["b"].shape == (1, rows, WIDTH)


@pytest.mark.parametrize("npu", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_a_gathered_row_costs_the_whole_layer(npu):
    taken = {taker: simulate(feed_forward(taker), npu, band=False) for taker in ("Slice", "Gather")}
    assert taken["Gather"].engines["mac_array"] > 3 * taken["Slice"].engines["mac_array"]
