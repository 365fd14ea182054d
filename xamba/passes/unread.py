"""Taking out of a graph what nobody reads any more."""

from __future__ import annotations

from collections.abc import Iterable

import onnx_ir as ir

from xamba.workbench import Workbench


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


def bypass(node: ir.Node, bench: Workbench) -> None:
    """Readers of a node read its first operand; an Identity keeps the name of an output of the model."""
    source, out = node.inputs[0], node.outputs[0]
    assert source is not None and node.graph is not None
    if out.is_graph_output():
        bench.replace(node, bench.node("Identity", [source], None, out.dtype))
        return
    others = [x for x in node.inputs if x is not source]
    out.replace_all_uses_with(source)
    node.graph.remove(node, safe=True)
    drop_unread(others)
