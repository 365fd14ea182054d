"""Reading a file: weights stay where they are, and nothing outside the model's folder is opened."""

import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from npusim.errors import BadModel
from npusim.loading.structure import KEEP_BYTES, read_model
from npusim.loading.zeros import BLOCK_BYTES, BLOCKS
from npusim.onnx_io import load, sha256
from tests.loading.make import body, model, node, save

BIG = np.zeros((200, 300), np.float32)


def with_weights_everywhere():
    """Big weights as an initializer, in a Constant node, in an If branch and in a function."""
    value = helper.make_attribute("value", onnx.numpy_helper.from_array(BIG))
    constant = node("Constant", [], ["c"], name="const")
    constant.attribute.append(value)
    branch = body([node("MatMul", ["x", "inner"], ["b"])], {}, ["b"], {"inner": BIG})
    other = body([node("Add", ["x2", "x2"], ["e"])], {}, ["e"])
    function_constant = node("Constant", [], ["k"])
    function_constant.attribute.append(value)
    function = helper.make_function(
        "local", "F", ["a"], ["r"], [function_constant, node("MatMul", ["a", "k"], ["r"])],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    nodes = [
        constant,
        node("MatMul", ["x", "w"], ["x2"]),
        node("If", ["yes"], ["branch"], then_branch=branch, else_branch=other),
        node("F", ["x"], ["called"], domain="local"),
        node("MatMul", ["x", "c"], ["m"]),
        node("Sum", ["x2", "branch", "called", "m"], ["y"]),
    ]
    weights = {"w": BIG, "yes": np.array(True)}
    return model(nodes, {"x": [4, 200]}, ["y"], weights, functions=[function], domains=("local",))


def test_the_reader_leaves_out_big_tensors_wherever_they_are_and_nothing_else(tmp_path):
    path = save(with_weights_everywhere(), tmp_path)
    whole, skipped = read_model(path), read_model(path, parse_whole_bytes=0)
    assert whole == with_weights_everywhere()
    seen = BLOCKS * BLOCK_BYTES
    assert path.stat().st_size > 4 * BIG.nbytes and skipped.ByteSize() < KEEP_BYTES + 4 * seen
    tensors = [
        skipped.graph.initializer[0],
        skipped.graph.node[0].attribute[0].t,
        skipped.graph.node[2].attribute[1].g.initializer[0],
        skipped.functions[0].node[0].attribute[0].t,
    ]
    for tensor in tensors:
        assert tuple(tensor.dims) == BIG.shape and len(tensor.raw_data) == seen < BIG.nbytes
    originals = [
        whole.graph.initializer[0],
        whole.graph.node[0].attribute[0].t,
        whole.graph.node[2].attribute[1].g.initializer[0],
        whole.functions[0].node[0].attribute[0].t,
    ]
    for tensor, original in zip(tensors, originals, strict=True):
        tensor.raw_data = original.raw_data
    assert skipped == whole


def test_both_ways_to_read_give_the_same_graph(tmp_path, monkeypatch):
    path = save(with_weights_everywhere(), tmp_path)
    whole = load(path)
    monkeypatch.setattr(read_model, "__defaults__", (0,))
    assert load(path) == whole
    assert [n.op_type for n in whole.nodes] == ["MatMul"] * 4 + ["Sum"]


@pytest.mark.parametrize("cut", [1, 7, 100, 50_000])
def test_a_file_cut_off_is_refused_by_both_readers(tmp_path, cut):
    path = save(with_weights_everywhere(), tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    for whole in (0, 2**30):
        with pytest.raises(BadModel):
            read_model(path, parse_whole_bytes=whole)


def external(location, elements=4, offset=0):
    """A model that reshapes x by a shape which lies in an external file."""
    proto = model([node("Reshape", ["x", "shape"], ["y"])], {"x": [2, 3, 4]}, ["y"])
    tensor = TensorProto(name="shape", data_type=TensorProto.INT64, dims=[elements], data_location=1)
    entries = {"location": location, "offset": offset, "length": elements * 8}
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    proto.graph.initializer.append(tensor)
    return proto


def test_a_small_external_constant_is_read_where_a_shape_needs_it(tmp_path):
    (tmp_path / "w.bin").write_bytes(b"\0" * 16 + np.array([4, 1, 3, 2], np.int64).tobytes())
    assert load(save(external("w.bin", offset=16), tmp_path)).values["y"].shape == (4, 1, 3, 2)


@pytest.mark.parametrize("location", ["../w.bin", "a/../../w.bin", "/etc/passwd", "", "C:\\w.bin"])
def test_external_data_outside_the_folder_of_the_model_is_refused(tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(np.array([4, 1, 3, 2], np.int64).tobytes())
    with pytest.raises(BadModel, match="must lie in the model's folder"):
        load(save(external(location), folder))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(np.array([4, 1, 3, 2], np.int64).tobytes())
    (folder / "w.bin").symlink_to(tmp_path / "w.bin")
    with pytest.raises(BadModel, match="link out of the model's folder"):
        load(save(external("w.bin"), folder))


def test_weights_that_are_not_there_do_not_matter_when_only_their_shape_counts(tmp_path):
    proto = model([node("MatMul", ["x", "w"], ["y"])], {"x": [2, 300]}, ["y"])
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[300, 7], data_location=1)
    tensor.external_data.add(key="location", value="gone.bin")
    proto.graph.initializer.append(tensor)
    assert load(save(proto, tmp_path)).values["y"].shape == (2, 7)


def test_the_hash_is_that_of_the_file(tmp_path, monkeypatch):
    path = save(with_weights_everywhere(), tmp_path)
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert sha256(path) == load(path).sha256 == expected
    monkeypatch.setattr("npusim.onnx_io.HASH_AT_LOAD_BYTES", 1000)
    assert load(path).sha256 == ""
