"""What tasks ask of the engines, in columns: equal tasks once.

Layers repeat themselves, so a plan of ten thousand tasks has a hundred that differ. The columns depend on the plan
alone; whoever prices them says what each of the distinct tasks takes, and `Distinct.row` whose time that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from npusim.arch.dma import MEMORIES, SOURCES
from npusim.compiler.plan import Ask, DmaTask, DspTask, MacTask, Plan
from npusim.work import MacWork

_MAC_FIELDS = tuple(f.name for f in fields(MacWork))


class MacColumns(NamedTuple):
    """`works`: equal ones once, [works, 1]. Alternative k is `counts[k]` times work `rows[k]`; those of task t
    start at `offsets[t]`."""

    works: MacWork
    rows: np.ndarray
    counts: np.ndarray
    offsets: np.ndarray


class DspColumns(NamedTuple):
    """Numbers are [tasks, 1]."""

    kernels: tuple[str, ...]
    elements: np.ndarray
    rows: np.ndarray
    launches: np.ndarray


class DmaColumns(NamedTuple):
    """All [tasks, 1]; `nbytes`, as its time counts them, and `elements` are of one transfer."""

    nbytes: np.ndarray
    elements: np.ndarray
    transfers: np.ndarray
    source: np.ndarray
    destination: np.ndarray


class Columns(NamedTuple):
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
        _column([t.nbytes * t.counted for t in tasks]) / transfers,
        _column([t.elements for t in tasks]) / transfers,
        transfers,
        _column([SOURCES[t.source] for t in tasks]),
        _column([MEMORIES[t.destination] for t in tasks]),
    )


class Distinct(NamedTuple):
    """`row[i]`: which of the distinct tasks task i of the plan is, `place` the same as an array; `columns` are of the
    distinct ones, and `first` says which task of the plan each of them is, kind by kind (`kind_of`)."""

    row: list[int]
    place: np.ndarray
    first: list[int]
    columns: Columns


def distinct(plan: Plan) -> Distinct:
    """The distinct tasks of a plan, worked out once a plan."""
    return plan.once("distinct", _distinct)


def _distinct(plan: Plan) -> Distinct:
    first: dict[Any, int] = {}
    known: dict[tuple[int, int, int], int] = {}  # records are shared: most tasks are told by their identity
    found: list[int] = []
    for i, seen in enumerate(zip(map(id, plan.ask), plan.minimum_steps, plan.repeats, strict=True)):
        at = known.get(seen)
        if at is None:
            at = known[seen] = first.setdefault(_key(plan, i), i)
        found.append(at)
    chosen = sorted(first.values(), key=lambda i: kind_of(plan.ask[i]))
    place = {i: k for k, i in enumerate(chosen)}
    row = [place[i] for i in found]
    columns = gather(
        [plan.ask[i] for i in chosen],
        [plan.minimum_steps[i] for i in chosen],
        [plan.repeats[i] for i in chosen],
    )
    return Distinct(row, np.array(row, dtype=np.intp), chosen, columns)


def kind_of(ask: Ask) -> tuple[int, int]:
    """Engine (MAC array, DSPs, DMA) and what of it prices a task: its op, or from where to where it moves."""
    if isinstance(ask, MacTask):
        return 0, int(ask.alternatives[0][0].op)
    return (1, 0) if isinstance(ask, DspTask) else (2, SOURCES[ask.source] * 2 + MEMORIES[ask.destination])


def _key(plan: Plan, i: int) -> tuple[Any, ...]:
    """Equal for tasks that always take equally long."""
    ask: Any = plan.ask[i]
    if isinstance(ask, MacTask):  # works are shared objects, and their hash is slow
        ask = tuple((id(work), count) for work, count in ask.alternatives)
    return ask, plan.minimum_steps[i], plan.repeats[i]
