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
