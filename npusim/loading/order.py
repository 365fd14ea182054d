"""Topological order of the nodes of one graph, as the file gives it or sorted here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npusim.errors import BadModel

Entry = tuple[Any, tuple[str, ...], tuple[str, ...]]  # NodeProto, inputs, outputs


def ordered(protos: Any, known: Callable[[str], object]) -> list[Entry]:
    """The nodes with their input and output names, producers before consumers.

    `known(name)` tells whether a tensor comes from outside. Raises `BadModel` for a cycle and for a tensor
    that nothing produces.
    """
    entries: list[Entry] = [(p, tuple(p.input), tuple(p.output)) for p in protos]
    made: set[str] = set()
    for proto, inputs, outputs in entries:
        for name in inputs:
            if name and name not in made and known(name) is None:
                return _sort(entries, known)
        if proto.op_type in SUBGRAPH_OPS and any(n not in made and known(n) is None for n in captured(proto)):
            return _sort(entries, known)
        made.update(outputs)
    return entries


SUBGRAPH_OPS = frozenset({"If", "Loop", "Scan", "SequenceMap"})


def captured(proto: Any) -> set[str]:
    """Outer tensors that the subgraphs of a node read."""
    names: set[str] = set()
    for attribute in proto.attribute:
        if attribute.HasField("g"):
            graph = attribute.g
            own = {v.name for v in graph.input} | {t.name for t in graph.initializer}
            reads = {v.name for v in graph.output}
            for node in graph.node:
                reads.update(node.input)
                reads.update(captured(node))
                own.update(node.output)
            names |= reads - own
    names.discard("")
    return names


def _sort(entries: list[Entry], known: Callable[[str], object]) -> list[Entry]:
    """Producers first, in file order where there is a choice."""
    import networkx as nx

    producer = {name: i for i, (_, _, outputs) in enumerate(entries) for name in outputs if name}
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(entries)))
    for i, (proto, inputs, _) in enumerate(entries):
        reads = dict.fromkeys(inputs)
        if proto.op_type in SUBGRAPH_OPS:
            reads |= dict.fromkeys(sorted(captured(proto)))
        for name in reads:
            if name in producer:
                graph.add_edge(producer[name], i)
            elif name and known(name) is None:
                raise BadModel(
                    f"node '{proto.name}' ({proto.op_type}) reads '{name}', which nothing produces"
                )
    try:
        return [entries[i] for i in nx.lexicographical_topological_sort(graph)]
    except nx.NetworkXUnfeasible:
        nodes = [edge[0] for edge in nx.find_cycle(graph)]
    names = [entries[i][0].name or f"{entries[i][0].op_type}_{i}" for i in nodes]
    shown = names if len(names) <= 8 else [*names[:7], "..."]
    raise BadModel("the graph has a cycle: " + " -> ".join(f"'{n}'" for n in [*shown, names[0]]))
