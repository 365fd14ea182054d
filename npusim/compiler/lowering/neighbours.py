"""Who reads what: of an Expand or a Transpose it decides how they run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from npusim.graph import Graph, Node

if TYPE_CHECKING:
    from npusim.compiler.lowering.place import Placed

NEIGHBOURS_MATTER = ("Expand", "Transpose")
Readers = dict[str, set[tuple[str, int]]]  # a tensor -> ops that read it, and as which operand


def reading_nodes(graph: Graph) -> dict[str, list[Node]]:
    """Nodes that read each tensor, once for each time they do."""
    found: dict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        for name in node.inputs:
            found[name].append(node)
    return found


def reading_steps(steps: Sequence[Placed]) -> dict[str, list[int]]:
    """Indices of the steps that read each tensor, once for each time they do."""
    found: dict[str, list[int]] = {}
    for k, step in enumerate(steps):
        for name in step.reads:
            found.setdefault(name, []).append(k)
    return found


def making_steps(steps: Sequence[Placed]) -> dict[str, int]:
    """Index of the step that makes each tensor."""
    return {name: k for k, step in enumerate(steps) for name in step.writes}


def readers_of(graph: Graph) -> Readers:
    """Readers of all Expands and Transposes, by what these write. Of a swap of the two innermost axes also those that
    read it in another shape, or scaled."""
    readers: Readers = {node.outputs[0]: set() for node in graph.nodes if node.op_type in NEIGHBOURS_MATTER}
    # A tensor that is a swap of axes seen otherwise, or scaled -> what the swap made.
    turned: dict[str, str] = {}
    for node in graph.nodes if readers else ():
        for position, name in enumerate(node.inputs):
            made = turned.get(name, name)
            if made not in readers:
                continue
            if name in turned and position == 0 and _hands_on(node, graph):
                turned[node.outputs[0]] = made
            else:
                readers[made].add((node.op_type, position))
        if node.op_type == "Transpose" and _swaps_last_two(node):
            turned[node.outputs[0]] = node.outputs[0]
    return readers


def same_extents(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether two shapes differ in axes of length 1 only."""
    return [n for n in a if n != 1] == [n for n in b if n != 1]


def _hands_on(node: Node, graph: Graph) -> bool:
    """Whether a node leaves its first input in the order it lies in: it sees it in another shape, or multiplies it
    by a number (torch.onnx.export scales turned keys; Intel's schedules scale them as they lie, and turn none)."""
    if node.outputs[0] in graph.outputs:
        return False
    values = graph.values
    source, result = values[node.inputs[0]], values[node.outputs[0]]
    if node.op_type in ("Reshape", "Squeeze", "Unsqueeze"):
        return same_extents(source.shape, result.shape)
    scales = node.op_type in ("Mul", "Div") and source.shape == result.shape
    return scales and all(values[n].constant and values[n].elements == 1 for n in node.inputs[1:])


def _swaps_last_two(node: Node) -> bool:
    """Whether a Transpose changes over its two innermost axes and nothing else."""
    perm = tuple(node.attribute("perm", ()))
    rank = len(perm)
    return rank > 1 and perm == (*range(rank - 2), rank - 1, rank - 2)
