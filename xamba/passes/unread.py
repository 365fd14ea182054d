"""Taking out of a graph what nobody reads any more."""

from __future__ import annotations

from collections.abc import Iterable

import onnx_ir as ir


def drop_unread(values: Iterable[ir.Value | None]) -> int:
    """Remove the producers of values that nobody reads, and theirs in turn; the number of nodes removed."""
    waiting, removed = [v for v in values if v is not None], 0
    while waiting:
        value = waiting.pop()
        if value.uses() or value.is_graph_input() or value.is_graph_output():
            continue
        node = value.producer()
        if node is None:
            if value.is_initializer() and value.graph is not None and value.name:
                value.graph.initializers.pop(value.name, None)
            continue
        bodies = any(a.type == ir.AttributeType.GRAPH for a in node.attributes.values())
        if node.graph is None or bodies or any(o.uses() or o.is_graph_output() for o in node.outputs):
            continue
        waiting += [x for x in node.inputs if x is not None]
        node.graph.remove(node, safe=True)
        removed += 1
    return removed
