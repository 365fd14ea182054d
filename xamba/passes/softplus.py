"""Softplus: Softplus becomes plain arithmetic, near exact.

Rule, with ``u = exp(-|x|)`` in (0, 1] and P the polynomial with the smallest largest relative error on it::

    softplus(x)  =  max(x, 0) + log(1 + u)  =  max(x, 0) + u P(u)

All forms of Softplus that `xamba.patterns` knows, with beta or a threshold. The relative error of P is the relative
error of the whole, in the tail too, where Mamba's step sizes lie: 2.9e-3 for degree 2, 5.8e-5 for degree 4,
3e-8 for degree 8. By default the degree is the least within the rounding of the type (float16: 3, float32: 8).
The answer changes by more than another order of sums would, so the pass has to be asked for; whether it pays is
a matter of price: where a compiler runs Softplus on one slow unit it does, where it has a fast one it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import onnx_ir as ir

from xamba.errors import BadArgument, Keep, NotMine
from xamba.facts.facts import Facts
from xamba.passes.base import XambaPass
from xamba.passes.operand import FLOATS
from xamba.passes.text import model_text, option
from xamba.patterns.patterns import MATCHERS, match
from xamba.tables.polynomial import softplus_polynomial
from xamba.workbench import Workbench

ROUNDOFF = {
    ir.DataType.FLOAT16: 2.0**-11,
    ir.DataType.BFLOAT16: 2.0**-8,
    ir.DataType.FLOAT: 2.0**-24,
    ir.DataType.DOUBLE: 2.0**-53,
}
HIGHEST = 16


@dataclass(frozen=True)
class NearSoftplus(XambaPass):
    """Softplus becomes max(x, 0) and a polynomial of exp(-abs(x)), near exact.

    degree: of the polynomial; None: the least within the rounding of the type.
    """

    degree: int | None = option(
        None, "--degree", "degree of Softplus's polynomial; default the least within the type's rounding."
    )

    name: ClassVar[str] = "softplus"
    exact: ClassVar[bool] = False
    order: ClassVar[int] = 65
    backwards: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = (
        model_text("float[N,7] x", "float[N,7] y", "y = Softplus(x)"),
        model_text(
            "float[N,7] x",
            "float[N,7] y",
            "one = Constant<value = float {1.0}>() e = Exp(x) s = Add(e, one) y = Log(s)",
        ),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            model_text(
                "float[N,2] x",
                "float[N,2] y",
                "c = Constant<value = float[2] {1.0, -3.0}>() s = Softplus(c) y = Mul(x, s)",
            ),
            "a constant",
        ),
    )

    def __post_init__(self) -> None:
        if self.degree is not None and not 1 <= self.degree <= HIGHEST:
            raise BadArgument(f"degree is {self.degree}; a polynomial has degree 1 to {HIGHEST}")

    def targets(self, node: ir.Node) -> bool:
        return node.op_type in MATCHERS

    def reports(self, node: ir.Node) -> bool:
        return node.op_type == "Softplus"

    def rewrite(self, node: ir.Node, bench: Workbench, facts: Facts) -> str:
        found = match(node, facts)
        if found is None or found.activation != "Softplus":
            raise NotMine
        fact = facts.of(found.x)
        if facts.is_constant(found.x):
            raise Keep("its operand is a constant, so it folds away when the model is compiled")
        if fact.dtype not in FLOATS or fact.dtype is None:
            raise Keep("the type of its operand is not a float type")
        if bench.opset < 7:
            raise Keep(f"its products broadcast, which needs opset 7, the model has {bench.opset}")
        coefficients, error = _polynomial(self.degree, fact.dtype)
        dtype, shape = fact.dtype, fact.shape
        number = lambda c: bench.constant(np.array(c), dtype, "xamba_softplus")
        op = lambda name, *inputs: bench.node(name, inputs, shape, dtype)
        x = found.x if found.parameter == 1 else op("Mul", found.x, number(found.parameter))
        u = op("Exp", op("Neg", op("Abs", x)))
        p = op("Add", op("Mul", u, number(coefficients[-1])), number(coefficients[-2]))
        for c in reversed(coefficients[:-2]):
            p = op("Add", op("Mul", p, u), number(c))
        y = op("Add", op("Relu", x), op("Mul", p, u))
        if found.parameter != 1:
            y = op("Mul", y, number(1 / found.parameter))
        if found.factor is not None:
            y = op("Mul", y, found.factor)
        degree = len(coefficients) - 1
        bench.replace(node, y, found.nodes)
        return f"max(x, 0) + u P(u), degree {degree}: max rel error {error:.2g}"


def _polynomial(degree: int | None, dtype: ir.DataType) -> tuple[tuple[float, ...], float]:
    if degree is not None:
        return softplus_polynomial(degree)
    for least in range(1, HIGHEST + 1):
        found = softplus_polynomial(least)
        if found[1] <= ROUNDOFF[dtype]:
            return found
    return found
