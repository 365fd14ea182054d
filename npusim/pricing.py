"""Plan and hardware -> the time of every task, in one pass of NumPy.

Equal works are priced once. Times are nanoseconds, array [tasks], or [tasks, points] when numbers of the
hardware are arrays of points."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from npusim.arch.dma import MEMORIES, dma_ns
from npusim.arch.dsp import dsp_ns, kernel_lines
from npusim.arch.hardware import Hardware
from npusim.arch.mac_array import mac_array_ns
from npusim.compiler.plan import DmaTask, DspTask, MacTask, Plan
from npusim.work import MacWork

_MAC_FIELDS = tuple(f.name for f in fields(MacWork))


@dataclass(frozen=True, slots=True)
class Prices:
    """Per task: `time_ns` [tasks(, points)]; `launch_ns`, the part of it that is fixed cost (kernel launch,
    the minimum of a compute step, DMA latency); `choice`, which alternative of a MAC task is cheapest;
    `kinds`, how well the constants of a DSP task are known ('' for others)."""

    time_ns: np.ndarray
    launch_ns: np.ndarray
    choice: np.ndarray
    kinds: tuple[str, ...]


def price(plan: Plan, hw: Hardware) -> Prices:
    """Times of all tasks of `plan` on `hw`."""
    points = _points(hw)
    count = len(plan.queue)
    shape = (count,) if points is None else (count, points)
    time, launch = np.zeros(shape), np.zeros(shape)
    choice = np.zeros(shape, dtype=np.int64)
    kinds = [""] * count
    mac = [i for i, a in enumerate(plan.ask) if isinstance(a, MacTask)]
    dsp = [i for i, a in enumerate(plan.ask) if isinstance(a, DspTask)]
    dma = [i for i, a in enumerate(plan.ask) if isinstance(a, DmaTask)]
    if mac:
        time[mac], choice[mac] = _mac_times([plan.ask[i] for i in mac], hw, points)  # type: ignore[misc]
    if dsp:
        time[dsp], launch[dsp], found = _dsp_times([plan.ask[i] for i in dsp], hw, points)  # type: ignore[misc]
        for i, kind in zip(dsp, found, strict=True):
            kinds[i] = kind
    if dma:
        time[dma], launch[dma] = _dma_times([plan.ask[i] for i in dma], hw, points)  # type: ignore[misc]
    minimum = _column(np.array(plan.minimum_steps, dtype=float), points) * hw.step.minimum_ns
    short = minimum > time
    launch = np.where(short, launch + minimum - time, launch)
    time = np.maximum(time, minimum)
    repeats = np.array(plan.repeats, dtype=float)
    if (repeats != 1).any():
        time = time * _column(repeats, points)
        launch = launch * _column(repeats, points)
    return Prices(time, launch, choice, tuple(kinds))


def _points(hw: Hardware) -> int | None:
    """How many points the arrays of `hw` hold; None when all its numbers are scalars."""
    sizes = {v.size for v in hw.numbers().values() if isinstance(v, np.ndarray)}
    return max(sizes) if sizes else None


def _column(values: np.ndarray, points: int | None) -> np.ndarray:
    return values if points is None else values[:, None]


def _mac_times(tasks: list[MacTask], hw: Hardware, points: int | None) -> tuple[Any, Any]:
    index: dict[int, int] = {}
    unique: list[MacWork] = []
    rows: list[int] = []
    counts: list[int] = []
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
    columns = MacWork(**{n: _column(np.array([getattr(w, n) for w in unique]), points) for n in _MAC_FIELDS})
    one = np.asarray(mac_array_ns(columns, hw))
    if points is not None:
        one = np.broadcast_to(one, (len(unique), points))
    each = one[rows] * _column(np.array(counts, dtype=float), points)
    best = np.minimum.reduceat(each, offsets, axis=0)
    sizes = np.diff([*offsets, len(rows)])
    owner = np.repeat(np.arange(len(tasks)), sizes)
    place = np.arange(len(rows)) - np.asarray(offsets)[owner]
    is_best = each <= best[owner]
    choice = np.full(best.shape, len(rows), dtype=np.int64)
    np.minimum.at(choice, owner, np.where(is_best, _column(place, points), len(rows)))
    return best, choice


def _dsp_times(tasks: list[DspTask], hw: Hardware, points: int | None) -> tuple[Any, Any, tuple[str, ...]]:
    lines = kernel_lines(hw, [t.kernel for t in tasks])
    elements = _column(np.array([t.elements for t in tasks]), points)
    rows = _column(np.array([t.rows for t in tasks]), points)
    launches = _column(np.array([t.launches for t in tasks], dtype=float), points)
    time = dsp_ns(lines, elements, rows, hw) * launches
    launch = np.asarray(lines.launch_cycles)
    if points is not None and launch.ndim == 1:
        launch = launch[:, None]
    return time, launch * launches * (1e3 / hw.dsp.clock_mhz), lines.kinds


def _dma_times(tasks: list[DmaTask], hw: Hardware, points: int | None) -> tuple[Any, Any]:
    transfers = _column(np.array([t.transfers for t in tasks], dtype=float), points)
    nbytes = _column(np.array([t.nbytes for t in tasks]), points)
    elements = _column(np.array([t.elements for t in tasks]), points)
    source = _column(np.array([MEMORIES[t.source] for t in tasks]), points)
    destination = _column(np.array([MEMORIES[t.destination] for t in tasks]), points)

    def one(size: Any, permuted: Any) -> Any:
        return dma_ns(size, hw, source, destination, elements=permuted, sharing_ports=hw.dma.ports)

    time = one(nbytes / transfers, elements / transfers) * transfers
    return time, np.broadcast_to(one(0.0, 0.0) * transfers, np.shape(time))
