"""Which rule says what work an op is, and the one door to ask: `lowerings(node, graph)`.

A rule is a function of an `OpCase` and returns one or several `Lowering`s. It looks at shapes,
types, attributes and (where it says so with `reads=`) at the data of small constant inputs, never
at hardware. Answers are remembered by exactly those things, so the thousands of equal nodes of a
deep network cost one call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from npusim.errors import BadArgument, BadModel, NpusimError, TooLarge, UnknownOp
from npusim.graph import Graph, Node, Value
from npusim.ops.kernels import LOWERINGS
from npusim.ops.keys import attributes_key, data_key
from npusim.ops.left_out import LEFT_OUT
from npusim.work import Lowering, MacOp, MacWork, VectorWork, Work

VIEW = Lowering("view", ())
KIND_OF_ENGINE = {"mac_array": "MacWork", "dsp": "VectorWork", "dma": "MoveWork"}
MAX_REMEMBERED = 50_000
#: Attribute of a node that brings its own lowerings, because an engine that no rule knows is to run it.
OWN_WORKS = "npusim.works"


class OpCase(NamedTuple):
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


class OpInfo(NamedTuple):
    """What `npusim ops` lists. `works` are the kinds of work, `lowerings` in the rule's own words."""

    op: str
    domain: str
    works: tuple[str, ...]
    engines: tuple[str, ...]
    lowerings: tuple[str, ...]
    kernels: tuple[str, ...]


class _Entry(NamedTuple):
    rule: Rule
    info: OpInfo
    reads: tuple[int, ...]
    ranks: dict[int, tuple[int, ...]]


_RULES: dict[tuple[str, str], _Entry] = {}
_REMEMBERED: dict[tuple[Any, ...], tuple[Lowering, ...]] = {}
_CHANGES: list[tuple[str, ...]] = []


def op(
    *names: str,
    engines: tuple[str, ...] = (),
    domain: str = "",
    lowerings: tuple[str, ...] = ("dsp",),
    kernels: tuple[str, ...] = (),
    reads: tuple[int, ...] = (),
    ranks: dict[int, tuple[int, ...]] | None = None,
    replace: bool = False,
) -> Callable[[Rule], Rule]:
    """Register a rule for the ops `names` of `domain` ('' is ONNX's own).

    `lowerings` and `kernels` list what the rule may return (shown by `npusim ops`); `engines`
    follows from `lowerings` unless given; `reads` are the inputs whose data the rule looks at. `ranks` says
    how many dimensions an input must have (by its number); a node with another is refused before the rule is asked.
    A second rule of one op is refused unless `replace` says so: it would win in silence.
    """
    found = engines or tuple(dict.fromkeys(e for name in lowerings for e in LOWERINGS.get(name, ((), ""))[0]))
    works = tuple(KIND_OF_ENGINE[engine] for engine in found if engine in KIND_OF_ENGINE)

    def register(rule: Rule) -> Rule:
        for name in names:
            info = OpInfo(name, domain, works, found, lowerings, kernels)
            if (domain, name) in _RULES and not replace:
                old = _RULES[domain, name].rule
                raise BadArgument(
                    f"'{name}' of domain '{domain or 'ai.onnx'}' has a cost already, {old.__name__} in "
                    f"{old.__module__}; pass replace=True to take its place"
                )
            _RULES[domain, name] = _Entry(rule, info, reads, ranks or {})
        _REMEMBERED.clear()
        _CHANGES.append(names)
        return rule

    return register


def rules_known() -> int:
    """Grows with every rule that is registered: what was made by fewer may be out of date."""
    return len(_CHANGES)


def known_ops() -> list[OpInfo]:
    """All ops with a rule, by domain and name."""
    return [entry.info for _, entry in sorted(_RULES.items())]


