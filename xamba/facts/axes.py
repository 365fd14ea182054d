"""Which axes of a node's operands and results are the same axis: shortened together or not at all.

`links` gives, for one node, groups of *places*: (value, axis) pairs that an op treats row by row, so that
if all of them are cut to their first rows, the op's result is the first rows of its old result.
An axis in no group is mixed by the op (summed, convolved, cut, merged): see `Links.mixed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import onnx_ir as ir

from xamba.facts.facts import Dim, Facts
from xamba.facts.move_rules import groups
from xamba.facts.nodes import attribute, is_onnx
from xamba.facts.reading import product_labels, reduced_axes, slices

Place = tuple[ir.Value, int]

ELEMENTWISE = {
    "Abs", "Add", "And", "Cast", "Ceil", "Clip", "Cos", "Div", "Elu", "Equal", "Erf", "Exp", "Floor", "Gelu",
    "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Less",
    "LessOrEqual", "Log", "Max", "Min", "Mish", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "Relu",
    "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Sub", "Swish", "Tanh", "Where",
    "Xor",
}  # fmt: skip
#: Mixed along one axis, row by row along the others.
ALONG = {"Softmax": -1, "LogSoftmax": -1, "Concat": 0, "Gather": 0, "Split": 0}


@dataclass
class Links:
    """`groups`: places that go together. `mixed`: places the op mixes, each with the role it has there."""

    groups: list[list[Place]] = field(default_factory=list)
    mixed: list[tuple[Place, str]] = field(default_factory=list)


def links(node: ir.Node, facts: Facts) -> Links:
    """The groups of a node. Places of length 1, which broadcast, are in none."""
    found = Links()
    shapes = {v: facts.of(v).shape for v in (*node.inputs, *node.outputs) if v is not None}
    data = [v for v in node.inputs[: _data_inputs(node)] if v is not None]
    if is_onnx(node) and all(shapes[v] is not None for v in (*data, *node.outputs)):
        rule = _rule(node)
        if rule is not None:
            try:
                rule(node, facts, found, {v: s for v, s in shapes.items() if s is not None})
            except (ValueError, IndexError, KeyError, TypeError):
                found = Links()
    linked = {place for group in found.groups for place in group} | {place for place, _ in found.mixed}
    for value in (*node.inputs, *node.outputs):
        for axis, length in enumerate(shapes.get(value) or ()) if value is not None else ():
            if length != 1 and (value, axis) not in linked:
                found.mixed.append(((value, axis), "mixed"))  # type: ignore[arg-type]
    return found


def _data_inputs(node: ir.Node) -> int:
    """How many inputs carry data; the others carry axes, shapes, lengths."""
    if node.op_type in ("Reshape", "Expand", "Tile", "Squeeze", "Unsqueeze", "Slice", "Pad", "ReduceSum",
                        "ReduceMean", "CumSum", "Gather", "Split", "Trilu"):  # fmt: skip
        return 1
    return len(node.inputs)


Shapes = dict[ir.Value, tuple[Dim, ...]]
LinkRule = Callable[[ir.Node, Facts, Links, Shapes], None]


def _rule(node: ir.Node) -> LinkRule | None:
    if node.op_type in ELEMENTWISE:
        return _elementwise
    if node.op_type in ALONG:
        return _along
    return RULES.get(node.op_type)


def _pair(found: Links, a: Place, b: Place, shapes: Shapes) -> None:
    if shapes[a[0]][a[1]] != 1 and shapes[b[0]][b[1]] != 1:
        found.groups.append([a, b])


def _elementwise(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    out = node.outputs[0]
    rank = len(shapes[out])
    for axis in range(rank):
        group: list[Place] = [(out, axis)]
        for value in dict.fromkeys(v for v in node.inputs if v is not None):
            shape = shapes[value]
            at = axis - (rank - len(shape))
            if at >= 0 and shape[at] != 1:
                group.append((value, at))
        if shapes[out][axis] != 1:
            found.groups.append(group)


def _along(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    data = [v for v in node.inputs[: _data_inputs(node)] if v is not None]
    rank = len(shapes[data[0]])
    along = attribute(node, "axis", ALONG[node.op_type]) % rank
    grows = len(shapes[node.outputs[0]]) - rank  # Gather: the axis becomes those of its indices
    for axis in range(rank):
        if axis == along:
            role = {"Gather": "gathered", "Concat": "joined", "Split": "split"}.get(node.op_type, "mixed")
            found.mixed += [((v, axis), role) for v in data if shapes[v][axis] != 1]
            continue
        after = axis if axis < along else axis + grows
        group = [(v, axis) for v in data] + [(out, after) for out in node.outputs]
        if shapes[data[0]][axis] != 1:
            found.groups.append(list(dict.fromkeys(group)))


def _transpose(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    rank = len(shapes[x])
    perm = attribute(node, "perm", None) or range(rank - 1, -1, -1)
    for after, before in enumerate(perm):
        _pair(found, (x, before), (out, after), shapes)


def _regroup(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    """Reshape, Squeeze, Unsqueeze, Flatten: an axis that is neither cut nor merged stays itself."""
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    i = j = 0
    for left, right in groups(shapes[x], shapes[out]):
        before = [i + k for k, d in enumerate(left) if d != 1]
        after = [j + k for k, d in enumerate(right) if d != 1]
        if len(before) == len(after) == 1:
            found.groups.append([(x, before[0]), (out, after[0])])
        else:
            found.mixed += [((x, a), "cut or merged") for a in before]
            found.mixed += [((out, a), "cut or merged") for a in after]
        i, j = i + len(left), j + len(right)


def _expand(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    grows = len(shapes[out]) - len(shapes[x])
    for axis, length in enumerate(shapes[out]):
        before = axis - grows
        if length == 1:
            continue
        if before >= 0 and shapes[x][before] != 1:
            if shapes[x][before] == length:
                found.groups.append([(x, before), (out, axis)])
        else:
            found.groups.append([(out, axis)])  # a new axis, of any length one likes


def _reduce(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    rank = len(shapes[x])
    over = reduced_axes(node, facts, rank)
    keep = attribute(node, "keepdims", 1)
    after = 0
    for axis in range(rank):
        if axis in over:
            if shapes[x][axis] != 1:
                found.mixed.append(((x, axis), "summed" if node.op_type == "ReduceSum" else "mixed"))
        else:
            _pair(found, (x, axis), (out, after), shapes)
        after += 1 if keep or axis not in over else 0


def _cumsum(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    axis = facts.constant(node.inputs[1])
    if axis is None:
        raise ValueError("axis unknown")
    backwards = attribute(node, "reverse", 0)
    along = int(axis.ravel()[0]) % len(shapes[x])
    for a, length in enumerate(shapes[x]):
        if length != 1:
            found.groups.append([(x, a), (out, a)])
            if a == along and backwards:
                found.mixed.append(((x, a), "summed"))


def _product(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    """MatMul and Einsum by labels: a label of the result links, another one is summed."""
    operands = [v for v in node.inputs if v is not None]
    terms, result = product_labels(node, [len(shapes[v]) for v in operands])
    for label in sorted(set("".join(terms))):
        group: list[Place] = []
        for value, term in zip(operands, terms, strict=True):
            if term.count(label) > 1:
                raise ValueError("a diagonal")
            if label in term and shapes[value][term.index(label)] != 1:
                group.append((value, term.index(label)))
        if label in result:
            group += [(node.outputs[0], result.index(label))] * (len(group) > 0)
        else:
            found.mixed += [(place, "summed") for place in group]
        if group:
            found.groups.append(list(dict.fromkeys(group)))


def _slice(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    for axis, (start, end, step) in slices(node, facts, shapes[x]).items():
        whole = step == 1 and start == 0 and end == shapes[x][axis]
        if whole:
            _pair(found, (x, axis), (out, axis), shapes)
        else:
            found.mixed.append(((x, axis), "sliced"))
    for axis in range(len(shapes[x])):
        if axis not in slices(node, facts, shapes[x]):
            _pair(found, (x, axis), (out, axis), shapes)


def _pad(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    for axis, (a, b) in enumerate(zip(shapes[x], shapes[out], strict=True)):
        if a == b:
            _pair(found, (x, axis), (out, axis), shapes)
        else:
            found.mixed += [((x, axis), "padded"), ((out, axis), "padded")]


def _norm(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    first = attribute(node, "axis", -1) % len(shapes[x])
    for axis in range(first):
        _pair(found, (x, axis), (out, axis), shapes)


def _trilu(node: ir.Node, facts: Facts, found: Links, shapes: Shapes) -> None:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    for axis in range(len(shapes[x])):
        _pair(found, (x, axis), (out, axis), shapes)


RULES: dict[str, LinkRule] = {
    "Transpose": _transpose,
    "Reshape": _regroup,
    "Squeeze": _regroup,
    "Unsqueeze": _regroup,
    "Flatten": _regroup,
    "Expand": _expand,
    "Tile": _expand,
    "ReduceSum": _reduce,
    "ReduceMean": _reduce,
    "ReduceMax": _reduce,
    "ReduceMin": _reduce,
    "CumSum": _cumsum,
    "MatMul": _product,
    "Einsum": _product,
    "Slice": _slice,
    "Pad": _pad,
    "LayerNormalization": _norm,
    "RMSNormalization": _norm,
    "Trilu": _trilu,
}
