"""What the constant inputs and attributes of a node say: labels, slices, paddings, summed axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx_ir as ir

from xamba.facts.facts import Dim, Facts
from xamba.facts.nodes import attribute


def reduced_axes(node: ir.Node, facts: Facts, rank: int) -> set[int]:
    """Axes a Reduce works over. Raises ValueError when they are not constant."""
    named: Any = attribute(node, "axes", None)
    if named is None and len(node.inputs) > 1 and node.inputs[1] is not None:
        constant = facts.constant(node.inputs[1])
        if constant is None:
            raise ValueError("axes unknown")
        named = [int(a) for a in constant.ravel()]
    if not named and attribute(node, "noop_with_empty_axes", 0):
        return set()
    return {a % rank for a in named} if named else set(range(rank))


def product_labels(node: ir.Node, ranks: Iterable[int]) -> tuple[list[str], str]:
    """Einsum labels of a MatMul or an Einsum: one term for each operand, and the result.

    Raises ValueError for forms without explicit labels (ellipsis, implicit result, vectors).
    """
    if node.op_type == "Einsum":
        equation = str(attribute(node, "equation", "")).replace(" ", "")
        if "->" not in equation or "." in equation:
            raise ValueError("an equation without explicit labels")
        left, result = equation.split("->")
        return left.split(","), result
    a, b = ranks
    if min(a, b) < 2:
        raise ValueError("a product with a vector")
    batch = "ABCDEFGH"[: max(a, b) - 2]
    return [batch[len(batch) - (a - 2) :] + "mk", batch[len(batch) - (b - 2) :] + "kn"], batch + "mn"


def slices(node: ir.Node, facts: Facts, shape: tuple[Dim, ...]) -> dict[int, tuple[int, int, int]]:
    """Axis -> (first, after the last, step) of a Slice, counted from the front.

    Raises ValueError when they are not constants, or a sliced axis has a free length.
    """
    if len(node.inputs) < 3:
        raise ValueError("attributes of an early opset")
    parts = [None if v is None else facts.constant(v) for v in node.inputs[1:]]
    if any(p is None and v is not None for p, v in zip(parts, node.inputs[1:], strict=True)):
        raise ValueError("not constant")
    numbers = [None if p is None else [int(n) for n in np.ravel(p)] for p in parts] + [None] * 2
    starts, ends = numbers[0] or [], numbers[1] or []
    axes, steps = numbers[2] or list(range(len(starts))), numbers[3] or [1] * len(starts)
    found = {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        length = shape[axis % len(shape)]
        if not isinstance(length, int):
            if (start, step) == (0, 1) and end >= 2**31 - 1:
                continue
            raise ValueError("a free length")
        first, last, step = slice(start, None if step < 0 and end < -length else end, step).indices(length)
        found[axis % len(shape)] = first, last, step
    return found


def padding_of(node: ir.Node, facts: Facts, rank: int) -> tuple[list[int], list[int]] | None:
    """Elements a Pad adds before and after each axis; None when they are not constant."""
    given: Any = attribute(node, "pads", None)
    if given is None:
        given = facts.constant(node.inputs[1]) if len(node.inputs) > 1 else None
    named: Any = range(rank)
    if len(node.inputs) > 3 and node.inputs[3] is not None:
        named = facts.constant(node.inputs[3])
    if given is None or named is None:
        return None
    axes = [int(a) % rank for a in named]
    before, after = [0] * rank, [0] * rank
    for place, axis in enumerate(axes):
        before[axis], after[axis] = int(given[place]), int(given[place + len(axes)])
    return before, after
