"""Names of free dimensions: what they come to, what can be bound, and how a hint is written."""

from __future__ import annotations

import ast
import math
import operator
import shlex
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from npusim_xamba.expression import WHOLE, Arithmetic, whole

# Exporters write derived dimensions as expressions: "past_sequence_length + 1", "floor(seq/2)", "Max(1, s0)".
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "floor": math.floor, "ceil": math.ceil, "ceiling": math.ceil, "round": round, "int": int,
    "max": max, "min": min, "abs": abs,
}  # fmt: skip


SIZES = Arithmetic(
    binary=WHOLE | {ast.Div: operator.truediv, ast.Mod: operator.mod},  # of fractions: exact
    unary={ast.USub: operator.neg},
    number=lambda number: Fraction(whole(number)),
    functions=FUNCTIONS | {name.capitalize(): function for name, function in FUNCTIONS.items()},
)


def evaluate(expression: str, bound: Mapping[str, int]) -> int | None:
    """The size of a dimension by its name or, where that is an expression of bound names, by that; None if it
    is not known. What does not come out whole is rounded down, as exporters mean `a/b`."""
    if expression in bound:
        return bound[expression]
    tree = parsed(expression)
    if tree is None:
        return None
    try:
        sizes = {name: Fraction(size) for name, size in bound.items()}
        size: int = math.floor(SIZES.value(tree.body, sizes))
    except (KeyError, ValueError, TypeError, ArithmeticError, RecursionError):
        return None
    return size


def names_in(expression: str) -> list[str]:
    """The names an expression is made of; none for a plain name."""
    tree = parsed(expression)
    if tree is None:
        return []
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called]


def parsed(expression: str) -> ast.Expression | None:
    if expression.isidentifier() or len(expression) > 200:
        return None
    try:
        return ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def unnamed(name: str) -> bool:
    """Whether a name says nothing, as '?' or '-1' do: two such dimensions may differ."""
    return not any(c.isalnum() or c == "_" for c in name.lstrip("-0123456789")) and not name.isdigit()


LONG = ("seq", "len", "token", "time", "frame", "past")  # names of axes that are not usually 1
SIDES = ("height", "width", "image")
LONG_SIZE, IMAGE_SIZE = 128, 224


def example_size(name: str, axis: int, rank: int) -> int:
    """A size that a hint may name: a length, an image's side, else 1."""
    word = name.lower()
    if any(part in word for part in LONG):
        return LONG_SIZE
    side = word in ("h", "w") or any(part in word for part in SIDES) or word.endswith(f".{axis}")
    return IMAGE_SIZE if side and axis >= 2 and rank >= 4 else 1


def hint(free: Mapping[str, tuple[int, int]], bound: Mapping[str, int]) -> str:
    """The options that bind all free dimensions, given by whole name with their (axis, rank).

    An expression whose names are dimensions themselves follows from those; any other is bound as a whole. The
    sizes named never make a dimension 0.
    """
    plain = {n: example_size(n, *place) for n, place in free.items() if not names_in(n)}
    known = {**bound, **plain}
    chosen = dict(plain)
    for name, (axis, rank) in free.items():
        if name not in plain and (evaluate(name, known) or 0) < 1:
            chosen[name] = example_size(name, axis, rank)
    return " ".join(option("--dim", name, size) for name, size in chosen.items())


def option(flag: str, name: str, value: object) -> str:
    """`--dim name=1`, quoted where a shell needs it."""
    return f"{flag} {shlex.quote(f'{name}={value}')}"


def listed(names: Iterable[str]) -> str:
    """Names for a sentence, ten at most."""
    names = list(names)
    shown = ", ".join(f"'{n}'" for n in names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown or "none"
