"""A part of what a Transpose made is taken in front of it where nothing else turns: queries, keys and values of
PyTorch's MultiheadAttention, packed side by side in a product's channels.

    [N,B,3E] -> Reshape [1,N,B,3,E] -> Transpose [3,1,2,0,4] -> Squeeze -> Gather of number i, or Split in ones
        -> Gather of number i where the three lie -> Reshape: rows in the order in which the product made them

Intel's schedules have no Transpose of it: `node_select?t_Gather/gather_axis/slice` of the product's result (encoder
layers of 60 to 256 tokens, batches of 1 to 4, NPU 3720, 4000 and 5010). Heads that turn as well, of ViTs in timm and
windows of Swin, are turned together as they were written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npusim.compiler.lowering.neighbours import reading_nodes
from npusim.graph import DType, Graph, Node, Value

VIEWS = ("Squeeze", "Unsqueeze", "Reshape")


def parts_before_turns(graph: Graph) -> Graph:
    """The graph with every such Transpose gone; unchanged where there is none."""
    turns = [(n, axis) for n in graph.nodes if (axis := _brought_forward(n, graph)) is not None]
    if not turns:
        return graph
    readers = reading_nodes(graph)
    values = dict(graph.values)
    instead: dict[str, list[Node]] = {}
    gone: set[str] = set()
    for node, axis in turns:
        views = _views(node, readers, graph)
        name = (views[-1] if views else node).outputs[0]
        parts = readers[name]
        if name in graph.outputs or not parts or not all(_takes_ones(p, name, graph) for p in parts):
            continue
        for part in parts:
            instead[part.name] = _taken(node, axis, part, values)
        gone |= {node.name, *(view.name for view in views)}
    if not instead:
        return graph
    nodes = [new for node in graph.nodes if node.name not in gone for new in instead.get(node.name, [node])]
    return replace(graph, nodes=tuple(nodes), values=values)


def _brought_forward(node: Node, graph: Graph) -> int | None:
    """The axis a Transpose brings in front of all others, whose order it leaves; axes of one do not count."""
    if node.op_type != "Transpose" or node.domain or node.outputs[0] in graph.outputs:
        return None
    shape = graph.values[node.inputs[0]].shape
    order = tuple(node.attribute("perm") or reversed(range(len(shape))))
    first, *others = [i for i in order if shape[i] > 1] or [0]
    return first if others and first > others[0] and others == sorted(others) else None


def _views(node: Node, readers: dict[str, list[Node]], graph: Graph) -> list[Node]:
    """The views behind a node that nothing else reads and that only leave out or put in axes of one."""
    views: list[Node] = []
    name = node.outputs[0]
    while len(readers[name]) == 1 and readers[name][0].op_type in VIEWS and name not in graph.outputs:
        view = readers[name][0]
        if _long(graph.values[name].shape) != _long(graph.values[view.outputs[0]].shape):
            break
        views.append(view)
        name = view.outputs[0]
    return views


def _long(shape: tuple[int, ...]) -> list[int]:
    return [n for n in shape if n > 1]


def _takes_ones(reader: Node, name: str, graph: Graph) -> bool:
    """Whether a node takes one number, or one after another, along the first axis of several."""
    if reader.domain or reader.op_type not in ("Gather", "Split") or reader.inputs[0] != name:
        return False
    shape = graph.values[name].shape
    axis = int(reader.attribute("axis", 0)) % len(shape)
    if shape[axis] == 1 or _long(shape[:axis]):
        return False
    if reader.op_type == "Split":
        return all(_long(graph.values[out].shape) == _long(shape)[1:] for out in reader.outputs)
    index = graph.values[reader.inputs[1]]
    return index.constant and index.elements == 1


def _taken(turn: Node, axis: int, part: Node, values: dict[str, Value]) -> list[Node]:
    """A Gather where the parts lie for each tensor that is asked for, and the shape it is asked for in."""
    source = values[turn.inputs[0]]
    shape = source.shape[:axis] + source.shape[axis + 1 :]
    number = values[part.inputs[1]] if part.op_type == "Gather" else None
    nodes = []
    for i, out in enumerate(part.outputs):
        label = f"{part.name}/{i}" if number is None else part.name
        data = np.array(i) if number is None else number.data
        place = Value(f"{label}/place", (), number.dtype if number else DType.INT64, True, data)
        taken = Value(f"{label}/taken", shape, source.dtype)
        target = Value(f"{label}/shape", (len(values[out].shape),), DType.INT64, True)
        values |= {v.name: v for v in (place, taken, target)}
        made = replace(part, name=label, op_type="Gather", outputs=(taken.name,), attributes={"axis": axis})
        nodes.append(replace(made, inputs=(source.name, place.name)))
        view = (taken.name, target.name)
        nodes.append(Node(f"{label}/view", "Reshape", view, (out,), repeats=part.repeats))
    return nodes
