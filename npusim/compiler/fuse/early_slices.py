"""A Slice of rows moves up in front of what computes row by row: rows that nobody reads are not computed.

A language model that wants the last token's logits slices before its head; Intel's 2026 compiler moves that slice up
through norms, products with constants and element-wise ops to the last op that mixes rows (`slice_source/fc_sliced` in
its schedules: of a layer's feed-forward at 1,024 tokens one row is left). It stops at a LayerNormalization.

A Gather of one row stays where it is (8 graphs of a feed-forward of 197, 576 and 577 rows with one row taken behind, by
Gather of a number or of a list of one: whole on NPU 3720, 4000 and 5010; with Slice in its place one row is left)."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from npusim.graph import Graph, Node

ELEMENT_WISE = frozenset(
    [
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Pow",
        "Cast",
        "Sqrt",
        "Reciprocal",
        "Relu",
        "LeakyRelu",
        "Sigmoid",
        "Tanh",
        "Gelu",
    ]
    + [
        "Swish",
        "HardSwish",
        "HardSigmoid",
        "Erf",
        "Exp",
        "Log",
        "Neg",
        "Abs",
        "Where",
        "Max",
        "Min",
        "Clip",
        "Softplus",
    ]
    + ["Identity", "Sin", "Cos", "Elu", "Selu", "Mish", "Floor", "Ceil", "Round", "Sign", "PWL"]
)
# Not LayerNormalization: Intel's MVN keeps all its rows (512 of them in a GPT that slices off the last token).
LAST_AXIS = frozenset(["RMSNormalization", "Softmax", "LogSoftmax"])
#: What such norms are made of where they are written out; only asked about before they are one op.
PARTS_OF_NORMS = frozenset(["ReduceMean"])


class Rows(NamedTuple):
    """`length` of a tensor's positions from `start` on, along `axis` counted from the end (negative)."""

    axis: int
    start: int
    length: int


def early_slices(graph: Graph) -> Graph:
    """The graph with slices moved up as far as every reader agrees; unchanged where none can."""
    wanted = [_cut(node, graph) for node in graph.nodes]
    smaller = _asked(graph, wanted)[0] if any(wanted) else {}
    return _shrunk(graph, smaller, wanted) if smaller else graph


def asked_in_part(graph: Graph) -> frozenset[str]:
    """Tensors some rows of which nobody reads once slices have moved up; norms may still be written out."""
    wanted = [_cut(node, graph) for node in graph.nodes]
    demand = _asked(graph, wanted, PARTS_OF_NORMS)[1] if any(wanted) else {}
    return frozenset(name for name, rows in demand.items() if len(rows) == 1 and None not in rows)


def _asked(
    graph: Graph, wanted: list[Rows | None], more: frozenset[str] = frozenset()
) -> tuple[dict[str, Rows], dict[str, set[Rows | None]]]:
    """Tensors that lose rows, and what is asked of each tensor (None: all of it).

    `more`: reductions of the last axis that are taken as row by row."""
    demand: dict[str, set[Rows | None]] = {name: {None} for name in graph.outputs}
    smaller: dict[str, Rows] = {}
    for node, rows in zip(reversed(graph.nodes), reversed(wanted), strict=True):
        asked = set().union(*(demand.get(n, set()) for n in node.outputs if n)) if node.outputs else set()
        passed: Rows | None = rows
        alone = len(node.outputs) == 1 or (node.op_type == "Split" and all(n in demand for n in node.outputs))
        if rows is None and len(asked) == 1 and None not in asked and alone:
            (passed,) = asked
            if passed is not None and _row_by_row(node, graph, passed, more):
                smaller.update((name, passed) for name in node.outputs)
            else:
                passed = None
        elif rows is not None and asked - {None}:
            passed = None  # a slice of a slice: leave both
        for name in node.inputs:
            if name:
                spans = passed is not None and _spans(graph, name, passed, node)
                demand.setdefault(name, set()).add(passed if spans else None)
    return smaller, demand


