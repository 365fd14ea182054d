"""The axes of all tensors of a graph as terms, tied by what its nodes do with them.

Structural pruning needs this: to take a channel out of one weight, it has to go out of everything that meets it,
through residuals, concatenations, groups, norms and reshapes. A node of which nothing is known fixes its axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from npusim.errors import BadArgument
from npusim.graph import Graph, Node, Value
from npusim.whatif.axes.terms import Terms
from npusim.whatif.axes.unshare import Copy


@dataclass(frozen=True, slots=True)
class Projection:
    """A node with a weight matrix: the terms of the weight's output and input channels. `conv`: a convolution."""

    node: Node
    weight: str
    written: int
    read: int
    conv: bool


@dataclass(slots=True)
class Coupling:
    """What is known of the axes of `graph`. `cuts[node][axis]`: terms before and of what a Slice takes. `stored`:
    constants no node makes; `weights`: those, and what nodes make of them alone (dequantised weights).
    `origin`: the graph before what makes shared constants was copied for each reader (`copies`, by name)."""

    graph: Graph
    terms: Terms = field(default_factory=Terms)
    axes: dict[str | tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    projections: list[Projection] = field(default_factory=list)
    cuts: dict[str, dict[int, tuple[int, int]]] = field(default_factory=dict)
    origin: Graph | None = None
    copies: dict[str, Copy] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    weights: set[str] = field(default_factory=set)
    node: Node | None = None

    def of(self, name: str) -> tuple[int, ...]:
        """The terms of a tensor's axes, of a constant those of the node at hand: exporters let equal constants of
        different layers share a name, which ties nothing."""
        value = self.graph.values[name]
        key = (name, self.node.name) if self.node and name in self.stored else name
        found = self.axes.get(key)
        if found is None:
            found = self.axes[key] = tuple(map(self.terms.atom, value.shape))
        return found

    def at(self, node: Node, name: str) -> tuple[int, ...]:
        """The terms of a tensor as this node sees it."""
        return self.axes.get((name, node.name)) or self.axes.get(name, ())

    @property
    def why(self) -> str:
        return f"'{self.node.name}' ({self.node.op_type})" if self.node else ""

    def value(self, name: str) -> Value:
        return self.graph.values[name]

    def tie(self, a: int, b: int) -> None:
        """Two axes are one."""
        self.terms.unify(a, b, self.why)

    def tie_all(self, left: Sequence[int], right: Sequence[int]) -> None:
        for a, b in zip(left, right, strict=True):
            self.tie(a, b)

    def spread(self, name: str, over: Sequence[int]) -> None:
        """A tensor that is broadcast to the axes `over`, aligned at the end."""
        own, constant = self.of(name), name in self.weights
        for a, b in zip(reversed(own), reversed(over), strict=False):
            size = self.terms.size(a)
            if size == self.terms.size(b) and not (constant and size == 1):
                self.tie(a, b)

    def fix(self, *axes: int) -> None:
        """These axes may not change because of the node at hand."""
        for axis in axes:
            self.terms.mark(axis, f"fixed:{self.why}")

    def fix_all(self, node: Node) -> None:
        for name in (*node.inputs, *node.outputs):
            if name:
                self.fix(*self.of(name))

    def ints(self, node: Node, name: str, index: int) -> tuple[int, ...] | None:
        """Integers that old opsets give as an attribute and newer ones as an input; None if not given or not known."""
        if name in node.attributes:
            given = node.attributes[name]
            return tuple(given) if isinstance(given, tuple) else (int(given),)
        if len(node.inputs) <= index or not node.inputs[index]:
            return None
        data = self.value(node.inputs[index]).data
        return None if data is None else tuple(int(v) for v in data.reshape(-1))


Relation = Callable[[Coupling, Node], None]
RELATIONS: dict[tuple[str, str], Relation] = {}


def relation(*kinds: str, domain: str = "") -> Callable[[Relation], Relation]:
    """Register what these ops say of the axes of their tensors."""

    def register(function: Relation) -> Relation:
        for kind in kinds:
            if (domain, kind) in RELATIONS:
                raise BadArgument(f"'{kind}' of domain '{domain or 'ai.onnx'}' says of its axes twice")
            RELATIONS[domain, kind] = function
        return function

    return register
