"""One walk over a model that works out the type, shape and small values of everything in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from xamba.facts.fact import UNKNOWN, Dim, Fact, declared
from xamba.facts.folding import fold, folded_shape

SAME_AS_INPUT = {"QuickGelu", "Gelu", "FastGelu", "PWL", "BiasGelu"}  # not of the standard domain

DEEPEST_CALL = 16  # functions that call each other in a circle end here

# What a node with too few inputs, attributes of another type or values of another rank makes a rule raise.
ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Inference:
    """One walk over a model, in the order of its nodes; a call of a function walks through its body."""

    def __init__(self, model: ir.Model, function: ir.Function | None = None, depth: int = 0) -> None:
        self.model = model
        self.table: dict[ir.Value, Fact] = {}
        imports = (model if function is None else function).opset_imports
        self.opsets = [onnx.helper.make_opsetid(d, v) for d, v in imports.items()]
        self.version = imports.get("", imports.get("ai.onnx", 1))
        self.depth = depth
        self._schemas: dict[str, Any] = {}

    def run(self) -> dict[ir.Value, Fact]:
        self.graph(self.model.graph)
        return self.table

    def graph(self, graph: ir.Graph) -> None:
        for value in (*graph.inputs, *graph.initializers.values()):
            self.table.setdefault(value, declared(value))  # a Scan has set the inputs of its body
        for node in graph:
            self.node(node)

    def fact(self, value: ir.Value | None) -> Fact:
        if value is None:
            return UNKNOWN
        if value not in self.table:
            self.table[value] = declared(value)
        return self.table[value]

    def node(self, node: ir.Node) -> None:
        """What follows of a node's outputs; of one that contradicts its op, what the file declares."""
        try:
            self._follow(node)
        except ODD:
            for out in node.outputs:
                self.set(out, UNKNOWN)

    def _follow(self, node: ir.Node) -> None:
        bodies = [a.as_graph() for a in node.attributes.values() if a.type == ir.AttributeType.GRAPH]
        for body in bodies:
            if node.op_type == "Scan":
                self.scan_inputs(node, body)
            if node.op_type == "Loop":
                self.loop_inputs(node, body)
            self.graph(body)
            while node.op_type == "Loop" and self.loop_changes(node, body):
                self.graph(body)
        inputs = [self.fact(x) for x in node.inputs]
        constant = _is_constant(node, inputs) and not bodies
        standard = node.domain in ("", "ai.onnx")
        value = fold(node, inputs) if standard and not bodies and len(node.outputs) == 1 else None
        if value is not None and value.dtype != object:
            dtype = _dtype_of(node, inputs, value)
            self.set(node.outputs[0], Fact(dtype, value.shape, value, constant or node.op_type == "Shape"))
            return
        if bodies:
            outputs = self.body_outputs(node, bodies)
        elif standard:
            outputs = self.infer(node, inputs)
        elif node.op_type in SAME_AS_INPUT and inputs:
            outputs = [Fact(inputs[0].dtype, inputs[0].shape)]
        elif node.op_identifier() in self.model.functions and self.depth < DEEPEST_CALL:
            outputs = self.called(self.model.functions[node.op_identifier()], inputs)
        else:
            outputs = []
        outputs += [UNKNOWN] * (len(node.outputs) - len(outputs))
        if standard and len(node.outputs) == 1 and not bodies:
            shape = folded_shape(node, inputs) if value is None else value.shape
            if shape is not None:
                outputs[0] = Fact(outputs[0].dtype, _merge(shape, outputs[0].shape), value)
        for out, found in zip(node.outputs, outputs, strict=True):
            self.set(out, Fact(found.dtype, found.shape, found.value, constant))

    def called(self, function: ir.Function, inputs: list[Fact]) -> list[Fact]:
        """Outputs of a function for these inputs. Nodes that take an attribute of the call stay unknown."""
        inner = Inference(self.model, function, self.depth + 1)
        for value, fact in zip(function.inputs, inputs, strict=False):
            inner.table[value] = fact
        for node in function:
            if any(attribute.is_ref() for attribute in node.attributes.values()):
                inner.table.update((out, UNKNOWN) for out in node.outputs)
            else:
                inner.node(node)
        return [Fact(fact.dtype, fact.shape) for fact in map(inner.fact, function.outputs)]

    def set(self, out: ir.Value, fact: Fact) -> None:
        stated = declared(out)
        shape = _merge(fact.shape, stated.shape)
        self.table[out] = Fact(fact.dtype or stated.dtype, shape, fact.value, fact.constant)

    def infer(self, node: ir.Node, inputs: list[Fact]) -> list[Fact]:
        """Types and shapes of a node's outputs by ONNX's own rule for the op."""
        if node.op_type not in self._schemas:
            try:
                self._schemas[node.op_type] = onnx.defs.get_schema(node.op_type, self.version, "")
            except onnx.defs.SchemaError:
                self._schemas[node.op_type] = None
        schema = self._schemas[node.op_type]
        types: dict[str, onnx.TypeProto] = {}
        data: dict[str, onnx.TensorProto] = {}
        for value, fact in zip(node.inputs, inputs, strict=True):
            if value is None:
                continue
            if fact.dtype is None or not value.name:
                return []
            types[value.name] = onnx.helper.make_tensor_type_proto(fact.dtype.value, fact.shape)
            if fact.value is not None and fact.value.dtype != object and fact.value.dtype.kind in "iufb":
                data[value.name] = onnx.numpy_helper.from_array(np.asarray(fact.value), value.name)
        if schema is None:
            return []
        try:
            found = onnx.shape_inference.infer_node_outputs(
                schema, ir.serde.serialize_node(node), types, data, {}, self.opsets, self.model.ir_version
            )
        except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError, RuntimeError, TypeError):
            return []
        return [_from_type(found.get(out.name or "")) for out in node.outputs]

    def scan_inputs(self, node: ir.Node, body: ir.Graph) -> None:
        """Body inputs of a Scan: the states as they are, the scanned ones without the scanned axis."""
        scanned = node.attributes["num_scan_inputs"].as_int()
        axes = node.attributes.get("scan_input_axes")
        states = len(node.inputs) - scanned
        for index, (outer, inner) in enumerate(zip(node.inputs, body.inputs, strict=False)):
            fact = self.fact(outer)
            shape = fact.shape
            if shape is not None and index >= states:
                axis = axes.as_ints()[index - states] % len(shape) if axes is not None else 0
                shape = shape[:axis] + shape[axis + 1 :]
            found = declared(inner)
            self.table[inner] = Fact(found.dtype or fact.dtype, _merge(found.shape, shape))

    def loop_inputs(self, node: ir.Node, body: ir.Graph) -> None:
        """Body inputs of a Loop: the trip, the condition, and what it carries, as it enters the first trip."""
        first = [Fact(ir.DataType.INT64, ()), Fact(ir.DataType.BOOL, ())]
        entering = [self.fact(x) for x in node.inputs[2:]]
        for inner, fact in zip(body.inputs, [*first, *entering], strict=False):
            found = declared(inner)
            self.table[inner] = Fact(found.dtype or fact.dtype, _merge(found.shape, fact.shape))

    def loop_changes(self, node: ir.Node, body: ir.Graph) -> bool:
        """Whether a carried value leaves the body with another shape; what differs is then unknown inside."""
        changed = False
        for inner, out in zip(body.inputs[2:], body.outputs[1:], strict=False):
            before, after = self.fact(inner).shape, self.fact(out).shape
            if declared(inner).shape is None and before is not None and _common(before, after) != before:
                self.table[inner] = Fact(
                    self.fact(inner).dtype, _common(before, after)
                )  # ends: it only forgets
                changed = True
        if changed:
            for inside in ir.traversal.RecursiveGraphIterator(body):
                for value in inside.outputs:
                    self.table.pop(value, None)
        return changed

    def body_outputs(self, node: ir.Node, bodies: list[ir.Graph]) -> list[Fact]:
        """Outputs of an If: those of the branch its constant condition takes, or where both agree; of a Loop:
        what it carries, and what it collects, trip by trip. A Scan's are taken from the file."""
        if node.op_type == "Loop":
            return self.loop_outputs(node, bodies[0])
        if node.op_type != "If" or len(bodies) != 2:
            return [Fact(declared(out).dtype) for out in node.outputs]
        condition = self.fact(node.inputs[0]).value
        if condition is not None and condition.dtype != object and condition.size == 1:
            taken = "then_branch" if condition.ravel()[0] else "else_branch"
            facts = [self.fact(out) for out in node.attributes[taken].as_graph().outputs]
            return [Fact(fact.dtype, fact.shape, fact.value) for fact in facts]
        found = []
        for left, right in zip(bodies[0].outputs, bodies[1].outputs, strict=False):
            a, b = self.fact(left), self.fact(right)
            found.append(Fact(a.dtype, _common(a.shape, b.shape)))
        return found

    def loop_outputs(self, node: ir.Node, body: ir.Graph) -> list[Fact]:
        carried = len(node.inputs) - 2
        found = []
        for index, out in enumerate(body.outputs[1:]):
            fact = self.fact(out)
            if index < carried:  # without a trip, what enters is what leaves
                shape = _common(self.fact(node.inputs[2 + index]).shape, fact.shape)
            else:
                shape = None if fact.shape is None else (None, *fact.shape)
            found.append(Fact(fact.dtype, shape))
        return found


