"""Nodes that compute the same from the same -> one of them, as OpenVINO's SharedOpOptimization leaves a graph.

Exporters write cosines and sines of positions, casts and masks once for every layer. Constants of up to ten elements
are the same where their elements are (an epsilon of every norm), as in OpenVINO's pass: of two norms of one tensor
with an epsilon each Intel's schedules have one MVN (SAFMN: eight of sixteen pairs, NPU 3720 and 5010)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from npusim.graph import Graph, Node, Value
from npusim.ops.keys import attributes_key

COMPARED_ELEMENTS = 10  # of a constant; larger ones are the same only where they are one
RANDOM = ("Random", "Bernoulli", "Multinomial", "Dropout")


def without_duplicates(graph: Graph) -> Graph:
    """The graph with every such node once; the same one where there is none twice. What leaves the graph stays."""
    seen: dict[tuple[Any, ...], Node] = {}
    source = _equal_constants(graph)
    instead: dict[str, str] = {}
    leaves = frozenset(graph.outputs)
    nodes: list[Node] = []
    for node in graph.nodes:
        if instead and not instead.keys().isdisjoint(node.inputs):
            node = replace(node, inputs=tuple(instead.get(name, name) for name in node.inputs))
        inputs = tuple(source.get(name, name) for name in node.inputs) if source else node.inputs
        key = (node.op_type, node.domain, node.repeats, inputs, len(node.outputs))
        twin = seen.setdefault((*key, attributes_key(node.attributes)), node)
        alike = twin is not node and not node.op_type.startswith(RANDOM) and leaves.isdisjoint(node.outputs)
        if alike and all(bool(a) >= bool(b) for a, b in zip(twin.outputs, node.outputs, strict=True)):
            instead.update((old, new) for old, new in zip(node.outputs, twin.outputs, strict=True) if old)
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes)) if instead else graph


def _equal_constants(graph: Graph) -> dict[str, str]:
    """Of small constants that have the same elements: the first of them, by name."""
    first: dict[tuple[Any, ...], str] = {}
    same = {v.name: first.setdefault(_elements(v), v.name) for v in graph.values.values() if _compared(v)}
    return {name: other for name, other in same.items() if name != other}


def _compared(value: Value) -> bool:
    return value.constant and value.data is not None and 0 < value.elements <= COMPARED_ELEMENTS


def _elements(value: Value) -> tuple[Any, ...]:
    assert value.data is not None
    return value.shape, value.dtype, value.data.tobytes()
