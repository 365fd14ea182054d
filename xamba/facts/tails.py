"""Where does an exact number go? Beyond its range a table is exactly 0 (or 1, or -1) where the function is only near.

That is harmless until an op asks what the function never answers: the logarithm or the reciprocal of it, a
quotient by it, whether it is above 0. `singular_use` follows such numbers from a value through moves, casts,
functions and arithmetic with constants, and names the first op that would turn them into something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.facts.nodes import attribute, is_onnx, node_label

Specials = frozenset[float]
#: Ops that only move elements, or sum and take means of elements that may all be the same number.
MOVES = {
    "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Expand", "Slice", "Gather", "GatherElements", "GatherND", "Split",
    "Tile", "Identity", "Flatten", "Cast", "CastLike", "Concat", "Pad", "Where", "Trilu", "ReduceMax", "ReduceMin",
    "ReduceMean", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Resize", "DepthToSpace", "Dropout",
    "SpaceToDepth", "ScatterND", "ScatterElements", "Compress",
}  # fmt: skip
#: Inputs of moves that are data, where that is not the first alone; the others say a type, a shape or a place.
DATA_INPUTS = {
    "Where": (1, 2), "Concat": range(1000), "ScatterND": (0, 2), "ScatterElements": (0, 2), "Pad": (0, 2),
}  # fmt: skip
#: Zeros stay zeros, other numbers do not stay what they are.
ZEROS = {"ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceProd", "CumSum", "CumProd"}
UNARY: dict[str, Callable[[float], float]] = {
    "Neg": lambda v: -v,
    "Abs": abs,
    "Sqrt": lambda v: v**0.5 if v >= 0 else float("nan"),
    "Exp": lambda v: float(np.exp(v)),
    "Tanh": lambda v: float(np.tanh(v)),
    "Sin": lambda v: float(np.sin(v)),
}
COMPARISONS = {"Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"}
MOST_STEPS = 4000


def singular_use(value: ir.Value, specials: Iterable[float], model: ir.Model, facts: Facts) -> str | None:
    """The op that must not be given these exact numbers and is, in words; None if there is none."""
    todo = [(value, frozenset(specials))]
    seen: dict[ir.Value, Specials] = {}
    while todo and len(seen) < MOST_STEPS:
        current, numbers = todo.pop()
        numbers = numbers - seen.get(current, frozenset())
        if not numbers:
            continue
        seen[current] = seen.get(current, frozenset()) | numbers
        todo += _leaving_a_body(current, numbers, model)
        for node, index in current.uses():
            why = _singular(node, index, numbers, facts)
            if why is not None:
                return f"{why} '{node_label(node)}'"
            todo += _through(node, index, numbers, model, facts)
    return None


def _singular(node: ir.Node, index: int, numbers: Specials, facts: Facts) -> str | None:
    """What the node asks of a number that the function never is."""
    op = node.op_type
    if not is_onnx(node):
        return None
    other = _scalar(node.inputs[1 - index], facts) if len(node.inputs) == 2 and index < 2 else None
    if op in COMPARISONS and other is not None and other in numbers:
        return f"it is compared with {other:g} by {op}"
    to = attribute(node, "to", None) if op == "Cast" else None
    whole = to is not None and not ir.DataType(to).is_floating_point() and to != ir.DataType.BOOL
    if (op in ("Floor", "Ceil") and numbers) or (whole and numbers - {0.0}):
        return f"a number that is only near a whole one is cut off by {op}"
    if 0.0 not in numbers:
        return None
    if op in ("Log", "Reciprocal", "ReduceLogSum", "LpNormalization", "Sign"):
        return f"an exact 0 is no answer for {op}"
    if (op == "Div" and index == 1) or (op == "Mod" and index == 1):
        return f"it divides in {op}"
    if op == "Pow" and index == 0 and (other is None or other < 0):
        return "it may have a negative exponent in Pow"
    if to == ir.DataType.BOOL:
        return "it is compared with 0 by Cast"
    return None


def _scalar(value: ir.Value | None, facts: Facts) -> float | None:
    array = facts.constant(value)
    if array is None or array.size == 0 or array.dtype.kind not in "fiu":
        return None
    numbers = np.unique(np.asarray(array, np.float64))
    return float(numbers[0]) if numbers.size == 1 else None


def _through(
    node: ir.Node, index: int, numbers: Specials, model: ir.Model, facts: Facts
) -> list[tuple[ir.Value, Specials]]:
    """The outputs of a node, or the inputs of a body or function, with what the numbers become in them."""
    function = model.functions.get(node.op_identifier())
    if function is not None and node.domain != "xamba":
        return [(function.inputs[index], numbers)] if index < len(function.inputs) else []
    if node.op_type in ("Loop", "Scan") and is_onnx(node):
        body = node.attributes["body"].as_graph()
        return [(inner, numbers) for inner in body.inputs[-len(node.inputs) :]]
    after = _after(node, index, numbers, facts)
    return [(out, after) for out in node.outputs] if after else []


def _after(node: ir.Node, index: int, numbers: Specials, facts: Facts) -> Specials:
    """What a node makes of exact numbers; only 0 survives a product or sum with what is not known."""
    op, zero = node.op_type, numbers & {0.0}
    if not is_onnx(node):
        return frozenset()
    if op in MOVES:
        return numbers if index in DATA_INPUTS.get(op, (0,)) else frozenset()
    if op in ZEROS:
        return zero if index == 0 else frozenset()
    if op in UNARY:
        return frozenset(UNARY[op](v) for v in numbers)
    others = [x for i, x in enumerate(node.inputs) if i != index and x is not None]
    other = _scalar(others[0], facts) if len(others) == 1 else None
    if op in ("Add", "Sub"):
        if node.inputs[0] is node.inputs[1]:
            return zero if op == "Add" else frozenset()
        if other is None:
            return frozenset()
        return frozenset(
            v + other if op == "Add" else (v - other if index == 0 else other - v) for v in numbers
        )
    if op == "Mul":
        if other == 0:  # the function gives 0 here too
            return frozenset()
        return zero if other is None else frozenset(v * other for v in numbers)
    if op == "Div":
        return zero if other is None or other == 0 else frozenset(v / other for v in numbers)
    if op == "Pow" and index == 0:
        return zero if other is None or other <= 0 else frozenset(v**other for v in numbers if v >= 0)
    if op in ("Min", "Max"):  # what is cut off is cut off alike, near or not
        return frozenset(v for v in numbers if other is None or (v <= other if op == "Min" else v >= other))
    if op == "Relu":
        return frozenset(v for v in numbers if v >= 0)
    if op == "Clip" and index == 0:
        return _clipped(node, numbers, facts)
    if op in ("MatMul", "Conv", "Gemm", "Einsum"):  # a row of zeros gives a zero
        return zero if len(node.inputs) < 3 else frozenset()
    return frozenset()


def _clipped(node: ir.Node, numbers: Specials, facts: Facts) -> Specials:
    ends = [_scalar(x, facts) for x in node.inputs[1:]] + [None, None]
    least = ends[0] if ends[0] is not None else attribute(node, "min", -np.inf)
    most = ends[1] if ends[1] is not None else attribute(node, "max", np.inf)
    return frozenset(v for v in numbers if least <= v <= most)


def _leaving_a_body(value: ir.Value, numbers: Specials, model: ir.Model) -> list[tuple[ir.Value, Specials]]:
    """Where the output of a body or function goes: the outputs of the nodes that hold or call it."""
    found: list[tuple[ir.Value, Specials]] = []
    producer = value.producer()
    graph = producer.graph if producer is not None else value.graph
    if graph is None or graph is model.graph or not any(value is out for out in graph.outputs):
        return found
    places = [i for i, out in enumerate(graph.outputs) if out is value]
    for node in _holders(graph, model):
        back = len(graph.outputs) - len(node.outputs)  # a Loop's condition has no output of its own
        found += [(node.outputs[i - back], numbers) for i in places if 0 <= i - back < len(node.outputs)]
    return found


def _holders(graph: ir.Graph | ir.Function, model: ir.Model) -> list[ir.Node]:
    parent = getattr(graph, "parent_node", None)
    if isinstance(parent, ir.Node):
        return [parent]
    for key, function in model.functions.items():
        if graph is function or graph is function.graph:
            tops: list[ir.Graph | ir.Function] = [model.graph, *model.functions.values()]
            return [
                n
                for top in tops
                for n in ir.traversal.RecursiveGraphIterator(top)
                if n.op_identifier() == key
            ]
    return [
        node
        for node in ir.traversal.RecursiveGraphIterator(model.graph)
        for a in node.attributes.values()
        if a.type == ir.AttributeType.GRAPH and a.as_graph() is graph
    ]
