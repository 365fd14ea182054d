"""Graph inputs: their types and shapes, with the free dimensions bound."""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping
from typing import Any

from npusim.errors import BadArgument, BadModel, FreeDimension, UnknownShape
from npusim.expression import Arithmetic
from npusim.graph import Value
from npusim.loading.builder import Scope
from npusim.loading.tensors import dtype_of


def bind_inputs(graph: Any, scope: Scope, dims: Mapping[str, int]) -> tuple[list[Value], dict[str, int]]:
    """The inputs that are no initializers, and `dims` as plain ints.

    Raises `FreeDimension` for a dimension that is not bound, `BadArgument` for a name no dimension has or a
    value that is no size.
    """
    shapes = {v.name: symbolic_shape(v) for v in graph.input if v.name not in scope.names}
    known = {d for shape in shapes.values() for d in shape if isinstance(d, str)}
    known |= {name for d in known for name in names_in(d)}
    bound: dict[str, int] = {}
    for name, size in dims.items():
        if name not in known:
            free = ", ".join(f"'{n}'" for n in sorted(known)) or "none"
            raise BadArgument(f"no input has a free dimension named '{name}'; free dimensions: {free}")
        if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 0:
            raise BadArgument(f"dimension '{name}' must be a whole number, 0 or more, not {size!r}")
        bound[name] = int(size)
    values = []
    for proto in graph.input:
        if proto.name not in shapes:
            continue
        shape = []
        for axis, dim in enumerate(shapes[proto.name]):
            size_or_none = dim if isinstance(dim, int) else evaluate(dim, bound)
            if size_or_none is None:
                flag = next((n for n in names_in(str(dim)) if n not in bound), dim)
                raise FreeDimension(
                    f"'{proto.name}' has a free dimension ('{dim}', axis {axis}); bind it with --dim {flag}=1"
                )
            shape.append(size_or_none)
        values.append(Value(proto.name, tuple(shape), dtype_of(tensor_type(proto).elem_type)))
    return values, bound


def tensor_type(proto: Any) -> Any:
    kind = proto.type
    if kind.HasField("optional_type"):
        kind = kind.optional_type.elem_type
    if not kind.HasField("tensor_type"):
        raise BadModel(f"input '{proto.name}' is no tensor; only tensors are supported")
    return kind.tensor_type


def symbolic_shape(proto: Any) -> list[int | str]:
    """The dimensions of an input: a number, or the name of a free one."""
    if not proto.name:
        raise BadModel("a graph input has no name")
    tensor = tensor_type(proto)
    if not tensor.HasField("shape"):
        raise UnknownShape(
            f"input '{proto.name}' has no shape, not even a number of dimensions; export it with one"
        )
    shape: list[int | str] = []
    for axis, dim in enumerate(tensor.shape.dim):
        if dim.HasField("dim_value") and dim.dim_value >= 0:
            shape.append(dim.dim_value)
        else:
            shape.append(dim.dim_param.strip() or f"{proto.name}.{axis}")
    return shape


# Exporters write derived dimensions as expressions: "past_sequence_length + 1".
def _whole(number: object) -> int:
    if type(number) is not int:
        raise ValueError("a size is a whole number")
    return number


SIZES = Arithmetic(
    binary={
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.FloorDiv: operator.floordiv,
        ast.Div: operator.floordiv,
    },
    number=_whole,
)


def evaluate(expression: str, bound: Mapping[str, int]) -> int | None:
    """The size of a dimension by its name or, where that is a sum or product of bound names, by that."""
    if expression in bound:
        return bound[expression]
    tree = parsed(expression)
    try:
        result = SIZES.value(tree.body, bound) if tree is not None else -1
    except (KeyError, ValueError, ArithmeticError):
        return None
    return result if result >= 0 else None


def names_in(expression: str) -> list[str]:
    tree = parsed(expression)
    return [] if tree is None else [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)]


def parsed(expression: str) -> ast.Expression | None:
    if expression.isidentifier() or len(expression) > 200:
        return None
    try:
        return ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
