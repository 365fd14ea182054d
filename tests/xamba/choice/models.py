"""Models to choose rewrites for: a segment sum, layers of a small state-space model, random graphs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir
from hypothesis import strategies as st
from onnx import helper as h

from tests.xamba.build import constant, model, value


def segment_sum(length: int, heads: int = 8) -> ir.Model:
    """exp of the segment sum of [1, heads, length], as Mamba-2 writes it: one CumSum between two masks."""
    ones = np.ones((length, length), bool)
    shape = (1, heads, length, length)
    nodes = [
        h.make_node("Unsqueeze", ["a", "last"], ["u"], name="unsqueeze"),
        h.make_node("Expand", ["u", "shape"], ["e"], name="expand"),
        h.make_node("Where", ["lower", "e", "zero"], ["w"], name="where"),
        h.make_node("CumSum", ["w", "axis"], ["c"], name="cumsum"),
        h.make_node("Where", ["tril", "c", "low"], ["m"], name="mask"),
        h.make_node("Exp", ["m"], ["y"], name="exp"),
    ]
    constants = [
        constant("last", [-1]), constant("shape", shape), constant("axis", 2),
        constant("zero", 0, np.float32), constant("low", -1e4, np.float32),
        constant("lower", np.tril(ones, -1), bool), constant("tril", np.tril(ones), bool),
    ]  # fmt: skip
    return model(nodes, [value("a", (1, heads, length))], [value("y", shape)], constants)


def layers(count: int, rows: int = 16, width: int = 32, padding: int = 16) -> ir.Model:
    """`count` equal residual layers, each with a CumSum, a ReduceSum and `padding` small ops."""
    nodes, constants, x = [], [constant("axis", 1), constant("axes", [-1])], "x"
    for layer in range(count):
        rng = np.random.default_rng(layer)
        constants.append(constant(f"w{layer}", rng.normal(size=(width, width)) / width, np.float32))
        steps = [("MatMul", [x, f"w{layer}"]), ("CumSum", [None, "axis"])]
        steps += [("Tanh" if i % 2 else "Neg", [None]) for i in range(padding)]
        steps += [("Sub", [None, x]), ("ReduceSum", [None, "axes"]), ("Add", [None, x])]
        last = x
        for number, (op, inputs) in enumerate(steps):
            out = f"l{layer}_{number}"
            names = [last if name is None else name for name in inputs]
            nodes.append(h.make_node(op, names, [out], name=f"layer{layer}/{number}_{op}"))
            last = out
        x = last
    shape = (1, rows, width)
    return model(nodes, [value("x", shape)], [value(x, shape)], constants)


OPS = (
    "Neg",
    "Exp",
    "Sigmoid",
    "Softplus",
    "CumSum",
    "CumSum0",
    "ReduceSum",
    "ReduceMean",
    "Add",
    "Mul",
    "MatMul",
)


@st.composite
def graphs(draw: st.DrawFn, most: int = 8) -> ir.Model:
    """A random graph over [2, n, n] with ops that passes are about, and some that none is about."""
    size = draw(st.sampled_from((1, 3, 16, 40, 130)))
    shape = (2, size, size)
    known, nodes = ["x"], []
    for number in range(draw(st.integers(1, most))):
        op = draw(st.sampled_from(OPS))
        a, b = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        inputs = [a, b] if op in ("Add", "Mul", "MatMul") else [a]
        inputs += {"CumSum": ["axis"], "CumSum0": ["axis0"], "ReduceSum": ["axes"]}.get(op, [])
        attributes = {"axes": [-1]} if op == "ReduceMean" else {}
        nodes.append(h.make_node(op.rstrip("0"), inputs, [f"v{number}"], name=f"n{number}", **attributes))
        known.append(f"v{number}" if not op.startswith("Reduce") else f"e{number}")
        if op.startswith("Reduce"):  # back to the common shape
            nodes.append(h.make_node("Expand", [f"v{number}", "shape"], [f"e{number}"], name=f"x{number}"))
    constants = [constant("axis", -1), constant("axis0", 1), constant("axes", [-1]), constant("shape", shape)]
    return model(nodes, [value("x", shape)], [value(known[-1], shape)], constants)


def labels(m: ir.Model, op_types: Sequence[str]) -> list[str]:
    return [node.name or "" for node in m.graph if node.op_type in op_types]
