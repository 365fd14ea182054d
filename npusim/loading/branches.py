"""If: the branch taken is inlined. Also how any subgraph is taken in."""

from __future__ import annotations

from typing import Any, NamedTuple

from npusim.errors import BadModel, NpusimError, TooLarge, UnknownShape
from npusim.loading.budget import short
from npusim.loading.builder import Builder, Scope, Segment
from npusim.loading.initializers import take_initializers
from npusim.loading.inputs import deciding_inputs, set_hint
from npusim.loading.tensors import attributes_of
from npusim.loading.walk import rename, special, tensor, walk

Names = tuple[str, ...]
BRANCHES = ("then_branch", "else_branch")


class Taken(NamedTuple):
    """A branch taken in on trial: what it added, what its outputs stand for, and why it is impossible."""

    segment: Segment | None
    found: list[Any]
    shapes: list[Any]
    nodes: int
    why_not: str


@special("If")
def branch(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    """Inline the branch taken. Where the data decide: the one that is possible at these sizes; of two, the one
    with more nodes, if both give equal shapes. Each branch is taken in once, so nested Ifs take linear time."""
    graphs = attributes_of(proto.attribute, scope.attributes)
    bodies = [graphs.get(b) for b in BRANCHES]
    if bodies[0] is None or bodies[1] is None or len(inputs) != 1:
        raise BadModel(f"node '{short(name)}' (If) needs a condition, a then_branch and an else_branch")
    source = tensor(scope, inputs[0])
    condition = builder.fetch(builder.env[source])
    if condition is not None:
        if condition.size != 1:
            raise BadModel(f"node '{short(name)}' (If): its condition has {condition.size} elements, not one")
        found = inline(builder, scope, name, bodies[0] if condition.any() else bodies[1])
    else:
        found = undecided(builder, scope, name, bodies, source)
    for local, result in zip(outputs, found, strict=False):
        if local:
            rename(scope, local, result)


def undecided(builder: Builder, scope: Scope, name: str, bodies: list[Any], condition: str) -> list[Any]:
    """Take in both branches on trial and put one of them back."""
    builder.undecided.add(name)
    trials = [trial(builder, scope, name, body) for body in bodies]
    possible = [t for t in trials if t.segment is not None]
    # Looking back through all nodes for each of many Ifs would be quadratic; a few hints are enough.
    hint = set_hint(builder, deciding_inputs(builder, condition)) if len(builder.warnings) < 20 else ""
    if not possible:
        raise UnknownShape(
            f"node '{short(name)}' (If): neither branch is possible at these sizes: then: {trials[0].why_not}; "
            f"else: {trials[1].why_not}"
        )
    if len(possible) == 2 and trials[0].shapes != trials[1].shapes:
        raise UnknownShape(
            f"node '{short(name)}' (If): the data decide between outputs {trials[0].shapes} and "
            f"{trials[1].shapes}; {hint or 'make its condition a constant'}"
        )
    chosen = max(possible, key=lambda t: t.nodes)  # the first of two equal ones
    assert chosen.segment is not None
    builder.put(chosen.segment)
    if len(possible) == 1:
        other = trials.index(chosen) == 0
        builder.warn(
            f"node '{short(name)}' (If): its {BRANCHES[other]} is impossible at these sizes "
            f"({trials[other].why_not}); priced as its {BRANCHES[not other]}"
        )
    else:
        builder.warn(
            f"node '{short(name)}' (If): the data decide; priced as the branch with more nodes, {chosen.nodes}"
            + (f"; to choose, {hint}" if hint else "")
        )
    return chosen.found


def trial(builder: Builder, scope: Scope, name: str, body: Any) -> Taken:
    """One branch, taken in and set aside again."""
    mark, calls = builder.mark(), len(builder.calls)
    try:
        found = inline(builder, scope, name, body)
    except TooLarge:
        raise
    except NpusimError as error:
        builder.rollback(mark)
        del builder.calls[calls:]
        return Taken(None, [], [], 0, str(error))
    shapes = [described(builder, f) for f in found]
    nodes = len(builder.nodes) - mark[1]
    return Taken(builder.take(mark), found, shapes, nodes, "")


def described(builder: Builder, found: Any) -> Any:
    """Type and shape of what a branch gives."""
    if isinstance(found, tuple):
        return tuple(described(builder, f) for f in found)
    return builder.env[found].dtype.label, builder.env[found].shape


def inline(
    builder: Builder, scope: Scope, name: str, body: Any, given: dict[str, Any] | None = None
) -> list[Any]:
    """Take in a subgraph; returns what its outputs stand for. `given` binds its inputs."""
    inner = Scope(f"{name}/", scope, dict(given or {}), scope.attributes, scope.opsets)
    inner.declared = {v.name: v.type for v in (*body.value_info, *body.output)}
    take_initializers(builder, inner, body)
    walk(builder, inner, body.node)
    found = [inner.find(v.name) for v in body.output]
    if any(f is None for f in found):
        raise BadModel(
            f"node '{short(name)}': an output of its subgraph '{body.name}' is produced by no node"
        )
    return found
