"""Delta rule: a forward substitution, one row after another, becomes a recursion of a few products.

Rule: gated delta nets (Qwen3-Next) turn a strictly lower matrix A [.., n, n] into ``(I - A)^-1 - I`` row by row::

    for i in 1 .. n-1:   A[i, :i] += A[i, :i] @ A[:i, :i]

The inverse of a block triangle is made of those of its two halves, so with ``M_k`` the lower-left blocks of size
``2^k`` of blocks of size ``2^(k+1)``::

    X = I + A * M_0;     X += X (A * M_k) X      k = 1, 2, .. while 2^k < n;      result X - I

2 (ceil(log2 n) - 1) products in place of n - 1 steps of Slice, Mul, ReduceSum, Add and Scatter. Each step
inverts ever larger blocks exactly as the substitution does, so growth in between is no larger than in the
result; the shorter product of powers ``(I + A)(I + A^2)(I + A^4)...`` cancels numbers as large as binomials and is
wrong by any amount where keys are equal. It is not used.

Legal when the steps are exactly these for every i: which elements each step reads and writes is worked out
element by element (`xamba.facts.index_map`), whatever ops spell it; and A is known to be zero on and above
its diagonal (`xamba.facts.elements`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.elements import ZERO, Elements
from xamba.facts.facts import Facts
from xamba.facts.nodes import is_onnx, node_label
from xamba.facts.substitution import Substitution, substitutions
from xamba.facts.whole import Whole
from xamba.passes.base import Kept, Result, Rewritten, XambaPass
from xamba.passes.text import model_text
from xamba.passes.unread import bypass, drop_unread
from xamba.workbench import Workbench


def _loop(n: int, source: str, skip: int = 0) -> str:
    """The substitution as an exporter writes it, for the examples."""
    lines = [
        source,
        "zero = Constant<value = int64[1] {0}>()",
        "row_axis = Constant<value = int64[1] {1}>()",
        "column_axis = Constant<value = int64[1] {2}>()",
        "one = Constant<value = int64[1] {1}>()",
    ]
    before = "a0"
    for i in range(1, n):
        if i == skip:
            continue
        after = f"a{i}" if i < n - 1 else "x"
        places = ", ".join(f"{i}, {j}" for j in range(i))
        lines += [
            f"i{i} = Constant<value = int64[1] {{{i}}}>()",
            f"j{i} = Constant<value = int64[1] {{{i + 1}}}>()",
            f"r{i} = Slice({before}, i{i}, j{i}, row_axis)",
            f"row{i} = Slice(r{i}, zero, i{i}, column_axis)",
            f"u{i} = Slice({before}, zero, i{i}, row_axis)",
            f"sub{i} = Slice(u{i}, zero, i{i}, column_axis)",
            f"turned{i} = Transpose<perm = [0, 2, 1]>(row{i})",
            f"terms{i} = Mul(turned{i}, sub{i})",
            f"sum{i} = ReduceSum<keepdims = 1>(terms{i}, one)",
            f"new{i} = Add(row{i}, sum{i})",
            f"flat{i} = Squeeze(new{i}, row_axis)",
            f"update{i} = Transpose<perm = [1, 0]>(flat{i})",
            f"moved{i} = Transpose<perm = [1, 2, 0]>({before})",
            f"at{i} = Constant<value = int64[{i},2] {{{places}}}>()",
            f"put{i} = ScatterND(moved{i}, at{i}, update{i})",
            f"{after} = Transpose<perm = [2, 0, 1]>(put{i})",
        ]
        before = after
    lines.append("y = Identity(x)")
    return "\n".join(lines)


_LOWER = """
strict = Constant<value = int64 {-1}>()
a0 = Trilu<upper = 0>(m, strict)"""


@dataclass(frozen=True)
class DeltaRule(XambaPass):
    """The row by row substitution of a delta rule becomes a recursion of a few products."""

    name: ClassVar[str] = "delta"
    order: ClassVar[int] = 5
    examples: ClassVar[tuple[str, ...]] = (
        model_text("float[2,4,4] m", "float[2,4,4] y", _loop(4, _LOWER)),
        model_text("float[1,7,7] m", "float[1,7,7] y", _loop(7, _LOWER)),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (model_text("float[2,4,4] m", "float[2,4,4] y", _loop(4, "a0 = Neg(m)")), "not known to be zero"),
        (model_text("float[2,6,6] m", "float[2,6,6] y", _loop(6, _LOWER, skip=4)), "rows 1 to 3 of 5"),
    )

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type == "Add"

    def reports(self, node: ir.Node) -> bool:
        return False

    def rewrite_model(self, model: ir.Model, bench: Workbench, facts: Facts, result: Result) -> None:
        if sum(n.op_type in ("ScatterND", "ScatterElements") for n in model.graph) < 2:
            return  # no rows are written: nothing to look for in a large model
        elements = Elements(facts, Whole(facts), True)
        for found in substitutions(model.graph, elements):
            node = found.steps[0]
            try:
                if not self.wants(node):
                    raise Keep(f"its name matches no pattern of only={list(self.only)}")
                by = _replace(found, elements, bench)
            except Keep as keep:
                bench.discard()
                result.kept.append(Kept(self.name, node.op_type, node_label(node), str(keep)))
            else:
                result.rewritten.append(Rewritten(self.name, node.op_type, node_label(node), by))


def block_masks(n: int) -> list[np.ndarray]:
    """Masks [n, n] of the lower-left blocks of size 1, 2, 4, ... of a matrix, while smaller than n."""
    row, column = np.indices((n, n))
    masks, size = [], 1
    while size < n:
        same = row // (2 * size) == column // (2 * size)
        masks.append(same & (row % (2 * size) >= size) & (column % (2 * size) < size))
        size *= 2
    return masks


def _replace(found: Substitution, elements: Elements, bench: Workbench) -> str:
    n, a = found.size, found.matrix
    if found.result is None:
        raise Keep(
            f"a substitution like a delta rule's, but only rows 1 to {len(found.steps)} of {n - 1} are "
            f"replaced by themselves plus themselves times the rows before"
        )
    codes = elements.of(a)
    upper = np.triu(np.ones((n, n), bool))
    if codes is None or not (np.broadcast_arrays(codes == ZERO, upper)[0] | ~upper).all():
        raise Keep("its matrix is not known to be zero on and above the diagonal")
    dtype, shape = elements.facts.of(a).dtype, elements.shape(a)
    node = found.result.producer()
    if dtype is None or shape is None or node is None:
        raise Keep("the type of its matrix is unknown")
    eye = bench.constant(np.eye(n), dtype, f"xamba_identity_{n}")
    x: ir.Value | None = None
    for k, mask in enumerate(block_masks(n)):
        held = bench.constant(mask.astype(np.float32), dtype, f"xamba_blocks_{2**k}_of_{n}")
        part = bench.node("Mul", [a, held], shape, dtype)
        if x is None:
            x = bench.node("Add", [part, eye], shape, dtype)
            continue
        left = bench.node("MatMul", [x, part], shape, dtype)
        added = bench.node("MatMul", [left, x], shape, dtype)
        x = bench.node("Add", [x, added], shape, dtype)
    assert x is not None
    old = [v for v in node.inputs if v is not None]
    y = bench.node("Sub", [x, eye], shape, dtype)
    bench.replace(node, y)
    drop_unread(old)
    _spare_identity(y, x, np.eye(n), elements, bench)
    products = 2 * (len(block_masks(n)) - 1)
    return f"(I - A)^-1 - I of {n} rows by {products} products, in place of {len(found.steps)} steps"


def _spare_identity(y: ir.Value, x: ir.Value, eye: np.ndarray, elements: Elements, bench: Workbench) -> None:
    """A reader that adds the identity again reads X itself."""
    for node, index in list(y.uses()):
        if node.op_type != "Add" or node.outputs[0].is_graph_output():
            continue
        other = elements.whole.of(node.inputs[1 - index])
        if other is None or other.shape[-2:] != eye.shape or not (other == eye).all():
            continue
        node.replace_input_with(index, x)
        if index != 0:
            node.replace_input_with(0, x)
        bypass(node, bench)
    drop_unread([y])
