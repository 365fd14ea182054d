"""Small models of what the loader takes apart: branches, loops, sequences, functions, sparse and quantised weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper

from tests.loading.make import BOOL, INT64, body, model, node

ONE, TRUE = np.array(1, np.int64), np.array(True)


def branch() -> Any:
    then, other = (body([node(op, ["x"], ["b"])], {}, ["b"]) for op in ("Relu", "Sigmoid"))
    nodes = [node("If", ["c"], ["y"], name="if", then_branch=then, else_branch=other)]
    return model(nodes, {"x": [2, 3], "c": (BOOL, [])}, ["y"])


def nested_branch() -> Any:
    inner = [body([node(op, ["x"], ["b"])], {}, ["b"]) for op in ("Relu", "Tanh")]
    deep = body(
        [node("If", ["d"], ["b"], name="deep", then_branch=inner[0], else_branch=inner[1])], {}, ["b"]
    )
    nodes = [node("If", ["c"], ["y"], name="if", then_branch=deep, else_branch=inner[1])]
    return model(nodes, {"x": [2, 3], "c": (BOOL, []), "d": (BOOL, [])}, ["y"])


def loop() -> Any:
    """Counts to a limit that a constant names; its state and one stacked result leave."""
    inside = [node("Add", ["s", "x"], ["t"]), node("Identity", ["go"], ["on"]), node("Relu", ["t"], ["each"])]
    inner = body(inside, {"i": (INT64, []), "go": (BOOL, []), "s": [2, 3]}, ["on", "t", "each"])
    nodes = [node("Loop", ["n", "true", "x"], ["last", "all"], name="loop", body=inner)]
    return model(nodes, {"x": [2, 3]}, ["last", "all"], {"n": np.array(5, np.int64), "true": TRUE})


def counted_by_its_condition() -> Any:
    inside = [
        node("Add", ["k", "one"], ["k2"]),
        node("Less", ["k2", "most"], ["on"]),
        node("Relu", ["s"], ["t"]),
    ]
    inner = body(
        inside, {"i": (INT64, []), "go": (BOOL, []), "k": (INT64, []), "s": [2, 3]}, ["on", "k2", "t"]
    )
    nodes = [node("Loop", ["", "true", "zero", "x"], ["k_last", "y"], name="loop", body=inner)]
    weights = {"true": TRUE, "zero": np.array(0, np.int64), "one": ONE, "most": np.array(7, np.int64)}
    return model(nodes, {"x": [2, 3]}, ["y"], weights)


def scan() -> Any:
    inner = body(
        [node("Add", ["s", "v"], ["t"]), node("Identity", ["t"], ["o"])], {"s": [3], "v": [3]}, ["t", "o"]
    )
    nodes = [node("Scan", ["s0", "x"], ["last", "all"], name="scan", body=inner, num_scan_inputs=1)]
    return model(nodes, {"x": [4, 3]}, ["last", "all"], {"s0": np.zeros(3, np.float32)})


def sequences() -> Any:
    inner = body([node("Relu", ["e"], ["r"])], {"e": None}, ["r"])
    nodes = [
        node("SplitToSequence", ["x", "one"], ["s"], axis=0, name="split"),
        node("SequenceMap", ["s"], ["m"], name="map", body=inner),
        node("SequenceAt", ["m", "one"], ["a"], name="at"),
        node("SequenceInsert", ["m", "a"], ["l"], name="insert"),
        node("ConcatFromSequence", ["l"], ["y"], axis=0, name="join"),
    ]
    return model(nodes, {"x": [4, 3]}, ["y"], {"one": ONE})


def functions() -> Any:
    """A function that calls another, with an attribute handed down."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    inner = helper.make_function(
        "mine", "Inner", ["a"], ["b"], [node("Softmax", ["a"], ["b"])], opsets, ["axis"]
    )
    handed = helper.make_attribute("axis", 1)
    handed.ref_attr_name, handed.i = "axis", 0
    inner.node[0].attribute.append(handed)
    calls = [
        node("Inner", ["a"], ["b"], domain="mine", axis=1),
        node("Inner", ["b"], ["c"], domain="mine", axis=0),
    ]
    outer = helper.make_function("mine", "Outer", ["a"], ["c"], calls, opsets)
    nodes = [
        node("Outer", ["x"], ["y"], domain="mine", name="call"),
        node("Outer", ["y"], ["z"], domain="mine"),
    ]
    return model(nodes, {"x": [2, 3]}, ["z"], functions=[inner, outer], domains=("mine",))


def sparse() -> Any:
    proto = model([node("MatMul", ["x", "w"], ["y"], name="m")], {"x": [2, 4]}, ["y"])
    values = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    places = helper.make_tensor("at", TensorProto.INT64, [2], [1, 6])
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [4, 3]))
    return proto


def shapes_of_shapes() -> Any:
    """What exporters write around a Reshape."""
    nodes = [
        node("Shape", ["x"], ["s"]), node("Gather", ["s", "zero"], ["b"]), node("Unsqueeze", ["b", "axes"], ["b1"]),
        node("Concat", ["b1", "rest"], ["to"], axis=0), node("Reshape", ["x", "to"], ["r"], name="reshape"),
        node("Slice", ["r", "axes", "ends", "axes"], ["c"], name="slice"), node("Transpose", ["c"], ["t"]),
        node("MatMul", ["t", "c"], ["m"], name="mm"), node("CumSum", ["m", "axes"], ["y"], name="sum"),
    ]  # fmt: skip
    weights = {"zero": np.array(0), "axes": np.array([0]), "rest": np.array([-1]), "ends": np.array([2])}
    return model(nodes, {"x": [4, 3, 2]}, ["y"], weights)


def quantised() -> Any:
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        node("DequantizeLinear", ["w", "s", "z"], ["wd"]), node("Conv", ["d", "wd"], ["c"], name="conv"),
        node("Clip", ["c", "low", "high"], ["y"]),
    ]  # fmt: skip
    weights = {
        "s": np.float32(0.1), "z": np.uint8(128), "w": np.zeros((4, 3, 3, 3), np.uint8), "low": np.float32(0),
        "high": np.float32(6),
    }  # fmt: skip
    return model(nodes, {"x": [1, 3, 8, 8]}, ["y"], weights)


CONTROL = (
    branch, nested_branch, loop, counted_by_its_condition, scan, sequences, functions, sparse, shapes_of_shapes,
    quantised,
)  # fmt: skip
