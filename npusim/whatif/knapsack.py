"""Which weights earn a place in a memory: by what each saves of the run, found in one schedule of many points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from npusim.arch.hardware import Hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, Plan
from npusim.compiler.rules.profile import load_profile
from npusim.graph import Graph
from npusim.pricing import price, program_of
from npusim.schedule import run_points
from npusim.whatif.weights import matches, weight_of

#: Candidates scheduled at once, and steps of the capacity the knapsack tells apart.
AT_ONCE, STEPS = 256, 2048


@dataclass(frozen=True)
class Candidate:
    """Weights of a name: their transfers in the plan, bytes, and ns of transfers saved by the memory."""

    weight: str
    tasks: tuple[int, ...]
    nbytes: float
    saved_ns: float


def chosen(
    graph: Graph, hw: Hardware, capacity_bytes: float, pattern: str, compiler: str, precision: str
) -> list[str]:
    """Names of the weights to keep, at most `capacity_bytes`, those that shorten the run most.

    `hw` has the store. Each candidate is priced alone, a knapsack and three simpler orders are filled by that, and of
    these sets, and none, the one with the shortest run is taken."""
    profile = load_profile(compiler)
    hw = profile.priced(hw)
    plan = compile_graph(graph, hw, profile, precision)
    found, far, near = _candidates(plan, graph, hw, pattern)
    if not found:
        return []
    run = _latencies(plan, far, near)
    base = run([()])[0]
    alone = base - np.array(run([one.tasks for one in found]))
    gain = np.maximum(alone, 0.0) + 1e-3 * np.array([one.saved_ns for one in found])
    size = np.array([one.nbytes for one in found])
    orders: list[Sequence[int] | np.ndarray] = [
        np.argsort(-gain / size),
        np.argsort([-one.saved_ns / one.nbytes for one in found]),
        range(len(found)),
    ]
    sets = [[], _knapsack(gain, size, capacity_bytes), *(_filled(o, size, capacity_bytes) for o in orders)]
    latency = run([tuple(t for k in each for t in found[k].tasks) for each in sets])
    best = min(range(len(sets)), key=lambda k: (latency[k], len(sets[k])))
    return [found[k].weight for k in sorted(sets[best])]


def _candidates(
    plan: Plan, graph: Graph, hw: Hardware, pattern: str
) -> tuple[list[Candidate], np.ndarray, np.ndarray]:
    """The candidates, and the times of all tasks from DDR and from the store."""
    tasks: dict[str, list[int]] = {}
    for i, (ask, step) in enumerate(zip(plan.ask, plan.step, strict=True)):
        node = plan.steps[step].node
        if not isinstance(ask, DmaTask) or plan.label[i] != f"{node.name}/weights" or ask.source != "ddr":
            continue
        name = weight_of(node, plan.graph)
        if name in graph.values and matches(node, pattern):
            tasks.setdefault(name, []).append(i)
    asks = list(plan.ask)
    for own in tasks.values():
        for i in own:
            ask = asks[i]
            assert isinstance(ask, DmaTask)
            asks[i] = ask._replace(source="store")
    far = np.asarray(price(plan, hw).time_ns)
    near = np.asarray(price(replace(plan, ask=tuple(asks)), hw).time_ns)
    found = []
    for name, own in tasks.items():
        moved = {t: a.nbytes for t in own if isinstance(a := plan.ask[t], DmaTask)}
        # Weights that two nodes share, or that come in every piece anew, take their room once.
        nbytes = min(sum(moved.values()), graph.values[name].npu_bytes * 1.05 + 4096)
        found.append(Candidate(name, tuple(own), nbytes, float((far - near)[own].sum())))
    return found, far, near


def _latencies(
    plan: Plan, far: np.ndarray, near: np.ndarray
) -> Callable[[Sequence[Sequence[int]]], list[float]]:
    """Latency, ns, with the transfers of each set from the store."""

    def run(sets: Sequence[Sequence[int]]) -> list[float]:
        latency: list[float] = []
        for at in range(0, len(sets), AT_ONCE):
            part = sets[at : at + AT_ONCE]
            times = np.repeat(far[:, None], len(part), axis=1)
            for k, tasks in enumerate(part):
                times[list(tasks), k] = near[list(tasks)]
            _, end = run_points(program_of(plan), times, np.arange(len(times)))
            latency += np.max(end, axis=0).tolist()
        return latency

    return run


def _filled(order: Sequence[int] | np.ndarray, size: np.ndarray, capacity: float) -> list[int]:
    """Candidates in an order, each that still fits."""
    left, taken = capacity, []
    for k in order:
        if size[k] <= left:
            taken.append(int(k))
            left -= size[k]
    return taken


def _knapsack(gain: np.ndarray, size: np.ndarray, capacity: float) -> list[int]:
    """The set of the largest gain within the capacity, sizes rounded up to a part of it."""
    if capacity <= 0:
        return []
    units = np.ceil(size / capacity * STEPS).astype(int)
    best = np.zeros(STEPS + 1)
    took = np.zeros((len(size), STEPS + 1), dtype=bool)
    for k, unit in enumerate(units):
        if unit > STEPS:
            continue
        with_it = np.concatenate([np.full(unit, -np.inf), best[: STEPS + 1 - unit] + gain[k]])
        took[k] = with_it > best
        best = np.maximum(best, with_it)
    left, taken = STEPS, []
    for k in range(len(size) - 1, -1, -1):
        if took[k, left]:
            taken.append(k)
            left -= int(units[k])
    return taken
