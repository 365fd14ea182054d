"""Which tensors of a graph are weights of the MAC array, and which are its activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase

from npusim.compiler.lowering.works import PACKED_WEIGHTS, WEIGHTS_AT
from npusim.errors import BadArgument
from npusim.graph import Contents, Graph, Node, Value
from npusim.whatif.names import nearest_node
from npusim_xamba.text import quoted

#: Ops whose second operand is weights where it is constant, and that run as products on the MAC array.
PRODUCTS = frozenset(
    [
        "Conv",
        "ConvTranspose",
        "ConvInteger",
        "MatMul",
        "MatMulInteger",
        "MatMulNBits",
        "MatMulBnb4",
        "Gemm",
        "Einsum",
    ]
    + ["FusedMatMul", "TransposeMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "FusedConv"]
    + ["QLinearConv", "QLinearMatMul", "QGemm"]
)


def matches(node: Node, pattern: str) -> bool:
    """Whether the node's name is the pattern's: '*' and '?' stand for anything."""
    return pattern in ("*", node.name) or fnmatchcase(node.name, pattern)


def products(graph: Graph, pattern: str = "*") -> list[Node]:
    """Nodes of a name whose second operand is weights.

    Raises BadArgument where a pattern other than '*' matches no such node, with the nearest name."""
    found = [node for node in graph.nodes if weight_of(node, graph)]
    chosen = [node for node in found if matches(node, pattern)]
    if not chosen and pattern != "*" and graph.nodes:
        names = [node.name for node in found]
        raise BadArgument(
            f"no node with weights matches {quoted(pattern)} among {len(found)} of '{graph.name}'"
            f"{nearest_node(pattern, names)}"
        )
    return chosen


def weight_of(node: Node, graph: Graph) -> str:
    """Name of the node's weights; empty where it has none. A table of biases or scales is none."""
    at = WEIGHTS_AT.get(node.op_type, 1)
    if node.op_type not in PRODUCTS or len(node.inputs) <= at or not node.inputs[at]:
        return ""
    value = graph.values[node.inputs[at]]
    return node.inputs[at] if value.constant and value.elements else ""


def packed_bits(node: Node) -> float:
    """Bits of a weight where the tensor's type does not say them (its bytes hold several); 0 where it does."""
    return float(node.attribute("bits", 4)) if node.op_type in PACKED_WEIGHTS else 0.0


Change = Callable[[Value, Contents, float], Value]


def marked(
    graph: Graph, weights: Change | None, activations: Change | None = None, pattern: str = "*"
) -> Graph:
    """The graph with what is supposed of the weights of some nodes, and of the activations they read.

    `weights` and `activations` get a value, what is supposed of it already and `packed_bits` of its reader, and give
    the value to put in place. Weights behind a DequantizeLinear are marked in front of it too: its reader takes
    those."""
    values = dict(graph.values)
    makers = {out: node for node in graph.nodes for out in node.outputs if node.op_type == "DequantizeLinear"}

    def put(name: str, change: Change, bits: float = 0.0) -> None:
        if name not in done:
            done.add(name)
            values[name] = change(values[name], values[name].contents or Contents(), bits)
        if name in makers and makers[name].inputs[0] not in done:
            put(makers[name].inputs[0], change, bits)

    done: set[str] = set()
    for node in products(graph, pattern):
        held = weight_of(node, graph)
        if weights is not None:
            put(held, weights, packed_bits(node))
        if activations is not None:
            for name in node.inputs:
                if name and not values[name].constant and name not in graph.inputs:
                    put(name, activations)
    return replace(graph, values=values)


def stored(graph: Graph, pattern: str = "*") -> dict[str, Node]:
    """Weights of the nodes of a name as they lie in the file (in front of a DequantizeLinear), each with a reader."""
    makers = {out: node for node in graph.nodes for out in node.outputs if node.op_type == "DequantizeLinear"}
    found: dict[str, Node] = {}
    for node in products(graph, pattern):
        name = weight_of(node, graph)
        while name in makers:
            name = makers[name].inputs[0]
        found.setdefault(name, node)
    return found


def count(graph: Graph, pattern: str = "*") -> tuple[int, float, float]:
    """Nodes of a name that have weights, bytes of these as the types have them, and as they are stored."""
    held = [graph.values[name] for name in stored(graph, pattern)]
    dense = sum(value.npu_bytes for value in held)
    packed = sum(value.npu_bytes * (value.contents.stored if value.contents else 1.0) for value in held)
    return len(products(graph, pattern)), dense, packed
