"""The answer at some points: latency, busy engines, bytes, bound.

Points that share a plan are priced together, as arrays, through the same functions as a single NPU."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.profile import load_profile
from npusim.errors import DoesNotFit
from npusim.graph import Graph
from npusim.sweeping.axes import CHOICES, Axis
from npusim.sweeping.planned import Answer, Planned

_PLANS_KEPT = 256


@dataclass
class Evaluator:
    """One graph, one base hardware; keeps the plans it has made.

    `misfits`: sentences of DoesNotFit met on the way; their points are NaN."""

    graph: Graph
    hw: Hardware
    axes: tuple[Axis, ...]
    compiler: str = "2026"
    precision: str = "fp16"
    mode: str = "throughput"
    per_node: bool = False
    scratch: int = 64 * 10**6
    misfits: dict[str, int] = field(default_factory=dict)
    _plans: OrderedDict[Any, Planned | str] = field(default_factory=OrderedDict)

    def __call__(
        self, parameters: Mapping[str, np.ndarray], tell: Callable[[int], None] = lambda done: None
    ) -> Answer:
        """The answer at the points of `parameters` (arrays [points]); `tell` hears of points done."""
        count = len(next(iter(parameters.values())))
        shaping = [axis.name for axis in self.axes if axis.shapes_plan]
        pricing = [axis.name for axis in self.axes if not axis.shapes_plan]
        answer = Answer.empty(count)
        for choice, rows in _groups([parameters[n] for n in shaping], count):
            plan = self._planned(dict(zip(shaping, choice, strict=True)))
            whole = isinstance(rows, slice)
            step = plan.points_at_once(self.scratch, self.per_node) if isinstance(plan, Planned) else count
            size = count if whole else len(rows)
            for at in range(0, size, step):
                part = slice(at, min(at + step, size))
                here = part if whole else rows[part]
                if isinstance(plan, Planned):
                    numbers = {n: np.ascontiguousarray(parameters[n][here]) for n in pricing}
                    answer.put(here, plan.answer(numbers, part.stop - part.start, self.per_node), count)
                else:
                    self.misfits[plan] = self.misfits.get(plan, 0) + part.stop - part.start
                tell(part.stop - part.start)
        return answer

    def _planned(self, choice: dict[str, Any]) -> Planned | str:
        """The plan of some structural values, or the sentence that says why there is none."""
        key = tuple(choice.values())
        if key in self._plans:
            self._plans.move_to_end(key)
            return self._plans[key]
        hw = self.hw.replace({n: v for n, v in choice.items() if n not in CHOICES})
        compiler = choice.get("compiler", self.compiler)
        precision = choice.get("precision", self.precision)
        found: Planned | str
        try:
            plan = compile_graph(self.graph, hw, load_profile(compiler), precision)
            found = Planned(plan, hw, self.mode)
        except DoesNotFit as error:
            found = str(error)
        self._plans[key] = found
        while len(self._plans) > _PLANS_KEPT:
            self._plans.popitem(last=False)
        return found


def _groups(columns: list[np.ndarray], count: int) -> list[tuple[tuple[Any, ...], Any]]:
    """Points of equal structural values: (values, rows), rows a slice when it is all of them."""
    if not columns:
        return [((), slice(0, count))]
    codes = np.zeros(count, dtype=np.int64)
    for column in columns:
        kinds, code = np.unique(column, return_inverse=True)
        codes = np.unique(codes * len(kinds) + code, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    edges = np.flatnonzero(np.diff(codes[order], prepend=-1))
    parts = np.split(order, edges[1:])
    result: list[tuple[tuple[Any, ...], Any]] = []
    for rows in parts:
        values = tuple(column[rows[0]].item() for column in columns)
        result.append((values, slice(0, count) if len(parts) == 1 else rows))
    return result
