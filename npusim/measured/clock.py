"""How long a call takes, measured again and again once it is warm."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

LEAST = 5  # calls, whatever they take: fewer have no quartiles


def taken_us(
    call: Callable[[], object], runs: int, warm_up: int, most_s: float = math.inf, least: int = LEAST
) -> list[float]:
    """Microseconds of each of `runs` calls, one at a time, after `warm_up` others.

    Args:
        most_s: seconds after which no more calls are begun, once there are `least`; warming up counts.
    """
    begun = time.perf_counter()
    for done in range(max(warm_up, 1)):
        if done and time.perf_counter() - begun > most_s / 4:
            break
        call()
    found: list[float] = []
    while len(found) < runs and (len(found) < least or time.perf_counter() - begun < most_s):
        start = time.perf_counter_ns()
        call()
        found.append((time.perf_counter_ns() - start) / 1e3)
    return found
