"""Which graphs of fixed sizes a prompt is put through.

A prompt of n tokens is cut into parts, each of the size of one graph; what the last part has too much is padding. Of
all ways the one of least time is taken, by the shortest way from 0 to any place from n on. So one more size can never
cost time, and the one size of the longest prompt is padding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd, inf

import numpy as np

from npusim.errors import BadArgument

MOST_PLACES = 1 << 18


@dataclass(frozen=True, slots=True)
class Cover:
    """The parts of one prompt in order, tokens each, and the time of all of them."""

    parts: tuple[int, ...]
    time_us: float

    @property
    def padded(self) -> int:
        """Tokens that the NPU works on, padding among them."""
        return sum(self.parts)


def covers(
    prompts: Sequence[int], sizes: Sequence[int], time_us: Callable[[int, np.ndarray], np.ndarray]
) -> dict[int, Cover]:
    """The cover of each length.

    Args:
        sizes: of the graphs, tokens.
        time_us: of a graph of a size behind each of so many rows.

    Raises BadArgument for a longest prompt of too many steps of the sizes' common divisor.
    """
    grain = gcd(*sizes)
    longest = -(-max(prompts) // grain)
    if longest > MOST_PLACES:
        raise BadArgument(
            f"sizes {', '.join(map(str, sizes))} have {grain} as common divisor, and the longest prompt {longest:,} "
            f"times that; take sizes that are multiples of a larger number"
        )
    steps = sorted({size // grain for size in sizes})
    reach = longest + steps[-1]
    places = np.arange(longest) * grain
    costs = {step: np.asarray(time_us(step * grain, places), float).tolist() for step in steps}
    best = [0.0] + [inf] * reach
    last = [0] * (reach + 1)
    for place in range(longest):
        if best[place] == inf:
            continue
        for step in steps:
            cost = best[place] + costs[step][place]
            if cost < best[place + step]:
                best[place + step], last[place + step] = cost, step
    return {prompt: _cover(-(-prompt // grain), grain, best, last) for prompt in dict.fromkeys(prompts)}


def _cover(place: int, grain: int, best: list[float], last: list[int]) -> Cover:
    end = min(range(place, len(best)), key=lambda p: best[p])
    parts: list[int] = []
    time_us, at = best[end], end
    while at:
        parts.append(last[at] * grain)
        at -= last[at]
    return Cover(tuple(reversed(parts)), time_us)
