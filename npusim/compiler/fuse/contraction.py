"""Mul + ReduceSum that is really a matrix product -> Einsum; Mul that is a batch of outer products -> MatMul.

`sum_k a[.., m, k] * b[.., n, k]` written as a broadcast product and a sum. Intel's 2026 compiler finds it
on NPU 4000 and 5010 (its task name is broadcast_mul_reduce_as_matmul), not on 3720, and its Dec-2024
source has no such pass (Intel's schedules: broadcast_mul_reduce_as_matmul)."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node, Value

LEAST_TERMS = 16  # the sum of 2 chunks stays a sum in Intel's schedules: it would not fill the channels
# Elements of an outer product: 256 x 16, 128 x 32 and 64 x 64 are products there, 192 x 16 is a Mul.
LEAST_OUTER = 4096


def _axes(r: Rewriter, node: Node) -> tuple[int, ...] | None:
    """Axes a ReduceSum sums, not negative; None when they are not known."""
    rank = len(r.value(node.inputs[0]).shape)
    axes = node.attribute("axes")
    if axes is None and len(node.inputs) > 1 and node.inputs[1]:
        axes = r.value(node.inputs[1]).data
    return None if axes is None or not rank else tuple(int(a) % rank for a in np.ravel(axes))


def mul_reduce_to_matmul(r: Rewriter) -> None:
    """At least 16 terms, and only where both operands are broadcast along an axis that the other has (else nothing
    is shared)."""
    for index, node in r.items("ReduceSum"):
        product = r.maker(node.inputs[0], "Mul")
        axes = _axes(r, node)
        if not product or axes is None or len(axes) != 1 or not r.private(node.inputs[0], {index}):
            continue
        full = r.value(node.inputs[0]).shape
        left, right = (_padded(r.value(n).shape, len(full)) for n in product[1].inputs)
        axis = axes[0]
        if len(full) > 20 or full[axis] < LEAST_TERMS or left[axis] == 1 or right[axis] == 1:
            continue
        letters = [chr(ord("a") + i) for i in range(len(full))]
        left_only = [i for i, n in enumerate(full) if n > 1 and right[i] == 1]
        right_only = [i for i, n in enumerate(full) if n > 1 and left[i] == 1]
        if not left_only or not right_only:
            continue
        terms, names = [], []
        for name, shape in zip(product[1].inputs, (left, right), strict=True):
            kept = [i for i, n in enumerate(shape) if n > 1]
            view = f"{name}/squeezed_for/{node.name}"
            source = r.value(name)
            r.values[view] = Value(view, tuple(shape[i] for i in kept), source.dtype, source.constant)
            terms.append("".join(letters[i] for i in kept))
            names.append((name, view))
        out = "".join(letters[i] for i, n in enumerate(full) if n > 1 and i != axis)
        fused = replace(
            node,
            op_type="Einsum",
            inputs=tuple(view for _, view in names),
            attributes={
                "equation": f"{terms[0]},{terms[1]}->{out}",
                "contraction_of": tuple(n for n, _ in names),
            },
        )
        r.replace([product[0], index], fused)


def outer_products(r: Rewriter) -> None:
    """[.., m, 1] times [.., 1, n], a problem for every place of the axes in front, which both have (a decay of a Mamba
    layer by channel: `outer_product_as_matmul` in Intel's schedules of NPU 4000 and 5010)."""
    for index, node in r.items("Mul"):
        column, row = node.inputs[:2]
        if r.value(column).shape[-1:] != (1,):
            column, row = row, column
        tall, wide = r.value(column).shape, r.value(row).shape
        if len(tall) != len(wide) or len(tall) < 3 or tall[:-2] != wide[:-2] or prod(tall[:-2]) < 2:
            continue
        inner = tall[-1] == 1 == wide[-2] and min(tall[-2], wide[-1]) > 1
        if inner and tall[-2] * wide[-1] >= LEAST_OUTER and r.value(column).dtype.is_float:
            attributes = {"contraction_of": (column, row)}
            r.replace([index], replace(node, op_type="MatMul", inputs=(column, row), attributes=attributes))


def _padded(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(shape)) + tuple(shape)
