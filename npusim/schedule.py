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
    free: dict[int, np.ndarray] = {}
    live: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    forget: dict[int, list[int]] = {}
    for p, last in enumerate(last_use or ()):
        forget.setdefault(last, []).append(p)
    for i, time in enumerate(rows):
        waits = [free.get(queue[i], zero)]
        waits += [live[p][1] for p in after[i]]
        waits += [live[p][0] + rows[p] / pieces[p] for p in streams[i]]
        start = waits[0]
        if len(waits) > 1:
            start = np.maximum(start, waits[1])
            for other in waits[2:]:
                np.maximum(start, other, out=start)
        end = start + time
        if streams[i]:
            own_piece = time / pieces[i]
            for p in streams[i]:
                np.maximum(end, live[p][1] + own_piece, out=end)
        for p, share in fed.get(i, ()):
            np.maximum(end, live[p][1] + share * time, out=end)
        free[queue[i]] = end
        live[i] = (start, end)
        for p in forget.get(i, ()):
            del live[p]
        yield start, end


def needed_after(queue: Sequence[int], after: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """`after` without the edges the queues imply: tasks of a queue end in order, so the latest of each other
    queue is enough."""
    needed = []
    for i, edges in enumerate(after):
        latest: dict[int, int] = {}
        for p in edges:
            if queue[p] != queue[i]:
                latest[queue[p]] = max(p, latest.get(queue[p], -1))
        needed.append(tuple(latest.values()))
    return tuple(needed)


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
