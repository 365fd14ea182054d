"""Products: a sum of products that is written as a big broadcast product and a sum becomes a MatMul.

Rule, for ``ReduceSum(Mul(a, b))`` and for an Einsum of two operands. Every axis of the product is in one of
five groups: summed and in both operands (k); in both (batch); in the first only (m); in the second only
(n); in neither, where both are copies along it (c). With the axes turned and merged accordingly::

    sum_k a[.., m, k] b[.., k, n]   =   MatMul(a [batch, m, k], b [batch, k, n])   [batch, m, n]

and the copies (c) are made after the product, not before it: an Expand or a Tile of both operands along
the heads costs one product for all heads ("G once" in Mamba-2), and where the reader broadcasts by
itself no copy is made at all. A MatMul of two operands that are copies along a batch axis is served the same.

* Transposes, Reshapes that only add or drop axes of length 1, and products or activations that nobody
  else reads are looked through (`xamba.passes.layout`): the axes are turned where that costs least.
* A sum over axes of length 1 is a Squeeze.
* A sum over an axis that is in one operand only, a dot product without an m or n, a product somebody
  else reads, whole numbers and quantised values are kept.

The same terms are added up, in another order: infinities and NaN come out as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import onnx_ir as ir

from xamba.errors import Keep, NotMine
from xamba.facts.elements import Elements
from xamba.facts.nodes import attribute, is_onnx
from xamba.facts.reading import product_labels, reduced_axes
from xamba.passes.by_element import ByElement
from xamba.passes.operand import FLOATS
from xamba.passes.product import Product
from xamba.passes.text import model_text
from xamba.passes.unread import drop_unread
from xamba.workbench import Workbench

_ONCE = """
across = Constant<value = int64[5] {1, 1, 1, 3, 1}>()
c1 = Tile(c, across)
b1 = Tile(b, across)
two = Constant<value = int64[1] {2}>()
one = Constant<value = int64[1] {1}>()
last = Constant<value = int64[1] {-1}>()
c2 = Unsqueeze(c1, two)
b2 = Unsqueeze(b1, one)
"""


@dataclass(frozen=True)
class Contraction(ByElement):
    """A broadcast product and its sum, or an Einsum, become a MatMul; copies are made after the product."""

    name: ClassVar[str] = "products"
    order: ClassVar[int] = 30
    examples: ClassVar[tuple[str, ...]] = (
        model_text(
            "float[N,4,1,3,5] a, float[N,1,6,3,5] b",
            "float[N,4,6,3] y",
            "k = Constant<value = int64[1] {-1}>() p = Mul(a, b) y = ReduceSum<keepdims = 0>(p, k)",
        ),
        model_text(
            "float[N,4,3,2] m, float[N,4,3,5] x",
            "float[N,3,2,5] y",
            'y = Einsum<equation = "bshl,bshp->bhlp">(m, x)',
        ),
        model_text(
            "float[2,4,1,8] c, float[2,4,1,8] b, float[2,4,4,3] l",
            "float[2,4,4,3] y",
            _ONCE.replace("int64[5] {1, 1, 1, 3, 1}", "int64[4] {1, 1, 3, 1}")
            + "p = Mul(c2, b2)\ng = ReduceSum<keepdims = 0>(p, last)\ny = Mul(g, l)",
        ),
        model_text(
            "float[N,4,3] x",
            "float[N,3] y",
            """
            zero = Constant<value = int64[1] {0}>()
            one = Constant<value = int64[1] {1}>()
            s = Slice(x, zero, one, one)
            y = ReduceSum<keepdims = 0>(s, one)
            """,
        ),
    )  # fmt: skip
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            model_text(
                "float[N,4,1,5] a, float[N,1,6,5] b",
                "float[N,4,6] y, float[N,4,6,5] p",
                "k = Constant<value = int64[1] {-1}>() p = Mul(a, b) y = ReduceSum<keepdims = 0>(p, k)",
            ),
            "read elsewhere too",
        ),
        (
            model_text(
                "float[N,4,1,1] a, float[N,1,6,5] b",
                "float[N,4,6] y",
                "k = Constant<value = int64[1] {-1}>() p = Mul(a, b) y = ReduceSum<keepdims = 0>(p, k)",
            ),
            "in one operand only",
        ),
        (
            model_text(
                "float[N,4,5] a, float[N,4,5] b",
                "float[N,4] y",
                "k = Constant<value = int64[1] {-1}>() p = Mul(a, b) y = ReduceSum<keepdims = 0>(p, k)",
            ),
            "dot product",
        ),
        (
            model_text(
                "int32[N,4,1,5] a, int32[N,1,6,5] b",
                "int32[N,4,6] y",
                "k = Constant<value = int64[1] {-1}>() p = Mul(a, b) y = ReduceSum<keepdims = 0>(p, k)",
            ),
            "whole numbers",
        ),
    )

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type in ("ReduceSum", "Einsum", "MatMul")

    def reports(self, node: ir.Node) -> bool:
        return node.op_type == "Einsum"

    def rewrite_known(self, node: ir.Node, bench: Workbench, elements: Elements) -> str:
        if elements.is_constant(node.outputs[0]):
            raise NotMine
        if node.op_type == "ReduceSum":
            return _of_sum(node, bench, elements)
        return _of_product(node, bench, elements)


def _of_sum(node: ir.Node, bench: Workbench, elements: Elements) -> str:
    x = node.inputs[0]
    shape = elements.shape(x)
    if x is None or shape is None:
        raise NotMine
    try:
        over = reduced_axes(node, elements.facts, len(shape))
    except ValueError:
        raise NotMine from None
    keep = bool(attribute(node, "keepdims", 1))
    if over and all(shape[a] == 1 for a in over):
        return _squeeze(node, x, over, keep, bench, elements)
    mul = x.producer()
    if mul is None or not is_onnx(mul) or mul.op_type != "Mul" or not over:
        raise NotMine
    a, b = mul.inputs
    if a is None or b is None or elements.is_constant(a) or elements.is_constant(b):
        raise NotMine
    if elements.facts.of(x).dtype not in FLOATS:
        raise Keep("its product is of whole numbers, which wrap around")
    if len(x.uses()) != 1 or x.is_graph_output():
        raise Keep("its product is read elsewhere too")
    names = [f"a{i}" for i in range(len(shape))]
    product = Product(elements, bench)
    product.operand(a, names[len(shape) - len(elements.shape(a) or ()) :])
    product.operand(b, names[len(shape) - len(elements.shape(b) or ()) :])
    result = [n if i not in over else None for i, n in enumerate(names) if keep or i not in over]
    return product.run(node, result, {names[i] for i in over if shape[i] != 1}, mul)


def _of_product(node: ir.Node, bench: Workbench, elements: Elements) -> str:
    operands = [v for v in node.inputs if v is not None]
    ranks = [len(elements.shape(v) or ()) for v in operands]
    if len(operands) != 2 or any(elements.is_constant(v) for v in operands):
        raise NotMine
    if elements.facts.of(operands[0]).dtype not in FLOATS:
        raise NotMine
    try:
        terms, result = product_labels(node, ranks)
    except ValueError as error:
        if node.op_type == "MatMul":
            raise NotMine from None
        raise Keep(f"its equation is of a form that is not split up ({error})") from None
    if any(len(set(term)) != len(term) for term in (*terms, result)):
        raise Keep("its equation takes a diagonal")
    product = Product(elements, bench)
    for value, term in zip(operands, terms, strict=True):
        product.operand(value, list(term))
    if node.op_type == "MatMul" and not product.copies(set(result)):
        raise NotMine
    return product.run(node, list(result), set("".join(terms)) - set(result), None)


def _squeeze(
    node: ir.Node, x: ir.Value, over: set[int], keep: bool, bench: Workbench, elements: Elements
) -> str:
    shape, dtype = elements.shape(x) or (), elements.facts.of(x).dtype
    if dtype is None:
        raise NotMine
    if keep:
        bench.replace(node, bench.node("Identity", [x], shape, dtype))
        return "Identity, its axes have length 1"
    rest = [d for i, d in enumerate(shape) if i not in over]
    bench.replace(node, bench.squeeze("Squeeze", x, sorted(over), rest, dtype))
    return "Squeeze, its axes have length 1"


__all__ = ["Contraction", "drop_unread"]
