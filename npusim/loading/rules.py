"""What a shape rule sees of a node, and where the rules are kept.

A rule is a function `Op -> list[Out]`, one `Out` (type, shape, value if known) for each output, registered
under its op with ``@rule("Add", "Sub")``. It uses NumPy only. Trouble with the model is a `ValueError`; the
builder adds which node it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from math import prod
from typing import Any, NamedTuple

import numpy as np

from npusim.errors import BadArgument, UnknownShape
from npusim.graph import DType, Value
from npusim.loading.tensors import KEEP_ELEMENTS

Shape = tuple[int, ...]


class Out(NamedTuple):
    """What is known of one output; `data` is its value, kept for small constants only."""

    dtype: DType
    shape: Shape
    data: np.ndarray | None = None


class Op:
    """One node while its shapes are worked out."""

    __slots__ = ("attributes", "bounded", "count", "domain", "fetch", "inputs", "kind", "name", "opset")

    def __init__(
        self,
        kind: str,
        domain: str,
        name: str,
        attributes: dict[str, Any],
        inputs: list[Value | None],
        count: int,
        opset: int,
        fetch: Callable[[Value], np.ndarray | None],
        bounded: Callable[[str], None] | None,
    ) -> None:
        self.kind, self.domain, self.name, self.attributes = kind, domain, name, attributes
        self.inputs, self.count, self.opset = inputs, count, opset
        self.fetch = fetch
        # Called with a sentence when a shape is an upper bound; None when bounds are not wanted.
        self.bounded = bounded

    def x(self, index: int = 0) -> Value:
        """A required input."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise ValueError(f"input {index} is missing")
        return value

    def opt(self, index: int) -> Value | None:
        """An optional input."""
        return self.inputs[index] if index < len(self.inputs) else None

    def need(self, index: int) -> np.ndarray:
        """The value of an input that decides on a shape."""
        value = self.x(index)
        data = value.data if value.data is not None else self.fetch(value)
        if data is None:
            raise DependsOn(
                f"node '{self.name}' ({self.kind}): its shape depends on the value of '{value.name}', "
                "which is known at run time only; export the model with fixed shapes",
                value.name,
            )
        return data

    def ints(self, name: str, index: int) -> tuple[int, ...] | None:
        """Integers that old opsets give as an attribute and newer ones as an input; None if not given."""
        if name in self.attributes:
            given = self.attributes[name]
            return tuple(given) if isinstance(given, tuple) else (int(given),)
        if self.opt(index) is None:
            return None
        data = self.need(index)
        if data.dtype.kind not in "iu":
            raise ValueError(f"input {index}, the {name}, must be integers, not {data.dtype}")
        return tuple(data.reshape(-1).tolist())

    def unknown(self, why: str) -> UnknownShape:
        return UnknownShape(f"node '{self.name}' ({self.kind}): {why}")


class DependsOn(UnknownShape):
    """A shape that the value of one tensor decides; `tensor` is its name."""

    def __init__(self, sentence: str, tensor: str) -> None:
        super().__init__(sentence)
        self.tensor = tensor


Rule = Callable[[Op], list[Out]]
RULES: dict[str, Rule] = {}


def rule(*kinds: str, domain: str = "", replace: bool = False) -> Callable[[Rule], Rule]:
    """Register a shape rule for these ops. A second rule of one op is refused unless `replace` says so: it would
    win in silence."""

    def register(function: Rule) -> Rule:
        # A user's rule stands beside npusim's own, or for one of them; one made by `exec` has no module.
        if not str(function.__module__).startswith("npusim.loading."):
            import_module("npusim.loading.all_rules")
        for kind in kinds:
            key = f"{domain}.{kind}" if domain else kind
            if key in RULES and not replace:
                old = RULES[key]
                raise BadArgument(
                    f"'{kind}' of domain '{domain or 'ai.onnx'}' has a shape rule already, {old.__name__} in "
                    f"{old.__module__}; pass replace=True to take its place"
                )
            RULES[key] = function
        return function

    return register


def small(shape: Shape) -> bool:
    return prod(shape) <= KEEP_ELEMENTS


def axis_in(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} does not exist, the tensor has {rank} dimensions")
    return axis % rank if rank else 0


def broadcast(*shapes: Shape) -> Shape:
    """The shape these shapes broadcast to."""
    result = shapes[0]
    for shape in shapes[1:]:
        if shape == result:
            continue
        rank = max(len(result), len(shape))
        a = (1,) * (rank - len(result)) + result
        b = (1,) * (rank - len(shape)) + shape
        for p, q in zip(a, b, strict=True):
            if p != q and p != 1 and q != 1:
                raise ValueError(f"shapes {result} and {shape} do not broadcast")
        result = tuple(q if p == 1 else p for p, q in zip(a, b, strict=True))
    return result


def checked(shape: Sequence[int]) -> Shape:
    """A computed shape, refused when a dimension came out negative."""
    result = tuple(int(d) for d in shape)
    if result and min(result) < 0:
        raise ValueError(f"the output shape would be {result}")
    return result
