"""Making a node out of tensors and asking for its lowerings; the table of examples, `CASES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from npusim.graph import DType, Graph, Node, Value
from npusim.ops import lowerings
from npusim.work import Lowering, MacOp, MacWork, VectorWork

Example = tuple[list["Value | None"], list[Value], dict[str, Any]]
CASES: dict[tuple[str, str], Callable[[int, int], Example]] = {}
MS = "com.microsoft"
I64, U8, BOOL = DType.INT64, DType.UINT8, DType.BOOL


def tensor(*shape: int, dtype: DType = DType.FLOAT, constant: bool = False) -> Value:
    return Value("", tuple(shape), dtype, constant)


def constant(*numbers: int, dtype: DType = I64) -> Value:
    return Value("", (len(numbers),), dtype, True, np.array(numbers))


def weight(*shape: int, dtype: DType = DType.FLOAT) -> Value:
    return tensor(*shape, dtype=dtype, constant=True)


def ask(
    op: str,
    inputs: list[Value | None],
    outputs: list[Value],
    domain: str = "",
    opset: int = 18,
    name: str = "node",
    **attributes: Any,
) -> dict[str, Lowering]:
    """Lowerings by name of a node made of these tensors."""
    node, graph = graph_of(op, inputs, outputs, domain, opset, name, attributes)
    return {lowering.name: lowering for lowering in lowerings(node, graph)}


def graph_of(
    op: str,
    inputs: list[Value | None],
    outputs: list[Value],
    domain: str = "",
    opset: int = 18,
    name: str = "node",
    attributes: dict[str, Any] | None = None,
) -> tuple[Node, Graph]:
    values: dict[str, Value] = {}
    names: list[list[str]] = []
    for side, prefix in ((inputs, "in"), (outputs, "out")):
        names.append(["" if v is None else f"{prefix}{i}" for i, v in enumerate(side)])
        for label, v in zip(names[-1], side, strict=True):
            if v is not None:
                values[label] = Value(label, v.shape, v.dtype, v.constant, v.data)
    node = Node(name, op, tuple(names[0]), tuple(names[1]), attributes or {}, domain)
    return node, Graph("graph", (node,), values, (), (), opset)


def measure(lowering: Lowering) -> float:
    """All the counts of a lowering in one number: window taps, elements and bytes."""
    total = 0.0
    for step in lowering.steps:
        if isinstance(step, MacWork):
            depth = step.in_c if step.op == MacOp.CONVOLUTION else 1
            outputs = step.groups * step.out_h * step.out_w * step.out_c
            total += outputs * step.kernel_h * step.kernel_w * depth
        else:
            total += step.elements if isinstance(step, VectorWork) else step.nbytes
    return total


def case(
    *names: str, domain: str = ""
) -> Callable[[Callable[[int, int], Example]], Callable[[int, int], Example]]:
    def add(make: Callable[[int, int], Example]) -> Callable[[int, int], Example]:
        CASES.update({(domain, name): make for name in names})
        return make

    return add


def words(text: str) -> list[str]:
    return text.split()
