"""The graph under construction: tensors known so far, nodes that run, and how one more node is taken in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from npusim.errors import BadModel, UnknownShape
from npusim.graph import DType, Node, Value
from npusim.loading import fallback
from npusim.loading.budget import Budget, check_size, short
from npusim.loading.dimensions import option
from npusim.loading.filled import number_behind
from npusim.loading.outputs import foldable, infer_outputs
from npusim.loading.rules import DependsOn, Op, Out, small
from npusim.loading.schemas import UNUSUAL, checked_attributes, type_not_allowed

# Nodes with constant inputs that stay in the graph all the same: they tell the quantisation pass that a
# weight is stored as int8. Layout ops behind them stay too, so that the pass can walk back.
KEPT = frozenset({"QuantizeLinear", "DequantizeLinear"})
KEPT_BEHIND = frozenset({"Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze"})
NEVER_CONSTANT = frozenset({"RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial"})

Thunk = Callable[[], "np.ndarray | None"]
Name = str | tuple[str, ...]  # a tensor, or a sequence of tensors


@dataclass(slots=True, repr=False, eq=False)
class Segment:
    """What was added to the graph between a mark and now, set aside: see `Builder.take`."""

    env: list[tuple[str, Value]]
    lazy: dict[str, Thunk]
    kept: set[str]
    nodes: list[Node]
    node_names: list[str]
    carried: list[tuple[str, str]]
    warnings: list[str]
    visited: int


@dataclass(slots=True, repr=False, eq=False)
class Scope:
    """Names inside one graph, function or subgraph, and the tensors they stand for."""

    prefix: str = ""
    parent: Scope | None = None
    names: dict[str, Name] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    opsets: dict[str, int] = field(default_factory=dict)
    declared: dict[str, Any] = field(default_factory=dict)  # value_info, by name

    def find(self, name: str) -> Name | None:
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None


@dataclass(slots=True, repr=False, eq=False)
class Builder:
    upper_bound: bool = False
    dims: dict[str, int] = field(default_factory=dict)
    functions: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    folder: str = ""
    env: dict[str, Value] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    lazy: dict[str, Thunk] = field(default_factory=dict)  # values not yet computed or read
    kept: set[str] = field(default_factory=set)
    carried: list[tuple[str, str]] = field(default_factory=list)  # loop state: name in, name out
    warnings: dict[str, None] = field(default_factory=dict)  # in order, each once
    node_names: dict[str, int] = field(default_factory=dict)
    suffixes: dict[str, int] = field(default_factory=dict)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    visited: int = 0
    budget: Budget = field(default_factory=lambda: Budget(2**63))
    trips: dict[str, int] = field(default_factory=dict)  # upper bounds by the name of the loop; '' for all
    loops: set[str] = field(default_factory=set)  # loops whose count only the data know
    undecided: set[str] = field(default_factory=set)  # Ifs whose branch only the data know
    settled: dict[Any, set[int]] = field(default_factory=dict)  # states of a loop that are no constants
    inputs: dict[str, Value] = field(default_factory=dict)  # of the whole graph
    typed: set[str] = field(default_factory=set)  # what has been said of element types
    metadata: dict[str, str] = field(default_factory=dict)  # of the node being taken in
    repeats: int = 1

    # Names -----------------------------------------------------------------------------------------
    def fresh(self, base: str, taken: dict[str, Any]) -> str:
        """`base`, or `base_2` and so on if that name is taken."""
        name = base
        while name in taken:
            self.suffixes[base] = self.suffixes.get(base, 1) + 1
            name = f"{base}_{self.suffixes[base]}"
        return name

    def node_name(self, scope: Scope, given: str, kind: str, index: int) -> str:
        name = self.fresh(scope.prefix + (given or f"{kind}_{index}"), self.node_names)
        self.node_names[name] = 1
        return name

    def define(self, scope: Scope, local: str) -> str:
        """The tensor a local name stands for from now on."""
        if local in scope.names:
            raise BadModel(f"tensor '{local}' is defined twice")
        name = self.fresh(scope.prefix + local, self.env)
        scope.names[local] = name
        return name

    def constant(
        self, name: str, dtype: DType, shape: tuple[int, ...], data: np.ndarray | None = None
    ) -> str:
        """Add a constant under a fresh name; without data it is one whose value is not known here."""
        name = self.fresh(name, self.env)
        self.env[name] = Value(name, shape, dtype, True, data)
        return name

    # Values ----------------------------------------------------------------------------------------
    def fetch(self, value: Value) -> np.ndarray | None:
        """The value of a small constant, computed or read now if it has not been."""
        value = self.env.get(value.name, value)
        if value.data is None and value.name in self.lazy:
            data = self.lazy.pop(value.name)()
            if data is not None:
                self.env[value.name] = replace(value, data=data)
            return data
        return value.data

    def warn(self, sentence: str) -> None:
        self.warnings.setdefault(sentence)

    # Trials ----------------------------------------------------------------------------------------
    def mark(self) -> tuple[int, ...]:
        return (
            len(self.env),
            len(self.nodes),
            len(self.node_names),
            len(self.carried),
            len(self.warnings),
            self.visited,
        )

    def rollback(self, mark: tuple[int, ...]) -> None:
        """Forget everything since `mark`."""
        env, nodes, names, carried, warnings, self.visited = mark
        while len(self.env) > env:
            name, _ = self.env.popitem()
            self.lazy.pop(name, None)
            self.kept.discard(name)
        while len(self.node_names) > names:
            self.node_names.popitem()
        while len(self.warnings) > warnings:
            self.warnings.popitem()
        del self.nodes[nodes:], self.carried[carried:]

    def take(self, mark: tuple[int, ...]) -> Segment:
        """Set aside everything since `mark`, as `rollback` does, so that `put` can bring it back."""
        added = [name for name, _ in zip(reversed(self.env), range(len(self.env) - mark[0]), strict=False)][
            ::-1
        ]
        names = [
            n for n, _ in zip(reversed(self.node_names), range(len(self.node_names) - mark[2]), strict=False)
        ]
        said = [s for s, _ in zip(reversed(self.warnings), range(len(self.warnings) - mark[4]), strict=False)]
        segment = Segment(
            [(name, self.env[name]) for name in added],
            {name: self.lazy[name] for name in added if name in self.lazy},
            {name for name in added if name in self.kept},
            self.nodes[mark[1] :],
            names[::-1],
            self.carried[mark[3] :],
            said[::-1],
            self.visited - mark[5],
        )
        self.rollback(mark)
        return segment

    def put(self, segment: Segment) -> None:
        """Bring back what `take` set aside; nothing else may have been added in between."""
        self.env.update(segment.env)
        self.lazy.update(segment.lazy)
        self.kept |= segment.kept
        self.nodes += segment.nodes
        self.node_names.update(dict.fromkeys(segment.node_names, 1))
        self.carried += segment.carried
        self.warnings.update(dict.fromkeys(segment.warnings))
        self.visited += segment.visited

    # Nodes -----------------------------------------------------------------------------------------
    def apply(
        self,
        kind: str,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
        attributes: dict[str, Any],
        name: str,
        opset: int,
        domain: str = "",
        declared: Callable[[], list[Out] | None] | None = None,
        outs: list[Out] | None = None,
    ) -> None:
        """Take in one node: work out its outputs (unless given), fold it or let it run."""
        env = self.env
        if outs is None:
            attributes = self.fit(kind, domain, opset, len(inputs), attributes, name)
        values = [env[i] if i else None for i in inputs]
        op = Op(
            kind, domain, name, attributes, values, len(outputs), opset, self.fetch,
            self.warn if self.upper_bound else None,
        )  # fmt: skip
        if outs is None:
            try:
                outs = infer_outputs(op, declared)
            except DependsOn as error:
                raise UnknownShape(f"{error}{self.set_remedy(error.tensor)}") from None
        given = [v.constant for v in values if v is not None]
        constant = bool(given) and all(given) and kind not in NEVER_CONSTANT and foldable(kind, domain)
        folded = constant
        if not constant:
            folded = all(out.data is not None for out in outs)
        for position, (output, out) in enumerate(zip(outputs, outs, strict=False)):
            if not output:
                continue
            if len(out.shape) > 3 or not small(out.shape):
                check_size(output, out.shape)
            kept = small(out.shape)
            number = number_behind(op) if constant and out.data is None and not kept else None
            env[output] = Value(
                output, out.shape, out.dtype, folded, out.data if folded else None, number=number
            )
            if constant and out.data is None and kept:
                self.lazy[output] = partial(fallback.evaluate, op, position)
        if (
            folded
            and not domain
            and (kind in KEPT or (kind in KEPT_BEHIND and not self.kept.isdisjoint(inputs)))
        ):
            self.kept.update(outputs)
        elif folded:
            return
        if not domain and any(v is not None and v.dtype.label in UNUSUAL for v in values[:4]):
            wrong = type_not_allowed(
                kind, opset, tuple(["" if v is None else v.dtype.label for v in values[:4]])
            )
            if wrong and wrong not in self.typed:
                self.typed.add(wrong)
                self.warn(f"node '{short(name)}': {wrong}; a runtime may refuse it")
        self.nodes.append(
            Node(name, kind, inputs, outputs, attributes, domain, self.repeats, metadata=self.metadata)
        )

    def fit(
        self, kind: str, domain: str, opset: int, inputs: int, attributes: dict[str, Any], name: str
    ) -> dict[str, Any]:
        """The attributes as the op defines them; `BadModel` names the node where they are wrong."""
        try:
            return checked_attributes(
                kind,
                domain,
                opset,
                inputs,
                attributes,
                lambda what: self.warn(f"node '{short(name)}' {what}"),
            )
        except ValueError as error:
            raise BadModel(f"node '{short(name)}' ({kind}): {error}") from None

    def set_remedy(self, tensor: str) -> str:
        """How to give an input its value that decides a shape, empty where it is no small input."""
        value = self.inputs.get(tensor)
        if value is None or value.elements > 16:
            return ""
        example = "1" if not value.shape else "[" + ",".join("1" * value.elements) + "]"
        return f", or give the input a value with {option('--set', tensor, example)}"

    def copy(self, name: str, source: str, output: str, repeats: int) -> None:
        """Add an Identity whose output is no constant, though its input may be one: how loop state starts."""
        value = self.env[source]
        self.env[output] = Value(output, value.shape, value.dtype)
        self.nodes.append(Node(name, "Identity", (source,), (output,), {}, "", repeats))
