"""The chain of tasks that decides the end of a run: what each task waited for, and how long the chain is in it.

Walked from the last end back to the start. A task began when the last thing it waits for was there: the task before it
on its engine, one it comes *after*, or the first piece of one it *streams* from; or it could not end before one it
follows or is fed by had ended. What lies between two such moments belongs to the task in between, so the parts of all
tasks sum to the latency."""

from __future__ import annotations

from npusim.compiler.plan import Plan
from npusim.schedule import Timeline


def waits_for(plan: Plan, i: int) -> tuple[int, ...]:
    """Tasks that task `i` waits for: for their end, their first piece, or before a later piece of its own."""
    fed = (p for p, _ in plan.feeds.get(i, ()))
    return tuple(dict.fromkeys((*plan.after[i], *plan.streams[i], *fed)))


def path_ns(plan: Plan, line: Timeline) -> list[float]:
    """Per task the part of the deciding chain that is in it, nanoseconds; the sum is the end of the last task.

    What decides a task is what ended last of all it waits for; of several that ended at one moment, the last of them,
    and -1 where it begins by itself."""
    found = [0.0] * len(plan.queue)
    if not found:
        return found
    before = plan.once("before", lambda p: _before(p.queue))
    starts, ends, times = line.start_ns, line.end_ns, line.time_ns
    now = max(ends)
    i = ends.index(now)
    while True:
        beside = bool(plan.streams[i]) or i in plan.feeds
        if beside and now == ends[i] and now > starts[i] + times[i]:
            moment, behind = _held_up(plan, line, i)
        else:
            behind = before[i]
            moment = ends[behind] if behind >= 0 else 0.0
            for p in plan.after[i]:
                if ends[p] > moment or (ends[p] == moment and p > behind):
                    moment, behind = ends[p], p
            for p in plan.streams[i] if beside else ():
                first = starts[p] + times[p] / plan.pieces[p]
                if first > moment or (first == moment and p > behind):
                    moment, behind = first, p
            moment, behind = (starts[i], behind) if moment > 0 else (0.0, -1)
        found[i] += now - moment
        if behind < 0:
            return found
        now, i = moment, behind


def _held_up(plan: Plan, line: Timeline, i: int) -> tuple[float, int]:
    """Of a task that ended later than its own time after its start: what it follows piece by piece, or what fed it
    last, and when that had ended."""
    ends, time = line.end_ns, line.time_ns[i]
    rest = [(ends[p] + time / plan.pieces[i], ends[p], p) for p in plan.streams[i]]
    rest += [(ends[p] + share * time, ends[p], p) for p, share in plan.feeds.get(i, ())]
    _, moment, behind = max(rest)
    return moment, behind


def _before(queue: tuple[int, ...]) -> list[int]:
    """The task before each on its engine, -1 for the first."""
    last: dict[int, int] = {}
    found = []
    for i, engine in enumerate(queue):
        found.append(last.get(engine, -1))
        last[engine] = i
    return found
