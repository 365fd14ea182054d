"""What Intel's compiler says about a rewrite, from a committed table, where the compiler itself is not at hand.

`data/witness.csv` (made by `tests/data/make_signs.py` with Intel's compiler 2026.4.1, offline) holds blocks of real
networks as they are and rewritten, by length. Where it says a rewrite loses and npusim says it gains, the two
witnesses disagree on the sign, and the rewrite is not taken by default. A kernel that Intel's compiler prices at
nothing (CumSum on NPU 3720 and 4000) gets npusim's price, else every rewrite of it would look like a loss.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log, prod

import onnx_ir as ir

from xamba.facts.facts import Facts
from xamba.facts.nodes import attribute, node_label
from xamba.passes.base import XambaPass

MARGIN = 1.01  # two estimates of Intel's closer than this are equal


@dataclass(frozen=True)
class Row:
    """One block under Intel's compiler, microseconds. `length` along the axis, `outer`: how many such rows."""

    pass_name: str
    op_type: str
    block: str
    length: int
    outer: int
    generation: str
    before_us: float
    after_us: float
    completed: bool
    where: str

    @property
    def loses(self) -> bool:
        return self.after_us > self.before_us * MARGIN

    def __str__(self) -> str:
        star = "*" if self.completed else ""
        place = f"{self.block} of {self.length}" + ("" if self.where == "alone" else f" in {self.where}")
        return f"{self.before_us:.1f}{star} -> {self.after_us:.1f} us ({place}, NPU {self.generation})"


@cache
def rows() -> tuple[Row, ...]:
    """The committed table; rows that Intel's compiler refused are left out."""
    text = (files("xamba.choice") / "data" / "witness.csv").read_text()
    return tuple(
        _row(r) for r in csv.DictReader(text.splitlines()) if r["intel_before_us"] and r["intel_after_us"]
    )


def _row(r: dict[str, str]) -> Row:
    unpriced = r["op_type"] in r["unpriced"].split("/")
    before = float(r["intel_before_us"]) + (float(r["npusim_op_us"]) if unpriced else 0.0)
    return Row(
        r["pass"], r["op_type"], r["block"], int(r["length"]), int(r["outer"]), r["generation"],
        before, float(r["intel_after_us"]), unpriced, r["where"],
    )  # fmt: skip


def nearest(one: XambaPass, node: ir.Node, facts: Facts, generation: str) -> Row | None:
    """The row that speaks of the pass at this node on this generation: of those of the nearest length the one that
    says most against it, since what is around a place decides too. None: no row is about it."""
    found = place(node, facts)
    if found is None or not _asks(one):
        return None
    block, length, _ = found
    about = [
        r
        for r in rows()
        if (r.pass_name, r.op_type, r.generation) == (one.name, node.op_type, generation) and r.block == block
    ]
    near = min((_far(r.length, length) for r in about), default=0.0)
    return max(
        (r for r in about if _far(r.length, length) == near),
        key=lambda r: r.after_us / r.before_us,
        default=None,
    )


def _asks(one: XambaPass) -> bool:
    """A table as a function is for a lookup unit, of which Intel's compiler has none to tell about."""
    return getattr(one, "inline", True)


def _far(a: int, b: int) -> float:
    return abs(log(max(a, 1) / max(b, 1)))


def place(node: ir.Node, facts: Facts) -> tuple[str, int, int] | None:
    """Kind of block, length and number of rows; None where a length is not known."""
    shape = facts.of(node.inputs[0]).shape if node.inputs and node.inputs[0] is not None else None
    if not shape or not all(isinstance(d, int) and d > 0 for d in shape):
        return None
    sizes = [int(d) for d in shape]  # type: ignore[arg-type]
    rank = len(sizes)
    if node.op_type == "CumSum":
        axis = facts.constant(node.inputs[1])
        at = -1 if axis is None else int(axis.ravel()[0])
        last = at % rank == rank - 1
        length = sizes[at]
        return (
            ("scan", length, prod(sizes) // length)
            if last
            else ("segment sum", length, prod(sizes) // length**2 or 1)
        )
    if node.op_type in ("ReduceMean", "ReduceSum"):
        found = attribute(node, "axes", None)
        found = facts.constant(node.inputs[1]) if found is None and len(node.inputs) > 1 else found
        axes = [int(a) % rank for a in (range(rank) if found is None else found)]
        length = prod(sizes[a] for a in axes)
        if axes == [rank - 1]:
            return "norm", length, prod(sizes) // length
        return "chunk sum", length, sizes[-2] if rank > 1 else 1
    return "activation", sizes[-1], prod(sizes) // sizes[-1]


def known(one: XambaPass, labels: Sequence[str], model: ir.Model, generations: Sequence[str]) -> list[Row]:
    """Per generation the row that speaks of the pass at these nodes, the worst of them for the rewrite."""
    facts = Facts(model)
    nodes = {node_label(n): n for n in ir.traversal.RecursiveGraphIterator(model.graph)}
    found = []
    for generation in dict.fromkeys(generations):
        about = [nearest(one, nodes[label], facts, generation) for label in labels if label in nodes]
        speaking = [row for row in about if row is not None]
        if speaking:
            found.append(max(speaking, key=lambda r: r.after_us / r.before_us))
    return found
