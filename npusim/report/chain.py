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
    """Per task the part of the deciding chain that is in it, nanoseconds; the sum is the end of the last task."""
    found = [0.0] * len(plan.queue)
    if not found:
        return found
    before = plan.once("before", lambda p: _before(p.queue))
    ends = line.end_ns
    now = max(ends)
    i = ends.index(now)
    while True:
        moment, behind = _held_until(plan, line, before[i], i, now)
        found[i] += now - moment
        if behind < 0:
            return found
        now, i = moment, behind


def _held_until(plan: Plan, line: Timeline, before: int, i: int, now: float) -> tuple[float, int]:
    """The moment from which on task `i` itself decides that it has got as far as it has by `now`, and the task that
    decided until then (-1 for none); of several that ended at one moment, the last. `before`: the task before it on
    its engine."""
    start, ends, streams = line.start_ns[i], line.end_ns, plan.streams[i]
    if (streams or i in plan.feeds) and now == ends[i] and now > start + line.time_ns[i]:
        time = line.time_ns[i]
        rest = [(ends[p] + time / plan.pieces[i], ends[p], p) for p in streams]
        rest += [(ends[p] + share * time, ends[p], p) for p, share in plan.feeds.get(i, ())]
        _, moment, behind = max(rest)
        return moment, behind
    moment, behind = (ends[before], before) if before >= 0 else (0.0, -1)
    for p in plan.after[i]:
        if ends[p] > moment or (ends[p] == moment and p > behind):
            moment, behind = ends[p], p
    for p in streams:
        first = line.start_ns[p] + line.time_ns[p] / plan.pieces[p]
        if first > moment or (first == moment and p > behind):
            moment, behind = first, p
    return (start, behind) if moment > 0 else (0.0, -1)


def _before(queue: tuple[int, ...]) -> list[int]:
    """The task before each on its engine, -1 for the first."""
    last: dict[int, int] = {}
    found = []
    for i, engine in enumerate(queue):
        found.append(last.get(engine, -1))
        last[engine] = i
    return found
