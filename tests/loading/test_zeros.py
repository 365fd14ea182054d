"""Zeros of weights are counted in a sample of the file, wherever the numbers lie."""

import itertools

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.loading import zeros
from npusim.loading.structure import read_model
from npusim.onnx_io import load
from tests.loading.make import model, node, save

SHAPE = (300, 400)


def pruned(share, dtype=np.float32, seed=0):
    """A product by a matrix of which `share` is zero."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 100, SHAPE).astype(dtype)
    weights[rng.random(SHAPE) < share] = 0
    return model([node("MatMul", ["x", "w"], ["y"])], {"x": [4, 300]}, ["y"], {"w": weights}), weights


def found(path):
    contents = load(path).values["w"].contents
    return contents.found if contents else None


@given(st.integers(0, 1 << 22))
def test_what_is_looked_at_lies_inside_and_begins_at_whole_numbers(size):
    places = zeros.places(size)
    assert all(0 <= first <= last <= size and first % 8 == 0 for first, last in places)
    assert sum(last - first for first, last in places) == min(size, zeros.BLOCKS * zeros.BLOCK_BYTES)
    assert all(last <= first for (_, last), (first, _) in itertools.pairwise(places))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_share_is_that_of_the_file(tmp_path, dtype):
    proto, weights = pruned(0.4, dtype)
    exact = 1 - np.count_nonzero(weights) / weights.size
    path = save(proto, tmp_path)
    assert found(path) == pytest.approx(exact, abs=0.02)
    small = weights[:10, :20]
    proto = model([node("MatMul", ["x", "w"], ["y"])], {"x": [4, 10]}, ["y"], {"w": small})
    exact = 1 - np.count_nonzero(small) / small.size
    assert found(save(proto, tmp_path)) == pytest.approx(exact, abs=5e-4)


def test_it_is_the_same_wherever_the_numbers_lie(tmp_path, monkeypatch):
    proto, _ = pruned(0.4)
    inline = found(save(proto, tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(read_model, "__defaults__", (0,))  # as in a file of hundreds of MB
        assert found(save(proto, tmp_path)) == inline
    onnx.save(proto, tmp_path / "beside.onnx", save_as_external_data=True, size_threshold=0)
    assert found(tmp_path / "beside.onnx") == inline


def test_few_zeros_and_nothing_but_zeros_say_nothing(tmp_path):
    for share in (0.0, 0.03, 1.0):
        assert found(save(pruned(share)[0], tmp_path)) is None


def test_weights_that_are_not_there_say_nothing(tmp_path):
    onnx.save(
        pruned(0.4)[0], tmp_path / "m.onnx", save_as_external_data=True, size_threshold=0, location="w.bin"
    )
    (tmp_path / "w.bin").unlink()
    assert found(tmp_path / "m.onnx") is None
