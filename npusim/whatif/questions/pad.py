"""Dynamic lengths on fixed shapes: which set of compiled lengths wastes least."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar

import numpy as np
from pydantic import model_validator

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.report.record import Report
from npusim.whatif.axes.couple import coupled
from npusim.whatif.axes.stretch import axis_of, stretched
from npusim.whatif.base import Found, Runs, Simulate, Value, option
from npusim.whatif.composed.lengths import TileSet, lengths_of, served
from npusim.whatif.composed.masked import masked

MOST_TILES = 8  # 255 sets


class Pad(Runs):
    """What if requests of many lengths were padded to the nearest of a few fixed shapes?

    Every tile is the network at that length; a request takes the cheapest tile it fits into. All sets of the tiles that
    can serve every length are compared: places wasted, time of a request. With `pieces=yes` a request longer than a
    tile may run in several; what attention has to do between pieces is not counted."""

    name: ClassVar[str] = "pad"
    answer: ClassVar[str] = "mean_us"
    needs: ClassVar[str] = ""
    came_from: ClassVar[str] = "XY-Serve (virtual padding of dynamic lengths)"

    lengths: str = option("", "file with a length a line, or LENGTH,COUNT", source="the question")
    tiles: tuple[int, ...] = option(
        (64, 128, 256), "lengths that are compiled", source="assumed: the question"
    )
    axis: str = option(
        "", "INPUT.AXIS that is as long; empty: token ids, else a cache's rows, else the batch"
    )
    pieces: bool = option(False, "'yes': a request may run in several pieces")

    @model_validator(mode="after")
    def _some(self) -> Pad:
        wrong = [tile for tile in self.tiles if tile < 1]
        if wrong or not self.tiles or len(set(self.tiles)) > MOST_TILES:
            raise ValueError(
                f"tiles are 1 to {MOST_TILES} lengths of 1 or more, and "
                + (f"{wrong[0]} is one" if wrong else f"{len(set(self.tiles))} are given")
            )
        return self

    def run(self, graph: Graph, hw: Hardware, simulate: Simulate) -> Found:
        """Time and waste of every set of tiles. Raises BadArgument."""
        tiles = sorted(set(self.tiles))
        values, counts = lengths_of(self.lengths)
        if not self.pieces and values.max() > tiles[-1]:
            raise BadArgument(
                f"what-if 'pad': the longest request has {values.max()} places and the largest tile {tiles[-1]}; add a "
                "larger tile, or pieces=yes"
            )
        name, axis = axis_of(graph, self.axis)
        report = simulate(graph, hw)
        coupling = coupled(graph)
        us = {}
        for tile in tiles:
            plan = masked(stretched(coupling, name, axis, tile), hw, simulate)
            us[tile] = float(plan.latency_us(np.ones((len(plan.names), 1), bool))[0]) + report.host_us
        sets = [
            served(chosen, us, values, counts, self.pieces)
            for size in range(1, len(tiles) + 1)
            for chosen in combinations(tiles, size)
            if self.pieces or chosen[-1] >= values.max()
        ]
        return self._found(sets, us, f"{name}.{axis}", int(counts.sum()), report)

    def _found(
        self, sets: list[TileSet], us: dict[int, float], where: str, count: int, report: Report
    ) -> Found:
        best = min(sets, key=lambda s: (s.mean_us, len(s.tiles)))
        few = min(
            (s for s in sets if s.mean_us <= 1.05 * best.mean_us), key=lambda s: (len(s.tiles), s.mean_us)
        )
        by_size: dict[int, TileSet] = {}
        for one in sorted(sets, key=lambda s: s.mean_us):
            by_size.setdefault(len(one.tiles), one)
        lines = [f"best of {n}: {one}" for n, one in sorted(by_size.items())]
        if len(few.tiles) < len(best.tiles):
            lines.append(f"{_words(few.tiles)} are within 5% of the best")
        tables: dict[str, tuple[dict[str, Value], ...]] = {
            "sets": tuple({"tiles": _words(s.tiles), "mean_us": s.mean_us, "waste": s.waste} for s in sets),
            "tiles": tuple({"tile": float(tile), "latency_us": one} for tile, one in us.items()),
        }
        sentence = f"{count:,} requests along {where}: the best tiles are {best}"
        numbers = {"mean_us": best.mean_us, "waste": best.waste, "requests": float(count)}
        return Found(report, sentence, tuple(lines), numbers, tables)


def _words(tiles: tuple[int, ...]) -> str:
    return ", ".join(map(str, tiles))
