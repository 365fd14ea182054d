"""If: the branch that is possible, or the one that a given input value chooses."""

import numpy as np
import pytest

from npusim.errors import BadArgument, TooLarge, UnknownShape
from npusim.onnx_io import load
from tests.loading.make import BOOL, INT64, body, model, node, save


def by_rate(folder):
    """A voice detector's way: windows of 256 at 16 kHz and of 128 at 8 kHz, both weights in one file."""
    then = body([node("MatMul", ["x", "w16"], ["a"])], {}, ["a"])
    other = body([node("MatMul", ["x", "w8"], ["b"])], {}, ["b"])
    nodes = [
        node("Equal", ["sr", "rate"], ["is16"]),
        node("If", ["is16"], ["y"], then_branch=then, else_branch=other, name="by rate"),
    ]
    weights = {
        "rate": np.int64(16000),
        "w16": np.zeros((256, 8), np.float32),
        "w8": np.zeros((128, 4), np.float32),
    }
    return save(model(nodes, {"x": [1, "n"], "sr": (INT64, [])}, ["y"], weights), folder)


def test_the_branch_that_is_impossible_at_these_sizes_is_left_out_with_a_warning(tmp_path):
    path = by_rate(tmp_path)
    for n, width, other in ((256, 8, "else"), (128, 4, "then")):
        graph = load(path, {"n": n})
        assert graph.values["y"].shape == (1, width)
        (warning,) = graph.warnings
        assert f"its {other}_branch is impossible" in warning and "do not multiply" in warning
    with pytest.raises(UnknownShape, match="neither branch is possible"):
        load(path, {"n": 100})


def test_a_value_of_an_input_chooses_the_branch(tmp_path):
    path = by_rate(tmp_path)
    graph = load(path, {"n": 256}, fixed={"sr": 16000})
    assert graph.inputs == ("x",) and not graph.warnings and graph.values["y"].shape == (1, 8)
    assert load(path, {"n": 128}, fixed={"sr": 8000}).values["y"].shape == (1, 4)


def test_the_error_says_which_input_to_set(tmp_path):
    then = body([node("Relu", ["x"], ["a"])], {}, ["a"])
    other = body([node("Concat", ["x", "x"], ["b"], axis=0)], {}, ["b"])
    nodes = [node("Not", ["flag"], ["off"]), node("If", ["off"], ["y"], then_branch=then, else_branch=other)]
    path = save(model(nodes, {"x": [4], "flag": (BOOL, [1])}, ["y"]), tmp_path)
    with pytest.raises(UnknownShape, match=r"fixed=\{'flag': 1\}"):
        load(path)
    assert load(path, fixed={"flag": True}).values["y"].shape == (8,)


@pytest.mark.parametrize(
    ("fixed", "sentence"),
    [
        ({"rate": 1}, "no input is named 'rate'; inputs: 'x', 'sr'"),
        ({"sr": 1.5}, "'1.5' is no value"),
        ({"sr": [1, 2]}, "is no value"),
        ({"sr": "16000"}, "is no value"),
        ({"sr": 2**70}, "is no value"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(tmp_path, fixed, sentence):
    with pytest.raises(BadArgument, match=sentence):
        load(by_rate(tmp_path), {"n": 256}, fixed=fixed)


def nested(depth):
    """If in If, both branches alike, the condition an input."""
    inner = [node("Relu", ["x"], ["y0"])]
    for level in range(depth):
        branches = [body(inner, {}, [f"y{level}"]) for _ in range(2)]
        inner = [node("If", ["c"], [f"y{level + 1}"], then_branch=branches[0], else_branch=branches[1])]
    return model(inner, {"x": [4], "c": (BOOL, [])}, [f"y{depth}"])


def test_each_branch_is_taken_in_once(tmp_path):
    """2^10 leaves in the file, and the work is that of the file: about twice its nodes."""
    graph = load(save(nested(10), tmp_path), max_nodes=3 * 2**11)
    assert [n.op_type for n in graph.nodes] == ["Relu"]


def test_functions_that_call_functions_are_told_when_they_unfold_too_far(tmp_path):
    from onnx import helper

    functions = [helper.make_function("f", "F0", ["a"], ["b"], [node("Relu", ["a"], ["b"])],
                                      [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)])]  # fmt: skip
    for level in range(1, 30):
        calls = [
            node(f"F{level - 1}", ["a"], ["m"], domain="f"),
            node(f"F{level - 1}", ["m"], ["b"], domain="f"),
        ]
        functions.append(
            helper.make_function("f", f"F{level}", ["a"], ["b"], calls,
                                 [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)])
        )  # fmt: skip
    proto = model(
        [node("F29", ["x"], ["y"], domain="f")], {"x": [4]}, ["y"], functions=functions, domains=("f",)
    )
    with pytest.raises(TooLarge, match=r"more than 30000 nodes.*max_nodes"):
        load(save(proto, tmp_path))
    small = model(
        [node("F5", ["x"], ["y"], domain="f")], {"x": [4]}, ["y"], functions=functions, domains=("f",)
    )
    assert len(load(save(small, tmp_path)).nodes) == 2**5
    with pytest.raises(TooLarge, match="more than 40 nodes"):
        load(save(small, tmp_path), max_nodes=40)
