"""Graphs of several ops at once, wired at random: what one example alone never meets (fusions, views, chains)."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from tests.fuzzing.mutations import Pick
from tests.fuzzing.seeds import OP_SEEDS, OPSET

MOST_NODES = 8


def composed(pick: Pick) -> Any:
    """Two to eight examples in one graph. An input of a later node is another's output where it has that type, mostly
    of its shape; so the graph is nearly valid, and rules meet each other's results."""
    nodes, inputs, weights, made, domains = [], [], [], [], set()
    for k in range(2 + pick(MOST_NODES - 1)):
        part = onnx.ModelProto.FromString(OP_SEEDS[pick(len(OP_SEEDS))]).graph
        names = {}
        for value in part.input:
            name = f"x{k}_{value.name}"
            names[value.name] = _source(value, made, pick)
            if names[value.name] is None:
                names[value.name] = name
                inputs.append(helper.make_value_info(name, value.type))
        for tensor in part.initializer:
            names[tensor.name] = tensor.name = f"w{k}_{tensor.name}"
            weights.append(tensor)
        for value in part.output:
            names[value.name] = f"y{k}_{value.name}"
            made.append((names[value.name], value.type))
        node = part.node[0]
        for i, name in enumerate(node.input):
            node.input[i] = names.get(name, name)
        for i, name in enumerate(node.output):
            node.output[i] = names.get(name, f"y{k}_{name}")
        node.name = f"n{k}"
        nodes.append(node)
        domains.add(node.domain)
    read = {name for node in nodes for name in node.input}
    ends = [helper.make_value_info(name, kind) for name, kind in made if name not in read or not pick(8)]
    graph = helper.make_graph(
        nodes, "composed", inputs, ends[:4] or [helper.make_value_info(*made[-1])], weights
    )
    opsets = [helper.make_opsetid(d, 1 if d else OPSET) for d in sorted({"", *domains})]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _source(value: Any, made: list[Any], pick: Pick) -> str | None:
    """A tensor made before, None for an input of the graph."""
    wanted = value.type.tensor_type
    alike = [name for name, kind in made if kind.tensor_type.elem_type == wanted.elem_type]
    same = [name for name, kind in made if kind == value.type]
    if same and pick(4):
        return same[pick(len(same))]
    return alike[pick(len(alike))] if alike and not pick(4) else None
