"""A graph with its running sums and sums as matrix products: what CumBA and ReduBA make of it, for a price.

The models themselves are rewritten, and proved equal, by xamba, which stands above npusim; here only shapes count, so
the mask is a tensor without values. Sums over axes that are no neighbours are left as they are."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from npusim.graph import Graph, Node, Value


def with_products(graph: Graph, op_types: tuple[str, ...]) -> tuple[Graph, int]:
    """The graph with nodes of these op types (CumSum, ReduceSum) as products, and how many were replaced."""
    values = dict(graph.values)
    nodes: list[Node] = []
    count = 0
    for node in graph.nodes:
        new = _product(node, values) if node.op_type in op_types and not node.domain else []
        count += bool(new)
        nodes += new or [node]
    return replace(graph, nodes=tuple(nodes), values=values), count


def _product(node: Node, values: dict[str, Value]) -> list[Node]:
    """[*outer, length, inner] times a mask, with changes of shape around it where the file's shapes are others."""
    source, result = values[node.inputs[0]], values[node.outputs[0]]
    run = _run(node, values, source.shape)
    if run is None or not source.dtype.is_float or source.constant:
        return []
    first, length, inner = run
    wide = length if node.op_type == "CumSum" else 1
    outer, tail = source.shape[:first], (inner,) if inner > 1 else ()
    mask = Value(f"{node.name}/ones", (wide, length) if tail else (length, wide), source.dtype, constant=True)
    values[mask.name] = mask
    found: list[Node] = []

    def shaped(name: str, into: str, shape: tuple[int, ...]) -> str:
        values.setdefault(into, Value(into, shape, source.dtype))
        found.append(Node(f"{into}/shape", "Reshape", (name,), (into,), repeats=node.repeats))
        return into

    before, after = (*outer, length, *tail), (*outer, wide, *tail)
    name = source.name if before == source.shape else shaped(source.name, f"{node.name}/before", before)
    made = result.name if after == result.shape else f"{node.name}/after"
    values.setdefault(made, Value(made, after, result.dtype))
    inputs = (mask.name, name) if tail else (name, mask.name)
    found.append(Node(f"{node.name}/product", "MatMul", inputs, (made,), repeats=node.repeats))
    if made != result.name:
        shaped(made, result.name, result.shape)
    return found


def _run(node: Node, values: dict[str, Value], shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """The neighbouring axes that are summed: their first, their length together, and that of the axes behind them."""
    given = node.attribute("axes")
    if len(node.inputs) > 1 and node.inputs[1]:
        data = values[node.inputs[1]].data
        given = None if data is None else data.reshape(-1).tolist()
    axes = sorted({int(a) % len(shape) for a in given or () if shape[int(a)] > 1})
    if not axes or axes != list(range(axes[0], axes[-1] + 1)):
        return None
    return axes[0], prod(shape[a] for a in axes), prod(shape[axes[-1] + 1 :])
