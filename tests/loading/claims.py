"""Models of a few hundred bytes, or a few kB, that claim much."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper

from tests.loading.make import BOOL, INT64, body, model, node


def nested_ifs(depth: int) -> Any:
    """2^depth ways through them."""

    def level(n: int) -> Any:
        if not n:
            return body([node("Relu", ["x"], ["b"])], {}, ["b"])
        inner = node("If", [f"c{n}"], ["b"], name=f"if{n}", then_branch=level(n - 1), else_branch=level(0))
        return body([inner], {}, ["b"])

    conditions = {f"c{n}": (BOOL, []) for n in range(1, depth + 1)}
    top = node("If", ["c0"], ["y"], name="if", then_branch=level(depth), else_branch=level(0))
    return model([top], {"x": [4], "c0": (BOOL, []), **conditions}, ["y"])


def functions_calling(depth: int) -> Any:
    """Each calls the next twice: 2^depth nodes."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    functions = [helper.make_function("f", "F0", ["a"], ["b"], [node("Relu", ["a"], ["b"])], opsets)]
    for n in range(1, depth):
        calls = [node(f"F{n - 1}", [a], [b], domain="f") for a, b in (("a", "m"), ("m", "b"))]
        functions.append(helper.make_function("f", f"F{n}", ["a"], ["b"], calls, opsets))
    top = node(f"F{depth - 1}", ["x"], ["y"], domain="f", name="call")
    return model([top], {"x": [4]}, ["y"], functions=functions, domains=("f",))


def recurrent(kind: str, steps: int) -> Any:
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    weights = {n: np.zeros((1, gates, 1), np.float32) for n in ("w", "r")}
    return model(
        [node(kind, ["x", "w", "r"], ["y"], hidden_size=1, name="n")], {"x": [steps, 1, 1]}, ["y"], weights
    )


def loops(depth: int, trips: int) -> Any:
    """Loops in loops, each of many trips."""

    def level(n: int) -> Any:
        inside = [node("Identity", ["go"], ["on"])]
        if n:
            inside.append(node("Loop", ["n", "true", "s"], ["t"], name=f"loop{n}", body=level(n - 1)))
        else:
            inside.append(node("Relu", ["s"], ["t"]))
        return body(inside, {"i": (INT64, []), "go": (BOOL, []), "s": None}, ["on", "t"])

    top = node("Loop", ["n", "true", "x"], ["y"], name="loop", body=level(depth))
    return model([top], {"x": [4]}, ["y"], {"n": np.array(trips, np.int64), "true": np.array(True)})


def one(kind: str, shapes: list[Any], weights: dict[str, Any] | None = None, **attributes: Any) -> Any:
    inputs = {f"x{i}": list(shape) for i, shape in enumerate(shapes)}
    names = [*inputs, *(weights or {})]
    return model([node(kind, names, ["y"], name="n", **attributes)], inputs, ["y"], weights)


def dimensions_doubled(times: int) -> Any:
    """Concat of a tensor with itself, again and again."""
    nodes = [node("Concat", [f"t{i}", f"t{i}"], [f"t{i + 1}"], axis=0) for i in range(times)]
    return model(nodes, {"t0": [1]}, [f"t{times}"])


def rank_doubled(times: int) -> Any:
    """The shape of a shape, joined with itself: a tensor of 2^times dimensions."""
    nodes = [node("Concat", [f"s{i}", f"s{i}"], [f"s{i + 1}"], axis=0) for i in range(times)]
    nodes.append(node("Reshape", ["x", f"s{times}"], ["y"], name="n"))
    return model(nodes, {"x": [1]}, ["y"], {"s0": np.array([1], np.int64)})


W = np.zeros((1, 1, 1, 1), np.float32)
CLAIMS = {
    "nested Ifs": lambda: nested_ifs(20),
    "functions that call functions": lambda: functions_calling(40),
    "LSTM of 10^6 steps": lambda: recurrent("LSTM", 10**6),
    "GRU of 10^9 steps": lambda: recurrent("GRU", 10**9),
    "RNN of 2^40 steps": lambda: recurrent("RNN", 2**40),
    "loops in loops": lambda: loops(6, 10**6),
    "a loop of 2^62 trips": lambda: loops(0, 2**62),
    "huge pads of Conv": lambda: one("Conv", [(1, 1, 8, 8)], {"w": W}, pads=[10**9] * 4),
    "Pad": lambda: one("Pad", [(4,)], {"p": np.array([10**15, 10**15])}),
    "Range": lambda: one("Range", [], {"a": np.int64(0), "b": np.int64(2**62), "c": np.int64(1)}),
    "Range of 10^9": lambda: one("Range", [], {"a": np.int64(0), "b": np.int64(10**9), "c": np.int64(1)}),
    "ConstantOfShape": lambda: one("ConstantOfShape", [], {"s": np.array([2**31])}),
    "Tile": lambda: one("Tile", [(4,)], {"r": np.array([2**60])}),
    "Expand of a constant": lambda: one("Expand", [], {"a": np.zeros(1, np.float32), "s": np.array([2**34])}),
    "Split into 10^7": lambda: one("SplitToSequence", [(10**7,)]),
    "Einsum": lambda: one("Einsum", [(2**20, 2**20)], equation="ij->ijijij"),
    "OneHot": lambda: one("OneHot", [], {"i": np.arange(8), "d": np.int64(2**60), "v": np.array([0, 1])}),
    "dimensions doubled": lambda: dimensions_doubled(80),
    "a rank of 2^30": lambda: rank_doubled(30),
    "MaxPool windows": lambda: one("MaxPool", [(1, 1, 10**9, 10**9)], kernel_shape=[10**8, 10**8]),
    "Resize": lambda: one("Resize", [(1, 1, 8, 8)], {"r": np.zeros(0, np.float32), "s": np.float32([1, 1, 1e9, 1e9])}),
    "DFT": lambda: one("DFT", [(1, 2**40, 1)]),
    "EyeLike": lambda: one("EyeLike", [(2**30, 2**30)]),
    "Upsample": lambda: one("Upsample", [(1, 1, 2, 2)], {"s": np.float32([1e9, 1e9, 1e9, 1e9])}),
    "DepthToSpace": lambda: one("DepthToSpace", [(1, 2**40, 1, 1)], blocksize=2**20),
    "TopK": lambda: one("TopK", [(2**40,)], {"k": np.array([2**40])}),
    "NonZero": lambda: one("NonZero", [(2**31, 2**31)]),
    "BlackmanWindow": lambda: one("BlackmanWindow", [], {"n": np.int64(2**50)}),
}  # fmt: skip
