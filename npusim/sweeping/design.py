"""Which points are asked for: a grid, or random, Latin-hypercube or Sobol points.

A design has named dimensions and gives the parameters of any block of them (a slice a dimension), always the
same ones, so that blocks can be computed in any order, anywhere, and again."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import numpy as np

from npusim.choices import Method, choose
from npusim.errors import BadArgument
from npusim.sweeping.axes import Axis

Block = tuple[slice, ...]

_RUN = 1 << 16  # random points come in runs of this many, each with a seed of its own
_MOST_SOBOL = 1 << 30


@dataclass(frozen=True)
class Design:
    """`axes` on a grid (one dimension each), or `points` points of a method (dimension `point`)."""

    axes: tuple[Axis, ...]
    method: str = "grid"
    points: int | None = None
    seed: int = 0

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Dimension -> length."""
        if self.points is not None:
            return {"point": self.points}
        return {axis.name: len(axis.values) for axis in self.axes}

    @property
    def total(self) -> int:
        return math.prod(self.sizes.values())

    @property
    def own_bytes(self) -> int:
        """Memory the points themselves take before any is computed: those of a Latin hypercube come all at once
        (SciPy makes about four copies)."""
        return 4 * 8 * len(self.axes) * (self.points or 0) if self.method == "lhs" else 0

    def chunks(self, most: int) -> tuple[int, ...]:
        """Lengths of a block of at most `most` points: as long as they go along the pricing axes, and only then
        along those that shape the plan, so that a block needs few plans."""
        if self.points is not None:
            return (min(most, self.points),)
        lengths = [1] * len(self.axes)
        room = max(1, most)
        pricing_last = sorted(range(len(self.axes)), key=lambda k: (not self.axes[k].shapes_plan, k))
        for k in reversed(pricing_last):
            lengths[k] = max(1, min(len(self.axes[k].values), room))
            room //= lengths[k]
        return tuple(lengths)

    def blocks(self, most: int) -> Iterator[Block]:
        """All blocks of at most `most` points, in C order."""
        lengths = self.chunks(most)
        starts = [range(0, n, c) for n, c in zip(self.sizes.values(), lengths, strict=True)]
        for corner in product(*starts):
            yield tuple(
                slice(a, min(a + c, n)) for a, c, n in zip(corner, lengths, self.sizes.values(), strict=True)
            )

    def parameters(self, block: Block) -> dict[str, Any]:
        """Values of every axis at the block's points in C order: arrays [points]."""
        if self.points is not None:
            share = self._shares(block[0].start, block[0].stop)
            return {axis.name: axis.pick(share[:, k]) for k, axis in enumerate(self.axes)}
        parts = [np.asarray(axis.values)[s] for axis, s in zip(self.axes, block, strict=True)]
        grids = np.meshgrid(*parts, indexing="ij")
        return {axis.name: grid.ravel() for axis, grid in zip(self.axes, grids, strict=True)}

    def _shares(self, start: int, stop: int) -> np.ndarray:
        """Points start..stop of the unit cube, [stop - start, axes]."""
        count = len(self.axes)
        if self.method == "random":
            first = start // _RUN
            runs = [
                np.random.default_rng([self.seed, run]).random((_RUN, count))
                for run in range(first, -(-stop // _RUN))
            ]
            return np.concatenate(runs)[start - first * _RUN : stop - first * _RUN]
        if self.method == "lhs":
            return _latin_hypercube(self.points or 0, count, self.seed)[start:stop]
        from scipy.stats import qmc

        with (
            warnings.catch_warnings()
        ):  # a slice of the sequence is no power of two; the whole is the caller's
            warnings.simplefilter("ignore", UserWarning)
            sobol = qmc.Sobol(count, scramble=True, seed=self.seed)
            if start:
                sobol.fast_forward(start)
            return np.asarray(sobol.random(stop - start))


@lru_cache(maxsize=2)
def _latin_hypercube(points: int, count: int, seed: int) -> np.ndarray:
    """All points at once: every one depends on the others."""
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(count, seed=seed).random(points))


def make_design(axes: tuple[Axis, ...], method: str, points: int | None, seed: int) -> Design:
    """Raises BadArgument for a method or a number of points that is not on offer."""
    method = choose(Method, method)
    if method == "grid":
        if points is not None:
            raise BadArgument(
                f"a grid takes its points from the values; for {points} points choose sobol, lhs or random"
            )
        return Design(axes)
    if points is None:
        raise BadArgument(f"method '{method}' needs a number of points")
    if isinstance(points, bool) or points != int(points) or not 1 <= points <= 10**12:
        raise BadArgument(f"the number of points must be a whole number from 1 on, got {points}")
    if method == "sobol" and points > _MOST_SOBOL:
        raise BadArgument(f"sobol has at most {_MOST_SOBOL:,} points, got {points:,}; take random")
    if isinstance(seed, bool) or seed != int(seed) or seed < 0:
        raise BadArgument(f"the seed must be a whole number from 0 on, got {seed}")
    return Design(axes, method, int(points), int(seed))
