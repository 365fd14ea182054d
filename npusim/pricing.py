"""Plan and hardware -> the time of every task, in one pass of NumPy.

Times are nanoseconds, array [tasks], or [tasks, points] when numbers of the hardware are arrays of points.
`gather` puts what tasks ask into columns, which depend on the plan alone; `task_times` prices columns, and
`price` a whole plan with all that a report says about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from npusim.arch.dma import MEMORIES, dma_ns
from npusim.arch.dsp import KernelLines, dsp_ns, kernel_lines
from npusim.arch.hardware import Hardware
from npusim.arch.mac_array import mac_array_ns
from npusim.compiler.plan import Ask, DmaTask, DspTask, MacTask, Plan
from npusim.schedule import Timeline, schedule
from npusim.work import MacWork

_MAC_FIELDS = tuple(f.name for f in fields(MacWork))


@dataclass(frozen=True, slots=True)
class Prices:
    """Per task: `time_ns` [tasks(, points)]; parts of it: `launch_ns`, fixed cost (kernel launch, DMA latency), and
    `step_ns`, how long the MAC array waits for the dispatch of its steps; `choice`, which alternative of a MAC task
    is cheapest; `kinds`, how well the constants of a DSP task are known ('' for others)."""

    time_ns: np.ndarray
    launch_ns: np.ndarray
    step_ns: np.ndarray
    choice: np.ndarray
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MacColumns:
    """`works`: equal ones once, [works, 1]. Alternative k is `counts[k]` times work `rows[k]`; those of task t
    start at `offsets[t]`."""

    works: MacWork
    rows: np.ndarray
    counts: np.ndarray
    offsets: np.ndarray


@dataclass(frozen=True, slots=True)
class DspColumns:
    """Numbers are [tasks, 1]."""

    kernels: tuple[str, ...]
    elements: np.ndarray
    rows: np.ndarray
    launches: np.ndarray


@dataclass(frozen=True, slots=True)
class DmaColumns:
    """All [tasks, 1]; `nbytes` and `elements` are of one transfer."""

    nbytes: np.ndarray
    elements: np.ndarray
    transfers: np.ndarray
    source: np.ndarray
    destination: np.ndarray


@dataclass(frozen=True, slots=True)
class Columns:
    """What tasks ask of the engines. `mac`, `dsp`, `dma`: their places among the tasks. `minimum_steps` and
    `repeats` as in the plan, [tasks, 1]."""

    mac: np.ndarray
    dsp: np.ndarray
    dma: np.ndarray
    of_mac: MacColumns | None
    of_dsp: DspColumns | None
    of_dma: DmaColumns | None
    minimum_steps: np.ndarray
    repeats: np.ndarray


def price(plan: Plan, hw: Hardware) -> Prices:
    """Times of all tasks of `plan` on `hw`."""
    columns = gather(plan.ask, plan.minimum_steps, plan.repeats)
    points = points_of(hw)
    count = len(plan.queue)
    shape = (count, points or 1)
    time, launch = np.zeros(shape), np.zeros(shape)
    choice = np.zeros(shape, dtype=np.int64)
    kinds = [""] * count
    if columns.of_mac:
        time[columns.mac], choice[columns.mac] = _mac_choice(columns.of_mac, hw)
    if columns.of_dsp:
        lines = kernel_lines(hw, columns.of_dsp.kernels)
        time[columns.dsp] = _dsp_times(columns.of_dsp, lines, hw)
        launch[columns.dsp] = _dsp_launch(columns.of_dsp, lines, hw)
        for i, kind in zip(columns.dsp.tolist(), lines.kinds, strict=True):
            kinds[i] = kind
    if columns.of_dma:
        time[columns.dma] = dma_times(columns.of_dma, hw)
        launch[columns.dma] = _dma_launch(columns.of_dma, hw)
    step = waiting_ns(time, columns.minimum_steps, hw)
    time = time + step
    if (columns.repeats != 1).any():
        time, launch, step = (ns * columns.repeats for ns in (time, launch, step))
    if points is None:
        time, launch, step, choice = time[:, 0], launch[:, 0], step[:, 0], choice[:, 0]
    return Prices(time, launch, step, choice, tuple(kinds))


def waiting_ns(work_ns: np.ndarray, steps: np.ndarray, hw: Hardware) -> np.ndarray:
    """How long tasks of `work_ns` wait for the dispatch of their `steps` compute steps: what their work falls short of
    the least time of a step. All [tasks, points or 1]."""
    return np.asarray(np.maximum(steps * hw.step.minimum_ns - work_ns, 0.0))


def timeline(plan: Plan, hw: Hardware, prices: Prices | None = None) -> Timeline:
    """When every task of `plan` starts and ends on `hw`; `prices`, where they are known already."""
    times = (price(plan, hw) if prices is None else prices).time_ns
    return schedule(plan.queue, plan.pieces, plan.after, plan.streams, times, plan.feeds)


def points_of(hw: Hardware) -> int | None:
    """How many points the arrays of `hw` hold; None when all its numbers are scalars."""
    sizes = {v.size for v in hw.numbers().values() if isinstance(v, np.ndarray)}
    return max(sizes) if sizes else None


def gather(asks: Sequence[Ask], minimum_steps: Sequence[int], repeats: Sequence[int]) -> Columns:
    """The columns of some tasks."""
    mac = [i for i, a in enumerate(asks) if isinstance(a, MacTask)]
    dsp = [i for i, a in enumerate(asks) if isinstance(a, DspTask)]
    dma = [i for i, a in enumerate(asks) if isinstance(a, DmaTask)]
    return Columns(
        np.array(mac, dtype=np.intp),
        np.array(dsp, dtype=np.intp),
        np.array(dma, dtype=np.intp),
        _mac_columns([asks[i] for i in mac]) if mac else None,  # type: ignore[misc]
        _dsp_columns([asks[i] for i in dsp]) if dsp else None,  # type: ignore[misc]
        _dma_columns([asks[i] for i in dma]) if dma else None,  # type: ignore[misc]
        _column(minimum_steps, float),
        _column(repeats, float),
    )


def _column(values: Sequence[Any], dtype: Any = None) -> np.ndarray:
    return np.array(values, dtype=dtype)[:, None]


def _mac_columns(tasks: list[MacTask]) -> MacColumns:
    index: dict[int, int] = {}
    unique: list[MacWork] = []
    rows: list[int] = []
    counts: list[float] = []
    offsets: list[int] = []
    for task in tasks:
        offsets.append(len(rows))
        for work, count in task.alternatives:
            at = index.get(id(work))
            if at is None:
                at = index[id(work)] = len(unique)
                unique.append(work)
            rows.append(at)
            counts.append(count)
    works = MacWork(**{n: _column([getattr(w, n) for w in unique]) for n in _MAC_FIELDS})
    return MacColumns(works, np.array(rows), _column(counts, float), np.array(offsets))


def _dsp_columns(tasks: list[DspTask]) -> DspColumns:
    return DspColumns(
        tuple(t.kernel for t in tasks),
        _column([t.elements for t in tasks]),
        _column([t.rows for t in tasks]),
        _column([t.launches for t in tasks], float),
    )


def _dma_columns(tasks: list[DmaTask]) -> DmaColumns:
    transfers = _column([t.transfers for t in tasks], float)
    return DmaColumns(
        _column([t.nbytes for t in tasks]) / transfers,
        _column([t.elements for t in tasks]) / transfers,
        transfers,
        _column([MEMORIES[t.source] for t in tasks]),
        _column([MEMORIES[t.destination] for t in tasks]),
    )


def mac_times(columns: MacColumns, hw: Hardware) -> np.ndarray:
    """Time of each task's cheapest alternative, [tasks, points or 1]."""
    return np.minimum.reduceat(_mac_alternatives(columns, hw), columns.offsets, axis=0)


