"""Plans are kept while their graph lives: a plan follows from graph, profile and structural numbers alone.

Whoever asks the same graph again - a what-if that only changes what prices it, a sensitivity, a notebook, a loop over
clocks - gets the plan there is. A graph never changes, so it is known by its identity."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any
from weakref import finalize

from npusim.compiler.plan import Plan
from npusim.compiler.rules.profile import CompilerProfile
from npusim.graph import Graph

MOST_A_GRAPH = 6
MOST_TASKS = 100_000  # of all plans kept of a graph, about 70 MB

# By the identity of the graph; the profile is held, so that its identity stays its own.
_KEPT: dict[int, OrderedDict[tuple[int, Any], tuple[CompilerProfile, Plan]]] = {}


def kept(graph: Graph, profile: CompilerProfile, key: Any) -> Plan | None:
    """The plan made before of this very graph by this very profile, for an equal `key`."""
    plans = _KEPT.get(id(graph))
    found = plans.get((id(profile), key)) if plans else None
    if plans is None or found is None:
        return None
    plans.move_to_end((id(profile), key))
    return found[1]


def keep(graph: Graph, profile: CompilerProfile, key: Any, plan: Plan) -> None:
    """Keep a plan until the graph is gone, or others of it that were asked for later take its room."""
    if len(plan.queue) > MOST_TASKS or plan.graph is graph:
        return
    if id(graph) not in _KEPT:
        _KEPT[id(graph)] = OrderedDict()
        finalize(graph, _KEPT.pop, id(graph), None).atexit = False
    plans = _KEPT[id(graph)]
    plans[id(profile), key] = (profile, plan)
    while len(plans) > MOST_A_GRAPH or sum(len(other.queue) for _, other in plans.values()) > MOST_TASKS:
        plans.popitem(last=False)
