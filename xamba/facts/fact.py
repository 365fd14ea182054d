"""One fact: what is known about a value before the model runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

MAX_ELEMENTS = 4096

Dim = int | str | None


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is set for small constants; an object array where only some entries are numbers."""

    dtype: ir.DataType | None = None
    shape: tuple[Dim, ...] | None = None
    value: np.ndarray | None = None
    constant: bool = False


UNKNOWN = Fact()


def declared(value: ir.Value) -> Fact:
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


def constant_tensor(node: ir.Node) -> ir.TensorProtocol | None:
    """What a Constant node holds; None for text, sparse data, or a reference to a function's attribute."""
    for name, attr in node.attributes.items():
        if attr.is_ref():
            return None
        if name == "value":
            return attr.value  # not as_tensor(): its type check is the slowest thing here
        if name in ("value_int", "value_ints"):
            return ir.Tensor(np.array(attr.value, np.int64))
        if name in ("value_float", "value_floats"):
            return ir.Tensor(np.array(attr.value, np.float32))
    return None
