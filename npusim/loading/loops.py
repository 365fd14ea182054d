"""Loop and Scan: a body is counted once, with its number of iterations.

A body whose shapes are the same in every iteration is taken in once and its nodes get ``repeats``. Where
shapes change from one iteration to the next, the body is unrolled, up to `MOST_UNROLLED` iterations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.errors import BadModel, UnknownShape
from npusim.graph import DType
from npusim.loading.branches import described, inline
from npusim.loading.budget import short
from npusim.loading.builder import Builder, Scope
from npusim.loading.dimensions import option
from npusim.loading.rules import axis_in
from npusim.loading.stacking import Iteration, joined, take_slice, unsqueezed
from npusim.loading.tensors import attributes_of
from npusim.loading.trips import ENDLESS, Uncounted, counted
from npusim.loading.walk import rename, special, tensor

Names = tuple[str, ...]
MOST_UNROLLED = 64
MOST_STACKED = 65536  # iterations whose results are joined into one tensor


class ShapesChange(Exception):
    """The body cannot be counted once: its shapes differ between iterations."""


@special("Loop")
def loop(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    body = attributes_of(proto.attribute, scope.attributes).get("body")
    if body is None or len(inputs) < 2 or len(body.input) != len(inputs) or not body.output:
        raise BadModel(f"node '{short(name)}' (Loop): its body and its {len(inputs)} inputs do not fit")
    states = [scope.find(i) for i in inputs[2:]]
    if len(body.output) <= len(states):
        raise BadModel(
            f"node '{short(name)}' (Loop): its body gives {len(body.output)} outputs for {len(states)} states"
        )
    trips, exact = how_often(builder, scope, name, body, inputs, states)
    stacked = len(body.output) - 1 - len(states)
    run(builder, scope, Iteration(name, body, trips, states, [], [0] * stacked, True, exact), outputs)


def how_often(
    builder: Builder, scope: Scope, name: str, body: Any, inputs: Names, states: list[Any]
) -> tuple[int, bool]:
    """Iterations of a Loop, and whether that is exact; else it is the limit, or the bound the user gave."""
    condition = builder.fetch(builder.env[tensor(scope, inputs[1])]) if inputs[1] else np.array(True)
    given = builder.fetch(builder.env[tensor(scope, inputs[0])]) if inputs[0] else None
    if given is not None and given.size != 1:
        raise BadModel(f"node '{short(name)}' (Loop): its limit has {given.size} elements, not one")
    if condition is not None and not condition.any():
        return 0, True
    limit = None if given is None else max(0, int(given.item()))
    if limit == 0:
        return 0, True
    why = "is known at run time only"
    if not inputs[0] or given is not None:
        try:
            found = counted(builder, scope, name, body, states, limit)
        except Uncounted as error:
            found, why = None, str(error)
        if found is not None and condition is not None:
            return found, True
        if found is not None:
            builder.warn(
                f"node '{short(name)}' (Loop) may not run at all; priced with all {found} iterations"
            )
            return found, True
    builder.loops.add(name)
    bound = builder.trips.get(name, builder.trips.get(""))
    if bound is not None:
        bound = bound if limit is None else min(limit, bound)
        builder.warn(
            f"node '{short(name)}' (Loop): how often it runs {why}; priced with {bound}, as --trips says"
        )
        return bound, False
    if limit is None or limit >= ENDLESS:
        remedy = option("--trips", name, 100)
        raise UnknownShape(
            f"node '{short(name)}' (Loop): how often it runs {why}; give it a constant, or an upper bound with {remedy}"
        )
    return limit, False


@special("Scan")
def scan(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    attributes = attributes_of(proto.attribute, scope.attributes)
    body, count = attributes.get("body"), attributes.get("num_scan_inputs", 0)
    if body is None or not 0 < count <= len(inputs) or len(body.input) != len(inputs):
        raise BadModel(f"node '{name}' (Scan): its body and its {len(inputs)} inputs do not fit")
    first = len(inputs) - count
    sources = [tensor(scope, i) for i in inputs[first:]]
    axes = attributes.get("scan_input_axes") or (0,) * count
    try:
        slices = [(s, axis_in(a, len(builder.env[s].shape))) for s, a in zip(sources, axes, strict=True)]
    except ValueError as error:
        raise BadModel(f"node '{name}' (Scan): {error}") from None
    lengths = {builder.env[s].shape[a] for s, a in slices}
    if len(lengths) != 1:
        raise BadModel(f"node '{name}' (Scan): its inputs have different lengths {sorted(lengths)}")
    states: list[Any] = [tensor(scope, i) for i in inputs[:first]]
    stacked = len(body.output) - first
    stack_axes = list(attributes.get("scan_output_axes") or (0,) * max(stacked, 0))
    run(builder, scope, Iteration(name, body, lengths.pop(), states, slices, stack_axes, False), outputs)


def run(builder: Builder, scope: Scope, it: Iteration, outputs: Names) -> None:
    """Take in all iterations and bind the outputs of the node."""
    if len(it.stack_axes) != len(it.body.output) - it.is_loop - len(it.states):
        raise BadModel(
            f"node '{it.name}': its body gives {len(it.body.output)} outputs for {len(it.states)} states"
        )
    mark = builder.mark()
    carried = builder.settled.setdefault(signature(builder, it), set[int]())
    while True:
        try:
            found, constant_states = once(builder, scope, it, carried)
        except (ShapesChange, UnknownShape) as why:
            builder.rollback(mark)
            if not 0 < it.trips <= MOST_UNROLLED:
                raise UnknownShape(
                    f"node '{it.name}': its shapes change from one iteration to the next and it has "
                    f"{it.trips} of them; up to {MOST_UNROLLED} are unrolled ({why})"
                ) from None
            builder.warn(
                f"node '{it.name}' changes its shapes between iterations; all {it.trips} are unrolled"
            )
            found = unrolled(builder, scope, it)
            break
        if constant_states:
            break
        builder.rollback(
            mark
        )  # a state taken for constant was not; `carried` now says so, and for good: the same
        # loop inside another that is taken in twice would else double the work a level
    if it.trips == 0:
        shapes = [described(builder, f) for f in found[len(it.states) :]]
        dtypes = [builder.env[f].dtype for f in found[len(it.states) :]]
        builder.rollback(mark)
        found = list(it.states) + [
            builder.constant(f"{it.name}/empty", dtype, shape)
            for dtype, (_, shape) in zip(dtypes, shapes, strict=True)
        ]
    for local, source in zip(outputs, found, strict=False):
        if local:
            rename(scope, local, source)


def signature(builder: Builder, it: Iteration) -> Any:
    """What decides which states of a loop stay constants."""
    known = tuple(
        (builder.env[s].shape, builder.env[s].dtype, builder.env[s].constant) if isinstance(s, str) else s
        for s in it.states
    )
    return it.name, known, tuple(builder.env[s].constant for s, _ in it.slices)


def once(builder: Builder, scope: Scope, it: Iteration, carried: set[int]) -> tuple[list[Any], bool]:
    """The body, once, its nodes with `repeats`.

    A state that starts as a constant is taken for one whose value is not known (a counter); if an iteration
    makes it depend on the input, its number goes into `carried` and the second result is False.
    """
    outer, builder.repeats = builder.repeats, builder.repeats * max(it.trips, 1)
    opset = scope.opsets.get("", 1)
    try:
        given: list[Any] = []
        for position, state in enumerate(it.states):
            if isinstance(state, tuple) or state is None:
                raise ShapesChange("a state is a sequence")
            value = builder.env[state]
            if not value.constant:
                given.append(state)
            elif position not in carried:
                given.append(builder.constant(f"{it.name}/state_{position}", value.dtype, value.shape))
            else:  # a start value that changes: a copy of the constant
                given.append(builder.fresh(f"{it.name}/state_{position}", builder.env))
                label = builder.node_name(scope, f"{it.name}/start_{position}", "Identity", 0)
                builder.copy(label, state, given[-1], outer)
        start = given[:]
        given += [take_slice(builder, it, source, axis, None, opset) for source, axis in it.slices]
        if it.is_loop:
            index = builder.constant(f"{it.name}/i", DType.INT64, ())
            given = [index, builder.constant(f"{it.name}/go", DType.BOOL, (), np.array(True)), *given]
        formals = [v.name for v in it.body.input]
        found = inline(builder, scope, it.name, it.body, dict(zip(formals, given, strict=True)))
        if it.is_loop:
            early_exit(builder, it, found.pop(0))
        settled = True
        for position, (before, after) in enumerate(zip(start, found, strict=False)):
            if isinstance(after, tuple):
                raise ShapesChange("a state is a sequence")
            a, b = builder.env[before], builder.env[after]
            if (a.shape, a.dtype) != (b.shape, b.dtype):
                raise ShapesChange(f"state {position} is {a.shape} before and {b.shape} after")
            if a.constant and not b.constant:
                carried.add(position)
                settled = False
            builder.carried.append((before, after))
        results = found[len(it.states) :]
        for position, axis in enumerate(it.stack_axes):
            label = f"{it.name}/part_{position}"
            part = unsqueezed(builder, label, results[position], axis, opset)
            results[position] = part
    finally:
        builder.repeats = outer
    for position, axis in enumerate(it.stack_axes):
        if it.trips > MOST_STACKED:
            raise UnknownShape(
                f"node '{it.name}' stacks {it.trips} results; {MOST_STACKED} at most are supported"
            )
        parts = (results[position],) * it.trips
        results[position] = joined(
            builder, f"{it.name}/stack_{position}", parts, results[position], axis, opset
        )
    return found[: len(it.states)] + results, settled


def unrolled(builder: Builder, scope: Scope, it: Iteration) -> list[Any]:
    """Every iteration on its own."""
    opset = scope.opsets.get("", 1)
    states, stacks = list(it.states), [[] for _ in it.stack_axes]  # type: list[Any], list[list[str]]
    for i in range(it.trips):
        given = states + [take_slice(builder, it, source, axis, i, opset) for source, axis in it.slices]
        if it.is_loop:
            index = builder.constant(f"{it.name}/i", DType.INT64, (), np.array(i, np.int64))
            given = [index, builder.constant(f"{it.name}/go", DType.BOOL, (), np.array(True)), *given]
        formals = [v.name for v in it.body.input]
        found = inline(builder, scope, f"{it.name}/{i}", it.body, dict(zip(formals, given, strict=True)))
        go = builder.fetch(builder.env[found.pop(0)]) if it.is_loop else np.array(True)
        states = found[: len(states)]
        for position, axis in enumerate(it.stack_axes):
            label = f"{it.name}/{i}/part_{position}"
            stacks[position].append(unsqueezed(builder, label, found[len(states) + position], axis, opset))
        if go is not None and not go.any():
            break
    return states + [
        joined(builder, f"{it.name}/stack_{k}", tuple(parts), parts[0], axis, opset)
        for k, (parts, axis) in enumerate(zip(stacks, it.stack_axes, strict=True))
    ]


def early_exit(builder: Builder, it: Iteration, condition: str) -> None:
    """A loop counted once whose body may stop it: all its iterations are priced, or the one it has."""
    if it.exact:
        return
    go = builder.fetch(builder.env[condition])
    if go is not None and not go.any() and it.trips > 1:
        raise ShapesChange("its condition ends it early")
    if go is None and it.trips > 1:
        builder.warn(f"node '{it.name}' (Loop) may end sooner; priced with all {it.trips} iterations")
