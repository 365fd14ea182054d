"""What can be pruned of a graph, by the words people use: attention heads, units of feed-forward layers, channels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from npusim.whatif.axes.coupling import Coupling, Projection
from npusim.whatif.axes.terms import CONCAT, PRODUCT

_LAYER = re.compile(r"(?:^|[./_])(?:layers?|blocks?|h|stages?)[./_](\d+)(?=[./_])")


@dataclass(frozen=True, slots=True)
class Group:
    """One atom that may be pruned. `kind`: heads, ffn or channels; `layer` counted from 0; `node`: the first
    that writes it; `fixed`: why it may not change after all (empty: it may)."""

    kind: str
    atom: int
    size: int
    layer: int
    node: str
    fixed: str

    def __str__(self) -> str:
        return f"{self.size} {self.kind} of '{self.node}'"


def groups(c: Coupling) -> list[Group]:
    """All groups of a graph, each once, in the order in which they are written."""
    heads = _heads(c)
    readers: dict[int, list[Projection]] = {}
    writers: dict[int, list[Projection]] = {}
    for p in c.projections:
        for atom in _units(c, p.read, heads):
            readers.setdefault(atom, []).append(p)
        for atom in _units(c, p.written, heads):
            writers.setdefault(atom, []).append(p)
    found: list[tuple[str, int, Projection]] = []
    for p in c.projections:
        for part in c.terms.flat(p.written, CONCAT):
            atom = c.terms.flat(part, PRODUCT)[0]
            found.append(("heads" if atom in heads else "channels", atom, p))
    seen: dict[int, Group] = {}
    count: dict[str, int] = {}
    for kind, atom, p in found:
        if atom in seen or c.terms.sizes[atom] < 2:
            continue
        if kind == "channels" and _is_ffn(c, writers[atom], readers.get(atom, [])):
            kind = "ffn"
        layer = count.get(kind, 0)
        count[kind] = layer + 1
        seen[atom] = Group(kind, atom, c.terms.sizes[atom], layer, p.node.name, why_fixed(c, atom))
    return _named_layers(list(seen.values()))


def _units(c: Coupling, term: int, heads: set[int]) -> Iterator[int]:
    for part in c.terms.flat(term, CONCAT):
        atom = c.terms.flat(part, PRODUCT)[0]
        if atom not in heads:
            yield atom


def _heads(c: Coupling) -> set[int]:
    """First factors of a projection's output that an activation has as an axis without the lanes."""
    firsts: dict[int, int] = {}
    for p in c.projections:
        for part in c.terms.flat(p.written, CONCAT):
            factors = c.terms.flat(part, PRODUCT)
            if len(factors) > 1 or c.terms.forms.get(factors[0]):
                firsts[factors[0]] = c.terms.size(part)
    found = set()
    for key, axes in c.axes.items():
        if not isinstance(key, str) or key in c.weights:
            continue
        for axis in axes:
            first = c.terms.flat(axis, PRODUCT)[0]
            if first in firsts and c.terms.size(axis) < firsts[first]:
                found.add(first)
    return found


def _is_ffn(c: Coupling, writers: list[Projection], readers: list[Projection]) -> bool:
    """Units between projections up and one projection down, more of them than the stream has channels."""
    if len(readers) != 1 or any(p.conv for p in (*writers, *readers)):
        return False
    width = c.terms.size(readers[0].read)
    return all(c.terms.size(p.read) < width for p in writers) and c.terms.size(readers[0].written) < width


def why_fixed(c: Coupling, atom: int) -> str:
    """Why an atom may not change: a node, or the edge of the graph. What is input and output both, a state, may."""
    marks = sorted(c.terms.marks.get(atom, ()))
    for mark in marks:
        kind, _, what = mark.partition(":")
        if kind == "fixed":
            return f"node {what} fixes it"
    inputs = [m.partition(":")[2] for m in marks if m.startswith("input:")]
    outputs = [m.partition(":")[2] for m in marks if m.startswith("output:")]
    if outputs and not inputs:
        return f"it is an axis of the graph's output '{outputs[0]}'"
    if inputs and not outputs:
        return f"it is an axis of the graph's input '{inputs[0]}'"
    return ""


def _named_layers(found: list[Group]) -> list[Group]:
    """Layers by the numbers in names, where all of a kind have one; by their order otherwise."""
    from dataclasses import replace

    result = list(found)
    for kind in {g.kind for g in found}:
        mine = [k for k, g in enumerate(found) if g.kind == kind]
        numbers = [_LAYER.search(found[k].node) for k in mine]
        if kind != "channels" and all(numbers):
            for k, number in zip(mine, numbers, strict=True):
                assert number
                result[k] = replace(found[k], layer=int(number[1]))
    return result
