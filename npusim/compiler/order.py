"""The order in which nodes run: of the graph, not of the file.

Depth first from the graph's outputs, inputs in the order a node names them: what is needed next is made last, so little
has to wait in the scratchpad. Intel's compiler gets its order so (OpenVINO sorts a model from its results back). Two
files that say the same graph in another order, or under other names, get one plan."""

from __future__ import annotations

from npusim.graph import Graph, Node


def in_canonical_order(graph: Graph) -> Graph:
    """The same nodes, depth first from the outputs; nodes that no output needs come last. Linear in the graph."""
    maker = {name: k for k, node in enumerate(graph.nodes) for name in node.outputs if name}
    done = [False] * len(graph.nodes)
    order: list[Node] = []

    def visit(root: int) -> None:
        stack = [(root, 0)]
        while stack:
            k, at = stack.pop()
            if done[k]:
                continue
            inputs = graph.nodes[k].inputs
            while at < len(inputs):
                made = maker.get(inputs[at])
                at += 1
                if made is not None and not done[made]:
                    stack += [(k, at), (made, 0)]
                    break
            else:
                done[k] = True
                order.append(graph.nodes[k])

    for name in graph.outputs:
        if name in maker:
            visit(maker[name])
    needless = [k for k, ready in enumerate(done) if not ready]
    for k in sorted(needless, key=lambda k: _shape_of(graph, graph.nodes[k])):
        visit(k)
    return graph.with_nodes(tuple(order))


def _shape_of(graph: Graph, node: Node) -> tuple[object, ...]:
    """What a node is without its name."""
    shapes = tuple(graph.values[n].shape for n in (*node.inputs, *node.outputs) if n)
    return node.op_type, node.domain, len(shapes), shapes
