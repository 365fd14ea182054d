"""A mix of lengths on a set of fixed shapes: what each request takes, and how much of it is padding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from npusim.errors import BadArgument
from npusim.terminal.units import time
from npusim_xamba.text import quoted


@dataclass(frozen=True, slots=True)
class TileSet:
    """`mean_us`: microseconds of a request on average; `waste`: share of the places computed that are padding, 0..1."""

    tiles: tuple[int, ...]
    mean_us: float
    waste: float

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.tiles))}: {time(self.mean_us)} a request, {100 * self.waste:.1f}% padding"


def served(
    tiles: tuple[int, ...], us: Mapping[int, float], lengths: np.ndarray, counts: np.ndarray, pieces: bool
) -> TileSet:
    """Every request on the cheapest tile it fits into, or in the cheapest pieces.

    Args:
        tiles: lengths in the set, ascending; one is as long as the longest request, or `pieces` is true.
        us: microseconds of each tile.
        lengths, counts: of the requests, integers [kinds].
    """
    found = [_cheapest(tiles, us, int(length), pieces) for length in lengths]
    spent = np.array([one for one, _ in found])
    places = np.array([many for _, many in found])
    real, computed = float(np.dot(lengths, counts)), float(np.dot(places, counts))
    return TileSet(tiles, float(np.dot(spent, counts) / counts.sum()), 1.0 - real / computed)


def _cheapest(
    tiles: tuple[int, ...], us: Mapping[int, float], length: int, pieces: bool
) -> tuple[float, int]:
    """Microseconds and places of one request; of equal times the fewest places."""
    if not pieces:
        return min((us[tile], tile) for tile in tiles if tile >= length)
    best = [(0.0, 0)] + [(np.inf, 0)] * length
    for need in range(1, length + 1):
        best[need] = min(
            (us[tile] + best[max(0, need - tile)][0], tile + best[max(0, need - tile)][1]) for tile in tiles
        )
    return best[length]


def lengths_of(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Lengths and how often each occurs, from lines of LENGTH or LENGTH,COUNT; '#' begins a remark.

    Raises BadArgument: no file, a line that is no length."""
    if not path:
        raise BadArgument("what-if 'pad' needs lengths=FILE, with a length a line")
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadArgument(f"what-if 'pad': {quoted(path)} cannot be read: {error}") from None
    seen: dict[int, int] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        if len(words) > 2 or not all(word.isdecimal() and int(word) for word in words):
            raise BadArgument(
                f"what-if 'pad': {quoted(path)} line {number}: {quoted(line.strip())} is neither LENGTH nor "
                "LENGTH,COUNT"
            )
        seen[int(words[0])] = seen.get(int(words[0]), 0) + (int(words[1]) if len(words) == 2 else 1)
    if not seen:
        raise BadArgument(f"what-if 'pad': {quoted(path)} holds no length; write one a line")
    order = sorted(seen)
    return np.array(order), np.array([seen[n] for n in order])
