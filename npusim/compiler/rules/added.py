"""Conditions on a sum: a pass of the MAC array, smaller operands written out in front of it, or a kernel."""

from __future__ import annotations

from collections.abc import Set

from npusim.compiler.rules.multiplied import (
    ROWS_AND_CHANNELS,
    innermost_kept,
    operands,
    spread_along,
    without_ones,
)
from npusim.graph import Graph, Node

IMAGE_AXES = 4


def innermost_kept_or_filled(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As as released, but inputs of the graph stay a kernel, of which twice the planes cost at most twice as much."""
    filled = innermost_kept_or_filled_as_released(node, graph, on_mac_array)
    return filled and not (_over_planes(node, graph) and set(node.inputs) <= set(graph.inputs))


def innermost_kept_or_filled_as_released(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `innermost_kept`, or an activation is spread over the innermost axis, and a batch or planes lie in front of it
    (`Add/broadcast_rhs` in Intel's schedules on three NPUs: 8 x 197 x 1,024 by 197 x 1, 2 x 197 x 1,024 by 2 x 197 x 1,
    8 x 64 x 64 by 8 x 64 x 1, 100 x 14 x 14 x 14 x 14 by 100 x 14 x 14 x 14 x 1, the places that SAM and MViTv2 add to
    scores). Rows alone, 197 x 1,024 by 197 x 1, are a kernel that spreads for itself (`fuse_broadcast`), as images by
    one number a channel are where they do not fit. A constant of more than a number is written out to the size of the
    result beforehand, whatever its axes (6 of 6 `Add/as_add` of 1 x 3 x 96 x 600 by 96 x 1 to 1 x 8 x 16 x 1,024 by 16
    x 1 on three NPUs: 0.69 MB in, 0.35 out)."""
    if innermost_kept(node, graph, on_mac_array) or equal_activations(node, graph, on_mac_array):
        return True
    return spread_along(node, graph) == [True, False, True] or _over_planes(node, graph)


def _over_planes(node: Node, graph: Graph) -> bool:
    """Whether an activation is spread over the innermost axis alone, of several planes of rows."""
    if spread_along(node, graph) != [False, True]:
        return False
    planes = sum(n > 1 for n in graph.values[node.outputs[0]].shape) >= ROWS_AND_CHANNELS
    return planes and not _of_channels(node, graph)


def _of_channels(node: Node, graph: Graph) -> bool:
    """Whether what is added to one image is a number a channel."""
    out = graph.values[node.outputs[0]].shape
    smaller = min((v for v in operands(node, graph)), key=lambda v: v.elements)
    return len(out) == IMAGE_AXES and out[0] == 1 and smaller.elements == out[1]


def equal_activations(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """All activations have the shape of the result; a constant that is subtracted is added with its sign changed, one
    number alone by a kernel."""
    out = without_ones(graph.values[node.outputs[0]].shape)
    return all(without_ones(v.shape) == out or (v.constant and v.elements > 1) for v in operands(node, graph))
