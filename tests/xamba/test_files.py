"""xamba and the files around a model: nothing leaves its folder, nothing is destroyed, errors name the tensor."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper as h

from tests.shared import SHARED, needs_shared
from tests.xamba.build import PAPER, constant, model, one_op, ops, run, value
from xamba import cli, optimize, verify
from xamba.errors import BadModel, BadOutput
from xamba.files import load

PUBLIC = SHARED / "cases" / "public"


def with_weights(folder: Path) -> Path:
    """A model with its weights in another file."""
    folder.mkdir()
    weight = constant("w", np.random.default_rng(0).standard_normal((50, 6)), np.float32)
    nodes = [h.make_node("MatMul", ["x", "w"], ["m"]), h.make_node("CumSum", ["m", "ax"], ["y"])]
    m = model(nodes, [value("x", [2, 50])], [value("y", [2, 6])], [weight, constant("ax", 1)])
    ir.save(m, folder / "in.onnx", external_data="in.data", size_threshold_bytes=100)
    return folder / "in.onnx"


def test_weights_that_link_to_a_foreign_file_are_neither_read_nor_copied(tmp_path):
    path, out = with_weights(tmp_path / "a"), tmp_path / "b"
    out.mkdir()
    secret = tmp_path / "secret"
    (path.parent / "in.data").rename(secret)
    (path.parent / "in.data").symlink_to(secret)
    for act in (lambda: optimize(path, out / "out.onnx"), lambda: verify(path, path)):
        with pytest.raises(BadModel, match=r"'w' has its weights in 'in\.data', a link out"):
            act()
    assert list(out.iterdir()) == []


def test_weights_are_not_written_through_a_link_that_stands_beside_the_output(tmp_path):
    path, out, precious = with_weights(tmp_path / "a"), tmp_path / "b", tmp_path / "precious"
    out.mkdir()
    (out / "in.data").symlink_to(precious)
    with pytest.raises(BadOutput, match="link"):
        optimize(path, out / "out.onnx", PAPER)
    assert not precious.exists() and [p.name for p in out.iterdir()] == ["in.data"]


def test_a_failed_copy_of_weights_leaves_no_model(tmp_path, monkeypatch):
    from npusim_xamba import files

    path, out = with_weights(tmp_path / "a"), tmp_path / "b"
    out.mkdir()
    write = files._write_new

    def full(place, content):
        if isinstance(content, Path):
            raise OSError(28, "No space left on device")
        write(place, content)

    monkeypatch.setattr(files, "_write_new", full)
    with pytest.raises(BadOutput, match="No space left"):
        optimize(path, out / "out.onnx", PAPER)
    assert list(out.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device needs root")
def test_an_output_that_is_a_device_stays_one_and_gets_no_weights_beside_it(tmp_path):
    path, folder = with_weights(tmp_path / "a"), tmp_path / "dev"
    folder.mkdir()
    try:
        os.mknod(folder / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        (folder / "null").write_bytes(b"")
    except OSError as error:
        pytest.skip(f"no device can be made here: {error.strerror}")
    assert optimize(path, folder / "null", PAPER).modified
    assert stat.S_ISCHR((folder / "null").stat().st_mode) and [p.name for p in folder.iterdir()] == ["null"]


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "in.onnx")
    with pytest.raises(BadModel, match="is a pipe, not an ONNX file"):
        optimize(tmp_path / "in.onnx", tmp_path / "out.onnx", PAPER)


def test_names_of_a_model_reach_no_terminal_raw(tmp_path, capsys, monkeypatch):
    name = "\x1b[31mred\u202e\nnext"
    m = one_op("CumSum", [2, "k"], constants=[constant("ax", 1)])
    m.graph.outputs[0].name = name
    m.graph.inputs[0].name = f"in{name}"
    m.graph.inputs[0].shape = ir.Shape([2, f"len{name}"])
    ir.save(m, tmp_path / "in.onnx")
    for words in (
        ["optimize", "in.onnx", "-o", "out.onnx"],
        ["verify", "in.onnx", "in.onnx"],
        ["verify", "in.onnx", "in.onnx", "--dim", f"{name}=2"],
        ["verify", f"no{name}", "in.onnx"],
    ):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["xamba", *words])
        with pytest.raises(SystemExit):
            cli.main()
            raise SystemExit(0)
        out, err = capsys.readouterr()
        assert all(line.isprintable() for line in (out + err).split("\n")), (out, err)
        assert "next" not in [line[:4] for line in (out + err).split("\n")]


def saved(path: Path, nodes, inputs, outputs, **more) -> Path:
    graph = h.make_graph(nodes, "g", inputs, outputs, **more)
    imports = [h.make_opsetid("", 17), h.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(h.make_model(graph, opset_imports=imports, ir_version=8), path)
    return path


@pytest.mark.parametrize(
    "nodes, said",
    [
        (
            [("Relu", "x", "t"), ("Abs", "x", "t"), ("Neg", "t", "y")],
            "two make the tensor 't': a node Relu and a node Abs",
        ),
        ([("Relu", "gone", "y")], "a node Relu reads 'gone', which nothing makes"),
        ([("Relu", "x", "t")], "nothing makes the output 'y'"),
    ],
)
def test_errors_name_the_tensor(tmp_path, nodes, said):
    made = [h.make_node(op, [a], [b]) for op, a, b in nodes]
    path = saved(tmp_path / "in.onnx", made, [value("x", [4])], [value("y", [4])])
    with pytest.raises(BadModel) as error:
        load(path)
    assert said in str(error.value) and "deserialize" not in str(error.value)


def test_sparse_weights_stay_sparse(tmp_path):
    values = onnx.numpy_helper.from_array(np.array([5, 7], np.float32), "w")
    sparse = h.make_sparse_tensor(values, onnx.numpy_helper.from_array(np.array([0, 11]), "i"), [2, 6])
    nodes = [h.make_node("CumSum", ["x", "ax"], ["c"]), h.make_node("Add", ["c", "w"], ["y"])]
    more = {"initializer": [constant("ax", 1)], "sparse_initializer": [sparse]}
    path = saved(tmp_path / "in.onnx", nodes, [value("x", [2, 6])], [value("y", [2, 6])], **more)
    assert optimize(path, tmp_path / "out.onnx", PAPER).modified
    written = onnx.load(tmp_path / "out.onnx").graph
    assert [s.values.name for s in written.sparse_initializer] == ["w"]
    assert "w" not in [t.name for t in written.initializer]


def test_a_classifier_that_returns_maps_is_rewritten_and_keeps_their_type(tmp_path):
    nodes = [
        h.make_node("CumSum", ["x", "ax"], ["c"]),
        h.make_node("ZipMap", ["c"], ["maps"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2]),
        h.make_node("SequenceConstruct", ["c", "c"], ["both"]),
    ]
    kind = h.make_map_type_proto(onnx.TensorProto.INT64, h.make_tensor_type_proto(onnx.TensorProto.FLOAT, []))
    maps = h.make_value_info("maps", h.make_sequence_type_proto(kind))
    tensor = h.make_tensor_type_proto(onnx.TensorProto.FLOAT, [2, 3])
    both = h.make_value_info("both", h.make_sequence_type_proto(tensor))
    more = {"initializer": [constant("ax", 1)]}
    path = saved(tmp_path / "in.onnx", nodes, [value("x", [2, 3])], [value("c", [2, 3]), maps, both], **more)
    done = optimize(path, tmp_path / "out.onnx", PAPER)
    assert done.modified and done.verdict.ok and len(done.verdict.outputs) == 4  # of the sequence, each
    assert onnx.load(tmp_path / "out.onnx").graph.output[1].type == maps.type


def test_a_sum_behind_an_if_that_the_shapes_decide_is_rewritten(tmp_path):
    then = h.make_graph(
        [h.make_node("Squeeze", ["x", "one"], ["t"])], "then", [], [onnx.ValueInfoProto(name="t")]
    )
    other = h.make_graph([h.make_node("Identity", ["x"], ["u"])], "else", [], [onnx.ValueInfoProto(name="u")])
    nodes = [
        h.make_node("Shape", ["x"], ["s"]),
        h.make_node("Gather", ["s", "place"], ["d"]),
        h.make_node("Equal", ["d", "place"], ["c"]),
        h.make_node("If", ["c"], ["q"], then_branch=then, else_branch=other),
        h.make_node("CumSum", ["q", "ax"], ["y"]),
    ]
    constants = [constant("place", 1), constant("one", [1]), constant("ax", -1)]
    graph = [value("x", [4, 1, 8])], [value("y", ["a", "b"])]
    path = saved(tmp_path / "in.onnx", nodes, *graph, initializer=constants)
    assert optimize(path, tmp_path / "out.onnx", PAPER).verdict.ok
    rewritten = load(tmp_path / "out.onnx")
    assert "CumSum" not in ops(rewritten)
    assert run(rewritten, {"x": np.ones((4, 1, 8), np.float32)})[0].shape == (4, 8)


@needs_shared
@pytest.mark.parametrize("name", ["if_output_no_shape", "sparse_init_cumsum", "if_squeeze_subinit"])
def test_the_public_cases_are_rewritten(name, tmp_path):
    done = optimize(PUBLIC / f"{name}.onnx", tmp_path / "out.onnx", PAPER)
    assert done.modified and done.verdict.ok
