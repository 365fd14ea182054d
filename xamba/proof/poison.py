"""NaN and infinity in the inputs: the second model may not hide them where the first passes them on.

Which elements of an output depend on the poisoned inputs is measured: the first model runs with two sets of
finite numbers in their places. In an element that depends on them, NaN has to stay NaN (it is how a broken
sensor is noticed), an infinity that the first model survives may not become a number or the other infinity,
and a number has to be that number. What ``0 x NaN`` and ``0 x inf`` make of a product with zeros, NaN in
elements that do not depend on the poison or in place of an infinity, is a note, not a fault
(`CumBA(refuse_nonfinite=True)` avoids it).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xamba.proof.difference import OutputDifference, plain
from xamba.proof.samples import Feeds, generator

KINDS = {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf}
COARSE = 0.01  # of the largest magnitude: numbers beside a NaN are compared by other draws
STAND_INS = (0.5, -2.25)  # finite numbers in the places of the poison
LEAST, MOST = 2, 4  # places that are poisoned, one after another


def places(feeds: Feeds) -> list[tuple[str, int]]:
    """Inputs to poison, each with a number for the draw of its place: every float input in turn, `MOST` in all.

    One element at a time: an element of an output that depends on it can then be told from one that a
    product with zero reaches.
    """
    names = [name for name, array in feeds.items() if array.dtype.kind not in "iubOSU" and array.size]
    count = min(max(LEAST, len(names)), MOST) if names else 0
    return [(names[k % len(names)], k) for k in range(count)]


def poisoned(feeds: Feeds, place: tuple[str, int], seed: int, number: float) -> Feeds:
    """The same inputs with `number` in one element."""
    name, turn = place
    changed = feeds[name].copy()
    rng = generator(f"{name} poison {turn}", seed)
    changed.ravel()[int(rng.integers(0, changed.size))] = number
    return feeds | {name: changed}


def odd(a: Any, b: Any) -> np.ndarray:
    """Elements that the two models do not answer alike, rounding aside."""
    x, y = plain(a), plain(b)
    if x.shape != y.shape:
        return np.zeros(x.shape, bool)
    with np.errstate(invalid="ignore"):
        far = np.abs(x - y) > COARSE * np.abs(np.where(np.isfinite(x), x, 0)).max(initial=0.0)
    return (np.isnan(x) != np.isnan(y)) | (np.isinf(x) | np.isinf(y)) & (x != y) | far


def judge(
    name: str, a: Any, b: Any, stand_ins: list[Any], limit: float, draw: str, kind: str
) -> tuple[OutputDifference | None, bool]:
    """A failed difference or None, and whether a NaN goes further in the second model.

    stand_ins: the first model's answers with finite numbers in the places of the poison.
    """
    found, x, y = odd(a, b), plain(a), plain(b)
    first, second = (plain(value) for value in stand_ins)
    if first.shape != found.shape or second.shape != found.shape:
        return None, False
    both = np.isfinite(first) & np.isfinite(second)
    scale = float(np.abs(first[both]).max(initial=0.0))
    depends = both & (np.abs(np.where(both, first, 0) - np.where(both, second, 0)) > limit * scale)
    if kind == "NaN":
        bad = found & depends
    else:  # where the first model itself makes NaN of an infinity, it has no answer to keep
        bad = found & depends & ~np.isnan(x) & ~np.isnan(y)
    spread = bool((np.isnan(y) & ~np.isnan(x) & ~bad).any())
    if not bad.any():
        return None, spread
    count = int(bad.sum())
    how = f"{x[bad].ravel()[0]:.4g} became {y[bad].ravel()[0]:.4g}"
    reason = f"{count} elements that depend on {kind} in the data answer it another way ({how})"
    shape, dtype = tuple(x.shape), str(np.asarray(a).dtype)
    wrong = OutputDifference(name, shape, dtype, np.inf, np.inf, -np.inf, scale, count, False, reason, draw)
    return wrong, spread
