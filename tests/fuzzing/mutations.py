"""Structure-aware changes of an ONNX model: attributes, shapes, types and edges, one or a few at a time.

`mutate(model, pick)` changes the model in place; `pick(n)` gives a number from 0 to n - 1 and is all the randomness
there is, so that Hypothesis (or a seeded generator) can drive and shrink it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from onnx import AttributeProto, TensorProto, helper, numpy_helper

Pick = Callable[[int], int]
NUMBERS = (0, 1, -1, 2, 3, 7, -5, 16, 1000, 10**6, 2**31 - 1, 2**31, 2**62, -(2**63))
SIZES = (0, 1, 2, 3, 4, 7, 16, 100, 4097, 10**6, 2**31, 2**40)
FLOATS = (0.0, 1.0, -1.0, 0.5, 1e-30, 3e38, float("inf"), float("nan"))
TEXTS = ("", "x", "SAME_UPPER", "VALID", "bidirectional", "linear", "->", "ij,jk->ik", "\x1b[31m")
TYPES = (TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING, TensorProto.INT4,
         TensorProto.BFLOAT16, TensorProto.COMPLEX64, TensorProto.FLOAT8E4M3FN, 0, 99)  # fmt: skip


def mutate(model: Any, pick: Pick) -> None:
    """One to three changes, each somewhere in the graph or in one of its subgraphs; sometimes the opset as well."""
    if model.opset_import and not pick(12):
        model.opset_import[pick(len(model.opset_import))].version = one((0, 1, 7, 11, 13, 18, 25, 99), pick)
    for _ in range(1 + pick(3)):
        graph = graphs(model)[pick(len(graphs(model)))]
        CHANGES[pick(len(CHANGES))](graph, pick)


def graphs(model: Any) -> list[Any]:
    """The main graph and all subgraphs below it."""
    found, todo = [], [model.graph]
    while todo:
        graph = todo.pop()
        found.append(graph)
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    todo.append(attribute.g)
    return found


def one(items: Any, pick: Pick) -> Any:
    return items[pick(len(items))] if len(items) else None


def attribute_value(graph: Any, pick: Pick) -> None:
    node = one([n for n in graph.node if n.attribute], pick)
    if node is None:
        return
    attribute = one(node.attribute, pick)
    if attribute.type == AttributeProto.INT:
        attribute.i = one(NUMBERS, pick)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = one(FLOATS, pick)
    elif attribute.type == AttributeProto.STRING:
        attribute.s = one(TEXTS, pick).encode()
    elif attribute.type == AttributeProto.INTS:
        how = pick(4)
        if how == 0 and attribute.ints:
            attribute.ints[pick(len(attribute.ints))] = one(NUMBERS, pick)
        elif how == 1:
            attribute.ints.append(one(NUMBERS, pick))
        elif how == 2 and attribute.ints:
            del attribute.ints[pick(len(attribute.ints))]
        else:
            del attribute.ints[:]


def attribute_type(graph: Any, pick: Pick) -> None:
    node = one([n for n in graph.node if n.attribute], pick)
    if node is not None:
        at = pick(len(node.attribute))
        name = node.attribute[at].name
        values = [one(NUMBERS, pick), one(FLOATS, pick), one(TEXTS, pick), [1, 2], [0.5], ["a"]]
        node.attribute[at].CopyFrom(helper.make_attribute(name, one(values, pick)))


def attribute_gone(graph: Any, pick: Pick) -> None:
    node = one([n for n in graph.node if n.attribute], pick)
    if node is not None:
        del node.attribute[pick(len(node.attribute))]


NAMES = ("axis", "axes", "perm", "group", "kernel_shape", "strides", "pads", "keepdims", "to", "num_heads", "mode",
         "blocksize", "direction", "hidden_size", "layout", "auto_pad", "dilations", "equation")  # fmt: skip


def attribute_new(graph: Any, pick: Pick) -> None:
    node = one(graph.node, pick)
    name = one(NAMES, pick)
    if node is not None and name not in [a.name for a in node.attribute]:
        values = [one(NUMBERS, pick), one(FLOATS, pick), one(TEXTS, pick), [1, 2], [0, 0, 1, 1]]
        node.attribute.append(helper.make_attribute(name, one(values, pick)))


def input_shape(graph: Any, pick: Pick) -> None:
    value = one([v for v in graph.input if v.type.HasField("tensor_type")], pick)
    if value is None:
        return
    dims = value.type.tensor_type.shape.dim
    how = pick(4)
    if how <= 1 and len(dims):
        dims[pick(len(dims))].dim_value = one(SIZES, pick)
    elif how == 2:
        dims.add(dim_value=one(SIZES, pick))
    elif len(dims):
        del dims[pick(len(dims))]


def input_type(graph: Any, pick: Pick) -> None:
    value = one([v for v in graph.input if v.type.HasField("tensor_type")], pick)
    if value is not None:
        value.type.tensor_type.elem_type = one(TYPES, pick)


def weight_shape(graph: Any, pick: Pick) -> None:
    tensor = one(graph.initializer, pick)
    if tensor is not None and tensor.dims:
        if pick(2):
            tensor.dims[pick(len(tensor.dims))] = one(SIZES, pick)
        else:
            tensor.dims.append(1)


def weight_becomes_input(graph: Any, pick: Pick) -> None:
    """A constant that is known at run time only."""
    if graph.initializer:
        at = pick(len(graph.initializer))
        tensor = graph.initializer[at]
        value = helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        if tensor.name not in [v.name for v in graph.input]:
            graph.input.append(value)
        del graph.initializer[at]


def input_edge(graph: Any, pick: Pick) -> None:
    """A node loses an input, or reads another tensor."""
    node = one([n for n in graph.node if n.input], pick)
    if node is None:
        return
    at, how = pick(len(node.input)), pick(3)
    names = (
        [v.name for v in graph.input]
        + [t.name for t in graph.initializer]
        + [o for n in graph.node for o in n.output]
    )
    if how == 0:
        node.input[at] = ""
    elif how == 1:
        del node.input[at]
    elif names:
        node.input[at] = one(names, pick)


def output_edge(graph: Any, pick: Pick) -> None:
    node = one([n for n in graph.node if n.output], pick)
    if node is not None:
        if pick(2):
            node.output.append("")
        else:
            node.output.append(f"more_{len(node.output)}")


def op_type(graph: Any, pick: Pick) -> None:
    """Two nodes change places: each op meets the other's inputs."""
    if len(graph.node) > 1:
        a, b = one(graph.node, pick), one(graph.node, pick)
        a.op_type, b.op_type = b.op_type, a.op_type


