"""Which of the ways to cut a product is taken where they are compared by their time on the generation's own preset."""

from __future__ import annotations

from math import inf

import numpy as np

AS_FAST = 1.04  # of ways so much slower than the fastest, the one of least transfers may be taken
BEHIND = 0.25  # of the shorter of compute and transfers is not hidden behind the longer
SHORTLIST = 32  # of the ways that are cheapest by counts
#: Weights that pass all rows in blocks of channels may take so much longer than the fastest way: bytes of products of
#: 64 to 640 rows then agree with Intel's schedules in 56 of 77 on NPU 4000 and 54 of 71 on 5010, 54 and 51 without.
STREAMED_WORTH = 1.1


def shortlist(cost: np.ndarray, kinds: np.ndarray, uncut: np.ndarray) -> tuple[list[int], bool]:
    """The cheapest ways by counts, each of `kinds` [ways, numbers] once, and behind them the cheapest of those that are
    `uncut` in rows and terms; whether there is one."""
    cheap = np.argsort(cost, kind="stable")[: 8 * SHORTLIST]
    first_of: dict[tuple[float, ...], int] = {}
    for i, kind in zip(cheap.tolist(), kinds[cheap].tolist(), strict=True):
        if cost[i] < inf and len(first_of) < SHORTLIST:
            first_of.setdefault(tuple(kind), i)
    few = list(first_of.values())
    over_all_rows = np.where(uncut, cost, inf)
    if over_all_rows.min() == inf:
        return few, False
    return [*few, int(np.argmin(over_all_rows))], True


def quickest(ns: np.ndarray, moving: np.ndarray, streamed: bool) -> int:
    """The way taken: of those as fast, the one whose transfers (`moving`, nanoseconds) stand least in the way of the
    neighbours'; the last, where weights are `streamed` so, if it takes little longer."""
    fastest = int(np.argmin(np.where(ns <= AS_FAST * ns.min(), ns + BEHIND * moving, inf)))
    return len(ns) - 1 if streamed and ns[-1] <= STREAMED_WORTH * ns[fastest] else fastest
