"""Files that are no good: one sentence that says what and where, never another exception."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.errors import BadArgument, BadModel, FreeDimension, NpusimError, UnknownShape
from npusim.graph import Graph
from npusim.onnx_io import load
from tests.loading.make import BOOL, INT64, body, model, node, save

RELU = [node("Relu", ["x"], ["y"])]


def test_a_missing_file_a_folder_and_a_text_file_are_told_apart(tmp_path):
    (tmp_path / "text.onnx").write_text("not a model")
    (tmp_path / "empty.onnx").write_bytes(b"")
    for name, sentence in {
        "nothing.onnx": "there is no such file",
        "": "is a folder",
        "text.onnx": "no ONNX model",
        "empty.onnx": "no ONNX model",
    }.items():
        with pytest.raises(BadModel, match=sentence):
            load(tmp_path / name)


def test_a_cycle_is_told_by_the_names_of_its_nodes(tmp_path):
    nodes = [
        node("Add", ["x", "c"], ["a"], name="first"),
        node("Relu", ["a"], ["b"], name="second"),
        node("Relu", ["b"], ["c"], name="third"),
        node("Relu", ["x"], ["y"], name="innocent"),
    ]
    with pytest.raises(BadModel, match="cycle") as error:
        load(save(model(nodes, {"x": [2]}, ["y"]), tmp_path))
    assert all(name in str(error.value) for name in ("'first'", "'second'", "'third'"))
    assert "innocent" not in str(error.value)


@pytest.mark.parametrize(
    ("proto", "sentence"),
    [
        (model([node("Add", ["x", "z"], ["y"], name="n")], {"x": [2]}, ["y"]), "'n'.* reads 'z'"),
        (model([*RELU, *RELU], {"x": [2]}, ["y"]), "'y' is defined twice"),
        (model([node("Relu", ["x"], ["x"])], {"x": [2]}, ["x"]), "'x' is defined twice"),
        (model(RELU, {"x": [2]}, ["q"]), "output 'q' is produced by no node"),
        (model(RELU, {"x": [2]}, []), "no outputs"),
        (model(RELU, {"x": [2]}, ["y", "y"]), "one output twice"),
        (model(RELU, {"x": (0, [2])}, ["y"]), "no element type"),
        (model([node("MatMul", ["x", "x"], ["y"], name="n")], {"x": [2, 3]}, ["y"]), r"'n'.*\(2, 3\)"),
        (model([node("Add", ["x", "i"], ["y"])], {"x": [2], "i": (INT64, [2])}, ["y"]), "two types"),
        (model([node("Split", ["x"], ["a", "y"], axis=3)], {"x": [2]}, ["y"]), "axis 3"),
        (model([node("Relu", ["x"], ["y", "z"])], {"x": [2]}, ["y"]), "2 outputs"),
        (
            model([node("Reshape", ["x", "s"], ["y"])], {"x": [2, 3]}, ["y"], {"s": np.array([4, -1])}),
            "6 elements",
        ),
    ],
)  # fmt: skip
def test_a_graph_that_contradicts_itself_is_refused_by_name(tmp_path, proto, sentence):
    with pytest.raises(BadModel, match=sentence):
        load(save(proto, tmp_path))


def test_an_op_no_one_knows_is_refused_by_name_unless_the_file_gives_its_shape(tmp_path):
    nodes = [node("Mystery", ["x"], ["m"], domain="nowhere", name="who"), node("Relu", ["m"], ["y"])]
    with pytest.raises(UnknownShape, match=r"'who'.*nowhere"):
        load(save(model(nodes, {"x": [2]}, ["y"], domains=("nowhere",)), tmp_path))
    proto = model(nodes[:1], {"x": ["n"]}, {"m": ["n", 7]}, domains=("nowhere",))
    assert load(save(proto, tmp_path), {"n": 5}).values["m"].shape == (5, 7)


def test_free_dimensions_are_bound_by_name_by_place_and_by_sum(tmp_path):
    inputs = {"x": ["batch", 3], "mask": ["batch", "past + 1"], "z": [None, 2]}
    nodes = [node("Relu", [i], [f"{i}_out"]) for i in inputs]
    path = save(model(nodes, inputs, [f"{i}_out" for i in inputs]), tmp_path)
    graph = load(path, {"batch": 4, "past": 9, "z.0": 6})
    assert [graph.values[i].shape for i in graph.inputs] == [(4, 3), (4, 10), (6, 2)]
    with pytest.raises(FreeDimension, match=r"^3 dimensions are free: .*'x' axis 0 and 1 more") as all_free:
        load(path)
    assert str(all_free.value).endswith("bind them with dims={'batch': 1, 'z.0': 1, 'past + 1': 128}")
    with pytest.raises(
        FreeDimension, match=r"^'z' has a free dimension \('z.0', axis 0\); .*dims=\{'z.0': 1\}$"
    ):
        load(path, {"batch": 4, "past": 9})
    assert load(path, {"batch": 1, "z.0": 1, "past + 1": 128}).values["mask"].shape == (1, 128)
    with pytest.raises(BadArgument, match="'bach'; free dimensions: 'batch', 'past "):
        load(path, {"bach": 4})
    for wrong in (-1, 1.5, True, "3"):
        with pytest.raises(BadArgument, match="whole number"):
            load(path, {"batch": wrong})


def test_a_loop_whose_count_is_not_known_is_refused_by_name(tmp_path):
    inner = body(
        [node("Relu", ["s"], ["t"]), node("Identity", ["c"], ["d"])],
        {"i": (INT64, []), "c": (BOOL, []), "s": [2]},
        ["d", "t"],
    )
    loop = node("Loop", ["n", "", "x"], ["y"], body=inner, name="again")
    with pytest.raises(UnknownShape, match=r"'again'.*how often"):
        load(save(model([loop], {"x": [2], "n": (INT64, [])}, ["y"]), tmp_path))


EXAMPLE = (Path(__file__).resolve().parents[2] / "examples" / "mamba2_small.onnx").read_bytes()


def graph_or_error(folder, content):
    path = folder / "fuzzed.onnx"
    path.write_bytes(content)
    try:
        assert isinstance(load(path, upper_bound=len(content) % 2 == 0), Graph)
    except NpusimError as error:
        assert str(error) and "\n" not in str(error)


@given(content=st.binary(max_size=300))
def test_random_bytes_give_an_npusim_error(tmp_path_factory, content):
    graph_or_error(tmp_path_factory.getbasetemp(), content)


@given(length=st.integers(0, len(EXAMPLE)))
def test_a_truncated_file_gives_an_npusim_error(tmp_path_factory, length):
    graph_or_error(tmp_path_factory.getbasetemp(), EXAMPLE[:length])


@given(flips=st.lists(st.tuples(st.integers(0, 12_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_flipped_bytes_give_a_graph_or_an_npusim_error(tmp_path_factory, flips):
    content = bytearray(EXAMPLE)
    for at, byte in flips:
        content[at] = byte
    graph_or_error(tmp_path_factory.getbasetemp(), bytes(content))
