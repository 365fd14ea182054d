"""Graph inputs: their types and shapes, with the free dimensions bound and some values fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from npusim.errors import BadArgument, BadModel, FreeDimension, UnknownShape
from npusim.graph import DType, Value
from npusim.loading.budget import check_size
from npusim.loading.dimensions import evaluate, hint, listed, names_in, option, unnamed
from npusim.loading.tensors import KEEP_ELEMENTS, dtype_of, numpy_type
from npusim_xamba.text import near

if TYPE_CHECKING:
    from npusim.loading.builder import Builder, Scope

Dim = int | str


def bind_inputs(
    graph: Any, scope: Scope, dims: Mapping[str, int], fixed: Mapping[str, Any]
) -> tuple[list[Value], dict[str, int], list[str]]:
    """The inputs that are no initializers, `dims` as plain ints, and warnings.

    Raises `FreeDimension` naming every dimension that is not bound, `BadArgument` for a name no dimension or
    input has or a value that is no size.
    """
    shapes = {v.name: symbolic_shape(v) for v in graph.input if v.name not in scope.names}
    for name in fixed:
        if name not in shapes:
            raise BadArgument(f"no input is named '{name}'; inputs: {listed(shapes)}")
    bound = checked_dims(dims, shapes)
    warnings: list[str] = []
    resolved: dict[str, tuple[int, ...]] = {}
    free: dict[str, list[tuple[str, int, int]]] = {}
    for name, shape in shapes.items():
        sizes = []
        for axis, dim in enumerate(shape):
            size = resolve(name, axis, dim, bound, warnings)
            if size is None:
                free.setdefault(str(dim), []).append((name, axis, len(shape)))
            sizes.append(size or 0)
        resolved[name] = tuple(sizes)
        check_size(name, resolved[name])
    if free:
        raise FreeDimension(sentence(free, bound))
    values = []
    for proto in graph.input:
        if proto.name in resolved:
            values.append(Value(proto.name, resolved[proto.name], dtype_of(tensor_type(proto).elem_type)))
    return [fix(v, fixed) for v in values], bound, warnings


def checked_dims(dims: Mapping[str, int], shapes: dict[str, list[Dim]]) -> dict[str, int]:
    known = {d for shape in shapes.values() for d in shape if isinstance(d, str)}
    free = sorted(known)
    known |= {name for d in known for name in names_in(d)}
    known |= {f"{name}.{axis}" for name, shape in shapes.items() for axis, d in enumerate(shape) if d == 0}
    bound: dict[str, int] = {}
    for given, size in dims.items():
        name = given if given in known else given.strip()
        if name not in known:
            raise BadArgument(
                f"no input has a free dimension named '{name}'; free dimensions: {listed(free)}{near(name, known)}"
            )
        if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 0:
            raise BadArgument(f"dimension '{name}' must be a whole number, 0 or more, not {size!r}")
        bound[name] = int(size)
    return bound


def resolve(name: str, axis: int, dim: Dim, bound: Mapping[str, int], warnings: list[str]) -> int | None:
    """The size of one dimension, None while it is free."""
    if isinstance(dim, int):
        if dim:
            return dim
        place = f"{name}.{axis}"
        if place not in bound:
            warnings.append(
                f"input '{name}' declares axis {axis} as 0, which holds nothing; if that is a placeholder, "
                f"give its size with {option('--dim', place, 1)}"
            )
        return bound.get(place, 0)
    size = evaluate(dim, bound)
    if size is not None and size < 1 and dim not in bound:
        given = ", ".join(f"{n}={bound[n]}" for n in names_in(dim) if n in bound)
        raise BadArgument(
            f"dimension '{dim}' of input '{name}' comes to {size} with {given}; "
            f"bind it as a whole with {option('--dim', dim, 1)}"
        )
    return size


def sentence(free: dict[str, list[tuple[str, int, int]]], bound: Mapping[str, int]) -> str:
    """Every free dimension, where it is, and the options that bind them all."""
    options = hint({dim: places[0][1:] for dim, places in free.items()}, bound)
    if len(free) == 1:
        dim, [(name, axis, _), *more] = next(iter(free.items()))
        also = f" and {len(more)} more of this name" if more else ""
        return f"'{name}' has a free dimension ('{dim}', axis {axis}){also}; bind it with {options}"
    shown = [
        f"'{dim}' ('{places[0][0]}' axis {places[0][1]}"
        + (f" and {len(places) - 1} more)" if places[1:] else ")")
        for dim, places in free.items()
    ]
    listing = ", ".join(shown[:10]) + (f" and {len(shown) - 10} more" if shown[10:] else "")
    return f"{len(free)} dimensions are free: {listing}; bind them with {options}"


def fix(value: Value, fixed: Mapping[str, Any]) -> Value:
    """The input as a constant, if its value is given."""
    if value.name not in fixed:
        return value
    if value.elements > KEEP_ELEMENTS:
        raise BadArgument(
            f"input '{value.name}' has {value.elements} elements; only inputs of up to {KEEP_ELEMENTS} can be set"
        )
    given = fixed[value.name]
    if value.dtype is DType.STRING:
        raise BadArgument(f"input '{value.name}' is a text; only numbers can be set")
    try:
        plain = np.asarray(given)
        data = plain.astype(numpy_type(value.dtype))
        exact = plain.dtype.kind in "biuf" and (value.dtype.is_float or np.array_equal(data, plain))
        data = np.broadcast_to(
            data.reshape(value.shape) if data.size == value.elements else data, value.shape
        )
    except (ValueError, TypeError, OverflowError):
        exact = False
    if not exact:
        raise BadArgument(
            f"input '{value.name}' is {value.dtype.label} of shape {value.shape}; '{given}' is no value of it"
        )
    return Value(value.name, value.shape, value.dtype, True, np.array(data))


def tensor_type(proto: Any) -> Any:
    kind = proto.type
    if kind.HasField("optional_type"):
        kind = kind.optional_type.elem_type
    if not kind.HasField("tensor_type"):
        raise BadModel(f"input '{proto.name}' is no tensor; only tensors are supported")
    return kind.tensor_type


def symbolic_shape(proto: Any) -> list[Dim]:
    """The dimensions of an input: a number, or the name of a free one."""
    if not proto.name:
        raise BadModel("a graph input has no name")
    tensor = tensor_type(proto)
    if not tensor.HasField("shape"):
        raise UnknownShape(
            f"input '{proto.name}' has no shape, not even a number of dimensions; export it with one"
        )
    shape: list[Dim] = []
    for axis, dim in enumerate(tensor.shape.dim):
        if dim.HasField("dim_value") and dim.dim_value >= 0:
            shape.append(dim.dim_value)
        else:
            name = dim.dim_param.strip()
            shape.append(f"{proto.name}.{axis}" if unnamed(name) else name)
    return shape


def deciding_inputs(builder: Builder, tensor: str) -> list[Value]:
    """The inputs of one element that a tensor follows from: fixing them may fix it. None if others count too."""
    needed, found = {tensor}, []
    for node in reversed(builder.nodes):
        if not needed.isdisjoint(node.outputs):
            needed.update(node.inputs)
    for name in needed & builder.inputs.keys():
        value = builder.inputs[name]
        if value.elements != 1:
            return []
        found.append(value)
    return sorted(found, key=lambda v: v.name)


def set_hint(builder: Builder, inputs: Iterable[Value]) -> str:
    """How to fix these inputs, empty if there are none."""
    options = [option("--set", v.name, 1) for v in inputs]
    return f"fix it with {' '.join(options)} (or another value)" if options else ""
