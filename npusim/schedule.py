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
from dataclasses import dataclass
from typing import Any

import numpy as np

Times = Any  # float, or array over the points of a sweep


@dataclass(frozen=True, slots=True)
class Timeline:
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
        rows = list(time_ns)
        ran = list(run_rows(queue, pieces, after, streams, rows, feeds))
        return Timeline([start for start, _ in ran], [end for _, end in ran], rows)
    times: list[float] = time_ns.tolist()
    fed = feeds or {}
    free: dict[int, float] = {}
    start_ns: list[Times] = []
    end_ns: list[Times] = []
    for i, time in enumerate(times):
        start = free.get(queue[i], 0.0)
        for p in after[i]:
            start = max(start, end_ns[p])
        end = None
        if streams[i]:
            own_piece = time / pieces[i]
            for p in streams[i]:
                start = max(start, start_ns[p] + times[p] / pieces[p])
                bound = end_ns[p] + own_piece
                end = bound if end is None else max(end, bound)
        for p, share in fed.get(i, ()):
            bound = end_ns[p] + share * time
            end = bound if end is None else max(end, bound)
        end = start + time if end is None else max(start + time, end)
        start_ns.append(start)
        end_ns.append(end)
        free[queue[i]] = end
    return Timeline(start_ns, end_ns, times)


def run_rows(
    queue: Sequence[int],
    pieces: Sequence[int],
    after: Sequence[Sequence[int]],
    streams: Sequence[Sequence[int]],
    rows: Sequence[np.ndarray],
    feeds: Mapping[int, Sequence[tuple[int, float]]] | None = None,
    last_use: Sequence[int] | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Start and end of every task in turn, arrays [points]; the same arithmetic as for one point.

    `rows[i]`: time of task i, [points] or [1]. `last_use[i]` (see `last_uses`): the last task that looks at i;
    its rows are forgotten then, so that a long plan stays in the cache."""
    fed = feeds or {}
    zero = np.zeros(max((len(row) for row in rows), default=1))
    bound = np.empty_like(
        zero
    )  # for what is looked at once: to make and drop an array takes longer than to fill it
    free: dict[int, np.ndarray] = {}
    live: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    forget: dict[int, list[int]] = {}
    for p, last in enumerate(last_use or ()):
        forget.setdefault(last, []).append(p)
    for i, time in enumerate(rows):
        start, mine = free.get(queue[i], zero), False  # whether `start` is an array of this task alone
        for p in after[i]:
            start, mine = np.maximum(start, live[p][1], out=start if mine else None), True
        for p in streams[i]:
            np.add(live[p][0], rows[p] / pieces[p], out=bound)
            start, mine = np.maximum(start, bound, out=start if mine else None), True
        end = start + time
        if streams[i]:
            own_piece = time / pieces[i]
            for p in streams[i]:
                np.add(live[p][1], own_piece, out=bound)
                np.maximum(end, bound, out=end)
        for p, share in fed.get(i, ()):
            np.add(live[p][1], share * time, out=bound)
            np.maximum(end, bound, out=end)
        free[queue[i]] = end
        live[i] = (start, end)
        for p in forget.get(i, ()):
            del live[p]
        yield start, end


Edges = tuple[tuple[int, ...], ...]


def needed(
    queue: Sequence[int],
    after: Sequence[Sequence[int]],
    streams: Sequence[Sequence[int]],
    feeds: Mapping[int, Sequence[tuple[int, float]]],
) -> tuple[Edges, Edges]:
    """`after` and `streams` without the edges that others imply: times stay the same to the last bit.

    A task ends no sooner than all it waits for, and tasks of a queue end in order. So for every task and queue there
    is a last task that has surely ended by then; an edge to it or to one before it on that queue asks for nothing.
    """
    place = {q: k for k, q in enumerate(dict.fromkeys(queue))}
    last: dict[int, int] = {}  # the task before on a queue
    ended: list[list[int]] = []  # by the end of a task: the last task of each queue that has surely ended
    needed_after, needed_streams = [], []
    for i, own in enumerate(queue):
        known = list(ended[last[own]]) if own in last else [-1] * len(place)
        first, then = [], []
        for p in sorted(after[i], reverse=True):
            if known[place[queue[p]]] < p:
                first.append(p)
                known = list(map(max, known, ended[p]))
        for p in streams[i]:
            if known[place[queue[p]]] < p:
                then.append(p)
        needed_after.append(tuple(first))
        needed_streams.append(tuple(then))
        for p in (*then, *(p for p, _ in feeds.get(i, ()))):
            known = list(map(max, known, ended[p]))
        known[place[own]] = i
        ended.append(known)
        last[own] = i
    return tuple(needed_after), tuple(needed_streams)


def last_uses(
    after: Sequence[Sequence[int]],
    streams: Sequence[Sequence[int]],
    feeds: Mapping[int, Sequence[tuple[int, float]]],
) -> tuple[int, ...]:
    """For each task the last task with an edge to it; itself if there is none."""
    last = list(range(len(after)))
    for i in range(len(after)):
        for p in (*after[i], *streams[i], *(p for p, _ in feeds.get(i, ()))):
            last[p] = i
    return tuple(last)
