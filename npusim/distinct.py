"""Times of a plan's tasks at many points, equal work once.

Equal tasks are priced once, and an engine is priced once for points that agree in the numbers it reads: on a
grid these are few. The arithmetic is that of `npusim.pricing`, so the times are those of single NPUs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.columns import Columns, distinct, gather, kind_of
from npusim.compiler.plan import Plan
from npusim.pricing import dma_times, dsp_times, mac_times, waiting_ns

#: Beginnings of the names an engine's times depend on (`tests/sweeping` tries every name of the schema).
READS = {
    "mac_array": ("mac_array.", "step."),
    "dsp": ("dsp.",),
    "dma": ("dma.", "ddr.", "weight_store.", "dsp.clock_mhz"),
}
ENGINES = tuple(READS)  # by the first number of `kind_of`
ROWS_AT_ONCE = 8
_SHARED = 0.5  # fewer different points than this share: price those and copy


class Priced(NamedTuple):
    """Times of an engine's distinct tasks, ns, a row each: [few], or [1] where no varied number matters.

    `wait`: what of them is waiting for dispatch (None: nothing ever). `where`: which of the few each point is (None:
    they are the points)."""

    engine: str
    time: list[np.ndarray]
    wait: list[np.ndarray] | None
    where: np.ndarray | None

    def rows(self) -> list[np.ndarray]:
        """The time of each task, [points] or [1]."""
        where = self.where
        return self.time if where is None else [row[where] if len(row) > 1 else row for row in self.time]


class _Part(NamedTuple):
    """A few distinct tasks of one engine, and what prices them."""

    times: Callable[[Hardware], np.ndarray]
    steps: np.ndarray
    repeats: np.ndarray


class TaskPrices:
    """`row[i]`: which of the distinct tasks task i is; `priced` gives their times."""

    def __init__(self, plan: Plan, hw: Hardware) -> None:
        self.hw = hw
        found = distinct(plan)
        self.row, self.kinds = found.row, len(found.first)
        self._parts: dict[str, list[_Part]] = {}
        for engine, tasks in _parts(found.first, plan):
            columns = gather(
                [plan.ask[i] for i in tasks],
                [plan.minimum_steps[i] for i in tasks],
                [plan.repeats[i] for i in tasks],
            )
            part = _Part(_pricer(columns), columns.minimum_steps, columns.repeats)
            self._parts.setdefault(engine, []).append(part)
        self._constant: dict[str, Priced] = {}

    def priced(self, numbers: Mapping[str, np.ndarray]) -> list[Priced]:
        """The distinct tasks of each engine at the points that are different to it, in the order of `row`."""
        return [self._priced(engine, numbers) for engine in self._parts]

    def _priced(self, engine: str, numbers: Mapping[str, np.ndarray]) -> Priced:
        read = {name: v for name, v in numbers.items() if name.startswith(READS[engine])}
        if not read:
            if engine not in self._constant:
                self._constant[engine] = Priced(engine, *self._finished(engine, self.hw), None)
            return self._constant[engine]
        few, where = distinct_points(read)
        time, wait = self._finished(engine, self.hw.with_numbers(few))
        return Priced(engine, time, wait, where if max(map(len, time)) > 1 else None)

    def _finished(self, engine: str, hw: Hardware) -> tuple[list[np.ndarray], list[np.ndarray] | None]:
        """Times with the wait for dispatch and the repeats of loops; and that wait."""
        times: list[np.ndarray] = []
        waits: list[np.ndarray] = []
        for part in self._parts[engine]:
            time = part.times(hw)
            wait = waiting_ns(time, part.steps, hw) if part.steps.any() else np.zeros((len(time), 1))
            if part.steps.any():
                time = time + wait
            if (part.repeats != 1).any():
                time, wait = time * part.repeats, wait * part.repeats
            times += list(time)
            waits += list(wait)
        return times, waits if any(part.steps.any() for part in self._parts[engine]) else None


def _parts(first: list[int], plan: Plan) -> Iterator[tuple[str, list[int]]]:
    """The distinct tasks in their order, few at a time: their times at thousands of points stay in the CPU's cache,
    and the arrays in between are small enough for the system to hand out again."""
    for kind, tasks in groupby(first, key=lambda i: kind_of(plan.ask[i])):
        own = list(tasks)
        for at in range(0, len(own), ROWS_AT_ONCE):
            yield ENGINES[kind[0]], own[at : at + ROWS_AT_ONCE]


def _pricer(columns: Columns) -> Callable[[Hardware], np.ndarray]:
    """What prices the tasks of one engine."""
    if mac := columns.of_mac:
        return lambda hw: mac_times(mac, hw)
    if dsp := columns.of_dsp:
        return lambda hw: dsp_times(dsp, hw)
    dma = columns.of_dma
    assert dma is not None
    return lambda hw: dma_times(dma, hw)


def distinct_points(numbers: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """The different points among equally long columns, and which of them each point is; None when most
    points are different and nothing is gained."""
    columns = list(numbers.values())
    count = len(columns[0])
    code = np.zeros(count, dtype=np.int64)
    first = np.zeros(1, dtype=np.int64)
    for column in columns:
        kinds, index = np.unique(column, return_inverse=True)
        if len(kinds) > _SHARED * count:
            return dict(numbers), None
        _, first, code = np.unique(code * len(kinds) + index, return_index=True, return_inverse=True)
        if len(first) > _SHARED * count:
            return dict(numbers), None
    return {name: column[first] for name, column in numbers.items()}, code
