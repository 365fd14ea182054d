"""Sequences of tensors: lists at load time. Only what splits or joins tensors becomes a node."""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.errors import BadModel, UnknownShape
from npusim.graph import DType, Value
from npusim.loading.builder import Builder, Scope
from npusim.loading.tensors import KEEP_ELEMENTS, attributes_of
from npusim.loading.walk import rename, special, tensor

Names = tuple[str, ...]


def sequence(scope: Scope, local: str, name: str) -> Names:
    found = scope.find(local)
    if not isinstance(found, tuple):
        raise BadModel(f"node '{name}': '{local}' is no sequence")
    return found


def whole(
    builder: Builder, scope: Scope, inputs: Names, index: int, name: str, default: int | None = None
) -> int:
    """An index or count that must be known."""
    if index >= len(inputs) or not inputs[index]:
        if default is None:
            raise BadModel(f"node '{name}': input {index} is missing")
        return default
    data = builder.fetch(builder.env[tensor(scope, inputs[index])])
    if data is None or data.size != 1:
        raise UnknownShape(f"node '{name}': which element of a sequence it means depends on the data")
    return int(data.reshape(-1)[0])


@special("SequenceConstruct", "SequenceEmpty")
def construct(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    rename(scope, outputs[0], tuple(tensor(scope, i) for i in inputs))


@special("SequenceInsert")
def insert(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    items = list(sequence(scope, inputs[0], name))
    items.insert(whole(builder, scope, inputs, 2, name, len(items)), tensor(scope, inputs[1]))
    rename(scope, outputs[0], tuple(items))


@special("SequenceErase", "SequenceAt")
def pick(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    items = list(sequence(scope, inputs[0], name))
    at = whole(builder, scope, inputs, 1, name, -1)
    if not -len(items) <= at < len(items):
        raise BadModel(f"node '{name}': element {at} of a sequence of {len(items)}")
    item = items.pop(at)
    rename(scope, outputs[0], item if proto.op_type == "SequenceAt" else tuple(items))


@special("SequenceLength")
def length(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    count = len(sequence(scope, inputs[0], name))
    output = builder.define(scope, outputs[0])
    builder.env[output] = Value(output, (), DType.INT64, True, np.array(count, np.int64))


@special("SplitToSequence")
def split(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    """A Split, with a Squeeze behind each part where the axis is not kept."""
    attributes = attributes_of(proto.attribute, scope.attributes)
    source = builder.env[tensor(scope, inputs[0])]
    axis = attributes.get("axis", 0)
    if not -len(source.shape) <= axis < len(source.shape):
        raise BadModel(f"node '{name}': axis {axis} of shape {source.shape}")
    axis %= len(source.shape)
    total = source.shape[axis]
    given = None
    if len(inputs) > 1 and inputs[1]:
        given = builder.fetch(builder.env[tensor(scope, inputs[1])])
        if given is None:
            raise UnknownShape(f"node '{name}' (SplitToSequence): the sizes of the parts depend on the data")
    if given is not None and given.ndim:
        sizes = [int(s) for s in given]
    else:
        part = 1 if given is None else max(1, int(given))
        if total > KEEP_ELEMENTS * part:
            raise UnknownShape(
                f"node '{name}' (SplitToSequence) makes {total // part} parts, too many to follow"
            )
        sizes = [min(part, total - start) for start in range(0, total, part)]
    opset = scope.opsets.get("", 1)
    parts = tuple(builder.fresh(f"{name}/part_{i}", builder.env) for i in range(len(sizes)))
    if parts:
        counts = builder.constant(f"{name}/sizes", DType.INT64, (len(sizes),), np.array(sizes, np.int64))
        builder.apply("Split", (source.name, counts), parts, {"axis": axis}, name, opset)
    if given is None and not attributes.get("keepdims", 1):
        axes = builder.constant(f"{name}/axes", DType.INT64, (1,), np.array([axis], np.int64))
        parts = tuple(reshaped(builder, "Squeeze", part, axes, opset) for part in parts)
    rename(scope, outputs[0], parts)


@special("ConcatFromSequence")
def join(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    """A Concat, with an Unsqueeze before each part where they are stacked along a new axis."""
    attributes = attributes_of(proto.attribute, scope.attributes)
    parts, axis = sequence(scope, inputs[0], name), attributes.get("axis", 0)
    opset = scope.opsets.get("", 1)
    if attributes.get("new_axis", 0):
        axes = builder.constant(f"{name}/axes", DType.INT64, (1,), np.array([axis], np.int64))
        parts = tuple(reshaped(builder, "Unsqueeze", part, axes, opset) for part in parts)
    builder.apply("Concat", parts, (builder.define(scope, outputs[0]),), {"axis": axis}, name, opset)


def reshaped(builder: Builder, kind: str, source: str, axes: str, opset: int) -> str:
    """Squeeze or unsqueeze one tensor; returns the new one."""
    output = builder.fresh(f"{source}/{kind}", builder.env)
    label = builder.node_name(Scope(), output, kind, 0)
    # The axes are an input from opset 13 on; the rule reads either form at any opset.
    builder.apply(kind, (source, axes), (output,), {}, label, max(opset, 13))
    return output
