"""What a tensor or a node of a language model's graph is: told from the graph, so that exports and built graphs are
read alike.

The cache (keys and values, or the state of a recurrence) goes in and out of the graph; attention, or the recurrence,
is what lies between it and the next product with weights."""

from __future__ import annotations

import re

from npusim.graph import Graph, Node, Value
from npusim.ops.registry import OWN_WORKS
from npusim.whatif.dense_and_sparse import OUTLIERS

#: Products with weights. A depthwise convolution of a state-space layer is no end of its recurrence.
PRODUCTS = frozenset(
    {"MatMul", "Gemm", "FusedMatMul", "MatMulNBits", "MatMulBnb4", "MatMulInteger", "QLinearMatMul"}
    | {"FullyConnected"}
)
ATTENTION = frozenset({"Attention", "GroupQueryAttention", "MultiHeadAttention"})
_NO_CACHE = re.compile(r"mask|embed|cos|sin|rope|rotary|position|logits|hidden_state", re.I)


def is_cache(value: Value) -> bool:
    """Whether a graph input or output holds what is kept from token to token: at least three axes, and no mask,
    position, table or result."""
    return len(value.shape) >= 3 and not _NO_CACHE.search(value.name)


def cache_inputs(graph: Graph) -> list[Value]:
    """The graph's inputs that hold the cache or the state."""
    return [v for v in (graph.values[name] for name in graph.inputs) if is_cache(v)]


def cache_outputs(graph: Graph) -> list[Value]:
    """The graph's outputs that hold the cache or the state."""
    return [v for v in (graph.values[name] for name in graph.outputs) if is_cache(v)]


def logits(graph: Graph) -> Value | None:
    """The output a host samples the next token from: the one named so, else the first that is no cache."""
    rest = [v for v in (graph.values[name] for name in graph.outputs) if not is_cache(v)]
    return next((v for v in rest if "logits" in v.name), rest[0] if rest else None)


def rows_kept(graph: Graph) -> int:
    """Rows that wait in the cache of a decode step: the size of the axis in which an output is longer than the input
    it continues, else the longest axis of four but the innermost and the batch; 0 without such inputs (a recurrence).
    """
    ins, outs = cache_inputs(graph), cache_outputs(graph)
    if len(ins) == len(outs):
        for old, new in zip(ins, outs, strict=True):
            grown = [a for a, b in zip(old.shape, new.shape, strict=False) if b > a]
            if len(grown) == 1 and len(old.shape) == len(new.shape):
                return grown[0]
    keys = [v for v in ins if len(v.shape) == 4 and re.search(r"key|value", v.name, re.I)]
    return max((max(v.shape[1:-1]) for v in keys), default=0)


def from_constants(graph: Graph) -> set[str]:
    """Names of tensors that follow from constants alone: weights as they are stored, and unpacked."""
    known = {name for name, value in graph.values.items() if value.constant}
    for node in graph.nodes:
        if all(name in known for name in node.inputs if name) and node.inputs:
            known.update(name for name in node.outputs if name)
    return known


def weighs(node: Node, constants: set[str]) -> bool:
    """Whether the node is a product with weights, or begins one that stands beside it; on a supposed engine, which may
    keep its weights, one that has them."""
    if OUTLIERS in node.metadata:
        return True
    if OWN_WORKS in node.attributes:
        return any(lowering.macs for lowering in node.attributes[OWN_WORKS])
    return node.op_type in PRODUCTS and any(name in constants for name in node.inputs[1:] if name)


def mixing(graph: Graph) -> set[str]:
    """Names of the outputs of attention or recurrence: what leads to the cache from the last product with weights, what
    follows from it or from a product of two activations, up to the next product with weights."""
    constants = from_constants(graph)
    ends = {id(node) for node in graph.nodes if weighs(node, constants)}
    reached = {value.name for value in cache_inputs(graph)}
    leading = {value.name for value in cache_outputs(graph)}
    for node in reversed(graph.nodes):
        if id(node) not in ends and not leading.isdisjoint(node.outputs):
            leading.update(name for name in node.inputs if name and name not in constants)
            reached.update(name for name in node.outputs if name)
    for node in graph.nodes:
        if id(node) in ends:
            continue
        of_activations = node.op_type in PRODUCTS and constants.isdisjoint(node.inputs)
        if of_activations or node.op_type in ATTENTION or not reached.isdisjoint(node.inputs):
            reached.update(name for name in node.outputs if name)
    return reached
