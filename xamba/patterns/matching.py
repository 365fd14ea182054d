"""Looking at a graph backwards from one node: who made this value, is it that constant?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.facts.nodes import is_onnx

#: How far a constant may be from an irrational number it stands for: a rounding of its type.
WRITTEN: dict[ir.DataType | None, float] = {ir.DataType.FLOAT16: 2.0**-10, ir.DataType.BFLOAT16: 2.0**-7}


@dataclass(frozen=True)
class Match:
    """``activation(x; parameter)``, times `factor` if there is one. `nodes` are the pattern's nodes
    before the last one; they go if nobody else reads them."""

    activation: str
    x: ir.Value
    parameter: float = 1.0
    nodes: list[ir.Node] = field(default_factory=list)
    factor: ir.Value | None = None


def made_by(value: ir.Value | None, op_type: str) -> ir.Node | None:
    """The node that makes a value, if it is this op."""
    node = None if value is None else value.producer()
    return node if node is not None and is_onnx(node) and node.op_type == op_type else None


def scalar(value: ir.Value | None, facts: Facts) -> float | None:
    """The number of a one-element constant."""
    found = facts.constant(value) if value is not None and not _is_run_value(value) else None
    return None if found is None or found.size != 1 else float(found.ravel()[0])


def _is_run_value(value: ir.Value) -> bool:
    """Cheap no: a value that an op of the running model makes is not a constant."""
    node = value.producer()
    return value.const_value is None and (
        node is None or node.op_type not in ("Constant", "Identity", "Cast")
    )


def near(value: ir.Value | None, number: float, facts: Facts) -> bool:
    """Whether a constant is this number, as well as its type can write it; see `close`."""
    found = scalar(value, facts)
    return found is not None and value is not None and close(found, number, facts.of(value).dtype)


def close(found: float, number: float, dtype: ir.DataType | None) -> bool:
    """Whether a number read from a file stands for this one.

    A number that float16 holds exactly (1, 0.5, 3) has to be met exactly; one that is rounded (the root of 2), to
    the rounding of its type, and to 1e-5 where people write it down with six digits.
    """
    if found == number or float(np.float16(number)) == number:
        return found == number
    return abs(found - number) <= WRITTEN.get(dtype, 1e-5) * abs(number)


@dataclass
class Product:
    """``factor`` times powers of values; `nodes` are the Mul and Pow nodes that make it."""

    factor: float = 1.0
    powers: dict[ir.Value, int] = field(default_factory=dict)
    nodes: list[ir.Node] = field(default_factory=list)


def product_of(value: ir.Value | None, facts: Facts, depth: int = 4) -> Product:
    """A value taken apart into constants and powers: ``k * x * x * x``, ``k * Pow(x, 3)`` and the like are one."""
    found = Product()
    _take_apart(value, 1, found, facts, depth)
    return found


def _take_apart(value: ir.Value | None, power: int, found: Product, facts: Facts, depth: int) -> None:
    number = scalar(value, facts)
    if number is not None:
        found.factor *= number**power
        return
    mul, pow_ = made_by(value, "Mul"), made_by(value, "Pow")
    exponent = scalar(pow_.inputs[1], facts) if pow_ is not None else None
    if mul is not None and depth > 0:
        found.nodes.append(mul)
        for part in mul.inputs:
            _take_apart(part, power, found, facts, depth - 1)
    elif pow_ is not None and depth > 0 and exponent in (2.0, 3.0):
        found.nodes.append(pow_)
        _take_apart(pow_.inputs[0], power * int(exponent), found, facts, depth - 1)
    elif value is not None:
        found.powers[value] = found.powers.get(value, 0) + power


def split(node: ir.Node, number: float, facts: Facts) -> ir.Value | None:
    """The other operand of ``v op number`` or ``number op v``."""
    a, b = node.inputs[0], node.inputs[1]
    return a if near(b, number, facts) else b if near(a, number, facts) else None