def _mac_alternatives(columns: MacColumns, hw: Hardware) -> np.ndarray:
    one = np.asarray(mac_array_ns(columns.works, hw))
    return np.asarray(one[columns.rows] * columns.counts)


def _mac_choice(columns: MacColumns, hw: Hardware) -> tuple[np.ndarray, np.ndarray]:
    """Times, and the first alternative that is as cheap as the cheapest."""
    each = _mac_alternatives(columns, hw)
    best = np.minimum.reduceat(each, columns.offsets, axis=0)
    count = len(columns.rows)
    owner = np.repeat(np.arange(len(columns.offsets)), np.diff(columns.offsets, append=count))
    place = (np.arange(count) - columns.offsets[owner])[:, None]
    first = np.where(each <= best[owner], place, count)
    return best, np.minimum.reduceat(first, columns.offsets, axis=0)


def dsp_times(columns: DspColumns, hw: Hardware) -> np.ndarray:
    """Time of each task, [tasks, points or 1]."""
    return _dsp_times(columns, kernel_lines(hw, columns.kernels), hw)


def _dsp_times(columns: DspColumns, lines: KernelLines, hw: Hardware) -> np.ndarray:
    return np.asarray(dsp_ns(lines, columns.elements, columns.rows, hw) * columns.launches)


def _dsp_launch(columns: DspColumns, lines: KernelLines, hw: Hardware) -> np.ndarray:
    launch = np.asarray(lines.launch_cycles)
    launch = launch[:, None] if launch.ndim == 1 else launch
    return np.asarray(launch * columns.launches * (1e3 / hw.dsp.clock_mhz))


def dma_times(columns: DmaColumns, hw: Hardware) -> np.ndarray:
    """Time of each task, [tasks, points or 1]."""
    return np.asarray(_transfer(columns, hw, columns.nbytes, columns.elements) * columns.transfers)


def _dma_launch(columns: DmaColumns, hw: Hardware) -> np.ndarray:
    return np.asarray(_transfer(columns, hw, 0.0, 0.0) * columns.transfers)


def _transfer(columns: DmaColumns, hw: Hardware, nbytes: Any, elements: Any) -> np.ndarray:
    return np.asarray(
        dma_ns(nbytes, hw, columns.source, columns.destination, elements=elements, sharing_ports=hw.dma.ports)
    )
