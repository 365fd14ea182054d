"""What goes into an iteration of a Loop or Scan slice by slice, and what comes out of all of them stacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.errors import BadModel
from npusim.graph import DType
from npusim.loading.builder import Builder, Scope

Names = tuple[str, ...]


@dataclass(slots=True, repr=False, eq=False)
class Iteration:
    """A Loop or a Scan, whose body maps (states, slices) to (states, results)."""

    name: str
    body: Any
    trips: int
    states: list[Any]  # what the state is before the first iteration
    slices: list[tuple[str, int]]  # tensors read slice by slice, and the axis
    stack_axes: list[int]  # the axis each result is stacked along
    is_loop: bool
    exact: bool = True  # else `trips` is an upper bound


def take_slice(builder: Builder, it: Iteration, source: str, axis: int, i: int | None, opset: int) -> str:
    """One slice of a Scan input: a Gather. `i` None stands for any iteration."""
    value = builder.env[source]
    shape = value.shape[:axis] + value.shape[axis + 1 :]
    if i is None and value.constant:  # another constant in every iteration
        return builder.constant(f"{it.name}/slice", value.dtype, shape)
    index = builder.constant(f"{it.name}/at", DType.INT64, (), np.array(i or 0, np.int64))
    return emit(builder, f"{it.name}/slice", "Gather", (source, index), {"axis": axis}, opset)


def unsqueezed(builder: Builder, label: str, source: Any, axis: int, opset: int) -> str:
    if isinstance(source, tuple):
        raise BadModel(f"'{label}': a sequence cannot be stacked")
    axes = builder.constant(f"{label}/axes", DType.INT64, (1,), np.array([axis], np.int64))
    return emit(builder, label, "Unsqueeze", (source, axes), {}, max(opset, 13))


def joined(builder: Builder, label: str, parts: Names, like: str, axis: int, opset: int) -> str:
    """The results of all iterations in one tensor; constants stay constants, without their values."""
    if parts:
        return emit(builder, label, "Concat", parts, {"axis": axis}, opset)
    value = builder.env[like]
    at = axis % len(value.shape)
    return builder.constant(label, value.dtype, (*value.shape[:at], 0, *value.shape[at + 1 :]))


def emit(
    builder: Builder, label: str, kind: str, inputs: Names, attributes: dict[str, Any], opset: int
) -> str:
    """Add a node of our own with one output; returns the output."""
    output = builder.fresh(label, builder.env)
    name = builder.node_name(Scope(), label, kind, 0)
    builder.apply(kind, inputs, (output,), attributes, name, opset)
    return output
