"""The experts that a few tokens are sent to, bound to the graph of their pass.

OpenVINO's pipeline can route on the host (`HOST_ROUTED` in its NPU plugin, 2026.4.1; `moe_executor.cpp`: a batch of the
chosen experts for a single token, whose sliced weights are never unpacked): the matrices of the chosen experts become
inputs of a graph, as they are stored. So a token reads those once, and no copy of them is written."""

from __future__ import annotations

from dataclasses import replace

from npusim.graph import Graph, Node, Value

PRODUCTS = ("MatMul", "Gemm")


def experts_bound(graph: Graph) -> Graph:
    """The graph in which products read the matrices of the chosen experts where they read a Gather from those of all.
    Every choice of several tokens is another expert: the most there can be."""
    if not any(
        node.op_type == "Gather" and len(graph.values[node.inputs[0]].shape) >= 3 for node in graph.nodes
    ):
        return graph
    made = {name: node for node in graph.nodes for name in node.outputs if name}
    readers: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    values, instead, spare = dict(graph.values), dict[int, list[Node]](), set[int]()
    for node in graph.nodes:
        if not _chooses(node, graph, readers):
            continue
        unpacks = made.get(node.inputs[0])
        if unpacks is None:
            instead[id(node)] = []
            values[node.outputs[0]] = replace(values[node.outputs[0]], constant=True)
        elif unpacks.op_type == "DequantizeLinear" and all(
            graph.values[n].constant for n in filter(None, unpacks.inputs)
        ):
            instead[id(node)] = [_unpacked(node, unpacks, values)]
            spare.add(id(unpacks))
    if not instead:
        return graph
    nodes = [new for node in graph.nodes for new in instead.get(id(node), [node])]
    read = {name for node in nodes for name in node.inputs} | set(graph.outputs)
    kept = (n for n in nodes if id(n) not in spare or not read.isdisjoint(n.outputs))
    return replace(graph, nodes=tuple(kept), values=values)


def _chooses(node: Node, graph: Graph, readers: dict[str, list[Node]]) -> bool:
    """Whether it fetches whole matrices of weights, by what only the data decide, for products alone."""
    if node.op_type != "Gather" or node.attribute("axis", 0) != 0:
        return False
    table, choice = (graph.values[name] for name in node.inputs)
    if not table.constant or choice.constant or len(table.shape) < 3:
        return False
    reading = readers.get(node.outputs[0], [])
    multiplied = all(n.op_type in PRODUCTS and node.outputs[0] in n.inputs[1:] for n in reading)
    return bool(reading) and multiplied


def _unpacked(gather: Node, unpacks: Node, values: dict[str, Value]) -> Node:
    """What unpacks the chosen experts: its inputs have the axes of the choice in place of that of all experts."""
    out = gather.outputs[0]
    count, lead = values[gather.inputs[0]].shape[0], values[gather.inputs[1]].shape
    names = []
    for place, name in enumerate(filter(None, unpacks.inputs)):
        value = values[name]
        if value.shape[:1] == (count,):
            name = f"{out}/chosen_{place}"
            values[name] = replace(value, name=name, shape=(*lead, *value.shape[1:]), data=None)
        names.append(name)
    values[out] = replace(values[out], constant=True)
    axis = unpacks.attribute("axis", 1)
    attributes = {**unpacks.attributes, "axis": axis + len(lead) - 1 if axis > 0 else axis}
    return replace(
        unpacks, name=f"{gather.name}/unpack", inputs=tuple(names), outputs=(out,), attributes=attributes
    )
