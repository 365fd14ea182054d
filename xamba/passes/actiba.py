"""ActiBA: an activation becomes a piecewise linear table, which a MAC array can apply as it drains.

Rule (XAMBA, arXiv 2502.06924, section on ActiBA), for any shape of ``x``::

    f(x) = slopes[i] x + offsets[i]      i = count(breaks <= x)      xamba.PWL(x)

Known: Softplus (the op, ``log(1 + exp x)``, ``relu(x) + log(1 + exp -|x|)``, ``-log sigmoid(-x)``, with
or without beta, with a threshold Where), Swish (``x * sigmoid(alpha x)``, the op of opset 24,
QuickGelu), Gelu (the op, the erf form, the tanh form), Sigmoid, Tanh, and Exp when asked for.
`xamba.patterns.patterns` has the forms, `xamba.tables.pwl` the placing of segments.

Unlike the other passes this one changes the answer, by an error that is minimised, measured and
written into each node (``metadata_props``: ``xamba.achieved`` and more). A function that feeds a
step size lives on its relative error (Softplus in Mamba: step sizes of 0.001 to 0.1), so tables are
fitted to relative error unless ``error="absolute"`` is asked for.

``variant="relu"`` is what the authors' code does: Softplus becomes Relu. It has the right speed and
the wrong answer (absolute error ln 2, relative error 1); it is here to be compared with.

The table is one node of domain ``xamba`` with a function body. Before opset 15 or IR version 8 there
are no such functions, and with ``inline=True`` there need be none: the body is written in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

import onnx_ir as ir

from xamba.errors import BadArgument, Keep, NotMine
from xamba.facts.bounds import bounds
from xamba.facts.facts import Facts
from xamba.facts.tails import singular_use
from xamba.passes.base import Result, XambaPass
from xamba.passes.operand import FLOATS
from xamba.passes.text import model_text, option
from xamba.patterns.matching import Match
from xamba.patterns.patterns import ATOMS, MATCHERS, match
from xamba.tables.pwl import ACTIVATIONS, Table, table
from xamba.tables.pwl_op import (
    FUNCTION_IR_VERSION,
    FUNCTION_OPSET,
    INLINE_OPSET,
    call,
    ensure_function,
    inline,
)
from xamba.workbench import Workbench

NARROW = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)
CHOICES = ("Softplus", "Swish", "Gelu", "Sigmoid", "Tanh", "Exp")


def _range(text: str) -> tuple[float, float]:
    try:
        lo, hi = (float(word) for word in text.split(","))
    except ValueError:
        raise BadArgument(f"--range is '{text}'; write two numbers as -8,8") from None
    return lo, hi


@dataclass(frozen=True)
class ActiBA(XambaPass):
    """Activations become piecewise linear tables, which a MAC array can apply as it drains.

    segments: linear segments within the range (two more saturate outside it).
    range: (lo, hi) for all tables, default each activation's own (divided by alpha or beta).
    error: "relative" or "absolute", what the placing of the segments minimises.
    variant: "pwl", or "relu" for the authors' stand-in for Softplus.
    inline: write the body of the table in place of a function call.
    functions: which activations, of `CHOICES`.
    """

    segments: int = option(32, "--segments", "segments within the range.")
    range: tuple[float, float] | None = option(
        None, "--range", "range of the tables.", metavar="LO,HI", parse=_range
    )
    error: str = option("relative", "--error", "the error to minimise.", choices=("relative", "absolute"))
    variant: str = option(
        "pwl", "--variant", "pwl, or relu as in the authors' code.", choices=("pwl", "relu")
    )
    inline: bool = option(False, "--inline", "write tables without a function.")
    functions: tuple[str, ...] = option(
        ("Softplus", "Swish", "Gelu", "Sigmoid", "Tanh"), "--functions", "which activations.", choices=CHOICES
    )

    name: ClassVar[str] = "actiba"
    exact: ClassVar[bool] = False
    order: ClassVar[int] = 90
    backwards: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = (
        model_text("float[N,6] x", "float[N,6] y", "y = Softplus(x)"),
        model_text("float[N,6] x", "float[N,6] y", "s = Sigmoid(x) y = Mul(s, x)"),
        model_text("float[N,6] x", "float[N,6] y", "y = Tanh(x)"),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            model_text(
                "float[N,6] x",
                "float[N,6] y",
                "c = Constant<value = float[6] {1, 2, 3, 4, 5, 6}>() s = Sigmoid(c) y = Mul(s, x)",
            ),
            "its operand is a constant",
        ),
    )

    def __post_init__(self) -> None:
        if not 1 <= self.segments <= 4096:
            raise BadArgument(f"segments is {self.segments}; a table has 1 to 4096 segments")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise BadArgument(f"range is {self.range}; the first number has to be below the second")
        if self.error not in ("relative", "absolute"):
            raise BadArgument(f"error is '{self.error}'; choose relative or absolute")
        if self.variant not in ("pwl", "relu"):
            raise BadArgument(f"variant is '{self.variant}'; choose pwl or relu")
        unknown = [f for f in self.functions if f not in CHOICES]
        if unknown:
            raise BadArgument(f"no table for '{unknown[0]}'; choose from {', '.join(CHOICES)}")

    def targets(self, node: ir.Node) -> bool:
        return node.op_type in MATCHERS or node.op_type in ATOMS

    def reports(self, node: ir.Node) -> bool:
        return node.op_type in ATOMS and node.op_type in (*self.functions, "QuickGelu", "FastGelu")

    def rewrite(self, node: ir.Node, bench: Workbench, facts: Facts) -> str:
        found = match(node, facts)
        if found is None or found.activation.removesuffix("Tanh") not in (*self.functions, ""):
            raise NotMine
        if found.activation == "Tanh" and "Tanh" not in self.functions:
            raise NotMine
        fact = facts.of(found.x)
        if fact.constant or facts.is_constant(found.x):
            raise Keep("its operand is a constant, so it folds away when the model is compiled")
        if fact.dtype not in FLOATS:
            kind = "unknown" if fact.dtype is None else fact.dtype.name.lower()
            raise Keep(f"the type of its operand is {kind}, not a float type")
        if self.variant == "relu":
            return self._relu(node, found, bench, facts)
        if bench.opset < INLINE_OPSET:
            raise Keep(f"its table needs opset {INLINE_OPSET}, the model has {bench.opset}")
        made = self._table(node, found, fact.dtype, bench.model, facts)
        in_place = self.inline or not _takes_functions(bench)
        y = (inline if in_place else call)(bench, found.x, fact.shape, fact.dtype, made)
        bench.tag(_properties(made, node.outputs[0].name or ""))
        return self._finish(node, found, y, bench, facts, str(made) + (", in place" if in_place else ""))

    def _table(self, node: ir.Node, found: Match, dtype: ir.DataType, model: ir.Model, facts: Facts) -> Table:
        """The table for a value of this type. Raises `Keep` where its ends would show."""
        kind = ACTIVATIONS[found.activation]
        name = dtype.name.lower() if dtype in NARROW else "float32"
        made = table(found.activation, self.segments, found.parameter, self.range, self.error, name)
        lo, hi = bounds(found.x, facts)
        if kind.right is None and hi > made.hi and self.range is None:
            raise Keep(
                f"{found.activation} grows without end beyond its table ({made.hi:g}), and nothing in the graph bounds "
                f"its operand; --range LO,HI promises that it stays within"
            )
        if kind.crosses_zero or lo < made.lo or hi > made.hi:
            use = singular_use(node.outputs[0], kind.exact_values, model, facts)
            if use is not None:
                raise Keep(
                    f"the table is an exact constant where {found.activation} is only near it, and {use}"
                )
        return made

    def _relu(self, node: ir.Node, found: Match, bench: Workbench, facts: Facts) -> str:
        if found.activation != "Softplus":
            raise Keep("the relu variant replaces Softplus only")
        fact = facts.of(found.x)
        y = bench.node("Relu", [found.x], fact.shape, fact.dtype)
        bench.tag({"xamba.activation": "Softplus", "xamba.variant": "relu"})
        wrong = log(2) / found.parameter
        return self._finish(node, found, y, bench, facts, f"Relu: max abs error {wrong:.2g} at 0, max rel 1")

    def _finish(
        self, node: ir.Node, found: Match, y: ir.Value, bench: Workbench, facts: Facts, by: str
    ) -> str:
        if found.factor is not None:
            y = bench.node("Mul", [y, found.factor], facts.of(node.outputs[0]).shape, y.dtype)
        bench.replace(node, y, found.nodes)
        return by

    def call(self, model: ir.Model) -> Result:
        result = super().call(model)
        if result.modified:
            ensure_function(model)
        return result


def _takes_functions(bench: Workbench) -> bool:
    return bench.opset >= FUNCTION_OPSET and bench.model.ir_version >= FUNCTION_IR_VERSION


def _up(number: float) -> str:
    """Six digits, rounded up a little: a claim has to hold between the points it was measured at too."""
    return f"{number * 1.0001:.6g}"


def _properties(made: Table, name: str) -> dict[str, str]:
    """What is saved with each node of a table; `xamba.table` names the value the nodes of one table make."""
    return {
        "xamba.table": name,
        "xamba.activation": made.activation,
        "xamba.parameter": f"{made.parameter:.6g}",
        "xamba.segments": str(made.segments),
        "xamba.range": f"{made.lo:g} {made.hi:g}",
        "xamba.error": made.error,
        "xamba.achieved": _up(made.achieved),
        "xamba.max_abs": _up(made.max_abs),
        "xamba.max_rel": _up(made.max_rel),
    }


__all__ = ["CHOICES", "ActiBA"]
