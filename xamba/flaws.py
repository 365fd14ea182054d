"""What is wrong with a file that does not load, in words of the file: which tensor, which node."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from npusim_xamba.text import clean, quoted


def flaw(proto: onnx.ModelProto) -> str | None:
    """The first value that two nodes make, or that a node reads and nothing makes; None if there is none."""
    found = _graph(proto.graph, set())
    for function in proto.functions:
        found = found or _nodes(function.node, set(function.input), {})
    return found


def _graph(graph: onnx.GraphProto, outer: set[str]) -> str | None:
    makers = {value.name: "an input" for value in graph.input}
    names = [t.name for t in graph.initializer] + [t.values.name for t in graph.sparse_initializer]
    makers = dict.fromkeys(names, "a weight") | makers
    known = outer | set(makers)
    found = _nodes(graph.node, known, makers)
    if found is not None:
        return found
    made = known | {name for node in graph.node for name in node.output}
    for value in graph.output:
        if value.name not in made:
            return f"nothing makes the output {quoted(value.name)}"
    return None


def _nodes(nodes: Iterable[onnx.NodeProto], known: set[str], makers: dict[str, str]) -> str | None:
    nodes, known, makers = list(nodes), set(known), dict(makers)
    later = {name for node in nodes for name in node.output}
    for node in nodes:
        for name in node.input:
            if name and name not in known and name not in later:
                return f"{_shown(node)} reads {quoted(name)}, which nothing makes"
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs) if attribute.type in (5, 10) else ():
                found = _graph(body, known | later)
                if found is not None:
                    return found
        for name in node.output:
            if name and name in makers:
                return f"two make the tensor {quoted(name)}: {makers[name]} and {_shown(node)}"
            makers[name] = _shown(node)
            known.add(name)
    return None


def _shown(node: onnx.NodeProto) -> str:
    return (
        f"node {quoted(node.name)} ({clean(node.op_type)})" if node.name else f"a node {clean(node.op_type)}"
    )


def root_cause(error: BaseException) -> str:
    """The first sentence of what lies under an error of the graph library."""
    while error.__cause__ is not None:
        error = error.__cause__
    return clean(" ".join(str(error).split()))[:300] or type(error).__name__
