"""Twins of a model: the same graph with another arithmetic, to measure what rounding does to its answer.

* `widened`: float16 and bfloat16 become float32, so that two graphs are compared without their rounding.
* `rounded`: after every node the value is rounded to float16 and back, as an NPU stores it between ops.
* `shaken`: after every node the value is changed by up to two units of rounding at random (Monte Carlo
  arithmetic: D. Parker, "Monte Carlo arithmetic", 1997), the operand of a sum of n terms by sqrt(n)
  times as much, the backward error of such a sum. How far the answers then spread is how far a
  correct rewrite may differ.

A twin shares its weights with the model it is of; model-local functions are put in place first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import InlinePass

from xamba.facts.facts import Facts, facts_of
from xamba.proof.tolerance import ROUNDOFF, SUMS, sum_length

T = ir.DataType
NARROW = (T.FLOAT16, T.BFLOAT16)
PHASE = "xamba_twin_phase"  # graph input of a shaken twin: another number, another draw
PERIODS = 1e4
#: Attributes that hold an element type.
TYPE_ATTRIBUTES = {"to", "dtype", "output_dtype", "stash_type"}


def inlined(model: ir.Model) -> ir.Model:
    """A copy without model-local functions; weights are shared."""
    copy = model.clone()
    if copy.functions:
        copy = InlinePass()(copy).model
    copy.meta.pop("xamba.facts", None)
    return copy


def narrow_types(model: ir.Model) -> set[ir.DataType]:
    """Which of float16 and bfloat16 the model computes or stores in."""
    facts = facts_of(model)
    values = [*model.graph.inputs, *model.graph.initializers.values()]
    values += [out for node in ir.traversal.RecursiveGraphIterator(model.graph) for out in node.outputs]
    return {dtype for dtype in (facts.of(v).dtype for v in values) if dtype in NARROW}


def widened(model: ir.Model, narrow: set[ir.DataType]) -> ir.Model:
    """The graph with every type of `narrow` turned into float32."""
    copy = inlined(model)
    for graph in _graphs(copy):
        for value in (*graph.inputs, *graph.initializers.values(), *graph.outputs):
            _widen_value(value, narrow)
    for node in ir.traversal.RecursiveGraphIterator(copy.graph):
        for out in node.outputs:
            _widen_value(out, narrow)
        for name, attr in list(node.attributes.items()):
            if attr.type == ir.AttributeType.INT and name in TYPE_ATTRIBUTES and T(attr.value) in narrow:
                node.attributes[name] = ir.AttrInt64(name, T.FLOAT.value)
            elif attr.type == ir.AttributeType.TENSOR and attr.value.dtype in narrow:
                node.attributes[name] = ir.AttrTensor(name, _wide_tensor(attr.value))
    return copy


def _widen_value(value: ir.Value, narrow: set[ir.DataType]) -> None:
    if value.const_value is not None and value.const_value.dtype in narrow:
        value.const_value = _wide_tensor(value.const_value)
    if isinstance(value.type, ir.TensorType) and value.dtype in narrow:
        value.type = ir.TensorType(T.FLOAT)
    elif value.type is not None and value.dtype in narrow:
        value.type = type(value.type)(ir.TensorType(T.FLOAT))  # type: ignore[call-arg]


def _wide_tensor(tensor: ir.TensorProtocol) -> ir.TensorProtocol:
    return ir.tensor(tensor.numpy().astype(np.float32), dtype=T.FLOAT, name=tensor.name)


def rounded(model: ir.Model, dtype: ir.DataType = T.FLOAT16) -> ir.Model:
    """The graph with every float value rounded to `dtype` wherever it is read."""
    copy = inlined(model)

    def build(value: ir.Value, kind: ir.DataType, fresh: _Names) -> list[ir.Node]:
        to = {"to": ir.AttrInt64("to", dtype.value)}
        down = _node("Cast", [value], fresh, to)
        back = {"to": ir.AttrInt64("to", kind.value)}
        return [down, _node("Cast", [down.outputs[0]], fresh, back)]

    _after_every_value(copy, build, weights=True)
    return copy


def shaken(model: ir.Model, tables: Mapping[str, tuple[float, float]] | None = None) -> ir.Model:
    """The graph with every rounding drawn at random; every run of it draws anew.

    tables: values by name that the other model takes from a table, with its error: relative, and absolute.
    """
    copy = inlined(model)
    facts = Facts(copy)
    terms = {}
    for node in ir.traversal.RecursiveGraphIterator(copy.graph):
        if node.op_type in SUMS and node.inputs and node.inputs[0] is not None:
            terms[node] = sum_length(node, facts)
    kinds = {node: facts.of(node.inputs[0]).dtype for node in terms}  # type: ignore[arg-type]
    shake = _Shaker(copy)
    errors = tables or {}

    def build(value: ir.Value, kind: ir.DataType, fresh: _Names) -> list[ir.Node]:
        nodes = shake.relative(value, kind, 2 * ROUNDOFF[kind])
        if value.name and value.name in errors:
            relative, absolute = errors[value.name]
            nodes += shake.relative(nodes[-1].outputs[0], kind, relative, together=True)
            nodes += shake.absolute(nodes[-1].outputs[0], kind, absolute)
        return nodes

    _after_every_value(copy, build, names=shake.names)
    for node, length in terms.items():
        operand, kind = node.inputs[0], kinds[node]
        if kind in ROUNDOFF and operand is not None and node.graph is not None:
            nodes = shake.relative(operand, kind, 2 * ROUNDOFF[kind] * sqrt(length))
            node.graph.insert_before(node, nodes)
            node.replace_input_with(0, nodes[-1].outputs[0])
    return copy


class _Names:
    """Fresh names for a twin."""

    def __init__(self, model: ir.Model) -> None:
        self.model, self.count = model, 0

    def __call__(self) -> str:
        self.count += 1
        return f"xamba_twin_{self.count}"


class _Shaker:
    """Builds the nodes that change a value at random.

    Random is the sine of the value itself, many periods away, plus a phase for each node and each run
    (the graph input `PHASE`): no runtime has the random ops of every opset.
    """

    def __init__(self, model: ir.Model) -> None:
        self.names, self.model = _Names(model), model
        self.opset = model.opset_imports.get("", model.opset_imports.get("ai.onnx", 1))
        self.phase = ir.Value(name=PHASE, shape=ir.Shape([]), type=ir.TensorType(T.FLOAT))
        model.graph.inputs.append(self.phase)
        self._constants: dict[tuple[float, ir.DataType], ir.Value] = {}

    def constant(self, number: float, kind: ir.DataType) -> ir.Value:
        if (number, kind) not in self._constants:
            name = self.names()
            tensor = ir.tensor(np.array(number, kind.numpy()), dtype=kind, name=name)
            value = ir.Value(name=name, shape=ir.Shape([]), type=ir.TensorType(kind), const_value=tensor)
            self.model.graph.initializers[name] = value
            self._constants[number, kind] = value
        return self._constants[number, kind]

    def noise(self, value: ir.Value | None, kind: ir.DataType, size: float) -> list[ir.Node]:
        """size r, r in -1..1: one r for each element of a value, or one for all (`value` is None)."""
        turn = self.constant(1.0 + 0.618034 * (self.names.count % 97), T.FLOAT)
        nodes = [_node("Mul", [self.phase, turn], self.names)]
        if kind != T.FLOAT:
            nodes.append(_node("Cast", [nodes[-1].outputs[0]], self.names, {"to": _type(kind)}))
        if value is not None:
            near = self._near(value, kind)
            far = _node("Mul", [near.outputs[0], self.constant(PERIODS, kind)], self.names)
            nodes += [near, far, _node("Add", [far.outputs[0], nodes[-1].outputs[0]], self.names)]
        nodes.append(_node("Sin", [nodes[-1].outputs[0]], self.names))
        return [*nodes, _node("Mul", [nodes[-1].outputs[0], self.constant(size, kind)], self.names)]

    def _near(self, value: ir.Value, kind: ir.DataType) -> ir.Node:
        """The value within -1e6..1e6, so that the sine of an infinite one is a number."""
        if self.opset < 11:
            ends = {"min": ir.AttrFloat32("min", -1e6), "max": ir.AttrFloat32("max", 1e6)}
            return _node("Clip", [value], self.names, ends)
        return _node("Clip", [value, self.constant(-1e6, kind), self.constant(1e6, kind)], self.names)

    def relative(
        self, value: ir.Value, kind: ir.DataType, size: float, together: bool = False
    ) -> list[ir.Node]:
        """value (1 - size + size r): an infinite value stays what it is, and the largest float finite."""
        nodes = self.noise(None if together else value, kind, size)
        nodes.append(_node("Add", [nodes[-1].outputs[0], self.constant(1.0 - size, kind)], self.names))
        return [*nodes, _node("Mul", [value, nodes[-1].outputs[0]], self.names)]

    def absolute(self, value: ir.Value, kind: ir.DataType, size: float) -> list[ir.Node]:
        """value + size r"""
        nodes = self.noise(None, kind, size)
        return [*nodes, _node("Add", [value, nodes[-1].outputs[0]], self.names)]


def _type(kind: ir.DataType) -> ir.Attr:
    return ir.AttrInt64("to", kind.value)


def _node(
    op: str,
    inputs: list[ir.Value | None] | list[ir.Value],
    names: _Names,
    attributes: dict[str, Any] | None = None,
) -> ir.Node:
    node = ir.node(op, inputs, attributes=attributes or {})
    node.outputs[0].name = names()
    return node


Build = Callable[[ir.Value, ir.DataType, _Names], list[ir.Node]]


def _after_every_value(
    model: ir.Model, build: Build, weights: bool = False, names: _Names | None = None
) -> None:
    """Put what `build` makes of a float value between it and all that read it; graph outputs included."""
    facts = Facts(model)
    fresh = names or _Names(model)
    chosen = []
    for graph in _graphs(model):
        values = list(graph.inputs)
        values += list(graph.initializers.values()) if weights else []
        values += [out for node in graph for out in node.outputs]
        values = [v for v in dict.fromkeys(values) if weights or not facts.is_constant(v)]
        chosen += [(graph, v, facts.of(v).dtype) for v in values]
    for graph, value, kind in chosen:
        if kind not in (T.FLOAT, T.DOUBLE) or not (value.uses() or value.is_graph_output()):
            continue
        readers = list(value.uses())
        nodes = build(value, kind, fresh)
        new, producer = nodes[-1].outputs[0], value.producer()
        new.shape, new.type = value.shape, ir.TensorType(kind)
        outside = value.is_graph_input()
        for reader, place in readers:
            reader.replace_input_with(place, new)
        for index, out in enumerate(list(graph.outputs)):
            if out is value:
                graph.outputs[index] = new
                if not outside:
                    value.name, new.name = new.name, value.name
        if producer is None:
            first = next(iter(graph), None)
            graph.insert_before(first, nodes) if first is not None else graph.extend(nodes)
        else:
            graph.insert_after(producer, nodes)


def _graphs(model: ir.Model) -> Iterator[ir.Graph]:
    found = [model.graph]
    for graph in found:
        for node in graph:
            found += [a.as_graph() for a in node.attributes.values() if a.type == ir.AttributeType.GRAPH]
    return iter(found)
