"""What tasks wait for, made ready to be run again and again: without the edges that others imply.

A plan runs once for a report, as an array of points for its band and in thousands of blocks of points for a sweep. What
follows from its edges alone is worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

Edges = tuple[tuple[int, ...], ...]
Feeds = Mapping[int, Sequence[tuple[int, float]]]


class Program(NamedTuple):
    """Tasks in program order: `queue`, `pieces`, and the edges that matter (`npusim.schedule` says what they mean).

    `last_use[i]`: the last task with an edge to task i. `fed`: `feeds` as arrays, tasks [n] and shares [n, 1]."""

    queue: tuple[int, ...]
    pieces: tuple[int, ...]
    after: Edges
    streams: Edges
    feeds: Feeds
    last_use: tuple[int, ...]
    fed: dict[int, tuple[np.ndarray, np.ndarray]]


def program(
    queue: Sequence[int],
    pieces: Sequence[int],
    after: Sequence[Sequence[int]],
    streams: Sequence[Sequence[int]],
    feeds: Feeds,
) -> Program:
    """The tasks, ready to run: times stay the same to the last bit."""
    first, then = needed(queue, after, streams, feeds)
    fed = {
        i: (np.array([p for p, _ in f]), np.array([[share] for _, share in f])) for i, f in feeds.items() if f
    }
    return Program(tuple(queue), tuple(pieces), first, then, feeds, last_uses(first, then, feeds), fed)


def needed(
    queue: Sequence[int],
    after: Sequence[Sequence[int]],
    streams: Sequence[Sequence[int]],
    feeds: Feeds,
) -> tuple[Edges, Edges]:
    """`after` and `streams` without the edges that others imply: times stay the same to the last bit.

    A task ends no sooner than all it waits for, and tasks of a queue end in order. So for every task and queue there
    is a last task that has surely ended by then; an edge to it or to one before it on that queue asks for nothing.
    """
    numbers = {q: k for k, q in enumerate(dict.fromkeys(queue))}
    place = [numbers[q] for q in queue]
    # By the end of the task before on a queue, and by the end of each task: the last task of each queue that has
    # surely ended. Such a list is never changed, so tasks may share it.
    before = [[-1] * len(numbers) for _ in numbers]
    ended: list[list[int]] = []
    needed_after: list[tuple[int, ...]] = []
    needed_streams: list[tuple[int, ...]] = []
    for i, (own, behind, beside) in enumerate(zip(place, after, streams, strict=True)):
        known = before[own]
        first: list[int] = []
        then: tuple[int, ...] = ()
        for p in sorted(behind, reverse=True) if len(behind) > 1 else behind:
            if known[place[p]] < p:
                first.append(p)
                known = list(map(max, known, ended[p]))
        if beside:
            then = tuple([p for p in beside if known[place[p]] < p])
        needed_after.append(tuple(first))
        needed_streams.append(then)
        for p in (*then, *[p for p, _ in feeds[i]]) if i in feeds else then:
            if known[place[p]] < p:  # else all that had ended by then is known
                known = list(map(max, known, ended[p]))
        known = known.copy()
        known[own] = i
        ended.append(known)
        before[own] = known
    return tuple(needed_after), tuple(needed_streams)


def last_uses(
    after: Sequence[Sequence[int]],
    streams: Sequence[Sequence[int]],
    feeds: Feeds,
) -> tuple[int, ...]:
    """For each task the last task with an edge to it; itself if there is none."""
    last = list(range(len(after)))
    for i, (behind, beside) in enumerate(zip(after, streams, strict=True)):
        for p in behind:
            last[p] = i
        for p in beside:
            last[p] = i
        if i in feeds:
            for p, _ in feeds[i]:
                last[p] = i
    return tuple(last)
