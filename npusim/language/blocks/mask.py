"""Which rows of the cache a token sees, as what is added to the scores: 0, or the lowest number there is."""

from __future__ import annotations

import numpy as np

from npusim.language.writer import Writer


def bias_of(w: Writer, window: int | None) -> str:
    """[batch, 1, tokens, rows], or [batch, 1, 1, rows] where all tokens see the same; written once for all layers of
    this window. Rows are hidden by the input `attention_mask` [batch, rows], by order, and by the window."""
    rows = w.step.rows if window is None else min(w.step.past, window - 1) + w.step.tokens
    if window is not None and w.step.rows <= window:
        window = None
    key = ("mask", window)
    if key not in w.shared:
        scope, w.scope = w.scope, ["mask"]
        w.shared[key] = _bias(w, window, rows)
        w.scope = scope
    return w.shared[key]


def alibi_of(w: Writer, heads: int, factor: float) -> str:
    """What a head adds to the scores of each row, [batch, heads, 1, rows]: a slope times the row's place among those
    that are seen (Press and others: Train Short, Test Long, 2022, as Bloom writes it), times `factor`."""
    key = ("alibi", heads, factor)
    if key not in w.shared:
        scope, w.scope = w.scope, ["alibi"]
        seen = w.op("Cast", "attention_mask", to=1)  # places beyond 2,048 have no exact fp16
        places = w.op(
            "Sub", w.op("CumSum", seen, w.constant(np.array(1, np.int64))), w.constant(np.ones(1, np.float32))
        )
        slopes = (factor * _slopes(heads)).astype(np.float32).reshape(1, heads, 1, 1)
        found = w.op("Mul", w.op("Unsqueeze", w.op("Mul", places, seen), w.ints(1, 2)), w.constant(slopes))
        w.shared[key] = found if w.float == "float32" else w.op("Cast", found, to=10)
        w.scope = scope
    return w.shared[key]


def _slopes(heads: int) -> np.ndarray:
    """A geometric row for a power of two, and for other numbers every second one of twice that power behind it."""
    power = 1 << (heads.bit_length() - 1)
    found = 2.0 ** (-8.0 / power * np.arange(1, power + 1))
    more = 2.0 ** (-4.0 / power * np.arange(1, 2 * (heads - power), 2))
    return np.concatenate([found, more])


def _bias(w: Writer, window: int | None, rows: int) -> str:
    tokens, total = w.step.tokens, w.step.rows
    mask = "attention_mask"
    if rows < total:
        mask = w.op("Slice", mask, w.ints(total - rows), w.ints(total), w.ints(1))
    seen = w.op("Unsqueeze", w.op("Cast", mask, to=9), w.ints(1, 2))
    if tokens > 1:
        keys = w.constant(np.arange(total - rows, total))
        queries = w.constant(np.arange(w.step.past, total)[:, None])
        seen = w.op("And", seen, w.op("LessOrEqual", keys, queries))
        if window is not None:
            near = w.constant(np.arange(w.step.past, total)[:, None] - window)
            seen = w.op("And", seen, w.op("Greater", keys, near))
    return w.op("Where", seen, w.scalar(0.0), w.scalar(float(np.finfo(w.float).min)))
