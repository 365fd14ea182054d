"""Requests on one NPU in the order in which they come: when each begins, gives its first token, and ends.

Two orders. *one by one*: a request is answered whole before the next begins. *prompts first*: whoever waits is put
through its prompt before any other token is made, and the tokens of all that are being answered take turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npusim.choices import Order


@dataclass(frozen=True, slots=True)
class Job:
    """One request on the NPU: when it comes, its prompt's time, and that of each token but the first, microseconds."""

    arrival_us: float
    prompt_us: float
    steps_us: np.ndarray


@dataclass(frozen=True, slots=True)
class Times:
    """Per request, microseconds: when its prompt begins, its first token is there, its answer is whole."""

    begin_us: np.ndarray
    first_us: np.ndarray
    end_us: np.ndarray


def run(jobs: Sequence[Job], order: Order) -> Times:
    """The times of jobs that are sorted by arrival."""
    return _one_by_one(jobs) if order is Order.ONE_BY_ONE else _prompts_first(jobs)


def _one_by_one(jobs: Sequence[Job]) -> Times:
    begin, first, end = (np.zeros(len(jobs)) for _ in range(3))
    free = 0.0
    for k, job in enumerate(jobs):
        begin[k] = max(free, job.arrival_us)
        first[k] = begin[k] + job.prompt_us
        free = end[k] = first[k] + float(job.steps_us.sum())
    return Times(begin, first, end)


def _prompts_first(jobs: Sequence[Job]) -> Times:
    begin, first, end = (np.zeros(len(jobs)) for _ in range(3))
    turns: deque[tuple[int, int]] = deque()  # request, tokens it has beyond the first
    now, coming = 0.0, 0
    while coming < len(jobs) or turns:
        if coming < len(jobs) and (jobs[coming].arrival_us <= now or not turns):
            job = jobs[coming]
            begin[coming] = max(now, job.arrival_us)
            now = first[coming] = end[coming] = begin[coming] + job.prompt_us
            if len(job.steps_us):
                turns.append((coming, 0))
            coming += 1
            continue
        k, done = turns.popleft()
        now += float(jobs[k].steps_us[done])
        if done + 1 < len(jobs[k].steps_us):
            turns.append((k, done + 1))
        else:
            end[k] = now
    return Times(begin, first, end)


def waiting(arrival_us: np.ndarray, begin_us: np.ndarray) -> tuple[float, int]:
    """How many requests wait for their prompt: the mean over the time until the last has begun, and the most."""
    moments = np.concatenate([arrival_us, begin_us])
    change = np.concatenate([np.ones(len(arrival_us)), -np.ones(len(begin_us))])
    order = np.lexsort((change, moments))  # who begins leaves before who comes at the same moment
    held = np.cumsum(change[order])
    span = float(moments.max() - arrival_us.min())
    mean = float((held[:-1] * np.diff(moments[order])).sum()) / span if span else 0.0
    inside = held[:-1][np.diff(moments[order]) > 0]
    return mean, int(inside.max(initial=0.0))
