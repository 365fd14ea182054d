"""What is known about every value before the model runs: type, shape, small values, constant or not.

Exported files often carry no shapes (torch.onnx.export with dynamo=False writes none), and the
length a mask needs then has to be worked out from hundreds of shape-computing nodes. `Facts` walks
the graph once, in order: ONNX's own inference per node for shapes, numpy for the small integer
arithmetic between them (`xamba.folding`). Free dimensions stay free: a dimension is a number, a
name, or None.

The walk happens only when a pass meets a value whose shape the file does not give, and nothing
is written into the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from xamba.folding import MAX_ELEMENTS, constant_tensor, fold, folded_shape

Dim = int | str | None
SAME_AS_INPUT = {"QuickGelu", "Gelu", "FastGelu", "PWL", "BiasGelu"}  # not of the standard domain


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is set for small constants; an object array with None for what is not known in it."""

    dtype: ir.DataType | None = None
    shape: tuple[Dim, ...] | None = None
    value: np.ndarray | None = None
    constant: bool = False


UNKNOWN = Fact()


def facts_of(model: ir.Model) -> Facts:
    """The facts of a model; kept in ``model.meta`` (never saved), so that passes in a row share them."""
    if "xamba.facts" not in model.meta:
        model.meta["xamba.facts"] = Facts(model)
    return model.meta["xamba.facts"]


class Facts:
    def __init__(self, model: ir.Model) -> None:
        self.model = model
        self._table: dict[ir.Value, Fact] | None = None

    def of(self, value: ir.Value) -> Fact:
        """Type, shape, value of a value of the model."""
        declared = _declared(value)
        if self._table is None:
            if declared.dtype is not None and declared.shape is not None and None not in declared.shape:
                return declared
            self._table = Inference(self.model).run()
        elif value not in self._table and (declared.dtype is None or declared.shape is None):
            self._table = Inference(self.model).run()  # another pass made this value since
        return self._table.get(value, declared)

    def constant(self, value: ir.Value | None) -> np.ndarray | None:
        """The fully known value of a small constant, else None."""
        if value is None:
            return None
        found = _declared(value).value
        producer = value.producer()
        if found is None and producer is not None:
            if producer.op_type == "Identity":
                return self.constant(producer.inputs[0])
            if self._table is None:
                self._table = Inference(self.model).run()
            found = self._table.get(value, UNKNOWN).value
        return None if found is None or found.dtype == object else found

    def is_constant(self, value: ir.Value) -> bool:
        """Whether the value is the same in every run, as far as that is known without a walk."""
        declared = _declared(value)
        if declared.constant or self._table is None:
            return declared.constant
        return self._table.get(value, declared).constant


def _declared(value: ir.Value) -> Fact:
    """What the file itself says."""
    shape: tuple[Dim, ...] | None = None
    if value.shape is not None:
        shape = tuple(d if isinstance(d, int) else d.value for d in value.shape)  # type: ignore[misc]
    tensor = None if value.is_graph_input() else value.const_value
    node = value.producer()
    if node is not None and node.op_type == "Constant":
        tensor = constant_tensor(node)
    if tensor is None:
        return Fact(value.dtype, shape)
    shape = tuple(int(d) for d in tensor.shape)  # type: ignore[arg-type]
    return Fact(tensor.dtype, shape, small_value(tensor), True)


def small_value(tensor: ir.TensorProtocol) -> np.ndarray | None:
    """The data of a small tensor; None for a big one and for one whose file is missing."""
    if tensor.size > MAX_ELEMENTS or tensor.dtype == ir.DataType.STRING:
        return None
    try:
        return np.asarray(tensor.numpy())
    except (OSError, ValueError):
        return None


class Inference:
    """One walk over a model, in the order of its nodes."""

    def __init__(self, model: ir.Model) -> None:
        self.model = model
        self.table: dict[ir.Value, Fact] = {}
        self.opsets = [onnx.helper.make_opsetid(d, v) for d, v in model.opset_imports.items()]
        self.version = model.opset_imports.get("", model.opset_imports.get("ai.onnx", 1))
        self._schemas: dict[str, Any] = {}

    def run(self) -> dict[ir.Value, Fact]:
        self.graph(self.model.graph)
        return self.table

    def graph(self, graph: ir.Graph) -> None:
        for value in (*graph.inputs, *graph.initializers.values()):
            self.table[value] = _declared(value)
        for node in graph:
            self.node(node)

    def fact(self, value: ir.Value | None) -> Fact:
        if value is None:
            return UNKNOWN
        if value not in self.table:
            self.table[value] = _declared(value)
        return self.table[value]

    def node(self, node: ir.Node) -> None:
        bodies = [a.as_graph() for a in node.attributes.values() if a.type == ir.AttributeType.GRAPH]
        for body in bodies:
            if node.op_type == "Scan":
                self.scan_inputs(node, body)
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
        else:
            outputs = []
        outputs += [UNKNOWN] * (len(node.outputs) - len(outputs))
        if standard and len(node.outputs) == 1 and not bodies:
            shape = folded_shape(node, inputs) if value is None else value.shape
            if shape is not None:
                outputs[0] = Fact(outputs[0].dtype, _merge(shape, outputs[0].shape), value)
        for out, found in zip(node.outputs, outputs, strict=True):
            self.set(out, Fact(found.dtype, found.shape, found.value, constant))

    def set(self, out: ir.Value, fact: Fact) -> None:
        declared = _declared(out)
        shape = _merge(fact.shape, declared.shape)
        self.table[out] = Fact(fact.dtype or declared.dtype, shape, fact.value, fact.constant)

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
            declared = _declared(inner)
            self.table[inner] = Fact(declared.dtype or fact.dtype, _merge(declared.shape, shape))

    def body_outputs(self, node: ir.Node, bodies: list[ir.Graph]) -> list[Fact]:
        """Outputs of an If whose branches agree; a Loop's and a Scan's are taken from the file."""
        if node.op_type != "If" or len(bodies) != 2:
            return [Fact(_declared(out).dtype) for out in node.outputs]
        found = []
        for left, right in zip(bodies[0].outputs, bodies[1].outputs, strict=False):
            a, b = self.fact(left), self.fact(right)
            same_rank = a.shape is not None and b.shape is not None and len(a.shape) == len(b.shape)
            shape = None
            if same_rank:
                pairs = zip(a.shape or (), b.shape or (), strict=True)
                shape = tuple(x if x == y else None for x, y in pairs)
            found.append(Fact(a.dtype, shape))
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
