"""If: the branch taken is inlined. Also how any subgraph is taken in."""

from __future__ import annotations

from typing import Any

from npusim.errors import BadModel, UnknownShape
from npusim.loading.builder import Builder, Scope
from npusim.loading.initializers import take_initializers
from npusim.loading.tensors import attributes_of
from npusim.loading.walk import rename, special, tensor, walk

Names = tuple[str, ...]


@special("If")
def branch(builder: Builder, scope: Scope, proto: Any, name: str, inputs: Names, outputs: Names) -> None:
    """Inline the branch taken; where the data decide, the one with more nodes, if both give equal shapes."""
    graphs = attributes_of(proto.attribute, scope.attributes)
    bodies = [graphs.get("then_branch"), graphs.get("else_branch")]
    if bodies[0] is None or bodies[1] is None or len(inputs) != 1:
        raise BadModel(f"node '{name}' (If) needs a condition, a then_branch and an else_branch")
    condition = builder.fetch(builder.env[tensor(scope, inputs[0])])
    if condition is not None:
        chosen = bodies[0] if condition.any() else bodies[1]
    else:
        sizes, shapes = [], []
        for body in bodies:
            mark = builder.mark()
            found = inline(builder, scope, name, body)
            sizes.append(len(builder.nodes) - mark[1])
            shapes.append([described(builder, f) for f in found])
            builder.rollback(mark)
        if shapes[0] != shapes[1]:
            raise UnknownShape(
                f"node '{name}' (If): the data decide between outputs {shapes[0]} and {shapes[1]}; "
                "make its condition a constant"
            )
        chosen = bodies[0] if sizes[0] >= sizes[1] else bodies[1]
        builder.warn(
            f"node '{name}' (If): the data decide; priced as the branch with more nodes, {max(sizes)}"
        )
    for local, source in zip(outputs, inline(builder, scope, name, chosen), strict=False):
        if local:
            rename(scope, local, source)


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
        raise BadModel(f"node '{name}': an output of its subgraph '{body.name}' is produced by no node")
    return found
