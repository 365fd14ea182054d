"""The chunked scan of Mamba-2, as transformers 5 writes it: products inside a chunk, a recurrence between chunks.

Letters: b batch, c and z chunks, l and s positions in a chunk, h heads, p channels of a head, n state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusim.language.writer import Writer


@dataclass(frozen=True, slots=True)
class Heads:
    """`chunk` positions make a chunk; of a prompt shorter than the model's chunk, all (transformers fills it up with
    zeros instead, which changes no result)."""

    heads: int
    head_dim: int
    size: int
    chunk: int


def chunked(
    w: Writer, how: Heads, x: str, dt: str, a: str, into: str, out_of: str, past: str, out: str
) -> str:
    """What is read from the state at each token, [b, tokens, h, p].

    `x` [b, tokens, h, p]; `dt` [b, tokens, h]; `a` [h]; `into` and `out_of` [b, tokens, h, n]; `past` the state
    [b, h, p, n] of an earlier pass or ''; `out` the name of the state behind the last token, or ''."""
    batch, tokens, length = w.step.batch, w.step.tokens, how.chunk
    x = w.op("Mul", x, w.op("Unsqueeze", dt, w.ints(3)))
    decay = w.op("Mul", dt, a)
    count = -(-tokens // length)
    x, decay, into, out_of = (
        _in_chunks(w, part, count, length, rest)
        for part, rest in (
            (x, (how.heads, how.head_dim)), (decay, (how.heads,)),
            (into, (how.heads, how.size)), (out_of, (how.heads, how.size)),
        )
    )  # fmt: skip
    decay = w.op("Transpose", decay, perm=(0, 3, 1, 2))  # bhcl
    total = w.op("CumSum", decay, _axis(w, 3))

    # Inside a chunk: what each position says to later ones.
    between = w.op("Transpose", _segments(w, decay, (batch, how.heads, count, length)), perm=(0, 2, 3, 4, 1))
    scores = w.op("Einsum", out_of, into, equation="bclhn,bcshn->bclsh")
    inside = w.op("Einsum", w.op("Mul", scores, between), x, equation="bclsh,bcshp->bclhp")

    # What a chunk adds to the state, and the states at the start of each chunk.
    end = w.op("Slice", total, w.ints(length - 1), w.ints(length), w.ints(3))
    left = w.op("Transpose", w.op("Exp", w.op("Sub", end, total)), perm=(0, 2, 3, 1))
    kept = w.op("Mul", into, w.op("Unsqueeze", left, w.ints(4)))
    states = w.op("Einsum", kept, x, equation="bclhn,bclhp->bchpn")
    shape = (batch, 1, how.heads, how.head_dim, how.size)
    first = w.op("Reshape", past, w.ints(*shape)) if past else w.zeros(*shape)
    states = w.op("Concat", first, states, axis=1)
    ends = w.op("Reshape", end, w.ints(batch, how.heads, count))
    ends = w.op("Concat", w.zeros(batch, how.heads, 1), ends, axis=2)
    over = w.op("Transpose", _segments(w, ends, (batch, how.heads, count + 1)), perm=(0, 3, 2, 1))
    states = w.op("Einsum", over, states, equation="bzch,bzhpn->bchpn")
    if out:
        last = w.op("Slice", states, w.ints(count), w.ints(count + 1), w.ints(1))
        w.op("Reshape", last, w.ints(batch, how.heads, how.head_dim, how.size), out=out)
    starts = w.op("Slice", states, w.ints(0), w.ints(count), w.ints(1))

    # What positions read from the state at the start of their chunk.
    read = w.op("Einsum", out_of, starts, equation="bclhn,bchpn->bclhp")
    since = w.op("Transpose", w.op("Exp", total), perm=(0, 2, 3, 1))
    y = w.op("Add", inside, w.op("Mul", read, w.op("Unsqueeze", since, w.ints(4))))
    y = w.op("Reshape", y, w.ints(batch, count * length, how.heads, how.head_dim))
    return w.op("Slice", y, w.ints(0), w.ints(tokens), w.ints(1)) if count * length > tokens else y


def _in_chunks(w: Writer, x: str, count: int, length: int, rest: tuple[int, ...]) -> str:
    """[b, tokens, ...] as [b, chunks, length, ...], filled up with zeros."""
    missing = count * length - w.step.tokens
    if missing:
        pads = [0] * (2 * (2 + len(rest)))
        pads[2 + len(rest) + 1] = missing
        x = w.op("Pad", x, w.ints(*pads))
    return w.op("Reshape", x, w.ints(w.step.batch, count, length, *rest))


def _segments(w: Writer, x: str, shape: tuple[int, ...]) -> str:
    """exp of the sums of x from behind position s up to l, 0 where s is later: [..., l] to [..., l, s]."""
    length = shape[-1]
    lower = np.tril(np.ones((length, length), bool), -1)
    spread = w.op("Expand", w.op("Unsqueeze", x, w.ints(len(shape))), w.ints(*shape, length))
    spread = w.op("Where", w.constant(lower), spread, w.scalar(0.0))
    sums = w.op("CumSum", spread, _axis(w, len(shape) - 1))
    seen = w.constant(lower | np.eye(length, dtype=bool))
    return w.op("Exp", w.op("Where", seen, sums, w.scalar(-np.inf)))


def _axis(w: Writer, axis: int) -> str:
    return w.constant(np.array(axis, np.int64))
