"""What a schedule amounts to: busy time, bytes, durations and critical time, for one point or for many.

A time is a float, or an array [points]; the arithmetic is the same, so a sweep says what a report says. Times are
nanoseconds inside and microseconds from here on: `US` is the one place where they are converted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.plan import DMA0, Ask, DmaTask, DspTask, Plan, engine_name
from npusim.graph import DType, Graph

#: Nanoseconds to microseconds.
US = 1e-3
#: What takes time, in the order of rows of an answer: the kinds of engine, and the dispatch of compute steps.
ENGINES = ("mac_array", "dsp", "dma", "step")

Time = Any  # float, or array [points]


def engine_kind(queue: int) -> str:
    """'mac_array', 'dsp' or 'dma' (whatever port)."""
    return "dma" if queue >= DMA0 else engine_name(queue)


def busy_us(
    kinds: Iterable[str],
    times_us: Iterable[Time],
    steps_us: Iterable[Time | None],
    ports: int,
    zero: Time = 0.0,
) -> dict[str, Time]:
    """Time per kind of engine, added up in the order given; `kinds`, `times_us` and `steps_us` have an entry a task.

    `steps_us`: the part of a task's time in which its engine waits for dispatch; it is 'step', not the engine's
    (None: it never waits). The ports of the DMA share its work, so its time is of one port. `zero`: 0.0, or an
    array of zeros [points].
    """
    kinds = list(kinds)
    totals = {engine: zero + 0.0 for engine in dict.fromkeys((*ENGINES, *kinds))}
    for kind, time, step in zip(kinds, times_us, steps_us, strict=True):
        totals[kind] += time if step is None else time - step
        if step is not None:
            totals["step"] += step
    totals["dma"] /= max(1, ports)
    return totals


def busy_of_plan_us(plan: Plan, time_ns: np.ndarray, step_ns: np.ndarray, ports: int) -> dict[str, float]:
    """`busy_us` of all tasks of a plan at one point, `time_ns` and `step_ns` [tasks]: the same sums in the same order,
    without a step of Python for each task."""
    names, codes = plan.once("kinds", _kinds)
    steps_us = step_ns * US
    totals = dict(zip(names, np.bincount(codes, time_ns * US - steps_us, len(names)).tolist(), strict=True))
    totals["step"] = float(np.cumsum(steps_us)[-1]) if len(steps_us) else 0.0
    totals["dma"] /= max(1, ports)
    return totals


def _kinds(plan: Plan) -> tuple[list[str], np.ndarray]:
    """The kinds of engine in the order of an answer, and of which of them each task is."""
    kinds = [engine_kind(queue) for queue in plan.queue]
    names = list(dict.fromkeys((*ENGINES, *kinds)))
    return names, np.array([names.index(kind) for kind in kinds], np.intp)


def kernels_of(plan: Plan) -> list[tuple[int, str]]:
    """The tasks of the DSPs, and the line that prices each."""
    return plan.once(
        "kernels", lambda p: [(i, ask.kernel) for i, ask in enumerate(p.ask) if isinstance(ask, DspTask)]
    )


def ddr_bytes(ask: Ask, repeats: int) -> float:
    """Bytes a task moves to or from DDR, all repeats together; copies within the scratchpad are none."""
    if isinstance(ask, DmaTask) and (ask.source == "ddr" or ask.destination == "ddr"):
        return ask.nbytes * repeats
    return 0.0


def host_ns(graph: Graph, hw: Hardware) -> Time:
    """The host's part of a synchronous inference: the request, and float32 inputs and outputs turned and back.

    Source: ResNet-50 with 8-bit and with float32 input, `docs/time.md`."""
    edges = [graph.values[name] for name in (*graph.inputs, *graph.outputs)]
    nbytes = 4.0 * sum(value.elements for value in edges if value.dtype is DType.FLOAT)
    return hw.host.latency_ns + nbytes / hw.host.float32_gb_per_s  # 1 GB/s is 1 byte per ns


def spans_ns(plan: Plan, start_ns: Sequence[Time], end_ns: Sequence[Time]) -> list[tuple[Time, Time]]:
    """Per step: start of its first task and end of its last; a step of transfers alone is its transfers."""
    many = bool(end_ns) and np.ndim(end_ns[0]) > 0
    if end_ns and not many:
        return _spans_of_one(plan, start_ns, end_ns)
    first, last = np.minimum.reduce, np.maximum.reduce
    found = []
    for step in plan.steps:
        own = step.tasks or step.prefetch
        if own:
            found.append((first([start_ns[i] for i in own]), last([end_ns[i] for i in own])))
        else:
            found.append((0.0, 0.0))
    return found


def _spans_of_one(plan: Plan, start_ns: Sequence[float], end_ns: Sequence[float]) -> list[tuple[Time, Time]]:
    """The same for one point, all steps at once."""
    with_tasks, tasks, offsets = plan.once("tasks of steps", _tasks_of_steps)
    start, end = np.zeros(len(plan.steps)), np.zeros(len(plan.steps))
    start[with_tasks] = np.minimum.reduceat(np.array(start_ns)[tasks], offsets)
    end[with_tasks] = np.maximum.reduceat(np.array(end_ns)[tasks], offsets)
    return list(zip(start.tolist(), end.tolist(), strict=True))


def _tasks_of_steps(plan: Plan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps that have tasks, their tasks one step behind the other, and where those of each begin."""
    own = [step.tasks or step.prefetch for step in plan.steps]
    with_tasks = [k for k, tasks in enumerate(own) if tasks]
    counts = [0, *(len(own[k]) for k in with_tasks)]
    tasks = [i for k in with_tasks for i in own[k]]
    return np.array(with_tasks, np.intp), np.array(tasks, np.intp), np.cumsum(counts)[:-1]


def critical_ns(plan: Plan, end_ns: Sequence[Time]) -> list[Time]:
    """By how much each step moves the end of the run, in program order; the sum is the latency."""
    if not plan.steps:
        return []
    many = bool(end_ns) and np.ndim(end_ns[0]) > 0
    ends = np.zeros((1 + len(plan.steps), *np.shape(end_ns[0]))) if many else np.zeros(1 + len(plan.steps))
    if many:
        for end, step in zip(end_ns, plan.step, strict=True):
            np.maximum(ends[step + 1], end, out=ends[step + 1])
    else:
        np.maximum.at(ends, 1 + plan.once("step of tasks", lambda p: np.array(p.step, np.intp)), end_ns)
    grown = np.diff(np.maximum.accumulate(ends, axis=0), axis=0)
    return list(grown) if many else grown.tolist()
