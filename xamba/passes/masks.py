"""Masks: a mask before an Exp moves onto the smaller factor behind it, and a mask of zeros becomes a product.

Rule 1, for ``exp(where(mask, -inf, s))`` whose readers are all products, ``keep = 1 - mask``::

    exp(where(mask, -inf, s)) * g   =   exp(s) * (g * keep)

legal where ``s`` is known to be 0 wherever it is masked (`xamba.facts.elements`: a cumulative sum of zeros), so
that ``exp(s)`` is 1 there and no infinity meets a zero; the mask is a constant; nobody but products reads
the Exp, directly or behind Transposes and Reshapes; and ``g`` is smaller than the Exp, as in Mamba-2, where
all heads share ``g = C B^T``.

Rule 2, for a constant mask::

    where(mask, 0, x)   =   x * keep

and an Expand of x is not made, the product broadcasts. Both differ from the model only where a masked
element is inf or NaN, which Where hides and a product does not: ``refuse_nonfinite=True`` keeps a mask unless its
operand is finite for certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
import onnx_ir as ir

from xamba.errors import Keep, NotMine
from xamba.facts.elements import NEGINF, ZERO, Elements
from xamba.facts.finite import certainly_finite
from xamba.facts.nodes import is_onnx
from xamba.passes.by_element import ByElement
from xamba.passes.follow import Reader, readers
from xamba.passes.operand import FLOATS
from xamba.passes.text import model_text, option
from xamba.passes.unread import drop_unread
from xamba.workbench import Workbench

_DECAY = """
zero = Constant<value = float {0.0}>()
low = Constant<value = float {-inf}>()
square = Constant<value = int64[2] {4, 4}>()
ones = ConstantOfShape<value = float[1] {1.0}>(square)
below = Trilu<upper = 0>(ones, minus)
strict = Equal(below, zero)
lower = Trilu<upper = 0>(ones)
mask = Equal(lower, zero)
column = Unsqueeze(a, last)
wide = Expand(column, shape)
masked = Where(strict, zero, wide)
axis = Constant<value = int64 {-2}>()
run = CumSum(masked, axis)
held = Where(mask, low, run)
decay = Exp(held)
turned = Transpose<perm = [0, 2, 3, 1]>(decay)
"""
#: The inner mask as a product already, as this pass leaves it.
_PRODUCT = _DECAY.replace(
    "masked = Where(strict, zero, wide)", "keep = Cast<to = 1>(below)\nmasked = Mul(wide, keep)"
)
_UNKNOWN = _DECAY[: _DECAY.index("column =")] + _DECAY[_DECAY.index("held =") :]
_CONSTANTS = """
minus = Constant<value = int64 {-1}>()
last = Constant<value = int64[1] {-1}>()
shape = Constant<value = int64[4] {1, 1, 4, 4}>()
"""


@dataclass(frozen=True)
class Masks(ByElement):
    """A mask before Exp moves onto the smaller factor behind it; a mask of zeros becomes a product.

    refuse_nonfinite: keep a mask whose operand may hold inf or NaN.
    """

    refuse_nonfinite: bool = option(
        False, "--refuse-nonfinite", "keep a mask whose operand may hold inf or NaN."
    )

    name: ClassVar[str] = "masks"
    order: ClassVar[int] = 40
    examples: ClassVar[tuple[str, ...]] = (
        model_text(
            "float[N,3,4] a, float[N,4,4,1] g",
            "float[N,4,4,3] y",
            _CONSTANTS + _PRODUCT + "y = Mul(g, turned)",
        ),
        model_text(
            "float[N,3,4] x",
            "float[N,3,4] y",
            """
            zero = Constant<value = float {0.0}>()
            m = Constant<value = int32[4] {1, 0, 0, 1}>()
            mask = Cast<to = 9>(m)
            y = Where(mask, zero, x)
            """,
        ),
    )
    near_misses: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            model_text(
                "float[N,3,4,4] run, float[N,4,4,1] g",
                "float[N,4,4,3] y",
                _CONSTANTS + _UNKNOWN + "y = Mul(g, turned)",
            ),
            "not known to be 0",
        ),
        (
            model_text(
                "float[N,3,4] a, float[N,4,4,3] g",
                "float[N,4,4,3] y",
                _CONSTANTS + _PRODUCT + "y = Mul(g, turned)",
            ),
            "no smaller",
        ),
        (
            model_text(
                "float[N,3,4] a, float[N,4,4,1] g",
                "float[N,4,4,3] y",
                _CONSTANTS + _PRODUCT + "y = Add(g, turned)",
            ),
            "no product",
        ),
    )

    def targets(self, node: ir.Node) -> bool:
        return is_onnx(node) and node.op_type in ("Exp", "Where")

    def reports(self, node: ir.Node) -> bool:
        return False

    def rewrite_known(self, node: ir.Node, bench: Workbench, elements: Elements) -> str:
        if node.op_type == "Where":
            return self._zero_mask(node, bench, elements)
        return self._before_exp(node, bench, elements)

    def _finite(self, value: ir.Value, elements: Elements, what: str) -> None:
        codes = elements.of(value)
        if codes is not None and (codes >= NEGINF).any():
            raise Keep(f"{what} holds infinities")
        if self.refuse_nonfinite and not certainly_finite(value, elements.facts):
            raise Keep(f"{what} may hold inf or NaN, and 0 * inf is NaN")

    def _zero_mask(self, node: ir.Node, bench: Workbench, elements: Elements) -> str:
        found = masked(node, elements)
        if found is None or found.number != 0 or elements.is_constant(found.value):
            raise NotMine
        x, shape, dtype = found.value, elements.shape(node.outputs[0]), elements.facts.of(found.value).dtype
        if shape is None or dtype not in FLOATS or dtype is None:
            raise NotMine
        self._finite(x, elements, "its operand")
        keep = bench.constant((~found.mask).astype(np.float32), dtype, "xamba_keep")
        source = _unexpanded(x, found.mask.shape, shape, elements)
        bench.replace(node, bench.node("Mul", [source, keep], shape, dtype))
        drop_unread([x, found.condition])
        return "a product with its mask" + (", copies not made" if source is not x else "")

    def _before_exp(self, node: ir.Node, bench: Workbench, elements: Elements) -> str:
        where = node.inputs[0].producer() if node.inputs[0] is not None else None
        if where is None or not is_onnx(where) or where.op_type != "Where":
            raise NotMine
        found, dtype = masked(where, elements), elements.facts.of(node.outputs[0]).dtype
        shape = elements.shape(node.outputs[0])
        if found is None or dtype not in FLOATS or dtype is None or shape is None:
            raise NotMine
        if (
            np.exp(np.array(found.number, np.float64).astype(dtype.numpy()).astype(np.float64)).astype(
                dtype.numpy()
            )
            != 0
        ):
            raise NotMine
        if elements.shape(found.value) != shape:
            raise Keep("the value under its mask is widened by the mask")
        codes = elements.of(found.value)
        under = codes is not None and bool(
            (np.broadcast_arrays(codes == ZERO, found.mask)[0] | ~found.mask).all()
        )
        if not under:
            raise Keep("what its mask hides is not known to be 0 before Exp, so Exp may be infinite there")
        names = [f"a{i}" for i in range(len(shape))]
        ends = readers(node.outputs[0], names, elements)
        if not ends:
            raise Keep("a reader is no product (or it is an output), and needs the masked zeros")
        size = _size(shape)
        for end in ends:
            if _size(elements.shape(end.other)) >= size:
                raise Keep(
                    "the other factor of a product is no smaller than the masked value: nothing is won"
                )
            self._finite(end.other, elements, "the other factor of a product")
        for end in ends:
            self._mask_factor(end, names, found.mask, bench, elements)
        bench.replace(node, bench.node("Exp", [found.value], shape, dtype))
        drop_unread([where.outputs[0]])
        return f"Exp without its mask, which is on {len(ends)} smaller factor{'s' * (len(ends) > 1)}"

    def _mask_factor(
        self, end: Reader, names: list[str], mask: np.ndarray, bench: Workbench, elements: Elements
    ) -> None:
        """The product behind the Exp with the mask on its other factor."""
        dtype, shape = elements.facts.of(end.other).dtype, elements.shape(end.node.outputs[0])
        assert dtype is not None and shape is not None
        full = mask.reshape((1,) * (len(names) - mask.ndim) + mask.shape)
        real = [x for x in end.labels if x is not None]
        lengths = [full.shape[names.index(x)] for x in real]
        turned = np.transpose(
            full, [*(names.index(x) for x in real), *(names.index(x) for x in names if x not in real)]
        )
        place = iter(lengths)
        keep = (~turned).reshape([1 if x is None else next(place) for x in end.labels])
        made = bench.constant(keep.astype(np.float32), dtype, "xamba_keep")
        factor = elements.shape(end.other) or ()
        wide = np.broadcast_shapes(keep.shape, tuple(1 if not isinstance(d, int) else d for d in factor))
        at = len(wide) - len(factor)
        after = [
            factor[i - at] if i >= at and not isinstance(factor[i - at], int) else d
            for i, d in enumerate(wide)
        ]
        small = bench.node("Mul", [end.other, made], after, dtype)
        inputs = [small if x is end.other else x for x in end.node.inputs]
        bench.replace(end.node, bench.node("Mul", inputs, shape, dtype))


@dataclass(frozen=True)
class Masked:
    """A Where with a constant mask: `number` where `mask` is true, `value` elsewhere."""

    mask: np.ndarray
    number: float
    value: ir.Value
    condition: ir.Value


def masked(node: ir.Node, elements: Elements) -> Masked | None:
    """What a Where of a constant mask and a constant number does."""
    condition, a, b = node.inputs
    mask = elements.whole.of(condition)
    if mask is None or condition is None or a is None or b is None or mask.size <= 1:
        return None
    for number, value, where in ((a, b, mask), (b, a, ~mask)):
        if elements.is_constant(number):
            data = elements.whole.of(number)
            if data is not None and data.size and (data == data.ravel()[0]).all():
                return Masked(np.asarray(where, bool), float(data.ravel()[0]), value, condition)
    return None


def _size(shape: tuple[int | str | None, ...] | None) -> int:
    return prod(d for d in shape or () if isinstance(d, int))


def _unexpanded(
    x: ir.Value, mask: tuple[int, ...], shape: tuple[int | str | None, ...], elements: Elements
) -> ir.Value:
    """The operand of an Expand, where the mask widens it to the same shape."""
    node = x.producer()
    if node is None or not is_onnx(node) or node.op_type != "Expand" or node.inputs[0] is None:
        return x
    before = elements.shape(node.inputs[0])
    if before is None or len(before) > len(shape):
        return x
    lengths = (1,) * (len(shape) - len(before)) + before
    widths = (1,) * (len(shape) - len(mask)) + mask
    same = all(d == (m if b == 1 else b) for d, b, m in zip(shape, lengths, widths, strict=True))
    return node.inputs[0] if same else x
