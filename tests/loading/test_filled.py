"""A large mask of all True is known as that, wherever it lies in the file, and its zeros are no sum."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.loading.structure import read_model
from npusim.onnx_io import load
from npusim.simulation import simulate
from tests.loading.make import model, node, save

#: More elements than values are kept of, and more bytes than samples are taken of.
ROWS = 600


def masked(mask):
    """A softmax of scores to which a mask's zeros and large negative numbers are added, as transformers does."""
    held = {"m": mask, "o": np.float32(0), "i": np.float32(-65504)}
    nodes = [node("Where", ["m", "o", "i"], ["w"]), node("Exp", ["x"], ["a"])]
    nodes += [node("Add", ["a", "w"], ["b"]), node("Softmax", ["b"], ["y"])]
    return model(nodes, {"x": [1, 2, *mask.shape[-2:]]}, ["y"], held)


def number(path):
    """What is known of all that is added."""
    return load(path).values["w"].number


@pytest.mark.parametrize("npu", ["meteor_lake", "lunar_lake", "panther_lake"])
def test_a_mask_that_hides_nothing_costs_nothing(npu, tmp_path):
    plain = model([node("Exp", ["x"], ["a"]), node("Softmax", ["a"], ["y"])], {"x": [1, 2, 100, 90]}, ["y"])
    graphs = [masked(np.ones((1, 1, 100, 90), bool)), plain]
    found = [simulate(load(save(g, tmp_path, f"{i}.onnx")), npu, band=False) for i, g in enumerate(graphs)]
    assert found[0].latency_us == found[1].latency_us and found[0].bytes_moved == found[1].bytes_moved


@given(hidden=st.integers(0, ROWS * ROWS - 1), whole=st.booleans())
def test_one_hidden_place_is_found_wherever_it_is(hidden, whole, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mask")
    mask = np.ones((1, 1, ROWS, ROWS), bool)
    mask.flat[hidden] = False
    path = save(masked(mask), folder)
    with pytest.MonkeyPatch.context() as patch:
        if not whole:
            patch.setattr(read_model, "__defaults__", (0,))  # as in a file of hundreds of MB
        assert number(path) is None


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_a_mask_is_known_wherever_it_lies(outside, whole, tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    onnx.save(
        masked(np.ones((1, 1, ROWS, ROWS), bool)), path, save_as_external_data=outside, size_threshold=1024
    )
    if not whole:
        monkeypatch.setattr(read_model, "__defaults__", (0,))
    assert number(path) == 0
    if outside:
        next(f for f in tmp_path.iterdir() if f != path).unlink()
        assert number(path) is None


def test_a_weight_of_one_number_may_be_a_placeholder(tmp_path):
    weights = np.zeros((100, 90), np.float32)
    proto = model([node("Add", ["x", "w"], ["y"])], {"x": [100, 90]}, ["y"], {"w": weights})
    assert number(save(proto, tmp_path)) is None


@pytest.mark.parametrize(
    "steps, expected",
    [
        ([("Expand", ["s", "t"])], 3),
        ([("Expand", ["s", "t"]), ("Mul", [None, "s"]), ("Add", [None, None])], 18),
        ([("Expand", ["s", "t"]), ("Transpose", [None]), ("Greater", [None, "s"])], False),
        ([("Expand", ["v", "t"])], None),
        ([("Expand", ["s", "t"]), ("Mul", [None, "v"])], None),
    ],
)
def test_what_follows_from_one_number_is_one(steps, expected, tmp_path):
    held = {"s": np.float32(3), "v": np.arange(90, dtype=np.float32), "t": np.array([1, 1, 90, 90])}
    nodes, last = [], ""
    for i, (kind, inputs) in enumerate(steps):
        nodes.append(node(kind, [last if n is None else n for n in inputs], [f"t{i}"]))
        last = f"t{i}"
    nodes += [node("Cast", [last], ["c"], to=1), node("Add", ["x", "c"], ["y"])]
    proto = model(nodes, {"x": [1, 1, 90, 90]}, ["y"], held)
    graph = load(save(proto, tmp_path))
    assert graph.values[graph.nodes[-1].inputs[1]].number == expected
