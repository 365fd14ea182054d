"""Which rule says what work an op is, and the one door to ask: `lowerings(node, graph)`.

A rule is a function of an `OpCase` and returns one or several `Lowering`s. It looks at shapes,
types, attributes and (where it says so with `reads=`) at the data of small constant inputs, never
at hardware. Answers are remembered by exactly those things, so the thousands of equal nodes of a
deep network cost one call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from npusim.errors import BadModel, UnknownOp
from npusim.graph import Graph, Node, Value
from npusim.ops.kernels import LOWERINGS
from npusim.work import Lowering, MacOp, MacWork

VIEW = Lowering("view", ())
KIND_OF_ENGINE = {"mac_array": "MacWork", "dsp": "VectorWork", "dma": "MoveWork"}
MAX_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class OpCase:
    """One node with its tensors, as a rule sees it."""

    node: Node
    inputs: tuple[Value | None, ...]
    outputs: tuple[Value | None, ...]
    opset: int = 0
    reads: tuple[int, ...] = ()

    def attr(self, name: str, default: Any = None) -> Any:
        return self.node.attributes.get(name, default)

    def has(self, index: int) -> bool:
        return index < len(self.inputs) and self.inputs[index] is not None

    def input(self, index: int = 0) -> Value:
        """Input `index`; BadModel if the node has none."""
        if not self.has(index):
            raise BadModel(f"{self.node.op_type} node '{self.node.name}' lacks its input {index}")
        value = self.inputs[index]
        assert value is not None
        return value

    @property
    def output(self) -> Value:
        """The first output the node has."""
        for value in self.outputs:
            if value is not None:
                return value
        raise BadModel(f"{self.node.op_type} node '{self.node.name}' has no output")

    def data(self, index: int) -> np.ndarray | None:
        """Data of a small constant input, or None. The rule must name `index` in `reads=`."""
        if index not in self.reads:
            raise ValueError(
                f"the rule of {self.node.op_type} reads input {index} without saying so in reads="
            )
        return self.input(index).data if self.has(index) else None

    def numbers(self, attribute: str, index: int) -> tuple[int, ...] | None:
        """Integers from an attribute (old opsets) or from a small constant input (new ones)."""
        found = self.attr(attribute)
        if found is None:
            found = self.data(index)
        return None if found is None else tuple(int(n) for n in np.atleast_1d(found).ravel())

    def axis(self, default: int, rank: int, name: str = "axis") -> int:
        """The attribute `axis`, counted from the front."""
        return int(self.attr(name, default)) % max(rank, 1)

    def wrong(self, what: str) -> BadModel:
        """An error that says which node contradicts itself."""
        return BadModel(f"{self.node.op_type} node '{self.node.name}': {what}")


Rule = Callable[[OpCase], "Lowering | tuple[Lowering, ...]"]


@dataclass(frozen=True, slots=True)
class OpInfo:
    """What `npusim ops` lists. `works` are the kinds of work, `lowerings` in the rule's own words."""

    op: str
    domain: str
    works: tuple[str, ...]
    engines: tuple[str, ...]
    lowerings: tuple[str, ...]
    kernels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    rule: Rule
    info: OpInfo
    reads: tuple[int, ...]


_RULES: dict[tuple[str, str], _Entry] = {}
_REMEMBERED: dict[tuple[Any, ...], tuple[Lowering, ...]] = {}


def op(
    *names: str,
    engines: tuple[str, ...] = (),
    domain: str = "",
    lowerings: tuple[str, ...] = ("dsp",),
    kernels: tuple[str, ...] = (),
    reads: tuple[int, ...] = (),
) -> Callable[[Rule], Rule]:
    """Register a rule for the ops `names` of `domain` ('' is ONNX's own).

    `lowerings` and `kernels` list what the rule may return (shown by `npusim ops`); `engines`
    follows from `lowerings` unless given; `reads` are the inputs whose data the rule looks at.
    """
    found = engines or tuple(dict.fromkeys(e for name in lowerings for e in LOWERINGS.get(name, ((), ""))[0]))
    works = tuple(KIND_OF_ENGINE[engine] for engine in found if engine in KIND_OF_ENGINE)

    def register(rule: Rule) -> Rule:
        for name in names:
            info = OpInfo(name, domain, works, found, lowerings, kernels)
            _RULES[domain, name] = _Entry(rule, info, reads)
        _REMEMBERED.clear()
        return rule

    return register


