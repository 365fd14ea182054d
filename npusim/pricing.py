"""Plan and hardware -> the time of every task, in one pass of NumPy.

Times are nanoseconds, array [tasks], or [tasks, points] when numbers of the hardware are arrays of points.
`npusim.columns` puts what tasks ask into columns, equal tasks once; `mac_times`, `dsp_times` and `dma_times` price
columns, and `price` a whole plan with all that a report says about it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from npusim.arch.dma import dma_ns
from npusim.arch.dsp import KernelLines, dsp_ns, kernel_lines
from npusim.arch.hardware import Hardware
from npusim.arch.mac_array import mac_array_ns
from npusim.columns import DmaColumns, DspColumns, MacColumns, distinct
from npusim.compiler.plan import Plan
from npusim.edges import Program, program
from npusim.schedule import Timeline, run_points, schedule


class Prices(NamedTuple):
    """Per task: `time_ns` [tasks(, points)]; parts of it: `launch_ns`, fixed cost (kernel launch, DMA latency), and
    `step_ns`, how long the MAC array waits for the dispatch of its steps; `choice`, which alternative of a MAC task
    is cheapest; `kinds`, how well the constants of a DSP task are known ('' for others)."""

    time_ns: np.ndarray
    launch_ns: np.ndarray
    step_ns: np.ndarray
    choice: np.ndarray
    kinds: tuple[str, ...]


def price(plan: Plan, hw: Hardware) -> Prices:
    """Times of all tasks of `plan` on `hw`."""
    tasks = distinct(plan)
    columns = tasks.columns
    points = points_of(hw)
    shape = (len(tasks.first), points or 1)
    time, launch = np.zeros(shape), np.zeros(shape)
    choice = np.zeros(shape, dtype=np.int64)
    kinds = [""] * len(tasks.first)
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
    time, launch, step, choice = (
        column[tasks.place] if points is not None else column[:, 0][tasks.place]
        for column in (time, launch, step, choice)
    )
    return Prices(time, launch, step, choice, tuple([kinds[k] for k in tasks.row]))


def waiting_ns(work_ns: np.ndarray, steps: np.ndarray, hw: Hardware) -> np.ndarray:
    """How long tasks of `work_ns` wait for the dispatch of their `steps` compute steps: what their work falls short of
    the least time of a step. All [tasks, points or 1]."""
    short: np.ndarray = np.asarray(steps * hw.step.minimum_ns - work_ns)
    np.maximum(short, 0.0, out=short)
    return short


def timeline(plan: Plan, hw: Hardware, prices: Prices | None = None) -> Timeline:
    """When every task of `plan` starts and ends on `hw`; `prices`, where they are known already."""
    times = (price(plan, hw) if prices is None else prices).time_ns
    ready = program_of(plan)
    if times.ndim == 2:
        start, end = run_points(ready, times, np.arange(len(times)))
        return Timeline(start, list(end), list(times))
    return schedule(ready.queue, ready.pieces, ready.after, ready.streams, times, ready.feeds)


def run_once(plan: Plan, prices: Prices) -> Timeline:
    """The timeline of a plan that is run once: edges that others imply cost less to follow than to find."""
    return schedule(plan.queue, plan.pieces, plan.after, plan.streams, prices.time_ns, plan.feeds)


def program_of(plan: Plan) -> Program:
    """The tasks of a plan ready to run, worked out once a plan."""
    return plan.once("program", lambda p: program(p.queue, p.pieces, p.after, p.streams, p.feeds))


def points_of(hw: Hardware) -> int | None:
    """How many points the arrays of `hw` hold; None when all its numbers are scalars."""
    sizes = {v.size for v in hw.numbers().values() if isinstance(v, np.ndarray)}
    return max(sizes) if sizes else None


def mac_times(columns: MacColumns, hw: Hardware) -> np.ndarray:
    """Time of each task's cheapest alternative, [tasks, points or 1]."""
    return np.minimum.reduceat(_mac_alternatives(columns, hw), columns.offsets, axis=0)


def _mac_alternatives(columns: MacColumns, hw: Hardware) -> np.ndarray:
    each: np.ndarray = np.asarray(mac_array_ns(columns.works, hw))[columns.rows]
    each *= columns.counts
    return each


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
