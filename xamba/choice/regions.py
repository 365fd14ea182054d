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
from itertools import pairwise
from operator import sub

import onnx_ir as ir

from xamba.choice.signature import Readers, external_inputs, readers_of, region_key
from xamba.facts.facts import Facts

WHOLE_BELOW = 400  # a model of fewer nodes that run is looked at as it is
SHORTEST = 50  # nodes between two cuts: a step of an unrolled loop is shorter, a layer is not
WIDEST = 4  # values that may cross a cut
CONTEXT = 4  # nodes before and behind a cut that have to look alike
REPEATS = 3  # how often a place has to come


@dataclass(frozen=True)
class Region:
    """Equal stretches of a model: the nodes of each, in order. `readers`: the running nodes that read a value."""

    parts: tuple[tuple[ir.Node, ...], ...]
    readers: Readers

    @property
    def count(self) -> int:
        return len(self.parts)


def regions(model: ir.Model, facts: Facts) -> list[Region]:
    """The model's regions in the order they first come, equal ones together."""
    nodes = running(model, facts)
    readers = readers_of(nodes)
    groups: dict[Hashable, list[tuple[ir.Node, ...]]] = defaultdict(list)
    edges = [0, *_cuts(nodes, readers, facts), len(nodes)]
    for start, stop in pairwise(edges):
        part = tuple(nodes[start:stop])
        if part:
            groups[region_key(part, readers, facts)].append(part)
    return [Region(tuple(parts), readers) for parts in groups.values()]


def running(model: ir.Model, facts: Facts) -> list[ir.Node]:
    """The nodes of the main graph that run: not those whose outputs are known before."""
    for node in model.graph:  # what is known of one value can follow from a walk over all of them: walk first
        if node.outputs:
            facts.constant(node.outputs[0])
    return [n for n in model.graph if not all(_is_known(out, facts) for out in n.outputs)]


def _cuts(nodes: Sequence[ir.Node], readers: Readers, facts: Facts) -> list[int]:
    if len(nodes) < WHOLE_BELOW:
        return []
    alive = _alive(nodes, readers, facts)
    places: dict[tuple[int, Hashable], list[int]] = defaultdict(list)
    for at in range(CONTEXT, len(nodes) - CONTEXT):
        around = tuple(node.op_type for node in nodes[at - CONTEXT : at + CONTEXT])
        places[alive[at], around].append(at)
    often = [
        (crossing, -len(found), found)
        for (crossing, _), found in places.items()
        if crossing <= WIDEST and len(found) >= REPEATS and min(map(sub, found[1:], found)) >= SHORTEST
    ]
    return _with_ends(nodes, min(often)[2]) if often else []


def _with_ends(nodes: Sequence[ir.Node], cuts: list[int]) -> list[int]:
    """The cuts, and one before the first and behind the last where the same stretch comes once more: what an
    embedding or a last norm stands beside is a layer too."""
    size = cuts[1] - cuts[0]
    ops = [node.op_type for node in nodes]
    first, last = cuts[0], cuts[-1]
    pattern = ops[first : first + size]
    before = [first - size] if first > size and ops[first - size : first] == pattern else []
    behind = [last + size] if last + size < len(ops) and ops[last : last + size] == pattern else []
    return [*before, *cuts, *behind]


def _alive(nodes: Sequence[ir.Node], readers: Readers, facts: Facts) -> list[int]:
    """How many values made before position p are read at p or later; constants do not count."""
    position = {node: at for at, node in enumerate(nodes)}
    steps = [0] * (len(nodes) + 2)
    for at, node in enumerate(nodes):
        for out in node.outputs:
            last = max((position[user] for user in readers.get(out, ())), default=at)
            if last > at and not _is_known(out, facts):
                steps[at + 1] += 1
                steps[last + 1] -= 1
    alive, now = [], 0
    for step in steps:
        now += step
        alive.append(now)
    return alive


def _is_known(value: ir.Value, facts: Facts) -> bool:
    return facts.is_constant(value) or facts.constant(value) is not None


def extract(model: ir.Model, facts: Facts, region: Region) -> ir.Model:
    """The first stretch of a region as a model of its own. What comes in is an input (a constant where its value is
    known), what others read or the model gives out is an output; shapes stand at every value. `model` stays."""
    inside = region.parts[0]
    own = set(inside)
    outputs = [
        out
        for node in inside
        for out in node.outputs
        if out.is_graph_output() or region.readers.get(out, set()) - own
    ]
    if not outputs:
        return model.clone()
    arriving = [v for v in external_inputs(inside) if v.is_graph_input() or _arrives(v, facts)]
    graph = ir.convenience.extract(model.graph, arriving, outputs)
    for value, original in zip(list(graph.inputs), arriving, strict=True):
        _write_down(value, original, facts)
        array = None if original.is_graph_input() else facts.constant(original)
        if array is not None:
            graph.inputs.remove(value)
            value.const_value = ir.tensor(array, dtype=facts.of(original).dtype, name=value.name)
            graph.register_initializer(value)
    originals = {out.name: out for node in inside for out in node.outputs}
    for node in graph:
        for out in node.outputs:
            if out.name in originals:
                _write_down(out, originals[out.name], facts)
    part = ir.Model(graph, ir_version=model.ir_version)
    part.opset_imports.update(model.opset_imports)
    part.functions.update({key: function.clone() for key, function in model.functions.items()})
    return part


def as_whole(part: ir.Model, model: ir.Model) -> ir.Model | None:
    """A part that has all inputs and outputs of the model, as that model; None for any other part."""
    whole = part.clone()
    whole.meta.clear()
    outputs = {value.name: value for value in whole.graph.outputs}
    if {v.name for v in whole.graph.inputs} != {v.name for v in model.graph.inputs}:
        return None
    if outputs.keys() != {v.name for v in model.graph.outputs}:
        return None
    inputs = {value.name: value for value in whole.graph.inputs}
    whole.graph.inputs.clear()
    whole.graph.inputs.extend(inputs[value.name] for value in model.graph.inputs)
    whole.graph.outputs.clear()
    whole.graph.outputs.extend(outputs[value.name] for value in model.graph.outputs)
    whole.graph.name, whole.producer_name = model.graph.name, model.producer_name
    whole.metadata_props.update(model.metadata_props)
    return whole


def _arrives(value: ir.Value, facts: Facts) -> bool:
    """Made by a node outside: read as an input, or its known value. Weights behind a Transpose bring it along."""
    if value.producer() is None:
        return False
    return facts.constant(value) is not None or not _is_known(value, facts)


def _write_down(value: ir.Value, original: ir.Value, facts: Facts) -> None:
    fact = facts.of(original)
    if fact.shape is not None:
        value.shape = ir.Shape(fact.shape)
    if value.type is None and fact.dtype is not None:
        value.type = ir.TensorType(fact.dtype)
