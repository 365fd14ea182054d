"""Adding nodes and constants to a model: fresh names, shared constants, outputs that keep their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.facts import facts_of

Dim = int | str | None


class Workbench:
    """Builds replacements inside one model.

    Constants with equal `key` are made once and shared by all graphs and bodies of the model, also with those that
    an earlier pass left there. All names are fresh. `node` queues a node; `replace` puts the queue in the place of
    the old node.
    """

    def __init__(self, model: ir.Model, pass_name: str) -> None:
        self.model = model
        self.opset = model.opset_imports.get("", model.opset_imports.get("ai.onnx", 1))
        self._pass_name = pass_name
        self._constants: dict[Any, ir.Value] = {}
        self._queue: list[ir.Node] = []
        self._pending: list[Any] = []  # keys of constants made for what is still in the queue
        self._names = _all_names(model)
        self._facts = facts_of(model)

    def fresh(self, hint: str) -> str:
        """A name that no value and no node of the model has."""
        name, count = hint, 1
        while name in self._names:
            count += 1
            name = f"{hint}_{count}"
        self._names.add(name)
        return name

    def constant(self, array: np.ndarray, dtype: ir.DataType, hint: str, key: Any = None) -> ir.Value:
        """A constant of the main graph (bodies of If, Loop and Scan capture it)."""
        key = (dtype, array.shape, array.tobytes()) if key is None else key
        if key not in self._constants:
            data = np.array(array, dtype=dtype.numpy(), order="C")
            equal = self._equal_constant(data, dtype, hint)
            self._constants[key] = equal or self._new_constant(data, dtype, hint)
            self._pending += [] if equal else [key]
        return self._constants[key]

    def has_constant(self, hint: str, key: Any) -> bool:
        """Whether `constant` is likely to make nothing new: made for this key, or by an earlier pass of this name."""
        return key in self._constants or hint in self.model.graph.initializers

    def _equal_constant(self, data: np.ndarray, dtype: ir.DataType, hint: str) -> ir.Value | None:
        """A constant with the same content that a pass made before."""
        for name, value in self.model.graph.initializers.items():
            tensor = value.const_value
            if not name.startswith(hint) or tensor is None or isinstance(tensor, ir.ExternalTensor):
                continue
            if (
                tensor.dtype == dtype
                and tuple(tensor.shape) == data.shape
                and np.array_equal(tensor.numpy(), data)
            ):
                return value
        return None

    def _new_constant(self, data: np.ndarray, dtype: ir.DataType, hint: str) -> ir.Value:
        name = self.fresh(hint)
        tensor = ir.tensor(data, dtype=dtype, name=name)
        value = ir.Value(name=name, const_value=tensor, shape=ir.Shape(data.shape), type=ir.TensorType(dtype))
        graph = self.model.graph
        if self.model.ir_version >= 4:
            graph.register_initializer(value)
            return value
        # Before IR version 4 an initializer has to be a graph input too, which would let a caller
        # overwrite it: a Constant node is the same and is not seen from outside.
        node = ir.node("Constant", [], {"value": tensor}, name=self.fresh(f"{name}_constant"))
        node.outputs[0].name, node.outputs[0].shape, node.outputs[0].type = name, value.shape, value.type
        first = next(iter(graph), None)
        graph.append(node) if first is None else graph.insert_before(first, node)
        return node.outputs[0]

    def ints(self, numbers: Sequence[int], hint: str) -> ir.Value:
        """A constant int64 vector, as shape, axes or indices."""
        return self.constant(np.array(numbers, np.int64), ir.DataType.INT64, hint)

    def node(
        self,
        op_type: str,
        inputs: Sequence[ir.Value | None],
        shape: Sequence[Dim] | None,
        dtype: ir.DataType | None,
        attributes: Mapping[str, Any] | None = None,
        domain: str = "",
        hint: str = "",
    ) -> ir.Value:
        """Queue a node with one output of this shape and type; returns the output."""
        hint = hint or f"{self._pass_name}_{op_type.lower()}"
        new = ir.node(op_type, inputs, dict(attributes or {}), domain=domain, name=self.fresh(f"{hint}_node"))
        out = new.outputs[0]
        out.name = self.fresh(hint)
        out.shape = None if shape is None else ir.Shape(shape)
        out.type = None if dtype is None else ir.TensorType(dtype)
        self._queue.append(new)
        return out

    def reshape(
        self, x: ir.Value, target: Sequence[int], shape: Sequence[Dim], dtype: ir.DataType
    ) -> ir.Value:
        """Queue a Reshape. `target` may hold 0 (as it was) and one -1 (the rest)."""
        return self.node("Reshape", [x, self.ints(target, "xamba_shape")], shape, dtype)

    def squeeze(
        self, op_type: str, x: ir.Value, axes: Sequence[int], shape: Sequence[Dim], dtype: ir.DataType
    ) -> ir.Value:
        """Queue a Squeeze or Unsqueeze: axes are an attribute before opset 13 and an input from there on."""
        if self.opset < 13:
            return self.node(op_type, [x], shape, dtype, {"axes": list(axes)})
        return self.node(op_type, [x, self.ints(axes, "xamba_axes")], shape, dtype)

    def tag(self, properties: Mapping[str, str]) -> None:
        """Write properties into every queued node (saved in the file)."""
        for node in self._queue:
            node.metadata_props.update(properties)

    def _check_same_kind(self, old: ir.Value, new: ir.Value) -> None:
        fact = self._facts.of(old)
        if fact.dtype is not None and new.dtype is not None and fact.dtype != new.dtype:
            raise Keep(f"its type {fact.dtype.name.lower()} would become {new.dtype.name.lower()}")
        if fact.shape is None or new.shape is None:
            return
        before, after = list(fact.shape), list(new.shape)
        clash = [
            a
            for a, b in zip(before, after, strict=False)
            if isinstance(a, int) and isinstance(b, int) and a != b
        ]
        if len(before) != len(after) or clash:
            raise Keep(
                f"its shape {before} would become {[str(d) if not isinstance(d, int) else d for d in after]}"
            )

    def discard(self) -> None:
        """Drop the queue and the constants made for it: the rule gave up half-way."""
        for node in self._queue:
            for index in range(len(node.inputs)):
                node.replace_input_with(index, None)
        self._queue.clear()
        for key in self._pending:
            if self._constants[key].uses():  # what an edit that stays reads keeps its name too
                continue
            value = self._constants.pop(key)
            self._names.discard(value.name or "")
            _drop_unread_constant(value)
        self._pending.clear()

    def replace(self, old: ir.Node, result: ir.Value, pattern: Sequence[ir.Node] = ()) -> None:
        """Put the queue where `old` stands; `result` takes over the name and the uses of its output.

        Nodes of `pattern` whose outputs nobody reads any more are removed with it. Raises `Keep` when the shape or
        type of the output would change.
        """
        graph, value = old.graph, old.outputs[0]
        self._check_same_kind(value, result)
        assert graph is not None
        origin = old.name or value.name or old.op_type
        for node in self._queue:
            node.metadata_props.update(old.metadata_props)
            node.metadata_props["xamba.pass"] = self._pass_name
            node.metadata_props["xamba.from"] = f"{old.op_type} {origin}"
        name, fresh_name = value.name, result.name
        if value.type is not None:
            result.type = value.type
        if value.shape is not None:
            result.shape = value.shape if value.is_graph_output() else _known_dims(value.shape, result.shape)
        value.replace_all_uses_with(result, replace_graph_outputs=True)
        graph.insert_after(old, self._queue)
        sources = [x for x in old.inputs if x is not None]
        graph.remove(old, safe=True)
        value.name, result.name = fresh_name, name
        self._queue.clear()
        self._pending.clear()
        remove_dead(pattern)
        for source in sources:
            _drop_unread_constant(source)


def _known_dims(theirs: ir.Shape, ours: ir.Shape | None) -> ir.Shape:
    """The exporter's own words (its symbols), and a number where one was worked out."""
    if ours is None or len(ours) != len(theirs):
        return theirs
    pairs = zip(theirs, ours, strict=True)
    return ir.Shape([b if isinstance(b, int) and not isinstance(a, int) else a for a, b in pairs])


