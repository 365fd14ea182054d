"""Equal layers as one row: nodes of one kind whose names differ in their numbers only, and that take equal work."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from npusim.report.record import NodeReport
from npusim.terminal.units import digits

NUMBER = re.compile(r"(\d+)")


class Alike(NamedTuple):
    """Nodes that are alike, and one name for all: '/layers.*/mixer/CumSum_1'. `*` stands for numbers that differ."""

    name: str
    nodes: tuple[NodeReport, ...]

    @property
    def first(self) -> NodeReport:
        """The first of them to start."""
        return self.nodes[0]

    @property
    def critical_us(self) -> float:
        """By how much all of them together move the end of the run."""
        return sum(node.critical_us for node in self.nodes)

    @property
    def each_us(self) -> float:
        """The mean of their `critical_us`."""
        return self.critical_us / len(self.nodes)


def alike(nodes: Iterable[NodeReport]) -> list[Alike]:
    """Groups of equal layers, those that take most time together first.

    Two nodes are alike if name (but for numbers), op type, engine, lowering, split, bound and the engine's time, to
    three digits, are equal.
    """
    groups: dict[tuple[str, ...], list[NodeReport]] = defaultdict(list)
    for node in nodes:
        groups[
            NUMBER.sub("0", node.name),
            node.op_type,
            node.engine,
            node.lowering,
            node.split,
            node.bound_by,
            digits(node.busy_us.get(node.engine, 0.0)),
        ].append(node)
    found = [Alike(common_name([n.name for n in group]), tuple(group)) for group in groups.values()]
    return sorted(found, key=lambda group: -group.critical_us)


def common_name(names: Sequence[str]) -> str:
    """One name for names that differ in their numbers only: ['a.0/b1', 'a.7/b1'] -> 'a.*/b1'."""
    if len(names) == 1:
        return names[0]
    parts = zip(*(NUMBER.split(name) for name in names), strict=True)
    return "".join(same[0] if len(set(same)) == 1 else "*" for same in parts)
