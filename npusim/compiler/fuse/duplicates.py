"""Nodes that compute the same from the same -> one of them, as OpenVINO's SharedOpOptimization leaves a graph.

Exporters write cosines and sines of positions, casts and masks once for every layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from npusim.graph import Graph, Node
from npusim.ops.keys import attributes_key

RANDOM = ("Random", "Bernoulli", "Multinomial", "Dropout")


def without_duplicates(graph: Graph) -> Graph:
    """The graph with every such node once; the same one where there is none twice. What leaves the graph stays."""
    seen: dict[tuple[Any, ...], Node] = {}
    instead: dict[str, str] = {}
    leaves = frozenset(graph.outputs)
    nodes: list[Node] = []
    for node in graph.nodes:
        if instead and not instead.keys().isdisjoint(node.inputs):
            node = replace(node, inputs=tuple(instead.get(name, name) for name in node.inputs))
        key = (node.op_type, node.domain, node.repeats, node.inputs, len(node.outputs))
        twin = seen.setdefault((*key, attributes_key(node.attributes)), node)
        alike = twin is not node and not node.op_type.startswith(RANDOM) and leaves.isdisjoint(node.outputs)
        if alike and all(bool(a) >= bool(b) for a, b in zip(twin.outputs, node.outputs, strict=True)):
            instead.update((old, new) for old, new in zip(node.outputs, twin.outputs, strict=True) if old)
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes)) if instead else graph
