"""Graphs of a token's pass at any number of rows, made of three that were loaded.

A graph's sizes are linear in the rows before the token, as far as they depend on them at all, so two loaded graphs tell
the sizes of all in between. The first one asked for is loaded too, to see that it is so: a size that stops growing (a
window of attention) is concave, and a concave size that is on the line at one place in between is on it everywhere.
Where it is not as told, or names and ops differ, every graph is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from npusim.graph import Graph, Node, Value

Load = Callable[[int], Graph]


class Between:
    """Graphs from `low` to `high` rows; `load` gives each."""

    def __init__(self, load: Load, low: int, high: int) -> None:
        self._load, self._low, self._high = load, low, high
        self._ends: tuple[Graph, Graph] | None = None
        self._linear: bool | None = None  # not known yet

    def at(self, past: int) -> Graph:
        """The graph at so many rows."""
        if past in (self._low, self._high) or self._linear is False:
            return self._load(past)
        if self._ends is None:
            self._ends = self._load(self._low), self._load(self._high)
        told = self._told(past)
        if told is not None and self._linear:
            return told
        loaded = self._load(past)
        self._linear = told is not None and same(told, loaded)
        return loaded

    def _told(self, past: int) -> Graph | None:
        """The graph on the line between both ends; None where there is none."""
        assert self._ends is not None
        one, two = self._ends
        part = past - self._low, self._high - self._low
        if len(one.nodes) != len(two.nodes) or one.values.keys() != two.values.keys():
            return None
        try:
            values = {name: _value(value, two.values[name], part) for name, value in one.values.items()}
            nodes = tuple(_node(a, b, part) for a, b in zip(one.nodes, two.nodes, strict=True))
        except ValueError:
            return None
        return replace(one, nodes=nodes, values=values)


def same(one: Graph, other: Graph) -> bool:
    """Whether two graphs are equal, data of small constants and attributes included."""
    return (
        one.values == other.values
        and all(_equal(value.data, other.values[name].data) for name, value in one.values.items())
        and len(one.nodes) == len(other.nodes)
        and all(
            a == b and _equal(a.attributes, b.attributes) for a, b in zip(one.nodes, other.nodes, strict=True)
        )
        and (one.inputs, one.outputs) == (other.inputs, other.outputs)
    )


def _value(one: Value, two: Value, part: tuple[int, int]) -> Value:
    if one.shape == two.shape and (one.data is two.data or _equal(one.data, two.data)):
        return one
    if one.dtype is not two.dtype or one.constant != two.constant:
        raise ValueError
    return replace(one, shape=_on_line(one.shape, two.shape, part), data=_on_line(one.data, two.data, part))


def _node(one: Node, two: Node, part: tuple[int, int]) -> Node:
    if (one.name, one.op_type, one.inputs, one.outputs) != (two.name, two.op_type, two.inputs, two.outputs):
        raise ValueError
    if _equal(one.attributes, two.attributes):
        return one
    if one.attributes.keys() != two.attributes.keys():
        raise ValueError
    found = {name: _on_line(value, two.attributes[name], part) for name, value in one.attributes.items()}
    return replace(one, attributes=found)


def _on_line(one: Any, two: Any, part: tuple[int, int]) -> Any:
    """Whole numbers in between, alone, in tuples or arrays. Raises ValueError for what has no line of whole numbers."""
    if _equal(one, two):
        return one
    if isinstance(one, tuple) and isinstance(two, tuple) and len(one) == len(two):
        return tuple(_on_line(a, b, part) for a, b in zip(one, two, strict=True))
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray) and one.shape == two.shape:
        if one.dtype.kind not in "iu":
            raise ValueError
        return np.array(
            [_on_line(int(a), int(b), part) for a, b in zip(one.ravel(), two.ravel(), strict=True)], one.dtype
        ).reshape(one.shape)
    if type(one) is int and type(two) is int:
        whole, rest = divmod((two - one) * part[0], part[1])
        if not rest:
            return one + whole
    raise ValueError


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(two, np.ndarray):
        return np.array_equal(one, two)
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(_equal(value, two[name]) for name, value in one.items())
    return type(one) is type(two) and bool(one == two)
