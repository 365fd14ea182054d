"""The operand of a rewrite: its shape, and the few ways to reach a matrix product from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import onnx_ir as ir

from xamba.errors import Keep
from xamba.facts.facts import Dim, Facts
from xamba.workbench import Workbench

T = ir.DataType
FLOATS = (T.FLOAT, T.FLOAT16, T.BFLOAT16, T.DOUBLE)
INTEGERS = (T.INT32, T.INT64, T.UINT32, T.UINT64)


@dataclass(frozen=True)
class Operand:
    """A value with known rank and type; dimensions may be free."""

    value: ir.Value
    shape: tuple[Dim, ...]
    dtype: ir.DataType

    @property
    def rank(self) -> int:
        return len(self.shape)

    def static(self, axis: int, word: str) -> int:
        """The length of an axis that has to be known."""
        dim = self.shape[axis]
        if not isinstance(dim, int):
            named = f" ('{dim}')" if dim else ""
            raise Keep(f"the {word} axis {axis} has a free length{named}")
        return dim


def operand_of(node: ir.Node, facts: Facts) -> Operand:
    """First input of a node; `Keep` when it is constant, empty, or of unknown shape or type."""
    value = node.inputs[0]
    assert value is not None
    fact = facts.of(value)
    if fact.constant or facts.is_constant(value):
        raise Keep("its operand is a constant, so it folds away when the model is compiled")
    if fact.shape is None:
        raise Keep("the shape of its operand is unknown")
    if fact.dtype is None:
        raise Keep("the type of its operand is unknown")
    if 0 in fact.shape:
        raise Keep(f"its operand has no elements (shape {list(fact.shape)})")
    return Operand(value, fact.shape, fact.dtype)


def matmul_type(dtype: ir.DataType, opset: int, integers: bool) -> None:
    """`Keep` unless MatMul takes this type in this opset (ONNX changelog: 9 integers, 13 bfloat16).

    Products of whole numbers are made only when asked for: Intel's compiler refuses them on all three NPU
    generations, and they wrap around where a runtime's sum may saturate.
    """
    if dtype in INTEGERS and not integers:
        name = dtype.name.lower()
        raise Keep(
            f"no NPU takes a product of {name}, and it wraps where a sum may not (--integers makes one)"
        )
    if dtype not in FLOATS + INTEGERS:
        raise Keep(f"MatMul does not take the type {dtype.name.lower()}")
    if opset < (13 if dtype == T.BFLOAT16 else 9):
        raise Keep(f"MatMul does not take the type {dtype.name.lower()} in opset {opset}")


@dataclass(frozen=True)
class Tensor:
    """A value under construction; every method queues nodes and returns the next value."""

    bench: Workbench
    value: ir.Value
    shape: tuple[Dim, ...]
    dtype: ir.DataType

    @property
    def rank(self) -> int:
        return len(self.shape)

    def _next(self, value: ir.Value, shape: Sequence[Dim]) -> Tensor:
        return Tensor(self.bench, value, tuple(shape), self.dtype)

    def matmul_left(self, matrix: ir.Value, shape: Sequence[Dim]) -> Tensor:
        """``matrix @ self``."""
        return self._next(self.bench.node("MatMul", [matrix, self.value], shape, self.dtype), shape)

    def matmul_right(self, matrix: ir.Value, shape: Sequence[Dim]) -> Tensor:
        """``self @ matrix``."""
        return self._next(self.bench.node("MatMul", [self.value, matrix], shape, self.dtype), shape)

    def reshape(self, target: Sequence[int], shape: Sequence[Dim]) -> Tensor:
        """Reshape; `target` may hold 0 (as it was) and one -1 (the rest)."""
        return self._next(self.bench.reshape(self.value, target, shape, self.dtype), shape)

    def pad(self, axis: int, behind: int) -> Tensor:
        """Zeros behind the end of an axis of known length."""
        length = self.shape[axis]
        assert isinstance(length, int)
        pads = [0] * (2 * self.rank)
        pads[self.rank + axis] = behind
        shape = (*self.shape[:axis], length + behind, *self.shape[axis + 1 :])
        amounts = self.bench.ints(pads, "xamba_pads")
        return self._next(self.bench.node("Pad", [self.value, amounts], shape, self.dtype), shape)

    def cut(self, axis: int, length: int) -> Tensor:
        """The first `length` elements along an axis."""
        shape = (*self.shape[:axis], length, *self.shape[axis + 1 :])
        parts = [self.bench.ints([number], "xamba_cut") for number in (0, length, axis)]
        return self._next(self.bench.node("Slice", [self.value, *parts], shape, self.dtype), shape)

    def squeeze(self, axes: Sequence[int]) -> Tensor:
        shape = [d for i, d in enumerate(self.shape) if i not in axes]
        return self._next(self.bench.squeeze("Squeeze", self.value, axes, shape, self.dtype), shape)

    def unsqueeze(self, axis: int) -> Tensor:
        shape = [*self.shape[:axis], 1, *self.shape[axis:]]
        return self._next(self.bench.squeeze("Unsqueeze", self.value, [axis], shape, self.dtype), shape)

    def inner_size(self, axis: int) -> int | None:
        """Number of elements behind an axis; None when one of the lengths is free."""
        inner = self.shape[axis + 1 :]
        return (
            prod(d for d in inner if isinstance(d, int)) if all(isinstance(d, int) for d in inner) else None
        )

    def merge_inner(self, axis: int) -> Tensor:
        """``[*outer, L, *inner]`` -> ``[*outer, L, prod(inner)]``, ``L`` at `axis`."""
        inner = self.inner_size(axis)
        shape = (*self.shape[: axis + 1], inner)
        return self.reshape([0] * (axis + 1) + [-1 if inner is None else inner], shape)

    def restore(self, like: Tensor) -> Tensor:
        """Reshape to the shape of `like`, which may have free dimensions."""
        target = [d if isinstance(d, int) else -1 for d in like.shape]
        if target.count(-1) <= 1:
            return self.reshape(target, like.shape)
        shape = self.bench.node("Shape", [like.value], [like.rank], T.INT64)
        return self._next(self.bench.node("Reshape", [self.value, shape], like.shape, self.dtype), like.shape)
