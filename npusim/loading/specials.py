"""Ops that become no node: Constant, and those whose output is another name for their input."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from npusim.errors import BadModel, UnknownShape
from npusim.graph import DType, Value
from npusim.loading.builder import Builder, Scope
from npusim.loading.initializers import add_constant, add_sparse
from npusim.loading.tensors import attributes_of, dtype_of
from npusim.loading.walk import declared, rename, special, tensor

# Attributes of Constant that are plain numbers or strings, with their ONNX and NumPy types.
PLAIN_VALUES = {
    "value_int": (DType.INT64, "int64"),
    "value_ints": (DType.INT64, "int64"),
    "value_float": (DType.FLOAT, "float32"),
    "value_floats": (DType.FLOAT, "float32"),
    "value_string": (DType.STRING, "object"),
    "value_strings": (DType.STRING, "object"),
}


@special("Constant")
def constant(
    builder: Builder, scope: Scope, proto: Any, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    output = builder.define(scope, outputs[0])
    attribute = proto.attribute[0] if len(proto.attribute) == 1 else None
    if attribute is not None and attribute.name == "value" and not attribute.ref_attr_name:
        add_constant(builder, output, attribute.t)
        return
    given = attributes_of(proto.attribute, scope.attributes)
    if "sparse_value" in given:
        add_sparse(builder, output, given["sparse_value"])
        return
    for key, (dtype, kind) in PLAIN_VALUES.items():
        if key in given:
            data = np.array(given[key], kind)
            builder.env[output] = Value(output, data.shape, dtype, True, data)
            return
    value = given.get("value")
    if value is None:
        raise BadModel(f"node '{name}' (Constant) has no value")
    if isinstance(value, np.ndarray):
        from onnx.numpy_helper import from_array

        value = from_array(value)
    add_constant(builder, output, value)


@special("Identity", "Optional", "OptionalGetElement")
def identity(
    builder: Builder, scope: Scope, proto: Any, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    """The output is another name for the input, be it a tensor or a sequence."""
    found = scope.find(inputs[0]) if inputs else None
    if not found:
        raise UnknownShape(f"node '{name}' ({proto.op_type}) has no input")
    rename(scope, outputs[0], found)


@special("OptionalHasElement")
def has_element(
    builder: Builder, scope: Scope, proto: Any, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    given = bool(inputs and inputs[0] and scope.find(inputs[0]))
    output = builder.define(scope, outputs[0])
    builder.env[output] = Value(output, (), DType.BOOL, True, np.array(given))


@special("Dropout", "Cast", "CastLike")
def maybe_identity(
    builder: Builder, scope: Scope, proto: Any, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    """Dropout at inference and a cast to the type a tensor has already change nothing."""
    attributes = attributes_of(proto.attribute, scope.attributes)
    ins = tuple(tensor(scope, i) if i else "" for i in inputs)
    source = builder.env[ins[0]] if ins and ins[0] else None
    nothing = False
    if source is not None and proto.op_type == "Cast":
        nothing = dtype_of(attributes.get("to", 0)) is source.dtype
    elif source is not None and proto.op_type == "CastLike":
        nothing = len(ins) > 1 and bool(ins[1]) and builder.env[ins[1]].dtype is source.dtype
    elif source is not None:
        training = builder.fetch(builder.env[ins[2]]) if len(ins) > 2 and ins[2] else np.array(False)
        nothing = training is not None and not training.any() and len([o for o in outputs if o]) == 1
    if nothing:
        rename(scope, outputs[0], ins[0])
        return
    outs = tuple(builder.define(scope, o) if o else "" for o in outputs)
    builder.apply(
        proto.op_type, ins, outs, attributes, name, scope.opsets.get("", 1),
        declared=partial(declared, builder, scope, outputs),
    )  # fmt: skip
