"""Rules of `xamba.facts.elements` for ops that only move elements or add zeros around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from xamba.facts.nodes import attribute
from xamba.facts.reading import padding_of

if TYPE_CHECKING:
    from xamba.facts.element_rules import Rule

Codes = np.ndarray
ANY, ZERO, NEGINF, BROKEN = range(4)


def _same(r: Rule) -> list[Codes | None]:
    return [r.codes(0)]


def _cast(r: Rule) -> list[Codes | None]:
    to = attribute(r.node, "to", 1)
    return [r.codes(0)] if to in (1, 10, 11, 16) else [None]


def _transpose(r: Rule) -> list[Codes | None]:
    return [np.transpose(r.codes(0), attribute(r.node, "perm", None))]


def _unsqueeze(r: Rule) -> list[Codes | None]:
    axes = r.axes() or []
    rank = len(r.shape(0)) + len(axes)
    return [np.expand_dims(r.codes(0), tuple(a % rank for a in axes))]


def _squeeze(r: Rule) -> list[Codes | None]:
    axes, shape = r.axes(), r.shape(0)
    over = [i for i, d in enumerate(shape) if d == 1] if axes is None else [a % len(shape) for a in axes]
    return [np.squeeze(r.codes(0), tuple(over))]


def _expand(r: Rule) -> list[Codes | None]:
    codes, rank = r.codes(0), len(r.shapes[0])
    return [codes.reshape((1,) * (rank - codes.ndim) + codes.shape)]


def _tile(r: Rule) -> list[Codes | None]:
    repeats, codes = r.ints(1) or [], r.codes(0)
    axes = [i for i, n in enumerate(repeats) if n != 1 and codes.shape[i] != 1]
    return [np.tile(codes, [n if i in axes else 1 for i, n in enumerate(repeats)])]


def _reshape(r: Rule) -> list[Codes | None] | None:
    source, target = r.shape(0), r.shapes[0]
    codes, at = r.codes(0), 0
    dims: list[tuple[list[int], list[Any], bool]] = []
    for left, right in groups(source, target):
        part = codes.shape[at : at + len(left)]
        uniform = all(d == 1 for d in part)
        dims.append((list(range(at, at + len(left))), [1] * len(right) if uniform else list(right), uniform))
        at += len(left)
    grown = r.full(codes, source, [i for axes, _, uniform in dims if not uniform for i in axes])
    lengths = [int(d or 0) for _, part, _ in dims for d in part]
    return [grown.reshape(lengths)]


def groups(
    source: Sequence[int | str | None], target: Sequence[int | str | None]
) -> list[tuple[list[int | str | None], list[int | str | None]]]:
    """Runs of dimensions of the two shapes that hold the same elements; the shortest such runs.

    Raises ValueError where free lengths leave it open.
    """
    out: list[tuple[list[int | str | None], list[int | str | None]]] = []
    i = j = 0
    while i < len(source) or j < len(target):
        left, right = list(source[i : i + 1]), list(target[j : j + 1])
        i, j = i + len(left), j + len(right)
        while (left != right or None in left) and (not left or not right or _size(left) != _size(right)):
            if not left and not right:
                raise ValueError("the shapes hold different numbers of elements")
            short = not left or (right and _size(left) < _size(right))
            if short and i < len(source):
                left.append(source[i])
                i += 1
            elif j < len(target):
                right.append(target[j])
                j += 1
            elif i < len(source):
                left.append(source[i])
                i += 1
            elif (not left and _size(right) == 1) or (not right and _size(left) == 1):
                break
            else:
                raise ValueError("the shapes hold different numbers of elements")
        out.append((left, right))
    return out


def _size(dims: Sequence[int | str | None]) -> int:
    if not all(isinstance(d, int) for d in dims):
        raise ValueError("a free length")
    return prod(d for d in dims if isinstance(d, int))


def _flatten(r: Rule) -> list[Codes | None] | None:
    return _reshape(r)


def _slice(r: Rule) -> list[Codes | None]:
    shape, codes = r.shape(0), r.codes(0)
    starts, ends = r.ints(1) or [], r.ints(2) or []
    axes, steps = r.ints(3), r.ints(4)
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    index = [slice(None)] * codes.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= len(shape)
        size = shape[axis]
        if codes.shape[axis] == 1:
            continue
        stop = None if step < 0 and isinstance(size, int) and end < -size else end
        index[axis] = slice(start, stop, step)
    return [codes[tuple(index)]]


def _gather(r: Rule) -> list[Codes | None] | None:
    codes, shape = r.codes(0), r.shape(0)
    axis = attribute(r.node, "axis", 0) % len(shape)
    rank = len(r.shapes[0]) - len(shape) + 1
    if codes.shape[axis] == 1:
        return [codes.reshape((*codes.shape[:axis], *(1,) * rank, *codes.shape[axis + 1 :]))]
    index = r.elements.facts.constant(r.node.inputs[1])
    return None if index is None else [np.take(codes, index.astype(np.int64), axis)]


def _concat(r: Rule) -> list[Codes | None]:
    rank = len(r.shapes[0])
    axis = attribute(r.node, "axis", 0) % rank
    parts = [r.codes(i) for i in range(len(r.node.inputs))]
    if len({tuple(p.ravel()) for p in parts}) == 1 and all(p.size == 1 for p in parts):
        return [parts[0]]
    full = [r.full(p, r.shape(i), [axis]) for i, p in enumerate(parts)]
    lengths = [max(p.shape[i] for p in full) for i in range(rank)]
    even = [np.broadcast_to(p, [p.shape[i] if i == axis else lengths[i] for i in range(rank)]) for p in full]
    return [np.concatenate(even, axis)]


def _split(r: Rule) -> list[Codes | None]:
    codes, axis = r.codes(0), attribute(r.node, "axis", 0) % len(r.shape(0))
    if codes.shape[axis] == 1:
        return [codes] * len(r.shapes)
    ends = np.cumsum([int(shape[axis]) for shape in r.shapes])  # type: ignore[arg-type]
    return list(np.split(codes, ends[:-1], axis))


def _pad(r: Rule) -> list[Codes | None] | None:
    if attribute(r.node, "mode", "constant") != "constant":
        return None
    fill = r.elements.whole.of(r.node.inputs[2]) if len(r.node.inputs) > 2 else None
    if fill is None and len(r.node.inputs) > 2 and r.node.inputs[2] is not None:
        return None
    number = 0.0 if fill is None else float(np.ravel(fill)[0])
    code = ZERO if number == 0 else NEGINF if number == -np.inf else ANY if np.isfinite(number) else BROKEN
    found = padding_of(r.node, r.elements.facts, len(r.shape(0)))
    if found is None:
        return None
    before, after = found
    padded = [a for a in range(len(before)) if before[a] or after[a]]
    codes = r.full(r.codes(0), r.shape(0), padded)
    widths = [(before[i], after[i]) for i in range(codes.ndim)]
    if any(n < 0 for pair in widths for n in pair):
        return None
    return [np.pad(codes, widths, constant_values=code)]


def _trilu(r: Rule) -> list[Codes | None] | None:
    shape = r.shapes[0]
    offset = (r.ints(1) or [0])[0]
    codes = r.full(r.codes(0), r.shape(0), [len(shape) - 2, len(shape) - 1])
    rows, columns = codes.shape[-2:]
    ones = np.ones((rows, columns), bool)
    kept = np.triu(ones, offset) if attribute(r.node, "upper", 1) else np.tril(ones, offset)
    return [np.where(kept, codes, ZERO).astype(np.int8)]


def _constant_of_shape(r: Rule) -> list[Codes | None]:
    fill = attribute(r.node, "value", None)
    number = np.zeros(1, np.float32) if fill is None else np.asarray(fill.numpy()).ravel()
    zero = number.dtype.kind in "fV" and float(number[0]) == 0
    return [np.full((1,) * len(r.shapes[0]), ZERO if zero else ANY, np.int8)]


MOVES: dict[str, Callable[[Rule], Sequence[Codes | None] | None]] = {
    "Identity": _same,
    "Cast": _cast,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Expand": _expand,
    "Tile": _tile,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Slice": _slice,
    "Gather": _gather,
    "Concat": _concat,
    "Split": _split,
    "Pad": _pad,
    "Trilu": _trilu,
    "ConstantOfShape": _constant_of_shape,
}