def known_ops() -> list[OpInfo]:
    """All ops with a rule, by domain and name."""
    return [entry.info for _, entry in sorted(_RULES.items())]


def lowerings(node: Node, graph: Graph) -> tuple[Lowering, ...]:
    """All ways to run `node`, in the rule's order.

    Raises UnknownOp when no rule is registered, BadModel when shapes contradict each other.
    """
    domain = "" if node.domain == "ai.onnx" else node.domain
    entry = _RULES.get((domain, node.op_type))
    if entry is None:
        raise _unknown(node, domain)
    values = graph.values
    inputs = tuple([values[name] if name else None for name in node.inputs])
    outputs = tuple([values[name] if name else None for name in node.outputs])
    key = (
        node.op_type,
        domain,
        graph.opset,
        _attributes_key(node.attributes),
        tuple([v and (v.shape, v.dtype.label, v.constant) for v in inputs]),
        tuple([v and (v.shape, v.dtype.label) for v in outputs]),
        _data_key(inputs, entry.reads),
    )
    found = _REMEMBERED.get(key)
    if found is None:
        found = _ask(entry, OpCase(node, inputs, outputs, graph.opset, entry.reads))
        if len(_REMEMBERED) >= MAX_REMEMBERED:
            _REMEMBERED.clear()
        _REMEMBERED[key] = found
    return found


def macs(node: Node, graph: Graph) -> float:
    """Multiply-accumulates of the op itself, as papers count them: convolutions and matrix products.

    Passes that a compiler adds (scale and shift, all-ones convolutions) do not count, so of a decomposed op
    only its convolutions and products do.
    """
    return macs_of(lowerings(node, graph))


def macs_of(ways: tuple[Lowering, ...]) -> float:
    """The same from what `lowerings` answered."""
    for lowering in ways:
        if lowering.name in ("mac_array", "decomposed"):
            counted = [step for step in lowering.steps if isinstance(step, MacWork)]
            if lowering.name == "decomposed":
                counted = [step for step in counted if step.op == MacOp.CONVOLUTION]
            return float(sum(step.macs for step in counted))
    return 0.0


def _ask(entry: _Entry, case: OpCase) -> tuple[Lowering, ...]:
    written = [value for value in case.outputs if value is not None]
    if written and not any(value.elements for value in written):
        return (VIEW,)  # nothing to write, nothing to do: a Split output of size 0 and the like
    found = entry.rule(case)
    return (found,) if isinstance(found, Lowering) else tuple(found)


def _attributes_key(attributes: dict[str, Any]) -> Any:
    if not attributes:
        return ()
    key = tuple(attributes.items())
    try:
        hash(key)
    except TypeError:  # an array or a list among them
        return tuple((name, _hashable(value)) for name, value in key)
    return key


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return repr(value) if isinstance(value, (list, dict)) else value


def _data_key(inputs: tuple[Value | None, ...], reads: tuple[int, ...]) -> Any:
    if not reads:
        return ()
    found = []
    for index in reads:
        value = inputs[index] if index < len(inputs) else None
        found.append(None if value is None or value.data is None else value.data.tobytes())
    return tuple(found)


def _unknown(node: Node, domain: str) -> UnknownOp:
    where = f", domain='{domain}'" if domain else ""
    return UnknownOp(
        f"no cost for '{node.op_type}' (node '{node.name}'); add one with @op('{node.op_type}'{where})"
        " or pass --allow-unmodelled"
    )
