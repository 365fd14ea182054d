"""A graph being fused: who makes a tensor, who reads it, and how a group becomes one node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from npusim.graph import Graph, Node, Value


class Rewriter:
    """Nodes by index, with producer and consumers of every tensor kept up to date.

    A group is replaced at the position of its last node, so the order stays topological.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values = dict(graph.values)
        self.nodes: list[Node | None] = list(graph.nodes)
        self.producer: dict[str, int] = {}
        # Readers by index, and how many of their operands it is: a tensor may have 100,000 readers.
        self.consumers: dict[str, dict[int, int]] = defaultdict(dict)
        self.graph_outputs = frozenset(graph.outputs)
        self.inserted: dict[int, list[Node]] = {}  # nodes in front of the one at an index
        self.current: Node | None = None  # the node a pass looks at: an error names it
        for index, node in enumerate(graph.nodes):
            self._link(index, node)

    def _link(self, index: int, node: Node) -> None:
        for name in node.outputs:
            if name:
                self.producer[name] = index
        for name in node.inputs:
            if name:
                readers = self.consumers[name]
                readers[index] = readers.get(index, 0) + 1

    def _unlink(self, index: int) -> None:
        node = self.nodes[index]
        if node is None:
            return
        for name in node.inputs:
            if name:
                self.consumers[name].pop(index, None)
        for name in node.outputs:
            if self.producer.get(name) == index:
                del self.producer[name]
        self.nodes[index] = None

    def items(self, *op_types: str) -> Iterator[tuple[int, Node]]:
        """Nodes of these op types that are alive now, in order."""
        wanted = set(op_types)
        for i, n in [
            (i, n) for i, n in enumerate(self.nodes) if n is not None and n.op_type in wanted and _standard(n)
        ]:
            self.current = n
            yield i, n

    def maker(self, name: str, *op_types: str) -> tuple[int, Node] | None:
        """The node that makes `name`, if it is one of `op_types`."""
        found = self.made_by(name)
        return found if found and found[1].op_type in op_types and _standard(found[1]) else None

    def made_by(self, name: str) -> tuple[int, Node] | None:
        """The node that makes `name`, whatever it is; None for what enters the graph or was inserted."""
        index = self.producer.get(name)
        node = None if index is None else self.nodes[index]
        return None if index is None or node is None else (index, node)

    def reader(self, name: str, *op_types: str) -> tuple[int, Node] | None:
        """The only reader of `name`, if there is one, the tensor is no graph output, and it is of `op_types`."""
        if name in self.graph_outputs or len(self.consumers[name]) != 1:
            return None
        ((index, times),) = self.consumers[name].items()
        node = self.nodes[index] if times == 1 else None
        return (index, node) if node is not None and node.op_type in op_types and _standard(node) else None

    def private(self, name: str, readers: set[int]) -> bool:
        """True when nobody but `readers` needs the tensor."""
        found = self.consumers[name]
        return name not in self.graph_outputs and len(found) <= len(readers) and found.keys() <= readers

    def constant(self, name: str) -> bool:
        value = self.values.get(name)
        return value is not None and value.constant

    def one_number(self, name: str) -> bool:
        """Whether a tensor is a constant of one element, whatever it holds."""
        return self.constant(name) and self.values[name].elements == 1

    def scalar(self, name: str) -> float | None:
        """The number a constant of one element holds, if its data is known."""
        value = self.values.get(name)
        if value is None or not value.constant or value.data is None or value.elements != 1:
            return None
        return float(np.asarray(value.data).reshape(-1)[0])

    def value(self, name: str) -> Value:
        return self.values[name]

    def replace(self, members: list[int], node: Node) -> None:
        """`members` (indices) become `node`, at the place of the last of them."""
        names: list[str] = []
        for index in members:
            member = self.nodes[index]
            if member is not None:
                names += [*member.absorbed, member.name]
        kept = tuple(n for n in names if n != node.name)
        for index in members:
            self._unlink(index)
        at = max(members)
        self.nodes[at] = replace(node, absorbed=tuple(dict.fromkeys([*node.absorbed, *kept])))
        self._link(at, node)

    def exchange(self, index: int, first: Node, behind: int, second: Node) -> None:
        """`first` at `index` and `second` at `behind`, a later place, for the two nodes there."""
        for at in (index, behind):
            self._unlink(at)
        for at, node in ((index, first), (behind, second)):
            self.nodes[at] = node
            self._link(at, node)

    def drop(self, index: int) -> None:
        """Take out a node that nothing needs any more."""
        self._unlink(index)

    def reroute(self, name: str, source: str, absorbed: tuple[str, ...] = ()) -> None:
        """Whoever reads `name` reads `source`, and has `absorbed` nodes of these names."""
        for reader in list(self.consumers[name]):
            old = self.nodes[reader]
            if old is not None:
                inputs = tuple(source if n == name else n for n in old.inputs)
                self.replace([reader], replace(old, inputs=inputs, absorbed=(*old.absorbed, *absorbed)))

    def insert(self, index: int, node: Node) -> None:
        """A new node in front of what stands at `index`. No pattern will find it; its tensors are in `values`."""
        self.inserted.setdefault(index, []).append(node)

    def result(self) -> Graph:
        nodes: list[Node] = []
        for index, node in enumerate(self.nodes):
            nodes += self.inserted.get(index, ())
            if node is not None:
                nodes.append(node)
        return replace(self.graph, nodes=tuple(nodes), values=self.values)


def _standard(node: Node) -> bool:
    return node.domain in ("", "ai.onnx", "com.microsoft", "xamba")
