"""Making a node out of tensors and asking for its lowerings; the table of examples, `CASES`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from npusim.errors import NpusimError
from npusim.graph import DType, Graph, Node, Value
from npusim.onnx_io import load
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


def example(key: tuple[str, str], b: int, n: int) -> Example:
    """Tensors of an op: its case, or for an op without one floats [b, n] in and what its shape rule says out."""
    if key in CASES:
        return CASES[key](b, n)
    return _by_its_shape_rule(key, b, n)


@cache
def _by_its_shape_rule(key: tuple[str, str], b: int, n: int) -> Example:
    domain, op_type = key
    refused = None
    for count in (1, 2, 3):
        names = [f"x{i}" for i in range(count)]
        inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [b, n]) for name in names]
        node = helper.make_node(op_type, names, ["y"], name="node", domain=domain)
        output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        opsets = [helper.make_opsetid("", 18), *([helper.make_opsetid(domain, 1)] if domain else [])]
        model = helper.make_model(helper.make_graph([node], "g", inputs, [output]), opset_imports=opsets)
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(model, path := f"{folder}/one.onnx")
            try:
                graph = load(path)
            except NpusimError as error:
                refused = refused or error
                continue
        return [tensor(b, n) for _ in names], [tensor(*graph.values["y"].shape)], {}
    raise AssertionError(f"{op_type} needs an example in tests/ops/cases.py: {refused}")


def words(text: str) -> list[str]:
    return text.split()
