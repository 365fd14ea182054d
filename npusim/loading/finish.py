"""From the builder's nodes to the final `Graph`: outputs get their names back, dead nodes go."""

from __future__ import annotations

from dataclasses import replace

from npusim.errors import BadModel
from npusim.graph import Graph, Node, Value
from npusim.loading.builder import Builder, Scope


def finish(
    builder: Builder, scope: Scope, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Graph:
    """The static graph of what the builder has seen. Raises `BadModel` if an output is not there."""
    env = builder.env
    made = {o for node in builder.nodes for o in node.outputs if o}
    new_name: dict[str, str] = {}
    copies: list[Node] = []
    results: dict[str, Value] = {}
    for output in outputs:
        source = scope.find(output)
        if source is None:
            raise BadModel(f"graph output '{output}' is produced by no node")
        if isinstance(source, tuple):
            raise BadModel(f"graph output '{output}' is a sequence; only tensors are supported")
        if source == output:
            continue
        results[output] = replace(env[source], name=output)
        if env[source].constant and source not in builder.kept:
            continue
        if source in made and source not in new_name and source not in outputs:
            new_name[source] = output
        else:  # a second name for a tensor that keeps its own
            copy = builder.node_name(Scope(), f"{output}_copy", "Identity", 0)
            copies.append(Node(copy, "Identity", (source,), (output,)))
    nodes = builder.nodes
    if new_name:
        nodes = [renamed(node, new_name) for node in nodes]
        copies = [renamed(node, new_name) for node in copies]
    live = alive(
        nodes + copies, set(outputs), [tuple(new_name.get(n, n) for n in pair) for pair in builder.carried]
    )
    values: dict[str, Value] = {}
    for tensor in (*inputs, *outputs, *(t for node in live for t in (*node.inputs, *node.outputs) if t)):
        if tensor not in values:
            values[tensor] = results[tensor] if tensor in results else env[tensor]
    return Graph(
        name=name,
        nodes=tuple(live),
        values=values,
        inputs=inputs,
        outputs=outputs,
        opset=scope.opsets.get("", 0),
        folded=max(0, builder.visited - len(live)),
        in_file=builder.visited,
        warnings=tuple(builder.warnings),
        run_time=(
            *((n, "Loop") for n in sorted(builder.loops)),
            *((n, "If") for n in sorted(builder.undecided)),
        ),
    )


def renamed(node: Node, new_name: dict[str, str]) -> Node:
    if new_name.keys().isdisjoint(node.inputs) and new_name.keys().isdisjoint(node.outputs):
        return node
    return replace(
        node,
        inputs=tuple(new_name.get(n, n) for n in node.inputs),
        outputs=tuple(new_name.get(n, n) for n in node.outputs),
    )


def alive(nodes: list[Node], needed: set[str], carried: list[tuple[str, ...]]) -> list[Node]:
    """The nodes that an output needs. Loop state is needed as long as the loop reads it: `carried` holds
    pairs of the name at the start and the name at the end of an iteration."""
    while True:
        for node in reversed(nodes):
            if not needed.isdisjoint(node.outputs):
                needed.update(node.inputs)
        missing = {end for start, end in carried if start in needed and end not in needed}
        if not missing:
            break
        needed |= missing
    needed.discard("")
    return [node for node in nodes if not needed.isdisjoint(node.outputs)]