def weight_value(graph: Any, pick: Pick) -> None:
    """One number of a constant: an axis, a size, a bound, a trip count."""
    tensor = one([t for t in graph.initializer if 0 < prod(t.dims) <= 1024], pick)
    if tensor is None:
        return
    try:
        data = numpy_helper.to_array(tensor).copy()
        data.reshape(-1)[pick(data.size)] = one(FLOATS if data.dtype.kind == "f" else NUMBERS, pick)
    except (ValueError, TypeError, OverflowError):  # damaged already, or no number of this type
        return
    tensor.CopyFrom(numpy_helper.from_array(data, tensor.name))


def name_changed(graph: Any, pick: Pick) -> None:
    """A node or a graph under a name that is no name."""
    one([graph, *graph.node], pick).name = one(
        ("", "a\nb", "\x1b[2J", "\u202egnp", "n", "x0", "y0", "/" * 300), pick
    )


def node_twice(graph: Any, pick: Pick) -> None:
    """A node once more, under other outputs or under the same."""
    node = one(graph.node, pick)
    if node is not None:
        again = graph.node.add()
        again.CopyFrom(node)
        if pick(3):
            for at, name in enumerate(again.output):
                again.output[at] = f"{name}_again"


def order_changed(graph: Any, pick: Pick) -> None:
    """A node moves to the end, or reads what it makes itself."""
    node = one(graph.node, pick)
    if node is None:
        return
    if pick(2) and node.input and node.output:
        node.input[pick(len(node.input))] = node.output[0]
    else:
        graph.node.add().CopyFrom(node)
        graph.node.remove(node)


def declared_output(graph: Any, pick: Pick) -> None:
    """What the graph says of its outputs: fewer, another, without a shape, a name nobody makes."""
    if not graph.output:
        return
    at, how = pick(len(graph.output)), pick(4)
    if how == 0:
        del graph.output[at]
    elif how == 1:
        graph.output[at].ClearField("type")
    elif how == 2:
        graph.output[at].name = one(("", "nobody", *(v.name for v in graph.input)), pick)
    else:
        graph.output.add().CopyFrom(graph.output[at])


def free_dimension(graph: Any, pick: Pick) -> None:
    value = one([v for v in graph.input if v.type.tensor_type.shape.dim], pick)
    if value is not None:
        dims = value.type.tensor_type.shape.dim
        dims[pick(len(dims))].dim_param = one(
            ("n", "", "?", "n*2", "n/0", "floor(n/2)", "-n", "((", "\x1b"), pick
        )


def domain_changed(graph: Any, pick: Pick) -> None:
    node = one(graph.node, pick)
    if node is not None:
        node.domain = one(("", "ai.onnx", "com.microsoft", "xamba", "ai.onnx.ml", "nobody"), pick)


CHANGES = (
    attribute_value, attribute_value, attribute_type, attribute_gone, attribute_new, input_shape, input_shape,
    input_type, weight_shape, weight_becomes_input, input_edge, output_edge, op_type, weight_value, weight_value,
    name_changed, node_twice, order_changed, declared_output, free_dimension, domain_changed,
)  # fmt: skip