def _is_constant(node: ir.Node, inputs: list[Fact]) -> bool:
    if node.op_type == "Constant":
        return True
    if node.op_type.startswith(("Random", "Bernoulli", "Multinomial")):
        return False
    present = [fact for x, fact in zip(node.inputs, inputs, strict=True) if x is not None]
    return bool(present) and all(fact.constant for fact in present)


def _dtype_of(node: ir.Node, inputs: list[Fact], value: np.ndarray) -> ir.DataType:
    if node.op_type == "Cast":
        return ir.DataType(node.attributes["to"].as_int())
    return ir.DataType.from_numpy(value.dtype)


def _from_type(proto: onnx.TypeProto | None) -> Fact:
    if proto is None or not proto.HasField("tensor_type"):
        return UNKNOWN
    tensor = proto.tensor_type
    dtype = ir.DataType(tensor.elem_type) if tensor.elem_type else None
    if not tensor.HasField("shape"):
        return Fact(dtype)
    dims: list[Dim] = []
    for dim in tensor.shape.dim:
        kind = dim.WhichOneof("value")
        dims.append(dim.dim_value if kind == "dim_value" else dim.dim_param if kind == "dim_param" else None)
    return Fact(dtype, tuple(dims))


def _merge(first: tuple[Dim, ...] | None, second: tuple[Dim, ...] | None) -> tuple[Dim, ...] | None:
    """The more certain of two shapes, dimension by dimension: a number, then a name, then nothing."""
    if first is None or second is None or len(first) != len(second):
        return first if first is not None else second
    return tuple(
        a if isinstance(a, int) else b if isinstance(b, int) else a or b
        for a, b in zip(first, second, strict=True)
    )


def _common(first: tuple[Dim, ...] | None, second: tuple[Dim, ...] | None) -> tuple[Dim, ...] | None:
    """What is so in both shapes; None in the place of a dimension that differs."""
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(x if x == y else None for x, y in zip(first, second, strict=True))
