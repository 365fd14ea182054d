"""Over which axes a reduction goes, and what lies in front of them and behind."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from npusim.ops.registry import OpCase


class Reduced(NamedTuple):
    """`axes` of length > 1, and, if they are consecutive, the shape as outer x length x inner."""

    axes: tuple[int, ...]
    length: int
    outer: int
    inner: int
    consecutive: bool


def reduced(c: OpCase) -> Reduced:
    shape = c.input(0).shape
    rank = len(shape)
    given = c.numbers("axes", 1)
    if given is None and c.has(1):  # axes of run time: what the shapes say of them
        given = axes_between(shape, c.output.shape)
        if given is None:
            raise c.wrong(f"no axes lead from {list(shape)} to {list(c.output.shape)}")
    if not given:
        given = () if c.attr("noop_with_empty_axes", 0) else tuple(range(rank))
    axes = tuple(sorted(a % rank for a in given if shape[a] != 1))
    if not axes:
        return Reduced((), 1, 1, prod(shape), True)
    between = [a for a in range(axes[0], axes[-1] + 1) if shape[a] != 1]
    length = prod(shape[a] for a in axes)
    return Reduced(
        axes, length, prod(shape[: axes[0]]), prod(shape[axes[-1] + 1 :]), len(between) == len(axes)
    )


def axes_between(shape: tuple[int, ...], out: tuple[int, ...]) -> tuple[int, ...] | None:
    """Axes whose reduction makes `out` of `shape`, kept as 1 or dropped; the first possible ones, None if none."""
    if len(shape) == len(out):
        axes = tuple(a for a, n in enumerate(shape) if n != out[a])
        return axes if all(out[a] == 1 for a in axes) else None
    found: list[int] = []
    at = 0
    for a, n in enumerate(shape):
        if at < len(out) and n == out[at]:
            at += 1
        else:
            found.append(a)
    return tuple(found) if at == len(out) else None
