"""From which context on one model gives more tokens a second than another: attention against state space."""

from __future__ import annotations

from collections.abc import Sequence

from npusim.generating.record import Against, Point
from npusim.terminal.units import digits, time


def overtakes(one: Sequence[Point], other: Sequence[Point]) -> int | None:
    """The context from which on `other` is faster up to the end of both curves: between two points, where straight
    lines of time cross; 0 where it is everywhere, None where it is not at the end."""
    shared = min(one[-1].context, other[-1].context)
    pairs = [
        (a, b) for a, b in zip(one, other, strict=False) if a.context == b.context and a.context <= shared
    ]
    ahead = [1 / a.tokens_per_s - 1 / b.tokens_per_s for a, b in pairs]
    if not pairs or ahead[-1] <= 0:
        return None
    behind = max((k for k, gain in enumerate(ahead) if gain <= 0), default=None)
    if behind is None:
        return 0
    low, high = pairs[behind][0].context, pairs[behind + 1][0].context
    part = -ahead[behind] / (ahead[behind + 1] - ahead[behind])
    return round(low + part * (high - low))


def against(
    name: str,
    other: str,
    tokens_per_s: float,
    first_token_us: float,
    one: tuple[Point, ...],
    two: tuple[Point, ...],
) -> Against:
    """The other model beside the first, `name`."""
    found, back = overtakes(one, two), overtakes(two, one)
    first, last = two[0].context, two[-1].context
    ends = f"{digits(two[-1].tokens_per_s)} against {digits(one[-1].tokens_per_s)} tokens/s at {last:,}"
    if found:
        said = f"{other} overtakes {name} at a context of {found:,}: {ends}"
    elif found == 0:
        said = f"{other} is faster than {name} at every context from {first:,} on: {ends}"
    elif back:
        said = f"{other} is overtaken by {name} at a context of {back:,}: {ends}"
    else:
        said = f"{other} does not overtake {name} at any context from {first:,} to {last:,}: {ends}"
    said += f"; its first token comes after {time(first_token_us)}"
    return Against(other, tokens_per_s, first_token_us, found, two, said)
