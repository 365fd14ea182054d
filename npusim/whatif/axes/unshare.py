"""Quantised constants that several nodes share, once for each: sharing ties nothing, and pruned they differ.

Exporters let equal constants of different layers (zero biases, for one) share a name, and a quantiser puts one
DequantizeLinear behind it. Stored constants are told apart where they are read; those behind a node get a node each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from npusim.graph import Graph, Node, Value


@dataclass(frozen=True, slots=True)
class Copy:
    """Of a copied node: the node it is a copy of, and the one that reads it (or what is made of it)."""

    original: Node
    reader: Node


def unshared(graph: Graph) -> tuple[Graph, dict[str, Copy]]:
    """The graph with a copy of what makes constants for every further node that reads it, itself if there is none; and
    of each copy, by its name, what it is one of."""
    makers = {out: n for n in graph.nodes for out in n.outputs if out and _of_constants(n, graph)}
    readers = Counter(name for node in graph.nodes for name in node.inputs if name in makers)
    if all(count == 1 for count in readers.values()):
        return graph, {}
    copies: dict[str, Copy] = {}
    values, nodes, seen = dict(graph.values), list[Node](), set[str]()
    for node in graph.nodes:
        inputs = list(node.inputs)
        for k, name in enumerate(inputs):
            if name in makers and readers[name] > 1 and name in seen:
                inputs[k], made = copied(name, node, makers, values)
                nodes += [one for one, _ in made]
                copies.update((one.name, Copy(old, node)) for one, old in made if one.name not in copies)
            elif name in makers:
                seen.add(name)
        nodes.append(node if inputs == list(node.inputs) else replace(node, inputs=tuple(inputs)))
    return replace(graph, nodes=tuple(nodes), values=values), copies


def copied(
    name: str, reader: Node, makers: dict[str, Node], values: dict[str, Value]
) -> tuple[str, list[tuple[Node, Node]]]:
    """A tensor made once more for one reader: its new name, and the nodes that make it, each with its original."""
    node, made = makers[name], list[tuple[Node, Node]]()
    inputs = list(node.inputs)
    for k, source in enumerate(inputs):
        if source in makers:
            inputs[k], before = copied(source, reader, makers, values)
            made += before
    outputs = tuple(f"{out}/{reader.name}" if out else "" for out in node.outputs)
    for old, new in zip(node.outputs, outputs, strict=True):
        if old:
            values[new] = replace(values[old], name=new)
    copy = replace(node, name=f"{node.name}/{reader.name}", inputs=tuple(inputs), outputs=outputs)
    made.append((copy, node))
    return f"{name}/{reader.name}", made


def _of_constants(node: Node, graph: Graph) -> bool:
    read: Iterable[str] = (name for name in node.inputs if name)
    return all(graph.values[name].constant for name in read)
