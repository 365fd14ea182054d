"""Conditions on a multiplication of lines of a batch, [N,C,L]: whether it is a scale or a kernel."""

from __future__ import annotations

from collections.abc import Set

from npusim.compiler.rules.multiplied import ROWS_AND_CHANNELS, scale_of_full_rank
from npusim.graph import Graph, Node, Value


def scale_of_one_image(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """As `scale_of_full_rank`, of no line of a batch."""
    return scale_of_full_rank(node, graph, on_mac_array) and not _of_lines(node, graph, on_mac_array)


def _of_lines(node: Node, graph: Graph, on_mac_array: Set[str]) -> bool:
    """Whether [N,C,L] of several N is multiplied by a number each of C, and no convolution made it: an image of N
    channels, of which that is no scale (a Multiply kernel behind what another kernel made, by a constant or not, and of
    inputs of the graph by another one, in Intel's schedules of NPU 3720 and 4000; an input by a constant is turned)."""
    out = graph.values[node.outputs[0]]
    if len(out.shape) != ROWS_AND_CHANNELS or out.shape[0] == 1 or min(out.shape[1:]) == 1:
        return False
    whole, small = list[tuple[str, Value]](), list[tuple[str, Value]]()
    for name in filter(None, node.inputs):
        value = graph.values[name]
        (whole if value.elements == out.elements else small).append((name, value))
    if len(whole) != 1 or len(small) != 1 or small[0][1].shape[-2:] != (out.shape[1], 1):
        return False
    (name, _), (_, factor) = whole[0], small[0]
    return name not in on_mac_array and not (factor.constant and name in graph.inputs)
