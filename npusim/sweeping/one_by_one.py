"""A point of a sweep whose what-ifs compose several runs: run for itself, as nothing is to be priced as an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.graph import Graph
from npusim.measures import ENGINES
from npusim.sweeping.planned import Answer
from npusim.whatif.base import Runs, Supposition
from npusim.whatif.run import Plain, supposed
from npusim.whatif.vary import WHAT_IF, at


def one_by_one(
    graph: Graph,
    hw: Hardware,
    what_ifs: Sequence[Supposition],
    point: Mapping[str, Any],
    conditions: Mapping[str, Any],
) -> Answer:
    """The answer at one point: the latency is what the what-if that composes runs answers, the rest is of its report.

    `conditions`: compiler, precision, mode and `allow_unmodelled` where the point does not say. Raises what
    simulating raises, BadArgument.
    """
    asked = at(what_ifs, {name: value for name, value in point.items() if name.startswith(WHAT_IF)})
    chosen = {key: str(point.get(key, conditions[key])) for key in ("compiler", "precision")}
    numbers = {
        name: value for name, value in point.items() if name not in chosen and not name.startswith(WHAT_IF)
    }
    run = Plain(
        **chosen,
        options={
            "mode": conditions["mode"],
            "band": False,
            "allow_unmodelled": conditions["allow_unmodelled"],
        },
    )
    report = supposed(graph, hw.replace(numbers), asked, run)
    latency = next(
        found.numbers[one.answer] if one.answer else report.latency_us
        for one, found in zip(asked, report.what_ifs, strict=True)
        if isinstance(one, Runs)
    )
    busy = np.array([report.engines.get(engine, 0.0) for engine in ENGINES])[:, None]
    bound = np.where(busy.max(axis=0) > 0, busy.argmax(axis=0) + 1, 0).astype(np.int8)
    return Answer(np.array([latency]), busy, np.array([report.bytes_moved]), bound)