def _shrunk(graph: Graph, smaller: dict[str, Rows], wanted: list[Rows | None]) -> Graph:
    """Tensors of `smaller` keep their names and lose the rows nobody reads; their other inputs are cut in front."""
    values = dict(graph.values)
    for name, rows in smaller.items():
        shape = list(values[name].shape)
        full, shape[rows.axis] = shape[rows.axis], rows.length
        values[name] = replace(values[name], shape=tuple(shape))
        assert full > rows.length
    nodes: list[Node] = []
    cut: dict[tuple[str, Rows], str] = {}
    for node, own in zip(graph.nodes, wanted, strict=True):
        out = node.outputs[0] if node.outputs else ""
        rank = len(values[node.inputs[0]].shape) if own is not None else 0
        if own is not None and node.inputs[0] in smaller and len(values[out].shape) == rank:
            nodes.append(replace(node, op_type="Identity", inputs=node.inputs[:1], attributes={}))
            continue  # nothing is left to cut
        if out not in smaller:
            nodes.append(node)
            continue
        rows = smaller[out]
        inputs = []
        for name in node.inputs:
            if name and name not in smaller and _spans(graph, name, rows, node):
                key = (name, rows)
                if key not in cut:
                    cut[key] = part = f"{name}/rows_{rows.start}"
                    shape = list(values[name].shape)
                    shape[rows.axis] = rows.length
                    values[part] = replace(values[name], name=part, shape=tuple(shape), data=None)
                    attributes = {
                        "axes": (rows.axis,),
                        "starts": (rows.start,),
                        "ends": (rows.start + rows.length,),
                    }
                    nodes.append(Node(f"{part}/slice", "Slice", (name,), (part,), attributes))
                name = cut[key]
            inputs.append(name)
        full = graph.values[out].shape[rows.axis]
        note = {
            **node.metadata,
            "npusim.rows": f"{rows.length} of {full} rows, the others are sliced off later",
        }
        nodes.append(replace(node, inputs=tuple(inputs), metadata=note))
    return replace(graph, nodes=tuple(nodes), values=values)


def _cut(node: Node, graph: Graph) -> Rows | None:
    """What a Slice takes along one axis that is not the innermost."""
    if node.op_type != "Slice" or node.domain not in ("", "ai.onnx") or node.repeats != 1:
        return None
    source, out = graph.values[node.inputs[0]], graph.values[node.outputs[0]]
    rank = len(source.shape)
    if source.constant or rank < 2:
        return None
    cut = [a for a in range(rank) if source.shape[a] != out.shape[a]]
    starts, axes = (_numbers(node, graph, name, at) for name, at in (("starts", 1), ("axes", 3)))
    steps = _numbers(node, graph, "steps", 4) or (1,)
    if len(cut) != 1 or cut[0] == rank - 1 or starts is None or set(steps) != {1}:
        return None
    axis = cut[0]
    places = [a % rank for a in axes] if axes else list(range(len(starts)))
    if axis not in places:
        return None
    start = starts[places.index(axis)]
    start = max(0, start + source.shape[axis]) if start < 0 else start
    length = out.shape[axis]
    return Rows(axis - rank, start, length) if 0 < length < source.shape[axis] else None


def _numbers(node: Node, graph: Graph, name: str, at: int) -> tuple[int, ...] | None:
    found = node.attribute(name)
    if found is None and len(node.inputs) > at and node.inputs[at]:
        found = graph.values[node.inputs[at]].data
    return None if found is None else tuple(int(n) for n in list(getattr(found, "flat", found)))


def _row_by_row(node: Node, graph: Graph, rows: Rows, more: frozenset[str]) -> bool:
    """Whether each row of the result along that axis needs that row of the inputs only."""
    if node.repeats != 1 or rows.axis == -1:
        return False
    rank = len(graph.values[node.outputs[0]].shape)
    constant = [graph.values[n].constant for n in node.inputs if n]
    if node.op_type in more:
        axes = _numbers(node, graph, "axes", 1) or ()
        return {a % rank for a in axes} == {rank - 1} and bool(node.attribute("keepdims", 1))
    if node.op_type in LAST_AXIS:
        return int(node.attribute("axis", -1)) in (-1, rank - 1)
    if node.op_type in ("MatMul", "FusedMatMul"):
        plain = not (node.attribute("transA") or node.attribute("transB"))
        return (
            plain
            and len(constant) > 1
            and not constant[0]
            and constant[1]
            and len(graph.values[node.inputs[1]].shape) == 2
        )
    if node.op_type == "MatMulNBits":
        return not constant[0] and all(constant[1:])
    if node.op_type == "Split":
        return not constant[0] and int(node.attribute("axis", 0)) % rank != rows.axis % rank
    if node.op_type not in ELEMENT_WISE:
        return False
    return not any(
        c and _spans(graph, n, rows, node) for c, n in zip(constant, filter(None, node.inputs), strict=True)
    )


def _spans(graph: Graph, name: str, rows: Rows, node: Node) -> bool:
    """Whether an input has all the rows that the result has along that axis (it is not broadcast there)."""
    shape = graph.values[name].shape
    if node.op_type in ("MatMul", "FusedMatMul", "MatMulNBits", *LAST_AXIS) and name != node.inputs[0]:
        return False
    if node.op_type in ("Slice", "Gather", "Split") and name != node.inputs[0]:
        return False
    return len(shape) >= -rows.axis and shape[rows.axis] > 1
