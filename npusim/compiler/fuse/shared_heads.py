"""Heads of keys or values written out for each of their queries, then a product -> a product that reads a head once.

    Unsqueeze, Expand (or Tile), Reshape [, Transpose, Reshape, Mul by a number] -> MatMul, Attention

Grouped attention has fewer heads of keys and values than of queries, and exporters repeat them in front of products.
Rows that meet the same head are rows of one problem, so nothing need be repeated: the product gets the attribute
`npusim.shared`, how many problems of its left side share one of its right side. A number the repeated tensor is
multiplied by becomes one the result is multiplied by, which is free behind the MAC array.

Intel's compiler does so (`new_group_mul` in its schedules) for attention as it knows it and for the values of any; keys
behind such a factor it writes out (docs/compiler.md)."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import NamedTuple

from npusim.compiler.fuse.rewriter import Rewriter
from npusim.graph import Node

SHARED = "npusim.shared"
LONGEST_SHARED = 256  # rows of a prompt whose heads share one
VIEWS = ("Reshape", "Squeeze", "Unsqueeze")
STEPS = (*VIEWS, "Transpose", "Mul", "Div", "Expand", "Tile")


class Repeated(NamedTuple):
    """`source` [.., A, B] has each of its heads `times` times in a row in the tensor asked about, which is
    [.., A, B] or, by the Transpose at index `turn`, [.., B, A]. `members`: indices of the nodes in between;
    `factors`: op types of those that scale."""

    source: str
    times: int
    members: tuple[int, ...]
    turn: int | None
    factors: tuple[str, ...]


def shared_heads(r: Rewriter) -> None:
    """Operands of products, and keys and values of attention, as they were before heads were repeated."""
    _shared(r, through_factors=True)


def shared_heads_as_repeated(r: Rewriter) -> None:
    """The same, but heads that are multiplied by a number after they are repeated stay written out."""
    _shared(r, through_factors=False)


def _shared(r: Rewriter, through_factors: bool) -> None:
    for index, node in r.items("MatMul"):
        _product(r, index, node, through_factors)
    for index, node in r.items("Attention"):
        _attention(r, index, node)


def _product(r: Rewriter, index: int, node: Node, through_factors: bool) -> None:
    left, right = node.inputs[:2]
    a, b = r.value(left).shape, r.value(right).shape
    found = _repeated(r, right) if len(a) > 2 and a[:-2] == b[:-2] and SHARED not in node.attributes else None
    if found is None or (found.factors and not through_factors):
        return
    # One head of values for a longer prompt is written out all the same (`input_2/memperm` of four and eight heads of
    # 512 and 1,024 rows, Gemma 2 and 3; of 256 rows one product).
    if not through_factors and prod(r.value(found.source).shape[:-2]) == 1 and a[-2] > LONGEST_SHARED:
        return
    source, members = found.source, list(found.members)
    if found.turn is not None:
        turn = r.nodes[found.turn]
        assert turn is not None
        value = r.value(source)
        rank = len(value.shape)
        order = (*range(rank - 2), rank - 1, rank - 2)
        shape = (*value.shape[:-2], value.shape[-1], value.shape[-2])
        source = f"{turn.outputs[0]}/once"
        r.values[source] = replace(value, name=source, shape=shape)
        members.remove(found.turn)
        r.replace(
            [found.turn], replace(turn, inputs=(found.source,), outputs=(source,), attributes={"perm": order})
        )
    shared = replace(
        node,
        inputs=(left, source),
        attributes={**node.attributes, SHARED: found.times},
        post_ops=(*node.post_ops, *found.factors),
    )
    r.replace([*members, index], shared)


def _attention(r: Rewriter, index: int, node: Node) -> None:
    """Keys and values [B, heads, L, D] of the standard op may have fewer heads than the queries."""
    names = node.inputs[1:3]
    if len(names) < 2 or any(not n or len(r.value(n).shape) != 4 for n in names):
        return
    found = [_repeated(r, name) for name in names]
    kept = []
    for name, one in zip(names, found, strict=True):
        if one is None or one.turn is not None or one.factors or one.times != (found[0] or one).times:
            return
        batch, heads, length, size = r.value(name).shape
        if r.value(one.source).shape != (batch, heads // one.times, length, size):
            return
        kept.append(one)
    members = dict.fromkeys(i for one in kept for i in one.members)
    inputs = (node.inputs[0], *(one.source for one in kept), *node.inputs[3:])
    r.replace([*members, index], replace(node, inputs=inputs))


def _repeated(r: Rewriter, name: str) -> Repeated | None:
    """The tensor whose heads `name` repeats; None where it is something else, or others read what lies between."""
    shape = r.value(name).shape
    extents = shape[-2:]
    members: list[int] = []
    factors: list[str] = []
    turn: int | None = None
    while found := r.maker(name, *STEPS):
        index, node = found
        if name in r.graph_outputs or len(r.consumers[name]) != 1:
            return None
        members.append(index)
        source = node.inputs[0]
        if node.op_type in ("Expand", "Tile"):
            return _widened(r, node, source, extents, shape, members, turn, factors)
        if node.op_type in ("Mul", "Div"):
            scale = 1 if r.one_number(node.inputs[1]) else 0
            if not r.one_number(node.inputs[scale]) or (node.op_type == "Div" and not scale):
                return None
            source = node.inputs[1 - scale]
            factors.append(node.op_type)
        elif node.op_type == "Transpose":
            perm = [int(p) for p in node.attribute("perm", ())]
            rank = len(perm)
            if turn is not None or perm != [*range(rank - 2), rank - 1, rank - 2]:
                return None
            turn, extents = index, (extents[1], extents[0])
        if r.value(source).constant or (
            node.op_type != "Unsqueeze" and r.value(source).shape[-2:] != extents
        ):
            return None
        name = source
    return None


def _widened(
    r: Rewriter,
    node: Node,
    source: str,
    extents: tuple[int, ...],
    shape: tuple[int, ...],
    members: list[int],
    turn: int | None,
    factors: list[str],
) -> Repeated | None:
    """The Expand or Tile itself: the axis in front of the last two, of length 1, becomes longer, and no other."""
    narrow, wide = r.value(source).shape, r.value(node.outputs[0]).shape
    same = len(narrow) == len(wide) > 3 and wide[-2:] == extents == narrow[-2:]
    if not same or narrow[-3] != 1 or wide[-3] < 2 or narrow[:-3] != wide[:-3] or prod(wide) != prod(shape):
        return None
    while (view := r.maker(source, *VIEWS)) and r.value(view[1].inputs[0]).shape[-2:] == extents:
        if source in r.graph_outputs or len(r.consumers[source]) != 1:
            break
        members.append(view[0])
        source = view[1].inputs[0]
    if r.value(source).constant:
        return None
    return Repeated(source, wide[-3], tuple(sorted(members)), turn, tuple(factors))
