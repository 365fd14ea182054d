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
from npusim.compiler.rules.profile import load_profile
from npusim.errors import DoesNotFit, TooLarge
from npusim.graph import Graph
from npusim.sweeping.axes import CHOICES, Axis
from npusim.sweeping.one_by_one import one_by_one
from npusim.sweeping.planned import Answer, Planned
from npusim.terminal.memory import readable
from npusim.whatif.base import Supposition
from npusim.whatif.vary import WHAT_IF, composes

_PLANS_KEPT = 256
PLAN_SHARE = 0.25  # of the memory a sweep has; another quarter is scratch, the rest answers
PLAN_BYTES_A_TASK = 700  # of a plan kept to be priced again: 350 to 640 measured on networks, rounded up


def weight_of(plan: Planned | str) -> float:
    """About how many bytes a plan takes, by its tasks."""
    return 1_000.0 if isinstance(plan, str) else float(PLAN_BYTES_A_TASK * len(plan.plan.queue))


@dataclass
class Evaluator:
    """One graph, one base hardware; keeps the plans it has made.

    `misfits`: sentences of DoesNotFit met on the way; their points are NaN. `plan_bytes`: what the plans kept may
    weigh; the one in use is kept whatever it weighs, unless it alone weighs more (TooLarge). `what_ifs` apply to graph
    and hardware of every plan; where one composes runs, every point is run for itself. `allow_unmodelled`: ops without
    a cost are left out."""

    graph: Graph
    hw: Hardware
    axes: tuple[Axis, ...]
    compiler: str = "2026"
    precision: str = "fp16"
    mode: str = "throughput"
    per_node: bool = False
    scratch: int = 64 * 10**6
    plan_bytes: int = 256 * 10**6
    misfits: dict[str, int] = field(default_factory=dict)
    what_ifs: tuple[Supposition, ...] = ()
    allow_unmodelled: bool = False
    _plans: OrderedDict[Any, Planned | str] = field(default_factory=OrderedDict)
    _held_bytes: float = 0.0
    _largest: float = 0.0

    def __call__(
        self, parameters: Mapping[str, np.ndarray], tell: Callable[[int], None] = lambda done: None
    ) -> Answer:
        """The answer at the points of `parameters` (arrays [points]); `tell` hears of points done."""
        count = len(next(iter(parameters.values())))
        shaping = [axis.name for axis in self.axes if axis.shapes_plan]
        pricing = [axis.name for axis in self.axes if not axis.shapes_plan]
        answer = Answer.empty(count)
        if composes(self.what_ifs, parameters):
            conditions: dict[str, Any] = {
                "compiler": self.compiler, "precision": self.precision, "mode": self.mode,
                "allow_unmodelled": self.allow_unmodelled,
            }  # fmt: skip
            for at in range(count):
                point = {name: values[at].item() for name, values in parameters.items()}
                try:
                    answer.put(
                        slice(at, at + 1),
                        one_by_one(self.graph, self.hw, self.what_ifs, point, conditions),
                        count,
                    )
                except DoesNotFit as error:
                    self.misfits[str(error)] = self.misfits.get(str(error), 0) + 1
                tell(1)
            return answer
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
        hw = self.hw.replace(
            {n: v for n, v in choice.items() if n not in CHOICES and not n.startswith(WHAT_IF)}
        )
        compiler = choice.get("compiler", self.compiler)
        precision = choice.get("precision", self.precision)
        found: Planned | str
        try:
            self._make_room(self._largest)
            graph, hw = self._supposed(hw, choice)
            profile = load_profile(compiler)
            hw = profile.priced(hw)
            plan = compile_graph(graph, hw, profile, precision, self.allow_unmodelled)
            found = Planned(plan, hw, self.mode)
        except DoesNotFit as error:
            found = str(error)
        weight = weight_of(found)
        if weight > self.plan_bytes:
            raise TooLarge(
                f"a plan of '{self.graph.name}' takes about {readable(weight)} and --memory leaves "
                f"{readable(self.plan_bytes)} for plans; allow {readable(weight / PLAN_SHARE + 10**8)} more"
            )
        self._largest = max(self._largest, weight)
        self._make_room(weight)
        self._plans[key] = found
        self._held_bytes += weight
        return found

    def _supposed(self, hw: Hardware, choice: dict[str, Any]) -> tuple[Graph, Hardware]:
        """Graph and hardware under the what-ifs, those options that are varied at their values."""
        values = {n: v for n, v in choice.items() if n.startswith(WHAT_IF)}
        if not (self.what_ifs or values):
            return self.graph, hw
        from npusim.whatif.run import applied_only
        from npusim.whatif.vary import at

        compiler = choice.get("compiler", self.compiler)
        precision = choice.get("precision", self.precision)
        return applied_only(self.graph, hw, at(self.what_ifs, values), compiler, precision)

    def _make_room(self, weight: float) -> None:
        """Forget plans, those not asked for longest first, until one more of this weight may be kept."""
        while self._plans and (
            len(self._plans) >= _PLANS_KEPT or self._held_bytes + weight > self.plan_bytes
        ):
            self._held_bytes -= weight_of(self._plans.popitem(last=False)[1])


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
