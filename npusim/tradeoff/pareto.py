"""The NPUs worth their cost, in one call: a sweep and its front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from npusim.simulation import DEFAULT_HARDWARE, Machine, Model, hardware_of
from npusim.sweeping.run import sweep
from npusim.tradeoff.front import Front, check_cost, front


def pareto(
    graph: Model, vary: Mapping[str, Any], cost: str, hw: Machine = DEFAULT_HARDWARE, **options: Any
) -> Front:
    """The front of latency against `cost` over variants of `hw`.

    Args:
        graph: a model as `npusim.simulate` takes it.
        vary: dotted name -> values, as in `npusim.sweep`.
        cost: an expression over dotted names: 'tiles*mac_array.macs_per_cycle'.
        options: of `npusim.sweep`: compiler, precision, points, method, seed, memory, mode.

    Raises what `npusim.sweep` raises, and BadArgument for a cost that cannot be read or is the same everywhere.
    """
    machine = hardware_of(hw)
    check_cost(cost, machine, vary)
    return front(sweep(graph, machine, vary, **options), machine, cost)
