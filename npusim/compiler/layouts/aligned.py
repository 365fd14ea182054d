"""Rows of products that are no multiple of four, from one step to the next.

A product of 197 or 257 rows takes them padded to fours. What is normalised is written so already, and so is what
another product makes (257, 325, 499 and 577 rows) or a kernel of its padded result; a result is cut to its rows by the
transfer that writes it to DDR (`aligned` and `slice` in Intel's schedules of ViT layers). Only what comes in another
order, from outside or leaves is copied."""

from __future__ import annotations

from collections.abc import Set

from npusim.compiler.layouts.norm_edges import normalises_rows
from npusim.compiler.lowering.lowered import PRODUCTS
from npusim.compiler.lowering.place import Placed
from npusim.work import VectorWork


def without_copies(placed: list[Placed], outputs: Set[str]) -> list[Placed]:
    """The steps, products with weights without copies of activations that lie in padded rows."""
    maker: dict[str, Placed] = {}
    done = []
    for step in placed:
        if step.padded and step.fixed_bytes and step.node.op_type in PRODUCTS:
            leaves = not outputs.isdisjoint(step.writes)
            left = tuple(
                n for n in step.padded if (leaves if n in step.writes else not _lies_padded(n, maker))
            )
            step = step._replace(padded=left) if left != step.padded else step
        maker |= dict.fromkeys(step.writes, step)
        done.append(step)
    return done


def _lies_padded(name: str, maker: dict[str, Placed]) -> bool:
    """Whether a tensor is written in padded rows by the step that makes it."""
    step = maker.get(name)
    if step is None:
        return False
    work = step.only
    kernel = isinstance(work, VectorWork) and work.rows <= 1 and len(step.reads) == 1
    source = maker.get(step.reads[0]) if kernel else None
    after_product = source is not None and source.node.op_type in PRODUCTS
    product = bool(step.fixed_bytes) and step.node.op_type in PRODUCTS
    return product or normalises_rows(step) or after_product
