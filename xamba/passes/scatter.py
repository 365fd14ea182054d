"""Scatter: rows written one by one into a value that nobody reads in between become one Concat.

Rule, for a chain of ScatterND or ScatterElements that starts from a constant and writes every row of an axis::

    x0 = zeros;  x1 = scatter(x0, row 0, r0);  ...  xn = scatter(.., row n-1, r(n-1))
    xn  =  Concat(r0, r1, ..., r(n-1))

which element of which row ends up where is worked out element by element (`xamba.facts.index_map`), so the
indices may be spelled in any way. Legal when they are constant, the rows cover the axis and overlap nowhere,
nobody reads a value in between, and nothing is reduced while scattering. Bit for bit the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep, NotMine
from xamba.facts.elements import Elements
from xamba.facts.index_map import VIEWS, IndexMap
from xamba.facts.nodes import attribute, is_onnx
from xamba.passes.by_element import ByElement
from xamba.passes.text import model_text
from xamba.passes.unread import drop_unread
from xamba.workbench import Workbench

SCATTERS = ("ScatterND", "ScatterElements")
LARGEST = 2**22


def _chain(rows: tuple[int, ...], last: str = "y") -> str:
    """Rows of x [2, 3] written one by one, for the examples."""
    lines = [
        "shape = Constant<value = int64[2] {2, 3}>()",
        "s0 = ConstantOfShape<value = float[1] {0.0}>(shape)",
    ]
    lines += ["zero = Constant<value = int64[1] {0}>()"]
    for at, row in enumerate(rows):
        after = f"s{at + 1}" if at < len(rows) - 1 else last
        lines += [
            f"f{at} = Constant<value = int64[1] {{{at}}}>()",
            f"e{at} = Constant<value = int64[1] {{{at + 1}}}>()",
            f"r{at} = Slice(x, f{at}, e{at}, zero)",
            f"t{at} = Exp(r{at})",
            f"i{at} = Constant<value = int64[1,1] {{{row}}}>()",
            f"{after} = ScatterND(s{at}, i{at}, t{at})",
        ]
    return "\n".join(lines)


@dataclass(frozen=True)
class Scatter(ByElement):
    """A chain of Scatters that writes every row once becomes a Concat."""

    name: ClassVar[str] = "scatter"
    order: ClassVar[int] = 32
    backwards: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = (
        model_text("float[2,3] x", "float[2,3] y", _chain((0, 1))),
        model_text("float[2,3] x", "float[2,3] z", _chain((1, 0)) + "\nz = Neg(y)"),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (model_text("float[2,3] x", "float[2,3] y", _chain((1, 1))), "overlap"),
        (model_text("float[2,3] x", "float[2,3] y, float[2,3] s1", _chain((0, 1))), "in between is read"),
        (model_text("float[2,3] x", "float[2,3] y", _chain((1,))), "not written"),
    )

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type in SCATTERS

    def reports(self, node: ir.Node) -> bool:
        return False

    def rewrite_known(self, node: ir.Node, bench: Workbench, elements: Elements) -> str:
        if any(_is_next(use.node, use.idx) for use in node.outputs[0].uses()):
            raise NotMine  # the last of the chain speaks for all
        chain = _collect(node)
        start = chain[-1].inputs[0]
        if start is None or not elements.is_constant(start):
            raise NotMine
        if any(attribute(one, "reduction", "none") != "none" for one in chain):
            raise Keep("it adds to what is there (reduction)")
        for one in chain[1:]:
            value = one.outputs[0]
            lengths = [use for use in value.uses() if _reads_lengths(use.node)]
            if len(value.uses()) != 1 + len(lengths) or value.is_graph_output():
                raise Keep("a value in between is read (or it is an output)")
        return _concat(node, chain, start, bench, elements)


def _is_next(node: ir.Node, index: int) -> bool:
    return is_onnx(node) and node.op_type in SCATTERS and index == 0


def _reads_lengths(node: ir.Node, depth: int = 8) -> bool:
    """Whether only the lengths of what a node reads matter: a Shape, or views that only Shapes read."""
    if not is_onnx(node) or node.op_type in ("Shape", "Size"):
        return is_onnx(node)
    if node.op_type not in VIEWS or depth == 0 or any(out.is_graph_output() for out in node.outputs):
        return False
    further = [use.node for out in node.outputs for use in out.uses()]
    return bool(further) and all(_reads_lengths(one, depth - 1) for one in further)


def _collect(node: ir.Node) -> list[ir.Node]:
    """The chain that ends with this node, the last first."""
    chain = [node]
    while True:
        value = chain[-1].inputs[0]
        before = value.producer() if value is not None else None
        if before is None or not _is_next(before, 0):
            return chain
        chain.append(before)


def _concat(
    node: ir.Node, chain: list[ir.Node], start: ir.Value, bench: Workbench, elements: Elements
) -> str:
    out = node.outputs[0]
    shape = elements.shape(out)
    if shape is None or not all(isinstance(d, int) for d in shape):
        raise Keep("its shape is not known")
    lengths = [int(d) for d in shape if isinstance(d, int)]
    if prod(lengths) > LARGEST:
        raise Keep("it is too large to be followed element by element")
    rows: list[tuple[ir.Value, int, int]] = []
    roots: dict[ir.Value, np.ndarray] = {start: np.full(lengths, -1)}
    at = 0
    for one in reversed(chain):
        update = one.inputs[2]
        size = elements.shape(update)
        if update is None or size is None or not all(isinstance(d, int) for d in size):
            raise Keep("the shape of a row is not known")
        count = prod(int(d) for d in size if isinstance(d, int))
        if update in roots:
            raise Keep("the same row is written twice")
        roots[update] = np.arange(at, at + count).reshape([int(d) for d in size if isinstance(d, int)])
        rows.append((update, at, count))
        at += count
    numbers = IndexMap(elements, roots).of(out)
    if numbers is None:
        raise Keep("its indices are not constant, or name a place twice")
    if at > numbers.size or len(np.unique(numbers[numbers >= 0])) != at:
        raise Keep("its rows overlap: a later one overwrites an earlier one")
    if (numbers < 0).any():
        raise Keep(f"{int((numbers < 0).sum())} of {numbers.size} elements are not written")
    axis, order = _order(numbers, rows)
    dtype = elements.facts.of(out).dtype
    if dtype is None:
        raise Keep("its type is unknown")
    parts = []
    for update, length in order:
        part = [*lengths[:axis], length, *lengths[axis + 1 :]]
        same = list(elements.shape(update) or ()) == part
        parts.append(update if same else bench.reshape(update, part, part, dtype))
    for one in chain[1:]:
        for use in list(one.outputs[0].uses()):
            if _reads_lengths(use.node):  # the constant it starts from has the same
                use.node.replace_input_with(use.idx, start)
    old = [x for one in chain for x in one.inputs if x is not None]
    y = parts[0]
    if len(parts) > 1:
        y = bench.node("Concat", parts, lengths, dtype, {"axis": axis})
    elif y is order[0][0]:
        y = bench.node("Identity", parts, lengths, dtype)
    bench.replace(node, y)
    drop_unread(old)
    return f"Concat of {len(parts)} along axis {axis}"


def _order(
    numbers: np.ndarray, rows: list[tuple[ir.Value, int, int]]
) -> tuple[int, list[tuple[ir.Value, int]]]:
    """The axis along which whole rows lie one after the other, and their order."""
    for axis in range(numbers.ndim):
        turned = np.moveaxis(numbers, axis, 0)
        place, found = 0, []
        by_start = {start: (update, count) for update, start, count in rows}
        while place < len(turned):
            first = int(turned[place].min())
            if first not in by_start:
                break
            update, count = by_start[first]
            length = count // (turned[0].size or 1)
            piece = np.moveaxis(turned[place : place + length], 0, axis)
            if length < 1 or not np.array_equal(piece.ravel(), np.arange(first, first + count)):
                break
            found.append((update, length))
            place += length
        else:
            return axis, found
    raise Keep("its rows do not lie one after the other along an axis")
