"""How often a Loop runs: its condition followed through the iterations, as a runtime would.

Only the nodes of the body that the condition and the states behind it need are looked at. Where they follow from
constants, the count is exact. A counter that grows by the same whole number each time is not followed step by
step: the first iteration that ends the loop is found by halving.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from npusim.errors import BadArgument, NpusimError, TooLarge
from npusim.graph import DType
from npusim.loading.branches import inline
from npusim.loading.builder import Builder, Scope
from npusim.loading.dimensions import listed
from npusim.loading.order import SUBGRAPH_OPS, captured
from npusim.loading.tensors import array_of
from npusim.messages import messages

MOST_FOLLOWED = 20_000  # nodes evaluated to follow a condition: about half a second
ENDLESS = 2**31 - 1  # this limit and more are the exporters' way to write "until the condition says stop"
MOST_TRIPS = 2**48
# Of states that grow by a constant: comparisons are half-lines of the iteration number, and their And is one.
LINEAR = frozenset(
    {"Add", "Sub", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Identity", "Constant"}
)


def check_trips(trips: int | Mapping[str, int] | None, loops: Set[str] | None = None) -> dict[str, int]:
    """Upper bounds by name of the loop ('' for all). Given the loops whose count is not known, a name that is
    none of them is a `BadArgument`."""
    if trips is None:
        return {}
    given = dict(trips) if isinstance(trips, Mapping) else {"": trips}
    for name, bound in given.items():
        if isinstance(bound, bool) or not hasattr(bound, "__index__") or not 0 <= int(bound) <= MOST_TRIPS:
            raise BadArgument(f"a bound of trips must be a whole number from 0 to 2^48, not {bound!r}")
        if loops is not None and name and name not in loops:
            raise BadArgument(
                f"no loop whose count the data decide is named '{name}'; there are: {listed(sorted(loops))}"
            )
    return {name: int(bound) for name, bound in given.items()}


def counted(
    builder: Builder, scope: Scope, name: str, body: Any, states: list[Any], limit: int | None
) -> int | None:
    """How often a Loop runs whose condition holds at the start; None where the data decide.

    `limit` is its trip limit, None for none. Raises `Uncounted` if the condition never ends the loop or it is too
    long to follow.
    """
    part, needed = deciding_part(body, len(states))
    if not part.node:  # the condition is an input of the body or comes from outside
        go = condition_outside(builder, scope, body)
        if go is None and body.output[0].name != body.input[1].name:
            return None
        if go is not None and not go:
            return 1 if limit is None else min(limit, 1)
        return _never(limit)
    dtypes = [builder.env[s].dtype if isinstance(s, str) else DType.UNDEFINED for s in states]
    follow = Follower(builder, scope, name, part, body, needed, dtypes)
    values: list[Any] = [builder.fetch(builder.env[s]) if isinstance(s, str) else None for s in states]
    if any(values[k] is None for k in needed):
        return None
    history = [values]
    most = limit if limit is not None else MOST_TRIPS
    trip = 0
    while trip < most:
        step = follow(trip, history[-1])
        if step is None:
            return None
        go, after = step
        trip += 1
        if not go:
            return trip
        if follow.fixed_point(history[-1], after):
            return _never(limit)
        history = [*history[-2:], after]
        if trip == 3 and (jump := leap(follow, history, trip, most)) is not None:
            return _never(limit) if jump == MOST_TRIPS else jump
        if follow.spent > MOST_FOLLOWED:
            raise Uncounted(f"its condition holds for more than {trip} iterations, too many to follow")
    return most


def _never(limit: int | None) -> int:
    if limit is None or limit >= ENDLESS:
        raise Uncounted(f"its condition never ends it and its limit is {limit or 'absent'}")
    return limit


def condition_outside(builder: Builder, scope: Scope, body: Any) -> bool | None:
    """The condition where the body only passes on a constant."""
    local = body.output[0].name
    for tensor in body.initializer:
        if tensor.name == local:
            return bool(array_of(tensor).any())
    found = scope.find(local)
    if not isinstance(found, str):
        return None
    value = builder.fetch(builder.env[found])
    return None if value is None else bool(value.any())


def deciding_part(body: Any, states: int) -> tuple[Any, list[int]]:
    """The body with only the nodes that the condition needs, in order, and the numbers of the states it reads."""
    made = {o: i for i, node in enumerate(body.node) for o in node.output if o}
    state_of = {v.name: k for k, v in enumerate(body.input[2 : 2 + states])}
    chosen: set[int] = set()
    needed: set[int] = set()
    todo = [body.output[0].name]
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in state_of:
            needed.add(state_of[name])
            todo.append(body.output[1 + state_of[name]].name)
        elif name in made and made[name] not in chosen:
            node = body.node[made[name]]
            chosen.add(made[name])
            todo += [n for n in node.input if n]
            if node.op_type in SUBGRAPH_OPS:
                todo += captured(node)
    part = messages().GraphProto(name=body.name)
    part.node.extend([body.node[i] for i in sorted(chosen)])
    part.initializer.extend([t for t in body.initializer if t.name in seen])
    part.sparse_initializer.extend([t for t in body.sparse_initializer if t.values.name in seen])
    for name in (body.output[0].name, *(body.output[1 + k].name for k in sorted(needed))):
        part.output.add(name=name)
    return part, sorted(needed)


class Uncounted(Exception):
    """Why a count is not known, as the rest of a sentence."""


class Follower:
    """Runs the deciding part of a body: (iteration, state values) -> (goes on, state values), None if unknown."""

    def __init__(
        self,
        builder: Builder,
        scope: Scope,
        name: str,
        part: Any,
        body: Any,
        needed: list[int],
        dtypes: list[DType],
    ) -> None:
        self.builder, self.scope, self.name, self.part, self.body = builder, scope, name, part, body
        self.needed, self.dtypes = needed, dtypes
        self.spent = 0

    def __call__(self, trip: int, values: list[Any]) -> tuple[bool, list[Any]] | None:
        builder = self.builder
        mark, calls, used = builder.mark(), len(builder.calls), builder.budget.used
        given: dict[str, Any] = {
            self.body.input[0].name: builder.constant(
                f"{self.name}/i", DType.INT64, (), np.array(trip, np.int64)
            ),
            self.body.input[1].name: builder.constant(f"{self.name}/go", DType.BOOL, (), np.array(True)),
        }
        for k, value in enumerate(values):
            if value is not None:
                given[self.body.input[2 + k].name] = builder.constant(
                    f"{self.name}/state_{k}", self.dtypes[k], np.shape(value), value
                )
        try:
            found = inline(builder, self.scope, self.name, self.part, given)
            data = [builder.fetch(builder.env[f]) if isinstance(f, str) else None for f in found]
        except TooLarge:
            raise
        except NpusimError:
            data = [None]
        finally:
            self.spent += builder.budget.used - used + 1
            builder.rollback(mark)
            del builder.calls[calls:]
        if any(d is None for d in data):
            return None
        after: list[Any] = [None] * len(values)
        for k, value in zip(self.needed, data[1:], strict=True):
            after[k] = value
        return bool(np.any(data[0])), after

    def fixed_point(self, before: list[Any], after: list[Any]) -> bool:
        """Whether nothing that the condition reads changes any more (and it does not count iterations)."""
        if any(self.body.input[0].name in node.input for node in self.part.node):
            return False
        if any(node.op_type in SUBGRAPH_OPS for node in self.part.node):
            return False
        return all(np.array_equal(before[k], after[k]) for k in self.needed)


def leap(follow: Follower, history: list[list[Any]], trip: int, most: int) -> int | None:
    """The count of a loop whose states grow by constant whole numbers, found by halving; None where that is not
    sure. `history` are the states before iterations trip-2, trip-1 and trip."""
    if any(node.op_type not in LINEAR or node.domain not in ("", "ai.onnx") for node in follow.part.node):
        return None
    steps: dict[int, Any] = {}
    for k in follow.needed:
        a, b, c = (np.asarray(h[k]) for h in history)
        if not a.shape == b.shape == c.shape or a.size != 1 or a.dtype.kind not in "iu" or c - b != b - a:
            if a.dtype.kind != "b" or not np.array_equal(b, c):
                return None
            steps[k] = None
            continue
        steps[k] = int(c.item()) - int(b.item())

    def at(iteration: int) -> list[Any] | None:
        values = list(history[-1])
        for k, step in steps.items():
            if step is not None:
                moved = int(np.asarray(values[k]).item()) + step * (iteration - trip)
                kind = np.asarray(values[k]).dtype
                if not np.iinfo(kind).min <= moved <= np.iinfo(kind).max:
                    return None
                values[k] = np.full(np.shape(values[k]), moved, kind)
        return values

    def ends(iteration: int) -> bool | None:
        values = at(iteration)
        step = None if values is None else follow(iteration, values)
        return None if step is None else not step[0]

    low, gap = trip - 1, 1  # the condition held after iteration `low`
    while True:
        high = min(low + gap, most - 1)
        ended = ends(high)
        if ended is None:
            return None
        if ended:
            break
        if high == most - 1:
            return most
        low, gap = high, gap * 2
    while high - low > 1:
        middle = (low + high) // 2
        if ends(middle):
            high = middle
        else:
            low = middle
    return high + 1
