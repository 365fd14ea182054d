"""Two models in float16: is the second no worse than the first, both against the first in float32?

The limit is what the first model's own rounding does (its largest error against the float32 run of the same
graph, times `MARGIN`), and the rounding of as many results as the second rounds more.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import onnx_ir as ir

from npusim_xamba.text import clean
from xamba.errors import BadModel
from xamba.proof.difference import difference, not_run, pairs, plain
from xamba.proof.findings import Findings
from xamba.proof.runtime import Runner
from xamba.proof.samples import Feeds
from xamba.proof.shake import MARGIN as SHAKE_MARGIN
from xamba.proof.shake import Shake

MARGIN = 8.0
T = ir.DataType


def compare_rounded(
    exact: Runner,
    rounded: tuple[Runner, Runner],
    feeds: list[tuple[str, Feeds, Feeds]],
    unit: float,
    deep: int,
    shake: Shake,
    found: Findings,
) -> None:
    """Add to `found` what each draw shows.

    exact: the first model in float32. rounded: both models in float16. feeds: (name, inputs in float32,
    the same for `rounded`). unit: roundoff of the narrow type. deep: sums that differ, one after
    another. shake: measures what tables may do to an output.
    """
    for draw, wide, narrow in feeds:
        try:
            truth, first = exact(wide), rounded[0](narrow)
        except BadModel:
            continue
        found.draws.append(draw)
        try:
            second = rounded[1](narrow)
        except BadModel as error:
            for name in first:
                found.add(not_run(name, first[name], clean(error), draw))
            continue
        for (name, match), value in zip(pairs(first, second), truth.values(), strict=True):
            own = _error(value, first[name])
            limit = MARGIN * (own + unit * sqrt(deep + 1) * _size(value))
            # where the first overflows float16 there is no answer to keep
            answer = np.where(np.isfinite(plain(first[name])), plain(value), np.nan)
            if np.asarray(first[name]).dtype.kind in "iub":
                _whole(name, value, first[name], second[match], draw, found)
                continue
            one = difference(name, answer, second[match], 0.0, draw, absolute=limit, strict=False)
            if not one.ok and shake.tables and one.shape == np.shape(second[match]):
                spread = shake.spread(wide, truth)
                limit += SHAKE_MARGIN * spread[name].size if name in spread else 0.0
                one = difference(name, answer, second[match], 0.0, draw, absolute=limit, strict=False)
            found.add(one)


def _whole(name: str, truth: Any, first: Any, second: Any, draw: str, found: Findings) -> None:
    """Whole numbers: judged where rounding to float16 leaves the first model's as they are."""
    moved = plain(truth) != plain(first)
    found.add(difference(name, first, second, 0.0, draw, unsure=moved))


def _error(truth: Any, value: Any) -> float:
    a, b = plain(truth), plain(value)
    if a.shape != b.shape:
        return 0.0
    finite = np.isfinite(a) & np.isfinite(b)
    return float(np.abs(np.where(finite, a, 0) - np.where(finite, b, 0)).max(initial=0.0))


def _size(value: Any) -> float:
    array = plain(value)
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
