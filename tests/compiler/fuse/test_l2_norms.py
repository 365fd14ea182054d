"""Rows divided by their length: the forms that Intel's compiler 8.4 makes one kernel of, and those it leaves."""

import numpy as np
import pytest

from tests.compiler.fuse.test_fuse import fused, ops
from tests.graphs import node

X = {"x": [1, 4, 64, 256]}
LEAST = {"least": np.float32(1e-4)}


def length(axis=-1):
    return node("ReduceL2", "x", "n", axes=[axis], keepdims=1)


@pytest.mark.parametrize("bound", ["Clip", "Max"])
@pytest.mark.parametrize("expanded", [False, True])
def test_rows_over_their_bounded_length_are_one_kernel(bound, expanded):
    """Schedules of 4 x 64 x 256 on NPU 3720, 4000 and 5010: one task a DSP, named as the Div."""
    nodes, constants = [length(), node(bound, "n least", "m")], dict(LEAST)
    if expanded:
        nodes.append(node("Expand", "m shape", "e"))
        constants["shape"] = np.array(X["x"])
    graph = fused([*nodes, node("Div", "x e" if expanded else "x m", "y")], X, ["y"], constants)
    assert ops(graph) == ["LpNormalization"] and graph.nodes[0].attributes == {"axis": -1, "p": 2}


def test_over_channels_of_an_image_it_stays():
    assert (
        len(ops(fused([length(1), node("Clip", "n least", "m"), node("Div", "x m", "y")], X, ["y"], LEAST)))
        == 3
    )


def test_an_added_epsilon_and_none_stay():
    assert "ReduceL2" in ops(
        fused([length(), node("Add", "n least", "m"), node("Div", "x m", "y")], X, ["y"], LEAST)
    )
    assert ops(fused([length(), node("Div", "x n", "y")], X, ["y"])) == ["ReduceL2", "Div"]


def test_a_length_that_others_read_stays():
    nodes = [length(), node("Clip", "n least", "m"), node("Div", "x m", "y"), node("Relu", "n", "z")]
    assert "ReduceL2" in ops(fused(nodes, X, ["y", "z"], LEAST))


@pytest.mark.parametrize(("row", "found"), [(32, 3), (64, 3), (72, 1), (128, 1)])
def test_short_rows_stay(row, found):
    """Heads of 32 (Swin v2) and rows of 64 in its schedules: ReduceL2, Clamp and Divide."""
    nodes = [length(), node("Clip", "n least", "m"), node("Div", "x m", "y")]
    assert len(ops(fused(nodes, {"x": [1, 4, 64, row]}, ["y"], LEAST))) == found
