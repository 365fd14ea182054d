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

from collections.abc import Callable, Mapping, Sequence
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
    scalar = time_ns.ndim == 1
    times: list[Times] = time_ns.tolist() if scalar else list(time_ns)
    later: Callable[[Times, Times], Times] = max if scalar else np.maximum
    zero: Times = 0.0 if scalar else np.zeros(time_ns.shape[1])
    fed = feeds or {}
    free: dict[int, Times] = {}
    start_ns: list[Times] = []
    end_ns: list[Times] = []
    for i, time in enumerate(times):
        start = free.get(queue[i], zero)
        for p in after[i]:
            start = later(start, end_ns[p])
        end = None
        if streams[i]:
            own_piece = time / pieces[i]
            for p in streams[i]:
                start = later(start, start_ns[p] + times[p] / pieces[p])
                bound = end_ns[p] + own_piece
                end = bound if end is None else later(end, bound)
        for p, share in fed.get(i, ()):
            bound = end_ns[p] + share * time
            end = bound if end is None else later(end, bound)
        end = start + time if end is None else later(start + time, end)
        start_ns.append(start)
        end_ns.append(end)
        free[queue[i]] = end
    return Timeline(start_ns, end_ns, times)
