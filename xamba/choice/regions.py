"""A long model cut where it is narrow, so that a layer that comes 24 times is looked at once.

Between two layers only the residual stream is alive (and what all layers share: a mask, a rotary table). Such a
place is found by what stands around it: the same few nodes, again and again, with the fewest values crossing.
Two regions are equal when they hold the same nodes, attributes, shapes and small constants; weights may differ.
A model that repeats nothing is one region.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from xamba.choice.signature import external_inputs, region_key
from xamba.facts.facts import Facts

WHOLE_BELOW = 400  # a model of fewer nodes that run is looked at as it is
SHORTEST = 50  # nodes of a region on average: a step of an unrolled loop is shorter, a layer is not
WIDEST = 4  # values that may cross a cut
CONTEXT = 4  # nodes before and behind a cut that have to look alike
REPEATS = 3  # how often a place has to come


@dataclass(frozen=True)
class Region:
    """Equal stretches of the nodes that `running` lists: `size` of them from each of `starts` on."""

    starts: tuple[int, ...]
    size: int


def regions(model: ir.Model, facts: Facts) -> list[Region]:
    """The model's regions in the order they first come, equal ones together."""
    nodes = running(model, facts)
    edges = [0, *_cuts(nodes, facts), len(nodes)]
    groups: dict[Hashable, list[int]] = defaultdict(list)
    sizes: dict[Hashable, int] = {}
    for start, stop in zip(edges, edges[1:], strict=False):
        key = region_key(nodes[start:stop], facts)
        groups[key].append(start)
        sizes[key] = stop - start
    return [Region(tuple(starts), sizes[key]) for key, starts in groups.items() if sizes[key]]


def running(model: ir.Model, facts: Facts) -> list[ir.Node]:
    """The nodes of the main graph that run: not those whose outputs are known before."""
    return [n for n in model.graph if not all(_is_known(out, facts) for out in n.outputs)]


def _cuts(nodes: Sequence[ir.Node], facts: Facts) -> list[int]:
    if len(nodes) < WHOLE_BELOW:
        return []
    alive = _alive(nodes, facts)
    places: dict[tuple[int, Hashable], list[int]] = defaultdict(list)
    for at in range(CONTEXT, len(nodes) - CONTEXT):
        around = tuple(node.op_type for node in nodes[at - CONTEXT : at + CONTEXT])
        places[alive[at], around].append(at)
    often = [
        (crossing, -len(found), found)
        for (crossing, _), found in places.items()
        if crossing <= WIDEST and len(found) >= REPEATS and len(nodes) >= SHORTEST * len(found)
    ]
    return min(often)[2] if often else []


def _alive(nodes: Sequence[ir.Node], facts: Facts) -> list[int]:
    """How many values made before position p are read at p or later; constants do not count."""
    last: dict[ir.Value, int] = {}
    for at, node in enumerate(nodes):
        last.update(dict.fromkeys(external_inputs([node]), at))
    steps = [0] * (len(nodes) + 2)
    for at, node in enumerate(nodes):
        for out in node.outputs:
            if last.get(out, at) > at and not _is_known(out, facts):
                steps[at + 1] += 1
                steps[last[out] + 1] -= 1
    alive, now = [], 0
    for step in steps:
        now += step
        alive.append(now)
    return alive


def _is_known(value: ir.Value, facts: Facts) -> bool:
    return facts.is_constant(value) or facts.constant(value) is not None


def extract(model: ir.Model, facts: Facts, region: Region) -> ir.Model:
    """The first stretch of a region as a model of its own: what comes in is an input (a constant where its value
    is known), what others read or the model gives out is an output. `model` is not changed."""
    nodes = running(model, facts)
    if region.size == len(nodes):
        return model.clone()
    inside = nodes[region.starts[0] : region.starts[0] + region.size]
    own = set(inside)
    outputs = [
        out
        for node in inside
        for out in node.outputs
        if out.is_graph_output() or any(_owner(user, model.graph) not in own for user, _ in out.uses())
    ]
    arriving = [
        v
        for v in external_inputs(inside)
        if v.is_graph_input() or (v.producer() is not None and (facts.constant(v) is not None or not _is_known(v, facts)))
    ]
    graph = ir.convenience.extract(model.graph, arriving, outputs)
    for value, original in zip(list(graph.inputs), arriving, strict=True):
        fact, array = facts.of(original), facts.constant(original)
        if value.shape is None and fact.shape is not None:
            value.shape = ir.Shape(fact.shape)
        if value.type is None and fact.dtype is not None:
            value.type = ir.TensorType(fact.dtype)
        if array is not None and not original.is_graph_input():
            graph.inputs.remove(value)
            value.const_value = ir.tensor(array, dtype=fact.dtype, name=value.name)
            graph.register_initializer(value)
    part = ir.Model(graph, ir_version=model.ir_version)
    part.opset_imports.update(model.opset_imports)
    part.functions.update({key: function.clone() for key, function in model.functions.items()})
    return part


def _owner(node: ir.Node, graph: ir.Graph) -> ir.Node | None:
    """The node of `graph` that holds `node`, in a body or as itself."""
    while node.graph is not graph:
        body = node.graph
        if not isinstance(body, ir.Graph) or body.parent_node() is None:
            return None
        node = body.parent_node()  # type: ignore[assignment]
    return node
