"""New nodes in place of one: their names, their tensors, and what all of a model's have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from npusim.graph import DType, Graph, Node, Value


class Writer:
    """The nodes written so far. New nodes and tensors are named after the node they stand for."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values = dict(graph.values)
        self.entering = frozenset(graph.inputs)
        self.nodes: list[Node] = []
        self.common: dict[tuple[Any, ...], str] = {}  # tensors that are the same for every layer
        self.node = graph.nodes[0]
        self.metadata: dict[str, str] = {}

    def begin(self, node: Node) -> None:
        """What is written from now on stands for `node`, and says so in a report."""
        self.node = node
        self.metadata = {"xamba.from": f"{node.op_type} {node.name}", **node.metadata}

    def shape(self, name: str) -> tuple[int, ...]:
        return self.values[name].shape

    def op(
        self,
        what: str,
        kind: str,
        inputs: tuple[str, ...],
        shape: tuple[int, ...],
        dtype: DType,
        name: str = "",
        **attributes: Any,
    ) -> str:
        """One node called after the one it stands for and `what`; its result is called `name`, or like it."""
        label = f"{self.node.name}/{what}"
        out = name or label
        self.values[out] = Value(out, shape, dtype)
        new = Node(label, kind, inputs, (out,), attributes, repeats=self.node.repeats, metadata=self.metadata)
        self.nodes.append(new)
        return out

    def last(self, kind: str, inputs: tuple[str, ...], output: str, **attributes: Any) -> None:
        """The node that bears the name of the one it stands for."""
        node = replace(
            self.node, op_type=kind, domain="", inputs=inputs, outputs=(output,), attributes=attributes
        )
        self.nodes.append(replace(node, metadata=self.metadata))

    def view(self, what: str, name: str, shape: tuple[int, ...]) -> str:
        """The same bytes in another shape."""
        return (
            name
            if shape == self.shape(name)
            else self.op(what, "Reshape", (name,), shape, self.values[name].dtype)
        )

    def turned(self, what: str, name: str, perm: tuple[int, ...], out: str = "") -> str:
        shape = tuple(self.shape(name)[axis] for axis in perm)
        return self.op(what, "Transpose", (name,), shape, self.values[name].dtype, name=out, perm=perm)

    def number(self, value: float, dtype: DType) -> str:
        """A constant of one element."""
        name = f"npusim.number/{value!r}/{dtype.label}"
        self.values[name] = Value(name, (), dtype, True, np.asarray(value))
        return name

    def constant(self, shape: tuple[int, ...], dtype: DType, what: str) -> str:
        """A constant whose value does not matter here."""
        name = f"npusim.{what}/{shape}/{dtype.label}"
        self.values[name] = Value(name, shape, dtype, True)
        return name

    def rows(self, table: str, positions: str, length: int) -> str:
        """Rows of a table by position, fetched once for all layers."""
        key = ("rows", table, positions, length)
        if key not in self.common:
            value = self.values[table]
            shape = (length, value.shape[-1])
            self.common[key] = self.op(
                f"rows of {table}", "Gather", (table, positions), shape, value.dtype, axis=0
            )
        return self.common[key]

    def halves(self, table: str, shape: tuple[int, ...]) -> str:
        """Rows of a table [.., D / 2] in the shape in which heads meet them, once for all layers."""
        key = ("halves", table, shape)
        if key not in self.common:
            value = self.values[table]
            if value.constant:
                self.common[key] = self.constant(shape, value.dtype, f"halves {table}")
            else:
                self.common[key] = self.view(f"halves {table}", table, shape)
        return self.common[key]

    def rotary(self, x: str, cos: str, sin: str, out: str = "", what: str = "rotary") -> str:
        """concat(first cos - second sin, second cos + first sin) of the halves of x [.., D], as OpenVINO reads it."""
        value = self.values[x]
        shape, dtype = value.shape, value.dtype
        half = (*shape[:-1], shape[-1] // 2)
        first, second = (
            self.op(f"{what}/{side}", "Slice", (x,), half, dtype) for side in ("first", "second")
        )
        parts = []
        for kind, a, b in (("Sub", first, second), ("Add", second, first)):
            by = "first" if a == first else "second"
            straight = self.op(f"{what}/{by} cos", "Mul", (a, cos), half, dtype)
            crossed = self.op(f"{what}/{by} sin", "Mul", (b, sin), half, dtype)
            parts.append(self.op(f"{what}/{by} turned", kind, (straight, crossed), half, dtype))
        if out:
            self.last("Concat", (parts[0], parts[1]), out, axis=-1)
            return out
        return self.op(what, "Concat", (parts[0], parts[1]), shape, dtype, axis=-1)
