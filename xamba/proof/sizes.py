"""Free dimensions of a model's inputs: their names, how a length is given, and the lengths tried.

A dimension is bound by its whole name as the file writes it (``floor(seq/2)``), by a name within it
(``past`` of ``past + 1``), and one without a name as ``input.axis`` (``x.2``), as in npusim.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator, Mapping

import onnx_ir as ir

from npusim_xamba.expression import WHOLE, Arithmetic, whole
from npusim_xamba.text import quoted
from xamba.errors import BadArgument, BadModel

FREE_DIMENSION = 2  # length of a free dimension that nobody bound
#: (batch, length) of free dimensions, in the order they are tried; models refuse some.
SIZES = ((FREE_DIMENSION, FREE_DIMENSION), (3, 17), (1, 5), (1, 64), (1, 224))


SUMS = Arithmetic(binary=WHOLE | {ast.Div: operator.floordiv}, number=whole)


def run_inputs(model: ir.Model) -> list[ir.Value]:
    """Graph inputs that a caller has to give (initializers in the input list are weights)."""
    return [v for v in model.graph.inputs if v.name not in model.graph.initializers]


def dimensions(value: ir.Value) -> list[int | str]:
    """The dimensions of an input: a number, or the name of a free one. Raises `BadModel` without a shape."""
    if value.shape is None or value.dtype is None:
        raise BadModel(f"input {quoted(value.name)} has no type or no shape, so no data can be made for it")
    dims: list[int | str] = []
    for axis, d in enumerate(value.shape):
        dims.append(d if isinstance(d, int) else (d.value or "").strip() or f"{value.name}.{axis}")
    return dims


def free_names(model: ir.Model) -> dict[str, bool]:
    """Names that can be bound; true for those of a batch (the first axis of an input, or named so)."""
    found: dict[str, bool] = {}
    for value in run_inputs(model):
        for axis, d in enumerate(dimensions(value)):
            if isinstance(d, str):
                batch = "batch" in d.lower() or (
                    axis == 0 and not _is_length(d) and len(value.shape or ()) > 1
                )
                for name in (d, *_names_in(d)):
                    found[name] = found.get(name, batch) and batch
    return found


def _is_length(name: str) -> bool:
    return any(word in name.lower() for word in ("seq", "len", "time", "token", "frame"))


def check_dims(model: ir.Model, dims: Mapping[str, int]) -> None:
    """Raises `BadArgument` for a name no free dimension has."""
    free = free_names(model)
    for name in dims:
        if name not in free:
            known = ", ".join(quoted(n) for n in sorted(free)) or "none"
            raise BadArgument(f"no free dimension is called {quoted(name)} (free: {known})")


def lengths(model: ir.Model, dims: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Lengths of all free names, one dictionary for each of `SIZES`; just one when all are bound."""
    free = free_names(model)
    seen: list[dict[str, int]] = []
    for batch, length in SIZES:
        found = {name: dims.get(name, batch if is_batch else length) for name, is_batch in free.items()}
        if found not in seen:
            seen.append(found)
            yield found


def shape_of(value: ir.Value, bound: Mapping[str, int], given: Mapping[str, int]) -> list[int]:
    """The shape of an input. What the user gave for a whole name goes before what its parts say."""
    shape = []
    for d in dimensions(value):
        size: int | None = d if isinstance(d, int) else given.get(d)
        if isinstance(d, str) and size is None:
            size = _evaluate(d, bound)
            size = bound.get(d, FREE_DIMENSION) if size is None else size
        shape.append(int(size or 0))
    return shape


def _names_in(expression: str) -> list[str]:
    tree = _parsed(expression)
    return [] if tree is None else [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)]


def _parsed(expression: str) -> ast.Expression | None:
    if expression.isidentifier() or len(expression) > 200:
        return None
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    calls = any(isinstance(n, ast.Call | ast.Attribute) for n in ast.walk(tree))
    return None if calls else tree


def _evaluate(expression: str, bound: Mapping[str, int]) -> int | None:
    """The size of a sum or product of bound names; None for anything else, and for less than 0."""
    tree = _parsed(expression)
    try:
        result: int = -1 if tree is None else SUMS.value(tree.body, bound)
    except (KeyError, ValueError, ArithmeticError):
        return None
    return result if result >= 0 else None
