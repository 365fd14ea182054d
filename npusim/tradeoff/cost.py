"""A cost the user writes over the hardware's numbers: 'tiles*mac_array.macs_per_cycle + 0.1*dma.ports'.

    expression : numbers, dotted names, + - * / ** and parentheses, min(...), max(...), sqrt(x), log(x)

The text is parsed by Python's own parser and never run (`npusim_xamba.expression`). Names may stand
for arrays, so one expression prices a hundred thousand machines at once.
"""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from npusim.errors import BadArgument
from npusim_xamba.expression import Arithmetic, dotted

GRAMMAR = "numbers, dotted names, + - * / **, parentheses, min, max, sqrt and log"
LONGEST, DEEPEST = 1000, 200  # characters, and levels of the tree
_CHARACTERS = re.compile(r"[\w\s.,()+*/-]*", re.ASCII)
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")

#: Function -> what it does and the number of its arguments: one, or two and more.
_FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "min": (lambda *values: reduce(np.minimum, values), 2),
    "max": (lambda *values: reduce(np.maximum, values), 2),
    "sqrt": (np.sqrt, 1),
    "log": (np.log, 1),
}
_ARITHMETIC = Arithmetic(
    binary={
        ast.Add: np.add,
        ast.Sub: np.subtract,
        ast.Mult: np.multiply,
        ast.Div: np.divide,
        ast.Pow: np.power,
    },
    number=np.float64,
    unary={ast.USub: np.negative, ast.UAdd: np.positive},
    functions={name: function for name, (function, _) in _FUNCTIONS.items()},
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. `names`: the dotted names in it, each once, in order of the text."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Its value where `values` gives every name a number or an array (they broadcast): float64.

        Raises BadArgument where the result is no finite number, with the values that made it so.
        """
        floats = {name: np.asarray(values[name], dtype=float) for name in self.names}
        with np.errstate(all="ignore"):
            result = np.asarray(_ARITHMETIC.value(self.tree, floats), dtype=float)
        if not np.isfinite(result).all():
            at = np.unravel_index(int(np.argmin(np.isfinite(result))), result.shape)
            where = ", ".join(f"{n}={np.broadcast_to(v, result.shape)[at]:g}" for n, v in floats.items())
            what = f"{float(result[at]):g}{f' at {where}' if where else ''}"
            raise BadArgument(f"expression '{self.text}' is {what}; it must be a finite number everywhere")
        return result if result.ndim else float(result)


def parse(text: str, known: Iterable[str]) -> Expression:
    """The expression in `text`, over the dotted names `known`.

    Raises:
        BadArgument: what is wrong, at which character (from 1 on), and the nearest names for an unknown one.
    """
    source = re.sub(r"\s", " ", text).strip()
    shown = source if len(source) <= 60 else source[:57] + "..."

    def refuse(what: str, column: int | None = None) -> BadArgument:
        place = f", character {column + 1}" if column is not None else ""
        return BadArgument(f"expression '{shown}'{place}: {what}")

    if not source:
        raise BadArgument(f"the expression is empty; it may hold {GRAMMAR}")
    if len(source) > LONGEST:
        raise refuse(f"{len(source)} characters are too long, {LONGEST} are the most")
    readable = _CHARACTERS.match(source)
    end = readable.end() if readable else 0
    if end < len(source):
        raise refuse(f"'{source[end]}' has no place in an expression of {GRAMMAR}", end)
    try:
        with warnings.catch_warnings():  # Python remarks on things like 2(3); they are refused below
            warnings.simplefilter("ignore")
            tree = ast.parse(source, mode="eval").body
    except (RecursionError, MemoryError):
        raise refuse("nested too deeply") from None
    except (SyntaxError, ValueError) as error:
        column = (getattr(error, "offset", None) or len(source) + 1) - 1  # no place: the end
        raise refuse(_syntax(source, column, error), min(column, len(source))) from None
    names: dict[str, None] = {}
    _check(tree, source, tuple(known), names, refuse, 0)
    return Expression(source, tuple(names), tree)


def _syntax(source: str, column: int, error: Exception) -> str:
    if column >= len(source):
        return "the text ends too early"
    return f"cannot be read here ({getattr(error, 'msg', error)})"


def _check(
    node: ast.expr,
    source: str,
    known: tuple[str, ...],
    names: dict[str, None],
    refuse: Callable[..., BadArgument],
    depth: int,
) -> None:
    """Refuse what the grammar does not have; collect the names."""
    column = node.col_offset
    if depth > DEEPEST:
        raise refuse(f"nested more than {DEEPEST} levels deep", column)

    def inside(*children: ast.expr) -> None:
        for child in children:
            _check(child, source, known, names, refuse, depth + 1)

    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC.binary:
        inside(node.left, node.right)
    elif isinstance(node, ast.UnaryOp) and type(node.op) in _ARITHMETIC.unary:
        inside(node.operand)
    elif isinstance(node, ast.Constant):
        if not _NUMBER.match(written := source[column : node.end_col_offset]):
            raise refuse(f"'{written}' is no plain decimal number", column)
        if not np.isfinite(float(written)):
            raise refuse("this number is too large", column)
    elif isinstance(node, ast.Call):
        inside(*_arguments(node, refuse))
    elif (name := dotted(node)) is not None:
        if name not in known:
            raise refuse(_unknown(name, known), column)
        names[name] = None
    else:
        written = (ast.get_source_segment(source, node) or "")[:40]
        raise refuse(f"'{written}' has no place in an expression of {GRAMMAR}", column)


def _arguments(node: ast.Call, refuse: Callable[..., BadArgument]) -> list[ast.expr]:
    name = dotted(node.func) or "this"
    if name not in _FUNCTIONS:
        raise refuse(f"no function '{name}'; there are {', '.join(_FUNCTIONS)}", node.col_offset)
    least = _FUNCTIONS[name][1]
    plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
    if not plain or len(node.args) < least or (least == 1 and len(node.args) > 1):
        wanted = "one argument" if least == 1 else "two arguments or more"
        raise refuse(f"{name} takes {wanted}, got {len(node.args) + len(node.keywords)}", node.col_offset)
    return node.args


def _unknown(name: str, known: tuple[str, ...]) -> str:
    if name in _FUNCTIONS:
        return f"{name} is a function; write {name}(...)"
    tail = name.rsplit(".", 1)[-1]
    near = [other for other in known if other.rsplit(".", 1)[-1] == tail][:3]
    near += [other for other in difflib.get_close_matches(name, known, n=3, cutoff=0.5) if other not in near]
    hint = f"; nearest: {', '.join(near[:4])}" if near else "; `npusim hw show NAME` lists them"
    return f"no number '{name}' in the hardware description{hint}"
