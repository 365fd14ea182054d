"""Weights that several convolutions read, and transposes of images that lie in the order asked for.

Evidence: Intel's compiler 8.4 on heads over several levels, NPU 3720, 4000 and 5010 (see shared_weights.py)."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")


def heads(rows: tuple[int, ...], channels: int, results: int, weights: int = 1):
    """Convolutions of `rows` x `rows` images by `weights` different constants in turn."""
    shape = (results, channels, 3, 3)
    constants = [numpy_helper.from_array(np.zeros(shape, np.float16), f"w{i}") for i in range(weights)]
    nodes, inputs, outputs = [], [], []
    for i, n in enumerate(rows):
        nodes.append(helper.make_node("Conv", [f"x{i}", f"w{i % weights}"], [f"c{i}"], f"c{i}", pads=[1] * 4))
        nodes.append(helper.make_node("Transpose", [f"c{i}"], [f"t{i}"], f"t{i}", perm=[0, 2, 3, 1]))
        nodes.append(helper.make_node("Sigmoid", [f"t{i}"], [f"y{i}"], f"y{i}"))
        half = TensorProto.FLOAT16
        inputs.append(helper.make_tensor_value_info(f"x{i}", half, [1, channels, n, n]))
        outputs.append(helper.make_tensor_value_info(f"y{i}", half, [1, n, n, results]))
    graph = helper.make_graph(nodes, "heads", inputs, outputs, constants)
    return of_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), "")


def weight_bytes(graph, npu: str, tiles: int = 2, of: str = "c") -> float:
    """Bytes of weights of the nodes whose names begin with one of `of`."""
    hw = load_hardware(npu).replace({"tiles": tiles})
    plan = compile_graph(graph, hw, load_profile("2026-as-released"))
    labels = zip(plan.label, plan.ask, strict=True)
    return sum(
        a.nbytes
        for label, a in labels
        if label.endswith("/weights") and label[0] in of and isinstance(a, DmaTask)
    )


@pytest.mark.parametrize("npu", NPUS)
def test_shared_weights_cross_once(npu: str) -> None:
    """Of 64 x 64 x 3 x 3 for three levels: 73,728 bytes once, and a table of 16 bytes a channel for each."""
    shared = weight_bytes(heads((24, 16, 8), 64, 64), npu)
    assert shared == 64 * 64 * 9 * 2 + 3 * 64 * 16
    assert weight_bytes(heads((24, 16, 8), 64, 64, weights=3), npu) == 3 * (64 * 64 * 9 * 2 + 64 * 16)


@pytest.mark.parametrize("npu", NPUS)
def test_rows_and_channels_each_load_their_own(npu: str) -> None:
    """Rows of large planes are shared by the tiles, channels of small ones: another way of lying in the scratchpads."""
    assert weight_bytes(heads((48, 40, 16, 8), 64, 64), npu) == 2 * 64 * 64 * 9 * 2 + 4 * 64 * 16


@pytest.mark.parametrize("npu", NPUS)
def test_an_image_of_a_convolution_is_not_turned(npu: str) -> None:
    """[1,C,H,W] to [1,H,W,C] behind a convolution is no task: it lies so (Intel's schedules of RetinaNet's heads)."""
    plan = compile_graph(heads((16,), 64, 144), load_hardware(npu), load_profile("2026"))
    assert "Transpose" not in {s.node.op_type for s in plan.steps}


def test_an_input_of_the_graph_is_turned() -> None:
    graph = helper.make_graph(
        [helper.make_node("Transpose", ["x"], ["y"], "t", perm=[0, 2, 3, 1])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT16, [1, 64, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT16, [1, 16, 16, 64])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    plan = compile_graph(of_model(model, ""), load_hardware("lunar_lake"), load_profile("2026"))
    assert "Transpose" in {s.node.op_type for s in plan.steps}


def cells(steps: int, hidden: int, inputs: int, transposed: int = 1):
    """An LSTM's cell as torch writes it, two Gemms a step, unrolled."""
    shapes = [(4 * hidden, inputs), (4 * hidden, hidden)]
    constants = [
        numpy_helper.from_array(np.full(s if transposed else s[::-1], 0.5, np.float16), f"w{i}")
        for i, s in enumerate(shapes)
    ]
    constants.append(numpy_helper.from_array(np.full((1, hidden), 0.5, np.float16), "h0"))
    nodes, given = [], []
    for t in range(steps):
        given.append(helper.make_tensor_value_info(f"x{t}", TensorProto.FLOAT16, [1, inputs]))
        nodes += [
            helper.make_node("Gemm", [f"x{t}", "w0"], [f"a{t}"], f"a{t}", transB=transposed),
            helper.make_node("Gemm", [f"h{t}", "w1"], [f"b{t}"], f"b{t}", transB=transposed),
            helper.make_node("Add", [f"a{t}", f"b{t}"], [f"s{t}"], f"s{t}"),
            helper.make_node("Split", [f"s{t}"], [f"{g}{t}" for g in "ifgo"], f"p{t}", axis=1, num_outputs=4),
            helper.make_node("Sigmoid", [f"o{t}"], [f"z{t}"], f"z{t}"),
            helper.make_node("Tanh", [f"g{t}"], [f"n{t}"], f"n{t}"),
            helper.make_node("Mul", [f"z{t}", f"n{t}"], [f"h{t + 1}"], f"m{t}"),
        ]
    last = helper.make_tensor_value_info(f"h{steps}", TensorProto.FLOAT16, [1, hidden])
    graph = helper.make_graph(nodes, "cells", given, [last], constants)
    return of_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), "")


@pytest.mark.parametrize("npu", NPUS)
def test_a_cell_unrolled_loads_its_weights_once(npu: str) -> None:
    """320 units over 128 inputs: both weights once, of later steps the tables; one step's weights are 1.1 MB."""
    once = 4 * 320 * (320 + 128) * 2
    tables = 2 * 4 * 320 * 16
    assert (
        weight_bytes(cells(6, 320, 128), npu, of="ab") == once + 5.5 * tables
    )  # the first state is a constant


@pytest.mark.parametrize("npu", NPUS)
def test_weights_stored_the_other_way_are_turned_for_each_step(npu: str) -> None:
    once = 4 * 320 * (320 + 128) * 2
    assert weight_bytes(cells(6, 320, 128, transposed=0), npu, of="ab") > 5 * once


def test_of_two_weights_that_do_not_fit_the_larger_stays() -> None:
    """512 units over 256 inputs on NPU 3720 (2.1 and 1.0 of 4 MB; Intel's schedule reads the smaller again)."""
    small, large = 2048 * 256 * 2, 2048 * 512 * 2
    got = weight_bytes(cells(6, 512, 256), "meteor_lake", of="ab")
    assert got == pytest.approx(6 * small + large + 11 * 2048 * 16)
