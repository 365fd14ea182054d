"""Times of a plan's tasks at many points, equal work once.

Equal tasks are priced once, and an engine is priced once for points that agree in the numbers it reads: on a
grid these are few. The arithmetic is that of `npusim.pricing`, so the times are those of single NPUs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.columns import distinct
from npusim.compiler.plan import Plan
from npusim.pricing import dma_times, dsp_times, mac_times, waiting_ns

#: Beginnings of the names an engine's times depend on (`tests/sweeping` tries every name of the schema).
READS = {
    "mac_array": ("mac_array.", "step."),
    "dsp": ("dsp.",),
    "dma": ("dma.", "ddr.", "weight_store.", "dsp.clock_mhz"),
}
_SHARED = 0.5  # fewer different points than this share: price those and copy


class Priced(NamedTuple):
    """Times of an engine's distinct tasks, ns, [tasks, few], or [tasks, 1] where no varied number matters.

    `wait`: what of them is waiting for dispatch (None: nothing ever). `where`: which of the few each point is (None:
    they are the points)."""

    engine: str
    time: np.ndarray
    wait: np.ndarray | None
    where: np.ndarray | None

    def rows(self) -> list[np.ndarray]:
        """The time of each task, [points] or [1]."""
        return list(self.time if self.where is None else np.take(self.time, self.where, axis=1))


class TaskPrices:
    """`row[i]`: which of the distinct tasks task i is; `priced` gives their times."""

    def __init__(self, plan: Plan, hw: Hardware) -> None:
        self.hw = hw
        found = distinct(plan)
        self.row, self.columns = found.row, found.columns
        self._constant: dict[str, Priced] = {}

    def priced(self, numbers: Mapping[str, np.ndarray]) -> list[Priced]:
        """The distinct tasks of each engine at the points that are different to it, in the order of `row`."""
        c = self.columns
        asked: list[tuple[str, np.ndarray, Callable[[Hardware], np.ndarray]]] = []
        if mac := c.of_mac:
            asked.append(("mac_array", c.mac, lambda hw: mac_times(mac, hw)))
        if dsp := c.of_dsp:
            asked.append(("dsp", c.dsp, lambda hw: dsp_times(dsp, hw)))
        if dma := c.of_dma:
            asked.append(("dma", c.dma, lambda hw: dma_times(dma, hw)))
        return [self._priced(engine, times, tasks, numbers) for engine, tasks, times in asked]

    def _priced(
        self,
        engine: str,
        times: Callable[[Hardware], np.ndarray],
        tasks: np.ndarray,
        numbers: Mapping[str, np.ndarray],
    ) -> Priced:
        read = {name: v for name, v in numbers.items() if name.startswith(READS[engine])}
        if not read:
            if engine not in self._constant:
                self._constant[engine] = Priced(engine, *self._finished(times, self.hw, tasks), None)
            return self._constant[engine]
        few, where = distinct_points(read)
        time, wait = self._finished(times, self.hw.with_numbers(few), tasks)
        return Priced(engine, time, wait, where if time.shape[1] > 1 else None)

    def _finished(
        self, times: Callable[[Hardware], np.ndarray], hw: Hardware, tasks: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Times with the wait for dispatch and the repeats of loops; and that wait."""
        time, wait = times(hw), None
        steps, repeats = self.columns.minimum_steps[tasks], self.columns.repeats[tasks]
        again = bool((repeats != 1).any())
        if steps.any():
            wait = waiting_ns(time, steps, hw)
            time = time + wait
            wait = wait * repeats if again else wait
        return time * repeats if again else time, wait


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
