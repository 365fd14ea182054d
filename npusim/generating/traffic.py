"""Bytes by hand: what a pass must read whatever the plan, and what of it all is held in memory.

A graph's own tensors are counted, as they are stored on the NPU (float32 as fp16); nothing here looks at a plan."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.generating.roles import cache_inputs, cache_outputs
from npusim.graph import Graph, Node, Value

_TABLES = frozenset({"Gather", "GatherBlockQuantized", "GatherElements", "GatherND"})


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of one pass: `weights` (scales and zero points too; of a table, the rows that are looked up) and `cache`
    (or state) that it reads; `new` rows of cache, or the state, that it writes."""

    weights: float
    cache: float
    new: float

    @property
    def read(self) -> float:
        """All it must read."""
        return self.weights + self.cache


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes in memory: `weights` (tables whole), and the most `activations` that live at once, were none of them kept
    in the scratchpad."""

    weights: float
    activations: float


def traffic(graph: Graph) -> Traffic:
    """What one pass of the graph reads and writes by necessity."""
    tables, whole = _constants(graph)
    weights = sum(graph.values[name].npu_bytes for name in whole)
    weights += sum(_looked_up(graph, node, name) for node, name in tables if name not in whole)
    caches = cache_inputs(graph)
    new = sum(_new_bytes(value, caches) for value in cache_outputs(graph))
    return Traffic(weights, sum(v.npu_bytes for v in caches), new)


def _new_bytes(value: Value, caches: list[Value]) -> float:
    """What of an output is new: of a cache that came in shorter, the rows it has grown by; of all else, all."""
    for old in caches:
        grown = [k for k, (a, b) in enumerate(zip(old.shape, value.shape, strict=False)) if a != b]
        if len(old.shape) == len(value.shape) and len(grown) == 1:
            axis = grown[0]
            if old.shape[axis] < value.shape[axis]:
                return value.npu_bytes * (1 - old.shape[axis] / value.shape[axis])
    return value.npu_bytes


def held(graph: Graph) -> Held:
    """What the graph holds in memory beside its cache."""
    tables, whole = _constants(graph)
    matrices = [(graph.values[name].elements, graph.values[name].dtype) for name in whole]
    names = whole | {  # a table that is the head turned round is one tensor: tied
        name for _, name in tables if (graph.values[name].elements, graph.values[name].dtype) not in matrices
    }
    last: dict[str, int] = {}
    for k, node in enumerate(graph.nodes):
        last.update((name, k) for name in node.inputs if name)
    leaving: dict[int, list[str]] = {}
    for name, k in last.items():
        leaving.setdefault(k, []).append(name)
    ends = {v.name for v in cache_outputs(graph)}
    live, most = 0.0, 0.0
    counted: set[str] = set()
    for k, node in enumerate(graph.nodes):
        for name in node.outputs:
            if name and name not in ends and not graph.values[name].constant:
                counted.add(name)
                live += graph.values[name].npu_bytes
        most = max(most, live)
        live -= sum(graph.values[name].npu_bytes for name in leaving.get(k, ()) if name in counted)
    return Held(sum(graph.values[name].npu_bytes for name in names), most)


def _constants(graph: Graph) -> tuple[list[tuple[Node, str]], set[str]]:
    """The tables with the nodes that look something up in them, and the constants that are read whole."""
    tables, whole = [], set()
    made = {
        name for node in graph.nodes for name in node.outputs
    }  # unpacked weights: counted as they are stored
    for node in graph.nodes:
        for place, name in enumerate(node.inputs):
            if not name or name in made or not graph.values[name].constant:
                continue
            if node.op_type in _TABLES and place == 0:
                tables.append((node, name))
            else:
                whole.add(name)
    return tables, whole


def _looked_up(graph: Graph, node: Node, table: str) -> float:
    """Bytes of the rows of a table that are read: as many as the result has, in the type of the table."""
    value, result = graph.values[table], graph.values[node.outputs[0]]
    return min(value.npu_bytes, result.elements * value.dtype.npu_bytes)
