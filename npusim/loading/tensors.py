"""ONNX tensors and attributes as plain Python and NumPy values."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import prod
from typing import Any

import numpy as np

from npusim.errors import BadModel
from npusim.graph import DType
from npusim.messages import messages
from npusim_xamba.files import Refused, check_location, inside

# Types NumPy has itself; of any other, the `onnx` package knows how it is held.
NUMPY = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
    11: "float64",
}  # fmt: skip
# The same as bytes in a file, little-endian.
RAW = {number: np.dtype(name).newbyteorder("<") for number, name in NUMPY.items()}
# The field of a tensor that is no raw bytes, and the type its numbers are held in.
FIELDS = {
    1: ("float_data", "float32"), 2: ("int32_data", "int32"), 3: ("int32_data", "int32"), 6: ("int32_data", "int32"),
    7: ("int64_data", "int64"), 11: ("double_data", "float64"),
}  # fmt: skip
KEEP_ELEMENTS = 4096  # values are kept up to this size: enough for shapes, axes, pads, splits


@cache
def dtype_of(onnx_type: int) -> DType:
    """The `DType` of an ONNX element type number. Raises `BadModel` for one we do not know."""
    try:
        name = messages().TensorProto.DataType.Name(onnx_type)
    except ValueError:
        raise BadModel(f"element type {onnx_type} is none of ONNX's") from None
    if name == "UNDEFINED":
        raise BadModel("a tensor has no element type")
    if name not in DType.__members__:
        raise BadModel(f"element type {name} is not supported")
    return DType[name]


@cache
def onnx_type(dtype: DType) -> int:
    """The ONNX element type number of a `DType`."""
    return int(messages().TensorProto.DataType.Value(dtype.name))


@cache
def numpy_type(dtype: DType) -> np.dtype[Any]:
    """The NumPy type values of this `DType` are computed in."""
    number = onnx_type(dtype)
    if number in NUMPY:
        return np.dtype(NUMPY[number])
    from onnx.helper import tensor_dtype_to_np_dtype

    return np.dtype(tensor_dtype_to_np_dtype(number))


def dtype_like(kind: np.dtype[Any]) -> DType:
    """The `DType` of a NumPy type. Raises `ValueError` if it has none."""
    for number, name in NUMPY.items():
        if kind == name:
            return dtype_of(number)
    from onnx.helper import np_dtype_to_tensor_dtype

    try:
        return dtype_of(int(np_dtype_to_tensor_dtype(kind)))
    except (KeyError, ValueError, BadModel):
        raise ValueError(f"its value has type {kind}") from None


def shape_of(tensor: Any) -> tuple[int, ...]:
    shape = tuple(tensor.dims)
    if shape and min(shape) < 0:
        raise BadModel(f"tensor '{tensor.name}' has a negative dimension: {shape}")
    return shape


def small_data(tensor: Any, folder: str = "") -> np.ndarray | Callable[[], np.ndarray | None] | None:
    """The value of a small tensor; a function that reads it for external data; None for a big one.

    Raises `BadModel` when the data contradict the shape, or external data would lie outside `folder`.
    """
    shape = tuple(tensor.dims)
    external = tensor.data_location == 1
    if external:
        place = external_place(tensor)
    if prod(shape) > KEEP_ELEMENTS or tensor.HasField("segment"):
        return None
    if external:
        return lambda: read_external(tensor, place, folder)
    try:
        return array_of(tensor).reshape(shape)
    except (ValueError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise BadModel(f"tensor '{tensor.name}' of shape {shape} does not hold its data: {error}") from None


def array_of(tensor: Any) -> np.ndarray:
    """The value of a tensor whose data lie in the file. Raises what NumPy and `onnx` raise for data that do not fit."""
    raw = RAW.get(tensor.data_type)
    if raw is not None and tensor.HasField("raw_data"):
        return np.frombuffer(tensor.raw_data, raw).reshape(tuple(tensor.dims))
    if tensor.data_type in FIELDS and not tensor.data_location:
        field, held = FIELDS[tensor.data_type]
        data = np.asarray(getattr(tensor, field), held)
        return data.astype(NUMPY[tensor.data_type]).reshape(tuple(tensor.dims))
    from onnx.numpy_helper import to_array

    return np.asarray(to_array(tensor))


def external_place(tensor: Any) -> dict[str, str]:
    """Where external data lie: location, offset, length. Only a path below the model's folder is accepted."""
    place = {entry.key: entry.value for entry in tensor.external_data}
    location = place.get("location", "")
    try:
        check_location(location)
    except Refused as error:
        raise BadModel(f"tensor '{tensor.name}' has its {error}") from None
    return place


def read_external(tensor: Any, place: dict[str, str], folder: str) -> np.ndarray | None:
    """The value of a small tensor with external data; None if the file is not there (weights dropped)."""
    try:
        path = inside(folder, place["location"])
    except Refused as error:
        raise BadModel(f"tensor '{tensor.name}' has its {error}") from None
    shape = tuple(tensor.dims)
    dtype = np.dtype(RAW.get(tensor.data_type, "V0"))
    length = prod(shape) * dtype.itemsize
    try:
        offset = int(place.get("offset", "0"))
        if not dtype.itemsize or int(place.get("length", length)) != length or offset < 0:
            raise ValueError(f"offset {offset}, length {place.get('length')}, {length} bytes expected")
        with open(path, "rb") as file:
            file.seek(offset)
            return np.frombuffer(file.read(length), dtype).reshape(shape)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadModel(f"the external data of tensor '{tensor.name}' cannot be read: {error}") from None


def attributes_of(protos: Any, outer: dict[str, Any]) -> dict[str, Any]:
    """Attributes as Python values. `outer` are the attributes of the function call the node stands in,
    for attributes that refer to them; one that refers to nothing given is left out, as ONNX has it."""
    result = {}
    for proto in protos:
        if proto.ref_attr_name:
            if proto.ref_attr_name in outer:
                result[proto.name] = outer[proto.ref_attr_name]
        else:
            result[proto.name] = READ[proto.type](proto) if proto.type in READ else proto
    return result


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _tensor(proto: Any) -> Any:
    data = small_data(proto.t)
    return data if isinstance(data, np.ndarray) else proto.t


# By AttributeProto.type; subgraphs, sparse tensors and type protos stay ONNX's own records.
READ: dict[int, Callable[[Any], Any]] = {
    1: lambda a: a.f,
    2: lambda a: a.i,
    3: lambda a: _text(a.s),
    4: _tensor,
    5: lambda a: a.g,
    6: lambda a: tuple(a.floats),
    7: lambda a: tuple(a.ints),
    8: lambda a: tuple(_text(s) for s in a.strings),
    11: lambda a: a.sparse_tensor,
    13: lambda a: a.tp,
}
