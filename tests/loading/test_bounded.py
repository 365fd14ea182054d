"""Files that claim much, and files that are none: one sentence, before any memory or time is spent."""

import os

import numpy as np
import pytest

from npusim import hardware, simulate
from npusim.errors import BadModel, NpusimError, TooLarge
from npusim.onnx_io import load
from tests.loading.make import INT64, body, model, node, save

LUNAR_LAKE = hardware("lunar_lake")


def test_a_pipe_a_device_and_an_endless_file_are_told_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    for path, what in ((tmp_path / "pipe.onnx", "a pipe"), ("/dev/zero", "a device"), (tmp_path, "a folder")):
        with pytest.raises(BadModel, match=what):
            load(path)
        if what != "a folder":
            with pytest.raises(NpusimError, match=what):
                hardware(str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_is_told(tmp_path):
    path = save(model([node("Relu", ["x"], ["y"])], {"x": [2]}, ["y"]), tmp_path)
    path.chmod(0)
    with pytest.raises(BadModel, match="cannot be read"):
        load(path)


def test_external_data_that_is_a_pipe_is_not_waited_for(tmp_path):
    from tests.loading.test_reader import external

    os.mkfifo(tmp_path / "w.bin")
    with pytest.raises(BadModel, match=r"'w\.bin', which is no file"):
        load(save(external("w.bin"), tmp_path))


def one(kind, shapes, weights=None, dtype=1, **attributes):
    inputs = {f"x{i}": (dtype, list(shape)) for i, shape in enumerate(shapes)}
    names = [*inputs, *(weights or {})]
    return model([node(kind, names, ["y"], name="n", **attributes)], inputs, ["y"], weights, opset=17)


W = np.zeros((1, 1, 1, 1), np.float32)


@pytest.mark.parametrize(
    "proto",
    [
        one("Conv", [(1, 1, 8, 8)], {"w": W}, pads=[10**9] * 4),
        one("Conv", [(1, 1, 8, 8)], {"w": W}, pads=[10**18] * 4),
        one("MaxPool", [(1, 1, 10**9, 10**9)], kernel_shape=[10**8, 10**8]),
        one("Pad", [(4,)], {"p": np.array([10**15, 10**15])}),
        one("Tile", [(4,)], {"r": np.array([2**62])}),
        one("Expand", [(1,)], {"s": np.array([2**40])}),
        one("ConstantOfShape", [], {"s": np.array([2**40, 2**40])}),
        one("Range", [], {"a": np.int64(0), "b": np.int64(2**62), "c": np.int64(1)}),
        one("Range", [], {"a": np.float32(0), "b": np.float32(np.inf), "c": np.float32(1)}),
        one("Resize", [(1, 1, 8, 8)], {"roi": np.zeros(0, np.float32), "s": np.array([1, 1, 1e9, 1e9], np.float32)}),
        one("OneHot", [(8,)], {"d": np.int64(2**62), "v": np.array([0, 1])}, dtype=INT64, axis=0),
        one("Einsum", [(2**20, 2**20)], equation="ij->ijijij"),
        one("Relu", [(2,) * 100]),
        one("Relu", [(2**31, 2**31, 2**31)]),
        one("SplitToSequence", [(10**9,)]),
    ],
)  # fmt: skip
def test_a_small_file_that_claims_much_is_a_price_or_one_sentence(tmp_path, proto):
    try:
        found = simulate(load(save(proto, tmp_path)), LUNAR_LAKE)
        assert 0 <= found.latency_us < 1e18
    except NpusimError as error:
        assert "\n" not in str(error) and len(str(error)) < 700


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_ten_million_time_steps_are_one_sentence(tmp_path, kind):
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    weights = {"w": np.zeros((1, gates * 2, 3), np.float32), "r": np.zeros((1, gates * 2, 2), np.float32)}
    proto = one(kind, [(10**7, 1, 3)], weights, hidden_size=2)
    try:
        assert simulate(load(save(proto, tmp_path)), LUNAR_LAKE).latency_us > 0
    except TooLarge as error:
        assert "10000000 time steps" in str(error)


def test_a_loop_of_2_to_the_40_trips_is_priced_as_one_body(tmp_path):
    inner = body(
        [node("Relu", ["s"], ["t"]), node("Identity", ["c"], ["d"])],
        {"i": (INT64, []), "c": (9, []), "s": [4]},
        ["d", "t"],
    )
    proto = model(
        [node("Loop", ["n", "", "x"], ["y"], body=inner)], {"x": [4]}, ["y"], {"n": np.int64(10**9)}
    )
    graph = load(save(proto, tmp_path))
    assert [n.repeats for n in graph.nodes] == [10**9]
    assert simulate(graph, LUNAR_LAKE).latency_us > 1e6


def test_a_plan_larger_than_its_memory_is_told(tmp_path):
    nodes = [node("Sigmoid", [f"t{i}"], [f"t{i + 1}"]) for i in range(300)]
    graph = load(save(model(nodes, {"t0": [4, 16]}, ["t300"]), tmp_path))
    assert simulate(graph, LUNAR_LAKE).latency_us > 0
    with pytest.raises(TooLarge, match=r"more than 100 tasks.*max_memory_bytes"):
        simulate(graph, LUNAR_LAKE, max_memory_bytes=600_000)


@pytest.mark.parametrize("kind", ["Sum", "Concat", "Max"])
def test_many_inputs_cost_no_more_work_each(tmp_path, kind):
    """The counts of edges that grow with the square of the inputs showed in the schedule's edges."""
    from npusim.compiler.compile import compile_graph
    from npusim.compiler.rules.profile import load_profile

    def edges(count):
        attributes = {"axis": 0} if kind == "Concat" else {}
        graph = load(save(one(kind, [(1, 8)] * count, **attributes), tmp_path))
        plan = compile_graph(graph, LUNAR_LAKE, load_profile("2026"))
        return sum(map(len, plan.after)) + sum(map(len, plan.streams))

    assert edges(400) < 2.5 * edges(200)
