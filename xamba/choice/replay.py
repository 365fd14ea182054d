"""What was chosen for one stretch of a region, made at all of them in the whole model.

A step names nodes of the first stretch. In the others the same place in the list is the same node; a node that an
earlier step made is found by the node it stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import onnx_ir as ir

from xamba.choice.moves import copy_of
from xamba.choice.regions import Region, running
from xamba.choice.search import Step, made
from xamba.choice.signature import readers_of, region_key
from xamba.facts.facts import Facts
from xamba.facts.nodes import node_label
from xamba.files import bodies
from xamba.passes.base import Rewritten

Names = dict[str, str]


@dataclass(frozen=True)
class Replayed:
    """A copy of the model with the steps made at every stretch, per step what the pass rewrote, and whether all
    stretches look the same afterwards."""

    model: ir.Model
    rewritten: list[list[Rewritten]]
    alike: bool


def replay(model: ir.Model, region: Region, steps: Sequence[Step]) -> Replayed:
    """Make the steps of a search in the whole model; `model` is not changed."""
    names = [_names(region.parts[0], part) for part in region.parts]
    done = []
    for step in steps:
        before, model = model, copy_of(model)
        only = tuple(mapping[label] for mapping in names for label in step.move.nodes if label in mapping)
        result = replace(step.move.one, only=only).run(model) if only else None
        done.append(result.rewritten if result else [])
        new = made(before, model)
        for mapping in names:
            for label, children in step.made.items():
                there = new.get(mapping.get(label, ""), ())
                if len(there) == len(children):
                    mapping.update(zip(children, there, strict=True))
    return Replayed(model, done, region.count == 1 or _alike(model, steps[-1].model, names))


def _alike(model: ir.Model, part: ir.Model, names: Sequence[Names]) -> bool:
    """Whether what became of every stretch is, wired and shaped, what became of the first."""
    labels = [node_label(node) for node in part.graph]
    facts = Facts(model)
    nodes = running(model, facts)
    readers = readers_of(nodes)
    keys = set()
    for mapping in names:
        there = {mapping.get(label, label) for label in labels}
        keys.add(region_key([node for node in nodes if node_label(node) in there], readers, facts))
    return len(keys) == 1


def _names(first: Sequence[ir.Node], other: Sequence[ir.Node]) -> Names:
    """Labels of the first stretch's nodes, those in bodies too, to the labels of the other's."""
    return dict(zip(_labels(first), _labels(other), strict=False))


def _labels(nodes: Sequence[ir.Node]) -> list[str]:
    inner = [
        [n for body in bodies(node) for n in ir.traversal.RecursiveGraphIterator(body)] for node in nodes
    ]
    return [node_label(n) for node, more in zip(nodes, inner, strict=True) for n in (node, *more)]
