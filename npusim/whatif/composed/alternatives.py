"""Latencies of data-dependent networks: which blocks are skipped, where the network stops, how probable each is.

Few blocks are run in all their combinations. Of many, each is left out alone, the savings are scaled so that all of
them together come to what leaving all out saves, and their sum's distribution is worked out on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from npusim.errors import BadArgument
from npusim.graph import Graph
from npusim.whatif.composed.masked import Masked
from npusim.whatif.names import nearest_node
from npusim_xamba.text import quoted

MOST_COMBINED = 10  # blocks of which all combinations are run: 1,024 alternatives
GRID = 2048


@dataclass(frozen=True)
class Outcomes:
    """Latencies (microseconds) and their probabilities. `whole_us`: nothing is decided, everything runs; `least_us`:
    all that can be skipped is. `decisions`: how many are expected; `saved_us`, `cost_us`: what all skips save, and
    what all decisions cost."""

    us: np.ndarray
    weight: np.ndarray
    whole_us: float
    least_us: float
    decisions: float
    saved_us: float
    cost_us: float

    @property
    def mean_us(self) -> float:
        return float(np.dot(self.us, self.weight))

    def later(self, us: float) -> Outcomes:
        """The same with so many microseconds more in every case (the host's part of an inference)."""
        return replace(self, us=self.us + us, whole_us=self.whole_us + us, least_us=self.least_us + us)

    def quantile_us(self, share: float) -> float:
        """The latency that is reached or undercut in this share of the cases."""
        order = np.argsort(self.us, kind="stable")
        reached = np.cumsum(self.weight[order])
        place = min(int(np.searchsorted(reached, share - 1e-12)), len(order) - 1)
        return float(self.us[order][place])

    def break_even(self) -> float | None:
        """The probability from which on deciding pays, taking savings in proportion to it; None above 1."""
        if self.saved_us <= 0 or self.cost_us > self.saved_us:
            return None
        return self.cost_us / self.saved_us

    def rows(self, most: int) -> list[tuple[float, float]]:
        """The distribution as at most so many latencies, equal ones once."""
        us, place = np.unique(np.round(self.us, 6), return_inverse=True)
        weight = np.bincount(place.ravel(), self.weight)
        if len(us) > most:
            edges = np.linspace(us[0], us[-1], most + 1)
            bins = np.clip(np.searchsorted(edges, us, side="right") - 1, 0, most - 1)
            total = np.bincount(bins, weight, most)
            centre = np.bincount(bins, weight * us, most) / np.where(total > 0, total, 1)
            us, weight = centre[total > 0], total[total > 0]
        return [(float(a), float(b)) for a, b in zip(us, weight, strict=True) if b > 0]


def matching(graph: Graph, pattern: str, asks: str) -> list[str]:
    """Names of the nodes a pattern means, in order. Raises BadArgument with the nearest name."""
    found = [node.name for node in graph.nodes if fnmatchcase(node.name, pattern)]
    if not found:
        names = [node.name for node in graph.nodes]
        raise BadArgument(
            f"what-if '{asks}': no node of '{graph.name}' is called {quoted(pattern)}"
            f"{nearest_node(pattern, names)}"
        )
    return found


def blocks(graph: Graph, names: Sequence[str]) -> list[list[str]]:
    """The nodes as runs that hang together by tensors between them, in order."""
    wanted = set(names)
    block_of: dict[str, list[str]] = {}  # of a tensor
    found: dict[int, list[str]] = {}
    for node in graph.nodes:
        if node.name not in wanted:
            continue
        own = [node.name]
        met = {id(block_of[n]): block_of[n] for n in node.inputs if n in block_of}
        if met:
            own, *others = met.values()
            own.append(node.name)
            for other in others:
                own += other
                del found[id(other)]
                block_of.update((n, own) for n, block in block_of.items() if block is other)
        block_of.update((n, own) for n in node.outputs if n)
        found[id(own)] = own
    place = {name: k for k, name in enumerate(names)}
    parts = [sorted(part, key=place.__getitem__) for part in found.values()]
    return sorted(parts, key=lambda part: place[part[0]])


def needed_for(graph: Graph, names: Sequence[str]) -> set[str]:
    """These nodes and all that come before them."""
    made = {out for node in graph.nodes if node.name in names for out in node.outputs if out}
    return {*names, *(node.name for node in graph.leading_to(made))}


def blocks_skipped(
    plan: Masked, parts: Sequence[Sequence[str]], probability: float, each_us: float
) -> Outcomes:
    """Every block is skipped with `probability`, and every block asks for a decision."""
    off = np.array([plan.steps_with(part) for part in parts]).T  # [steps, blocks]
    count = len(parts)
    cost = each_us * count
    if count <= MOST_COMBINED:
        chosen = (np.arange(2**count)[:, None] >> np.arange(count)) & 1  # [alternatives, blocks]
        us = plan.latency_us(~(off[:, None, :] & (chosen[None] == 1)).any(axis=2))
        skipped = chosen.sum(axis=1)
        weight = probability**skipped * (1 - probability) ** (count - skipped)
        whole, least = float(us[0]), float(us[-1])
    else:
        ends = np.stack([np.zeros(len(off), bool), off.any(axis=1)], axis=1)
        ran = plan.latency_us(~np.concatenate([ends, off], axis=1))
        whole, least = float(ran[0]), float(ran[1])
        us, weight = _summed(whole, least, whole - ran[2:], probability)
    return Outcomes(us + cost, weight, whole, least, float(count), whole - least, cost)


def _summed(
    whole: float, least: float, savings: np.ndarray, probability: float
) -> tuple[np.ndarray, np.ndarray]:
    """Latencies and weights of a sum of independent savings, scaled to what all together save."""
    total = float(savings.sum())
    savings = savings * ((whole - least) / total) if total > 0 else savings * 0.0
    width = (whole - least) / (GRID - 1) or 1.0
    weight = np.zeros(GRID)
    weight[0] = 1.0
    for saving in savings:
        lower, part = divmod(saving / width, 1.0)
        moved = np.zeros(GRID)
        for shift, share in ((int(lower), 1 - part), (int(lower) + 1, part)):
            if share and shift < GRID:
                moved[shift:] += share * weight[: GRID - shift]
        lost = 1.0 - moved.sum()
        moved[-1] += max(lost, 0.0)
        weight = (1 - probability) * weight + probability * moved
    return whole - width * np.arange(GRID), weight


def exits(plan: Masked, graph: Graph, names: Sequence[str], probability: float, each_us: float) -> Outcomes:
    """The network stops behind each node with `probability`, if it comes that far; only what a stop needs has run."""
    needed = [plan.steps_with(needed_for(graph, [name])) for name in names]
    order = sorted(range(len(names)), key=lambda k: int(needed[k].sum()))
    reached, on = np.zeros(len(plan.names), bool), []
    for k in order:
        reached = reached | needed[k]
        on.append(reached)
    us = plan.latency_us(np.stack([*on, np.ones(len(plan.names), bool)], axis=1))
    asked = np.arange(1, len(names) + 2).clip(max=len(names))
    weight = np.array(
        [probability * (1 - probability) ** k for k in range(len(names))] + [(1 - probability) ** len(names)]
    )
    whole, least = float(us[-1]), float(us[0])
    return Outcomes(
        us + each_us * asked, weight, whole, least, float(np.dot(asked, weight)), whole - least, each_us
    )
