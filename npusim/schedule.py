"""Plan and times -> timeline: when every task starts and ends.

Each engine takes its tasks in program order, as the NPU's queues do, so the schedule is a max-plus
recurrence over the tasks. A task is `pieces` equal pieces; task t behind task p waits either

* *after* p: for its end;
* *streams* from p: it starts after p's first piece and ends no sooner than one own piece after p's end; or
* is *fed* by p before its piece k: it ends no sooner than its last n - k pieces after p's end.

For equal piece counts this equals running every piece by hand (`tests/oracle.py` does so). Proof: with
equal counts the end of piece i of p is convex in i, so the latest start of t's pieces is decided at the
first or the last one. A time may be an array over the points of a sweep; then so are start and end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from npusim.edges import Program, program

Times = Any  # float, or array over the points of a sweep


class Timeline(NamedTuple):
    """Per task: `start_ns`, `end_ns`, `time_ns` (lists of floats, or of arrays [points])."""

    start_ns: list[Times]
    end_ns: list[Times]
    time_ns: list[Times]

    @property
    def latency_ns(self) -> Times:
        """End of the last task; zero for an empty plan."""
        if not self.end_ns:
            return 0.0
        return np.max(np.stack(self.end_ns), axis=0) if np.ndim(self.end_ns[0]) else max(self.end_ns)


def schedule(
    queue: Sequence[int],
    pieces: Sequence[int],
    after: Sequence[Sequence[int]],
    streams: Sequence[Sequence[int]],
    time_ns: np.ndarray,
    feeds: Mapping[int, Sequence[tuple[int, float]]] | None = None,
) -> Timeline:
    """Start and end of every task.

    `time_ns`: array [tasks] or [tasks, points]. The other columns are a plan's; edges point backwards.
    `feeds[i]`: pairs (p, share): after p's end, task i has that share of its own time still to go.
    """
    if time_ns.ndim == 2:
        ready = program(queue, pieces, after, streams, feeds or {})
        starts, ends = run_points(ready, time_ns, np.arange(len(time_ns)))
        return Timeline(starts, list(ends), list(time_ns))
    times: list[float] = time_ns.tolist()
    fed = feeds or {}
    free: dict[int, float] = dict.fromkeys(queue, 0.0)
    start_ns: list[Times] = []
    end_ns: list[Times] = []
    for i, (own, behind, beside, time) in enumerate(zip(queue, after, streams, times, strict=True)):
        start = free[own]
        for p in behind:
            if end_ns[p] > start:
                start = end_ns[p]
        if not beside and i not in fed:
            end = start + time
        else:
            bounds = []
            if beside:
                own_piece = time / pieces[i]
                start = max(start, *[start_ns[p] + times[p] / pieces[p] for p in beside])
                bounds = [end_ns[p] + own_piece for p in beside]
            bounds += [end_ns[p] + share * time for p, share in fed.get(i, ())]
            end = max(start + time, *bounds)
        start_ns.append(start)
        end_ns.append(end)
        free[own] = end
    return Timeline(start_ns, end_ns, times)


def run_points(ready: Program, times: np.ndarray, place: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Start of every task, and the array [tasks, points] of all ends; the same arithmetic as for one point.

    For few points (a band, a what-if): all ends stay. `times`: [kinds, points]; `place[i]`: of which kind task i is."""
    points = times.shape[1]
    ends = np.empty((len(place), points))
    end_of = list(ends)
    starts: list[np.ndarray] = []
    free = dict.fromkeys(ready.queue, np.zeros(points))
    kinds, kind_of = list(times), place.tolist()
    piece = _Pieces(kinds)
    bound = np.empty(points)
    add, later = np.add, np.maximum
    for i, (own, behind, beside) in enumerate(zip(ready.queue, ready.after, ready.streams, strict=True)):
        start, end, kind = free[own], end_of[i], kind_of[i]
        if behind:
            start = later(start, end_of[behind[0]])  # an array of this task alone
            for p in behind[1:]:
                later(start, end_of[p], out=start)
        if beside:
            for p in beside:
                add(starts[p], piece[kind_of[p], ready.pieces[p]], bound)
                start = later(start, bound)
            add(start, kinds[kind], end)
            own_piece = piece[kind, ready.pieces[i]]
            for p in beside:
                add(end_of[p], own_piece, bound)
                later(end, bound, out=end)
        else:
            add(start, kinds[kind], end)
        if i in ready.fed:
            feeders, shares = ready.fed[i]
            late = shares * kinds[kind]
            late += ends.take(feeders, axis=0)
            later(end, later.reduce(late), out=end)
        starts.append(start)
        free[own] = end
    return starts, ends


def run_rows(
    ready: Program, kinds: Sequence[np.ndarray], kind_of: Sequence[int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Start and end of every task in turn, arrays [points]; the same arithmetic as for one point.

    For many points (a sweep): what no later task looks at is forgotten, so that a long plan stays in the cache.
    `kinds[k]`: time of a kind of task, [points] or [1]; `kind_of[i]`: the kind of task i."""
    points = max((len(kinds[k]) for k in set(kind_of)), default=1)
    bound = np.empty(points)  # what is looked at once: to make and drop an array takes longer than to fill it
    free = dict.fromkeys(ready.queue, np.zeros(points))
    piece = _Pieces(kinds)
    live: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    forget: dict[int, list[int]] = {}
    for p, last in enumerate(ready.last_use):
        forget.setdefault(last, []).append(p)
    for i, (own, behind, beside) in enumerate(zip(ready.queue, ready.after, ready.streams, strict=True)):
        start, mine, kind = free[own], False, kind_of[i]  # whether `start` is an array of this task alone
        time = kinds[kind]
        for p in behind:
            start, mine = np.maximum(start, live[p][1], out=start if mine else None), True
        for p in beside:
            np.add(live[p][0], piece[kind_of[p], ready.pieces[p]], out=bound)
            start, mine = np.maximum(start, bound, out=start if mine else None), True
        end = start + time
        if beside:
            own_piece = piece[kind, ready.pieces[i]]
            for p in beside:
                np.add(live[p][1], own_piece, out=bound)
                np.maximum(end, bound, out=end)
        for p, share in ready.feeds.get(i, ()):
            np.add(live[p][1], share * time, out=bound)
            np.maximum(end, bound, out=end)
        free[own] = end
        live[i] = (start, end)
        for p in forget.get(i, ()):
            del live[p]
        yield start, end


class _Pieces(dict[tuple[int, int], np.ndarray]):
    """(kind of task, pieces) -> time of one piece, worked out when it is first asked for."""

    def __init__(self, kinds: Sequence[np.ndarray]) -> None:
        self.kinds = kinds

    def __missing__(self, key: tuple[int, int]) -> np.ndarray:
        kind, pieces = key
        found = self[key] = self.kinds[kind] / pieces
        return found
