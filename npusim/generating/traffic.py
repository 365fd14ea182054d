"""Bytes by hand: what a pass must read whatever the plan, and what of it all is held in memory.

A graph's own tensors are counted, as they are stored on the NPU (float32 as fp16, but for scales of packed weights,
which cross DDR as the file has them; where a what-if supposes them
narrower or sparse, so); nothing here looks at a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from npusim.generating.roles import cache_inputs, cache_outputs
from npusim.graph import Graph, Value

#: Ops that unpack weights, by which inputs are beside the packed ones: scales, zero points, largest values.
_BESIDE = {"DequantizeLinear": 1, "MatMulNBits": 2, "MatMulBnb4": 2, "GatherBlockQuantized": 2}
_TABLES = frozenset({"Gather", "GatherBlockQuantized", "GatherElements", "GatherND"})
#: Ops that take of a table of cosines or sines the rows of their positions, and the inputs where those stand.
_TURNING = {"GroupQueryAttention": (7, 8), "RotaryEmbedding": (1, 2, 3)}


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
    size = _sizes(graph)
    weights = sum(size(name) for name in whole if not _kept(graph.values[name]))
    weights += sum(
        size(name) * part
        for name, part in tables.items()
        if name not in whole and not _kept(graph.values[name])
    )
    caches = cache_inputs(graph)
    new = sum(_new_bytes(value, caches) for value in cache_outputs(graph))
    return Traffic(weights, sum(v.npu_bytes for v in caches), new)


def _sizes(graph: Graph) -> Callable[[str], float]:
    """Bytes of a constant in memory, by its name."""
    beside = {
        name
        for node in graph.nodes
        if node.op_type in _BESIDE
        for name in node.inputs[_BESIDE[node.op_type] :]
    }

    def size(name: str) -> float:
        value = graph.values[name]
        plain = value.elements * value.dtype.bits / 8 if name in beside else value.npu_bytes
        return plain * value.contents.stored if value.contents else plain

    return size


def _kept(value: Value) -> bool:
    """Whether it is supposed to lie in another memory than DDR."""
    return value.contents is not None and bool(value.contents.memory)


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
        name for name in tables if (graph.values[name].elements, graph.values[name].dtype) not in matrices
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
    return Held(sum(map(_sizes(graph), names)), most)


def _constants(graph: Graph) -> tuple[dict[str, float], set[str]]:
    """The tables with the part of each that is looked up, and the constants that are read whole.

    A table may be unpacked first: what a DequantizeLinear reads is looked up where all that follows looks up."""
    made = {
        name for node in graph.nodes for name in node.outputs
    }  # unpacked weights: counted as they are stored
    looked_up: dict[str, float] = defaultdict(float)
    read_whole: set[str] = set()
    # What unpacked the weights that a supposed engine keeps is read no more.
    nodes = graph.leading_to(graph.outputs)
    for node in nodes:
        for place, name in enumerate(node.inputs):
            if not name or not graph.values[name].constant:
                continue
            if node.op_type in _TABLES and place == 0:
                looked_up[name] += graph.values[node.outputs[0]].elements / max(
                    graph.values[name].elements, 1
                )
            elif place in _TURNING.get(node.op_type, ()) and len(graph.values[name].shape) == 2:
                tokens = graph.values[node.inputs[0]].shape  # batch, (heads,) tokens, channels
                part = tokens[0] * tokens[-2] / max(graph.values[name].shape[0], 1)
                looked_up[name] = max(looked_up[name], part)
            elif node.op_type != "DequantizeLinear":
                read_whole.add(name)
    for node in nodes:
        if node.op_type == "DequantizeLinear":
            (unpacked,) = node.outputs
            for name in filter(None, node.inputs):
                if not graph.values[name].constant:
                    continue
                if unpacked in looked_up and unpacked not in read_whole:
                    looked_up[name] += looked_up[unpacked]
                else:
                    read_whole.add(name)
    tables = {name: min(part, 1.0) for name, part in looked_up.items() if name not in made}
    return tables, read_whole - made
