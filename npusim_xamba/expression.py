"""The value of a small expression in Python's syntax: of a free dimension ('past_length + 1') and of a cost.

The text is parsed by Python's own parser and the tree is walked here; nothing of it is ever run. Which operators
and functions there are, and what a number becomes, is each caller's `Arithmetic`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: What exporters write of sizes. What '/' is, each caller says.
WHOLE: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def whole(number: object) -> int:
    """A literal of a size. Raises ValueError for what is no whole number."""
    if type(number) is not int:
        raise ValueError("a size is a whole number")
    return number


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What an expression may be made of. `number` turns a literal into a value, or raises ValueError."""

    binary: Mapping[type[ast.operator], Callable[[Any, Any], Any]]
    number: Callable[[Any], Any]
    unary: Mapping[type[ast.unaryop], Callable[[Any], Any]] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def value(self, node: ast.expr, names: Mapping[str, Any]) -> Any:
        """The value of a tree where `names` gives each (dotted) name its own.

        Raises KeyError for a name that has none, ValueError for what is not in this arithmetic.
        """
        if isinstance(node, ast.BinOp) and type(node.op) in self.binary:
            return self.binary[type(node.op)](self.value(node.left, names), self.value(node.right, names))
        if isinstance(node, ast.UnaryOp) and type(node.op) in self.unary:
            return self.unary[type(node.op)](self.value(node.operand, names))
        if isinstance(node, ast.Constant):
            return self.number(node.value)
        if isinstance(node, ast.Call):
            function = self.functions.get(dotted(node.func) or "")
            if function is not None and not node.keywords:
                return function(*(self.value(argument, names) for argument in node.args))
        elif name := dotted(node):
            return names[name]
        raise ValueError(f"'{ast.unparse(node)}' has no place here")


def dotted(node: ast.expr) -> str | None:
    """'mac_array.clock_mhz' of a name with attributes, else None."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None
