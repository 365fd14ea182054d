"""A command line without a process, and small models to give it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from npusim.cli import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def npusim(monkeypatch, capsys) -> Callable[..., Answer]:
    """`npusim("run", path)`: what the command of that name answers, run in this process."""

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["npusim", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "80")
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Answer(code, *capsys.readouterr())

    return call


def save(path: Path, nodes: list[onnx.NodeProto], shape: list[int | str], domain: str = "") -> Path:
    """A model from x to y with a 64x64 weight w and an axis."""
    weight = numpy_helper.from_array(np.ones((64, 64), np.float32), "w")
    axis = numpy_helper.from_array(np.array(1, np.int64), "axis")
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [weight, axis],
        value_info=[helper.make_tensor_value_info("f", TensorProto.FLOAT, [1, 64, 64])] if domain else [],
    )
    opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


CUMSUM_MATMUL = [
    helper.make_node("CumSum", ["x", "axis"], ["c"], name="/block.0/CumSum"),
    helper.make_node("MatMul", ["c", "w"], ["m"], name="/block.0/MatMul"),
    helper.make_node("Sigmoid", ["m"], ["y"], name="/block.1/Sigmoid"),
]


@pytest.fixture
def model(tmp_path) -> Path:
    return save(tmp_path / "model.onnx", CUMSUM_MATMUL, [1, 64, 64])


@pytest.fixture
def free_model(tmp_path) -> Path:
    return save(tmp_path / "free.onnx", CUMSUM_MATMUL, ["batch", 64, 64])


@pytest.fixture
def strange_model(tmp_path) -> Path:
    strange = helper.make_node("Frobnicate", ["x"], ["f"], name="/frob", domain="strange")
    nodes = [
        helper.make_node("MatMul", ["f", "w"], ["m"], name="/mm"),
        helper.make_node("Sigmoid", ["m"], ["y"]),
    ]
    return save(tmp_path / "strange.onnx", [strange, *nodes], [1, 64, 64], "strange")