def lowerings(node: Node, graph: Graph) -> tuple[Lowering, ...]:
    """All ways to run `node`, in the rule's order.

    Raises UnknownOp when no rule is registered, BadModel when shapes contradict each other.
    """
    if OWN_WORKS in node.attributes:
        own: tuple[Lowering, ...] = node.attributes[OWN_WORKS]
        return own
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
        attributes_key(node.attributes),
        tuple([v and (v.shape, v.dtype.label, v.constant) for v in inputs]),
        tuple([v and (v.shape, v.dtype.label) for v in outputs]),
        data_key(inputs, entry.reads),
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
        if lowering.macs is not None:
            return lowering.macs
        if lowering.name in ("mac_array", "decomposed"):
            counted = [step for step in lowering.steps if isinstance(step, MacWork)]
            if lowering.name == "decomposed":
                counted = [step for step in counted if step.op == MacOp.CONVOLUTION]
            return float(sum(step.macs for step in counted))
    return 0.0


def _ask(entry: _Entry, case: OpCase) -> tuple[Lowering, ...]:
    """The rule's answer, checked: the one guard in front of all rules and behind them.

    Attributes had their types checked by the loader. Whatever a node that contradicts itself still breaks in a
    rule is an error that names the node and what it looks like.
    """
    written = [value for value in case.outputs if value is not None]
    if written and not any(value.elements for value in written):
        return (VIEW,)  # nothing to write, nothing to do: a Split output of size 0 and the like
    read = [value for value in case.inputs if value is not None and not value.constant]
    if read and not any(value.elements for value in read):
        return (VIEW,)  # nothing to read: the sum of an empty tensor is a known number
    for index, ranks in entry.ranks.items():
        if case.has(index) and len(case.input(index).shape) not in ranks:
            wanted = " or ".join(str(rank) for rank in ranks)
            raise case.wrong(f"input {index} {list(case.input(index).shape)} must have {wanted} dimensions")
    try:
        found = entry.rule(case)
        ways = (found,) if isinstance(found, Lowering) else tuple([*found])  # its own: known by its identity
        sane = all(_sane(step) for way in ways for step in way.steps[:MOST_CHECKED])
    except TooLarge as error:
        raise TooLarge(f"{case.node.op_type} node '{case.node.name}': {error}") from None
    except NpusimError:
        raise
    except MemoryError:
        raise TooLarge(
            f"{case.node.op_type} node '{case.node.name}' takes too much memory; {_looks(case)}"
        ) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, AssertionError) as error:
        # What Python says of a list that is too short helps no user; what a rule says of a value may.
        what = f" ({' '.join(str(error).split())[:120]})" if isinstance(error, ValueError) else ""
        raise case.wrong(f"its inputs and attributes do not fit{what}; {_looks(case)}") from error
    if not sane:
        raise case.wrong(f"its work comes to no possible amount; {_looks(case)}")
    return ways


MOST_CHECKED = 64  # steps of a lowering; a recurrence repeats the same few
MOST_AMOUNT = 1e24  # of anything an op may count; beyond, a price overflows


def _sane(step: Work) -> bool:
    """Whether every number of a work is finite, not negative and no more than the largest tensors give."""
    if isinstance(step, MacWork):
        extents = (step.out_h, step.out_w, step.out_c, step.in_c, step.kernel_h, step.kernel_w, step.groups)
        return all(0 < n < MOST_AMOUNT for n in extents) and step.macs < MOST_AMOUNT**2
    if isinstance(step, VectorWork):
        return bool(0 <= step.elements < MOST_AMOUNT and 0 <= step.rows < MOST_AMOUNT)
    return bool(0 <= step.nbytes < MOST_AMOUNT)


def _looks(case: OpCase) -> str:
    """Shapes and attributes of a node, for a sentence."""
    shapes = ", ".join("-" if v is None else str(list(v.shape)) for v in case.inputs[:8])
    given = {k: v for k, v in case.node.attributes.items() if isinstance(v, (int, float, str, tuple))}
    text = f"inputs {shapes or 'none'}" + (f", attributes {given}" if given else "")
    return text if len(text) < 300 else text[:300] + "..."


def _unknown(node: Node, domain: str) -> UnknownOp:
    where = f", domain='{domain}'" if domain else ""
    why = LEFT_OUT.get(f"{domain}.{node.op_type}" if domain else node.op_type) or LEFT_OUT.get(domain)
    return UnknownOp(
        f"no cost for '{node.op_type}' (node '{node.name}'){f': {why}' if why else ''}; add one with "
        f"@op('{node.op_type}'{where}) or pass --allow-unmodelled"
    )
