"""What OpenVINO's pipeline for language models does to graphs before an NPU gets them, done to exports too.

Only the new rows of keys and values leave a pass (`redirect_new_kv_to_output.cpp` in the NPU plugin, 2026.4.1), and the
head runs for the last token alone: it is a graph of its own that all passes share (`NPUW_LLM_SHARED_HEAD`, on by
default), asked for one token (`NPUW_LLM_MAX_GENERATION_TOKEN_LEN`, 1 by default)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npusim.generating.roles import cache_inputs, from_constants, is_cache, logits, weighs
from npusim.graph import DType, Graph, Node, Value

_ROW_BY_ROW = frozenset(
    {"Cast", "Identity", "Mul", "Div", "Add", "Tanh", "DequantizeLinear"}
)  # behind the head


def new_rows_leave(graph: Graph) -> Graph:
    """The graph without the copies of whole caches into its outputs: of a Concat of a cache and new rows, the new rows
    leave."""
    made = _makers(graph)
    caches = {value.name for value in cache_inputs(graph)}
    outputs = []
    for name in graph.outputs:
        node = made.get(name)
        if node is not None and node.op_type == "Concat" and is_cache(graph.values[name]):
            rest = [part for part in node.inputs if part not in caches]
            if len(rest) == 1 and len(node.inputs) == 2:
                name = rest[0]
        outputs.append(name)
    return replace(graph, outputs=tuple(dict.fromkeys(outputs)))


def last_token_alone(graph: Graph) -> Graph:
    """The graph whose head runs for the last of several tokens; as it is where the logits are of one already, or do not
    come from a product with weights."""
    result = logits(graph)
    if result is None or len(result.shape) != 3 or result.shape[1] == 1:
        return graph
    made, constants, tokens = _makers(graph), from_constants(graph), result.shape[1]
    readers: dict[str, int] = {}
    for node in graph.nodes:
        for name in node.inputs:
            readers[name] = readers.get(name, 0) + 1
    chain: list[Node] = []
    name, head = result.name, None
    while head is None and name in made:
        node = made[name]
        if graph.values[name].shape[1:2] != (tokens,) or (name != result.name and readers[name] != 1):
            return graph
        chain.append(node)
        if weighs(node, constants):
            head = node
            continue
        moving = [n for n in node.inputs if n and n not in constants]
        if node.op_type not in _ROW_BY_ROW or len(moving) != 1:
            return graph
        name = moving[0]
    if head is None or graph.values[head.inputs[0]].shape[1:2] != (tokens,):
        return graph
    return _sliced(graph, head, chain, tokens)


def _sliced(graph: Graph, head: Node, chain: list[Node], tokens: int) -> Graph:
    """The last row is taken in front of the head; what follows has one."""
    source = graph.values[head.inputs[0]]
    row = replace(
        source, name=f"{source.name}/last", shape=(source.shape[0], 1, *source.shape[2:]), data=None
    )
    values = {**graph.values, row.name: row}
    names = []
    for what, number in (("start", tokens - 1), ("end", tokens), ("axis", 1)):
        name = f"{row.name}/{what}"
        names.append(name)
        values[name] = Value(name, (1,), DType.INT64, True, np.array([number]))
    for node in chain:
        for name in node.outputs:
            shape = values[name].shape
            values[name] = replace(values[name], shape=(shape[0], 1, *shape[2:]), data=None)
    cut = Node(f"{head.name}/last_token", "Slice", (source.name, *names), (row.name,))
    turned = replace(head, inputs=(row.name, *head.inputs[1:]))
    nodes = (new for node in graph.nodes for new in ((cut, turned) if node is head else (node,)))
    return replace(graph, nodes=tuple(nodes), values=values)


def _makers(graph: Graph) -> dict[str, Node]:
    return {name: node for node in graph.nodes for name in node.outputs if name}
