"""A graph with some of its axes shorter or longer: shapes, and the constants and attributes that speak of shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from npusim.graph import DType, Graph, Node, Value
from npusim.whatif.axes.coupling import Coupling


@dataclass(frozen=True)
class Narrowing:
    """New lengths of atoms (roots). `kept`: which of the old indices stay, where it is known; what only grows or
    shrinks as a whole (a sequence) has none."""

    coupling: Coupling
    sizes: Mapping[int, int]
    kept: Mapping[int, np.ndarray]

    @staticmethod
    def keeping(coupling: Coupling, kept: Mapping[int, np.ndarray]) -> Narrowing:
        return Narrowing(coupling, {atom: len(indices) for atom, indices in kept.items()}, kept)

    def shape(self, node: Node, name: str) -> tuple[int, ...]:
        """The new shape of a tensor as a node sees it."""
        axes = self.coupling.at(node, name)  # none: no relation looked at it (a shape, a scale)
        return tuple(map(self.size, axes)) if axes else self.coupling.graph.values[name].shape

    def size(self, term: int) -> int:
        return self.coupling.terms.resized(term, self.sizes)

    def indices(self, node: Node, name: str) -> dict[int, np.ndarray]:
        """Of each axis that changes: the indices that stay."""
        terms, old = self.coupling.terms, self.coupling.graph.values[name].shape
        axes = self.coupling.at(node, name)
        return {
            k: terms.kept(axis, self.kept)
            for k, (axis, size) in enumerate(zip(axes, old, strict=True))
            if self.size(axis) != size
        }


@dataclass(frozen=True, slots=True)
class Change:
    """What a node needs beside narrower tensors: `constants` in place of inputs, and `attributes`."""

    constants: dict[int, np.ndarray]
    attributes: dict[str, Any]


def changes(n: Narrowing, node: Node, opset: int) -> Change:
    """What of a node speaks of shapes that are others now; empty if nothing does."""
    values = n.coupling.graph.values
    names = [name for name in (*node.inputs, *node.outputs) if name]
    if all(n.shape(node, name) == values[name].shape for name in names):
        return Change({}, {})
    adjust = ADJUST.get(node.op_type)
    return adjust(n, node, opset) if adjust else Change({}, {})


def narrowed(n: Narrowing) -> Graph:
    """The graph under new lengths. Without any, the graph itself."""
    graph = n.coupling.graph
    if all(n.coupling.terms.sizes[atom] == size for atom, size in n.sizes.items()):
        return n.coupling.origin or graph
    values: dict[str, Value] = {}
    nodes = []
    for node in graph.nodes:
        inputs = [_input(n, node, name, values) if name else "" for name in node.inputs]
        change = changes(n, node, graph.opset)
        for place, data in change.constants.items():
            inputs += [""] * (place + 1 - len(inputs))
            inputs[place] = f"{node.name}/{place}"
            dtype = DType.INT64 if data.dtype == np.int64 else values[node.inputs[place]].dtype
            values[inputs[place]] = Value(inputs[place], data.shape, dtype, True, data)
        for name in node.outputs:
            if name:
                values[name] = replace(graph.values[name], shape=n.shape(node, name))
        attributes = {**node.attributes, **change.attributes} if change.attributes else node.attributes
        nodes.append(replace(node, inputs=tuple(inputs), attributes=attributes))
    edge = Node("", "", (), ())
    for name in (*graph.inputs, *graph.outputs):
        if name not in values:
            values[name] = replace(graph.values[name], shape=n.shape(edge, name))
    return replace(graph, nodes=tuple(nodes), values=values)


def _input(n: Narrowing, node: Node, name: str, values: dict[str, Value]) -> str:
    """The tensor a node reads, entered under its name; a constant that other nodes see otherwise under another one."""
    old = n.coupling.graph.values[name]
    shape = n.shape(node, name)
    value = old if shape == old.shape else replace(old, shape=shape, data=_data(n, node, old))
    seen = values.setdefault(name, value)
    if seen.shape == shape:
        return name
    own = f"{name}/{node.name}"
    values[own] = replace(value, name=own)
    return own


def _data(n: Narrowing, node: Node, value: Value) -> np.ndarray | None:
    if value.data is None or not n.kept:
        return None
    data = value.data
    for axis, places in n.indices(node, value.name).items():
        data = np.take(data, places, axis)
    return data


def _shape_operand(n: Narrowing, node: Node, opset: int) -> Change:
    return Change({1: np.array(n.shape(node, node.outputs[0]), np.int64)}, {})


def _sizes_operand(n: Narrowing, node: Node, opset: int) -> Change:
    if len(node.inputs) < 4 or not node.inputs[3]:
        return Change({}, {})
    return Change({3: np.array(n.shape(node, node.outputs[0]), np.int64)}, {})


def _repeats(n: Narrowing, node: Node, opset: int) -> Change:
    x, out = n.shape(node, node.inputs[0]), n.shape(node, node.outputs[0])
    return Change({1: np.array([b // a if a else 1 for a, b in zip(x, out, strict=True)], np.int64)}, {})


def _parts(n: Narrowing, node: Node, opset: int) -> Change:
    rank = len(n.shape(node, node.inputs[0]))
    axis = node.attribute("axis", 0) % rank
    sizes = tuple(n.shape(node, name)[axis] for name in node.outputs)
    if opset < 13:
        return Change({}, {"split": sizes})
    return Change(
        {1: np.array(sizes, np.int64)}, {"num_outputs": None} if node.attribute("num_outputs") else {}
    )


def _bounds(n: Narrowing, node: Node, opset: int) -> Change:
    """Starts and ends of a Slice, on all of its axes, with the steps as they are."""
    c = n.coupling
    cuts = c.cuts.get(node.name, {})
    starts, ends = c.ints(node, "starts", 1) or (), c.ints(node, "ends", 2) or ()
    axes = c.ints(node, "axes", 3) or tuple(range(len(starts)))
    rank = len(n.shape(node, node.inputs[0]))
    first, last = list(starts), list(ends)
    for k, axis in enumerate(axes):
        if axis % rank in cuts:
            before, taken = cuts[axis % rank]
            first[k] = n.size(before)
            last[k] = first[k] + n.size(taken)
    if opset < 10:
        return Change({}, {"starts": tuple(first), "ends": tuple(last)})
    return Change({1: np.array(first, np.int64), 2: np.array(last, np.int64)}, {})


def _groups(n: Narrowing, node: Node, opset: int) -> Change:
    groups = node.attribute("group", 1)
    if groups == 1:
        return Change({}, {})
    x, w = n.shape(node, node.inputs[0]), n.shape(node, node.inputs[1])
    if node.op_type == "ConvTranspose":
        return Change({}, {"group": n.shape(node, node.outputs[0])[1] // w[1]})
    return Change({}, {"group": x[1] // w[1]})


def _columns_and_rows(n: Narrowing, node: Node, opset: int) -> Change:
    return Change({}, {"K": n.shape(node, node.inputs[0])[-1], "N": n.shape(node, node.outputs[0])[-1]})


ADJUST: dict[str, Callable[[Narrowing, Node, int], Change]] = {
    "Reshape": _shape_operand,
    "Expand": _shape_operand,
    "Resize": _sizes_operand,
    "Tile": _repeats,
    "Split": _parts,
    "Slice": _bounds,
    "Conv": _groups,
    "ConvTranspose": _groups,
    "MatMulNBits": _columns_and_rows,
}
