"""Names that would steer a terminal: escape sequences, newlines and marks of direction never come out raw."""

import unicodedata

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ODD = "a\x1b[31mred\x1b]0;title\x07\r\n\u202eleft\u2066\x9b31m\u2028\x00[bold]"


@pytest.fixture
def odd_model(tmp_path):
    """Every name of the file is odd: graph, nodes, tensors, dimension, op type, domain."""
    then = helper.make_graph(
        [helper.make_node("Relu", ["t"], ["r"], name=f"r{ODD}")],
        "then",
        [],
        [helper.make_empty_tensor_value_info("r")],
    )
    other = helper.make_graph(
        [helper.make_node("Exp", ["t"], ["e"], name=f"e{ODD}")],
        "else",
        [],
        [helper.make_empty_tensor_value_info("e")],
    )
    nodes = [
        helper.make_node("MatMul", [f"x{ODD}", f"w{ODD}"], ["t"], name=f"m{ODD}"),
        helper.make_node("If", ["c"], ["u"], name=f"if{ODD}", then_branch=then, else_branch=other),
        helper.make_node(f"Op{ODD}", ["u"], ["y"], name=f"f{ODD}", domain=f"d{ODD}"),
    ]
    graph = helper.make_graph(
        nodes,
        f"g{ODD}",
        [
            helper.make_tensor_value_info(f"x{ODD}", TensorProto.FLOAT, [f"n{ODD}", 8]),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [f"n{ODD}", 8])],
        [numpy_helper.from_array(np.zeros((8, 8), np.float32), f"w{ODD}")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(f"d{ODD}", 1)]
    path = tmp_path / "odd.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    onnx.load(path)
    return path


def raw(text: str) -> set[str]:
    """Characters that steer a terminal."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}


DIM = f"n{ODD}=4"


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "--dim", DIM],
        ["run", "--dim", DIM, "--allow-unmodelled"],
        ["run", "--dim", DIM, "--allow-unmodelled", "--sensitivity", "--top", "3"],
        ["run", "--dim", DIM, "--allow-unmodelled", "--csv", "-"],
        ["run", "--dim", DIM, "--allow-unmodelled", "--json", "-"],
        ["run", "--dim", DIM, "--allow-unmodelled", "--trace", "-"],
        ["run", "--dim", f"q{ODD}=1"],
        ["run", "--set", f"q{ODD}=1"],
        ["run", "--trips", f"q{ODD}=1", "--dim", DIM],
        ["run", "--hw", "q" + ODD.replace("\x00", "")],  # no argument of a process holds NUL
    ],
)
def test_no_odd_character_reaches_the_terminal(npusim, odd_model, arguments):
    _, out, err = npusim(arguments[0], odd_model, *arguments[1:])
    assert out or err
    assert not raw(out) and not raw(err)


@pytest.mark.parametrize("arguments", [["explain", "{model}", "red"], ["compare", "{model}", "{model}"]])
def test_nor_by_the_other_commands(npusim, odd_model, arguments):
    filled = [a.format(model=odd_model) for a in arguments]
    _, out, err = npusim(*filled, "--dim", DIM, "--allow-unmodelled")
    assert out or err
    assert not raw(out) and not raw(err)
