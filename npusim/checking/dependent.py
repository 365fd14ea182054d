"""Tensors whose size only the data know: what comes from NonZero and its like, and what follows from it."""

from __future__ import annotations

from npusim.graph import Graph

#: Ops whose outputs are as long as the data say.
SOURCES = frozenset({"NonZero", "Unique", "Compress", "NonMaxSuppression"})
#: Ops whose output has the size of their first input, whatever the others are.
AS_FIRST = frozenset({"ScatterND", "ScatterElements", "Scatter", "TensorScatter", "Pad", "OneHot"})
#: Ops whose output has a size of its own.
STATIC = frozenset({"Shape", "Size"})


def data_dependent(graph: Graph) -> frozenset[str]:
    """Names of such tensors in a graph that was loaded with upper bounds."""
    if not any(node.op_type in SOURCES for node in graph.nodes):
        return frozenset()
    found: set[str] = set()
    for node in graph.nodes:
        read = node.inputs[:1] if node.op_type in AS_FIRST else node.inputs
        if node.op_type in SOURCES or (node.op_type not in STATIC and not found.isdisjoint(read)):
            found.update(name for name in node.outputs if name and graph.values[name].shape)
    return frozenset(found)
