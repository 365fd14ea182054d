"""Places where a network can be cut in two, and what the halves take: head, transfer, tail, for every cut at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from npusim.graph import Graph, Node
from npusim.whatif.composed.masked import Masked


@dataclass(frozen=True)
class Cut:
    """A cut behind step `step` of the head's plan (0: nothing before it). `node`: the node it lies behind; `tensors`:
    what crosses it, `nbytes` on the NPU."""

    step: int
    node: str
    tensors: tuple[str, ...]
    nbytes: float


def all_cuts(plan: Masked, graph: Graph) -> list[Cut]:
    """Every cut between two steps, both ends included, with what crosses: what the tail reads of the head, and of the
    graph's inputs where nothing lies before the cut."""
    fused, steps = plan.plan.graph, plan.plan.steps
    maker = {name: node.name for node in graph.nodes for name in node.outputs}
    place: dict[str, int] = {}
    position: dict[str, int] = {}
    last = 0
    for k, names in enumerate(plan.names):
        if names:
            position[steps[k].node.name] = k
    for node in fused.nodes:  # what has no step lies with what comes before it
        last = position.get(node.name, last)
        for name in node.outputs:
            if name:
                place[name] = last
    need: dict[str, int] = {}
    last = 0
    for node in fused.nodes:
        last = position.get(node.name, last)
        for name in node.inputs:
            if name and name in place:
                need[name] = max(need.get(name, -1), last)
    for name in fused.outputs:
        if name in place:
            need.setdefault(name, -1)
    crossing: list[list[str]] = [[] for _ in range(len(steps) + 1)]
    for name, end in need.items():
        for cut in range(place[name] + 1, end + 1):
            crossing[cut].append(name)
    found = [Cut(0, "", tuple(graph.inputs), _bytes(fused, graph.inputs))]
    for k in range(1, len(steps)):
        if plan.names[k - 1] and crossing[k]:
            held = tuple(crossing[k])
            found.append(Cut(k, _last(steps[k - 1].node, maker), held, _bytes(fused, held)))
    final = next((s.node for s, n in zip(reversed(steps), reversed(plan.names), strict=True) if n), None)
    found.append(Cut(len(steps), _last(final, maker) if final else "", (), 0.0))
    return found


def _last(node: Node, maker: Mapping[str, str]) -> str:
    """The last of the nodes of the loaded graph that a fused one stands for."""
    return next((maker[name] for name in node.outputs if name in maker), node.name)


def _bytes(graph: Graph, names: Sequence[str]) -> float:
    return float(sum(graph.values[name].npu_bytes for name in names if not graph.values[name].constant))


def narrow_cuts(cuts: Sequence[Cut], most: int) -> list[Cut]:
    """Cuts that no neighbour undercuts, at most so many, and both ends; of equal neighbours the first."""
    inside = list(cuts[1:-1])
    kept = []
    for k, cut in enumerate(inside):
        before = inside[k - 1].nbytes if k else np.inf
        behind = inside[k + 1].nbytes if k + 1 < len(inside) else np.inf
        if cut.nbytes < before and cut.nbytes <= behind:
            kept.append(cut)
    if len(kept) > most:
        kept = [kept[i] for i in np.unique(np.linspace(0, len(kept) - 1, most).round().astype(int))]
    return [cuts[0], *kept, *([cuts[-1]] if len(cuts) > 1 else [])]


def heads_us(plan: Masked, cuts: Sequence[Cut]) -> np.ndarray:
    """What lies before each cut, run alone: microseconds [cuts]."""
    order = np.arange(len(plan.names))
    return plan.latency_us(order[:, None] < np.array([cut.step for cut in cuts])[None, :])


def tails_us(head: Masked, tail: Masked, cuts: Sequence[Cut]) -> np.ndarray:
    """What lies behind each cut, run alone on the plan of the other machine: microseconds [cuts]; NaN where that
    machine fuses what the cut parts."""
    first: dict[str, int] = {}  # node -> the step of the head's plan that runs it
    for k, names in enumerate(head.names):
        for name in names:
            first[name] = k
    low, high, last = [], [], 0
    for names in tail.names:  # a step of the tail's plan stands for steps low..high of the head's
        places = [first[name] for name in names if name in first]
        low.append(min(places, default=last))
        high.append(max(places, default=last))
        last = high[-1]
    edges = np.array([cut.step for cut in cuts])[None, :]
    before, behind = np.array(low)[:, None] < edges, np.array(high)[:, None] >= edges
    torn = (before & behind).any(axis=0)
    return np.where(torn, np.nan, tail.latency_us(behind | (edges == 0)))