def remove_dead(nodes: Sequence[ir.Node]) -> None:
    """Remove those nodes that nobody reads, as long as that frees another of them."""
    again = True
    while again:
        again = False
        for node in nodes:
            if node.graph is None or any(out.uses() or out.is_graph_output() for out in node.outputs):
                continue
            sources = [x for x in node.inputs if x is not None]
            node.graph.remove(node, safe=True)
            for source in sources:
                _drop_unread_constant(source)
            again = True


def _drop_unread_constant(value: ir.Value) -> None:
    """Remove an axis or a shape that only the replaced node read."""
    if value.uses() or value.is_graph_input() or value.is_graph_output():
        return
    node = value.producer()
    if node is None:
        if value.is_initializer() and value.graph is not None and value.name:
            value.graph.initializers.pop(value.name)
    elif node.op_type in ("Constant", "Identity") and node.graph is not None:
        sources = [x for x in node.inputs if x is not None]
        node.graph.remove(node, safe=True)
        for source in sources:
            _drop_unread_constant(source)


def _all_names(model: ir.Model) -> set[str]:
    names: set[str] = set()

    def graph_names(graph: ir.Graph) -> None:
        names.update(v.name for v in (*graph.inputs, *graph.initializers.values()) if v.name)

    def enter(graph: Any) -> None:
        if isinstance(graph, ir.Graph):
            graph_names(graph)

    for node in ir.traversal.RecursiveGraphIterator(model.graph, enter_graph=enter):
        if node.name:
            names.add(node.name)
        names.update(v.name for v in node.outputs if v.name)
    return names
