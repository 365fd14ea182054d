"""Attention, rotary embeddings and norms as one op cost what the plain ops cost that they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from npusim import explain, load, simulate
from npusim.compiler.fuse.duplicates import without_duplicates
from npusim.compiler.fuse.written_out import write_out
from tests.graphs import loaded
from tests.shared import SHARED

F16 = TensorProto.FLOAT16
NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
GENAI = {
    "batch_size": 1, "sequence_length": 1, "past_sequence_length": 1023, "total_sequence_length": 1024,
    "kv_cache_dim": 64,
}  # fmt: skip


def graph(nodes, inputs, outputs, constants=(), opset=23):
    """A float16 graph; nodes are (op, inputs, outputs, attributes), of com.microsoft where the op says so."""
    made = []
    for i, (kind, reads, writes, attributes) in enumerate(nodes):
        domain, _, op = kind.rpartition(":")
        made.append(
            helper.make_node(op, reads.split(" "), writes.split(" "), f"n{i}", domain=domain, **attributes)
        )
    types = {name: helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()}
    ends = [helper.make_tensor_value_info(name, F16, None) for name in outputs]
    held = [numpy_helper.from_array(np.asarray(a), n) for n, a in dict(constants).items()]
    g = helper.make_graph(made, "written", list(types.values()), ends, held)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return loaded(helper.make_model(g, opset_imports=opsets, ir_version=11))


def ops(found):
    return [node.op_type for node in found.nodes]


SIZES = {
    "kv": st.integers(1, 4), "times": st.integers(1, 4), "rows": st.integers(1, 20), "keys": st.integers(20, 200),
    "size": st.sampled_from([32, 64, 128]),
}  # fmt: skip


@given(**SIZES, npu=st.sampled_from(NPUS))
def test_attention_as_one_op_and_spelled_out(kv, times, rows, keys, size, npu):
    heads = kv * times
    inputs = {
        "q": (F16, [1, heads, rows, size]), "k": (F16, [1, kv, keys, size]), "v": (F16, [1, kv, keys, size]),
        "m": (F16, [1, 1, rows, keys]),
    }  # fmt: skip
    whole = graph([("Attention", "q k v m", "y", {"scale": 0.5})], inputs, ["y"])
    wide = {"wide": [1, kv, times, keys, size], "four": [1, heads, keys, size], "two": [2]}
    numbers = {"s": np.float16(0.5), "zero": np.float16(0)}
    nodes = [("Mul", "q s", "qs", {})]
    for name in "kv" if times > 1 else "":
        nodes += [("Unsqueeze", f"{name} two", f"{name}5", {}), ("Expand", f"{name}5 wide", f"{name}e", {})]
        nodes += [("Reshape", f"{name}e four", f"{name}r", {})]
    k, v = ("kr", "vr") if times > 1 else ("k", "v")
    nodes += [
        ("Transpose", k, "kt", {"perm": [0, 1, 3, 2]}), ("MatMul", "qs kt", "a", {}), ("Add", "a m", "b", {}),
        ("Softmax", "b", "c", {"axis": -1}), ("MatMul", f"c {v}", "d", {}), ("IsNaN", "d", "e", {}),
        ("Where", "e zero d", "y", {}),
    ]  # fmt: skip
    spelled = graph(nodes, inputs, ["y"], (wide if times > 1 else {}) | numbers)
    a, b = (simulate(g, npu, band=False) for g in (whole, spelled))
    assert a.macs == b.macs == 2 * heads * rows * keys * size
    assert a.latency_us == pytest.approx(b.latency_us, rel=0.001) and a.bytes_moved == b.bytes_moved


@given(**SIZES, past=st.integers(0, 300))
def test_new_rows_go_behind_those_of_the_past(kv, times, rows, keys, size, past):
    inputs = {
        "q": (F16, [1, rows, kv * times * size]),
        "k": (F16, [1, rows, kv * size]),
        "v": (F16, [1, rows, kv * size]),
    }
    names, outputs = "q k v", "y"
    if past:
        inputs |= {"pk": (F16, [1, kv, past, size]), "pv": (F16, [1, kv, past, size])}
        names, outputs = "q k v  pk pv", "y ok ov"
    attributes = {"q_num_heads": kv * times, "kv_num_heads": kv, "is_causal": 1}
    found = graph([("Attention", names, outputs, attributes)], inputs, outputs.split())
    report = simulate(found, band=False)
    assert report.macs == 2 * kv * times * rows * (rows + past) * size
    assert "Attention" not in ops(write_out(found))


def test_a_report_says_what_the_plain_ops_stand_for():
    inputs = {name: (F16, [1, 4, 16, 64]) for name in "qkv"}
    report = simulate(graph([("Attention", "q k v", "y", {})], inputs, ["y"]), band=False)
    assert {(n.origin_op, n.origin) for n in report.nodes if n.op_type == "MatMul"} == {("Attention", "n0")}
    assert "stands for  Attention n0, " in explain(report, "n0")


def test_the_norm_of_a_sum_is_an_addition_and_a_norm():
    inputs = {name: (F16, [1, 4, 64]) for name in ("x", "skip")}
    node = ("com.microsoft:SkipSimplifiedLayerNormalization", "x skip g", "y   sum", {})
    found = write_out(graph([node], inputs, ["y", "sum"], {"g": np.ones(64, np.float16)}))
    assert ops(found) == ["Add", "RMSNormalization"] and found.nodes[0].outputs == ("sum",)


@pytest.mark.parametrize("rows", [1, 16])
def test_a_rotary_embedding_as_one_op_and_spelled_out(rows):
    inputs = {"x": (F16, [1, 8, rows, 64]), "c": (F16, [1, rows, 32]), "s": (F16, [1, rows, 32])}
    whole = graph([("RotaryEmbedding", "x c s", "y", {})], inputs, ["y"])
    nodes = [
        ("Unsqueeze", "c one", "cu", {}), ("Unsqueeze", "s one", "su", {}),
        ("Split", "x", "f l", {"axis": -1, "num_outputs": 2}),
        ("Mul", "f cu", "fc", {}), ("Mul", "su l", "ls", {}), ("Sub", "fc ls", "a", {}), ("Mul", "l cu", "lc", {}),
        ("Mul", "f su", "fs", {}), ("Add", "fs lc", "b", {}), ("Concat", "a b", "y", {"axis": -1}),
    ]  # fmt: skip
    spelled = graph(nodes, inputs, ["y"], {"one": [1]})
    a, b = (simulate(g, "lunar_lake", band=False) for g in (whole, spelled))
    assert a.latency_us == pytest.approx(b.latency_us, rel=0.01)
    assert [n.op_type for n in a.nodes if n.engine == "dsp"] == ["RotaryEmbedding"]


@pytest.mark.parametrize("last", ["fs lc", "lc fs"])
@pytest.mark.parametrize("second", ["l", "f"])
def test_halves_that_are_no_rotation_stay(second, last):
    """Both products of the first half: nothing is turned."""
    inputs = {"x": (F16, [1, 8, 4, 64]), "c": (F16, [1, 8, 4, 32]), "s": (F16, [1, 8, 4, 32])}
    nodes = [
        ("Split", "x", "f l", {"axis": -1, "num_outputs": 2}), ("Mul", "f c", "fc", {}),
        ("Mul", f"{second} s", "ls", {}), ("Sub", "fc ls", "a", {}), ("Mul", "l c", "lc", {}),
        ("Mul", "f s", "fs", {}), ("Add", last, "b", {}), ("Concat", "a b", "y", {"axis": -1}),
    ]  # fmt: skip
    found = simulate(graph(nodes, inputs, ["y"]), "lunar_lake", band=False)
    assert ("RotaryEmbedding" in {n.op_type for n in found.nodes}) == (second == "l")


def test_what_has_no_plain_form_stays():
    inputs = {"x": (F16, [1, 8, 4, 64]), "c": (F16, [1, 4, 32]), "s": (F16, [1, 4, 32])}
    found = graph([("RotaryEmbedding", "x c s", "y", {"interleaved": 1})], inputs, ["y"])
    assert write_out(found).nodes == found.nodes


def test_equal_nodes_run_once_and_those_that_leave_the_graph_stay():
    nodes = [("Cos", "x", "a", {}), ("Cos", "x", "b", {}), ("Cos", "x", "out", {}), ("Add", "a b", "y", {})]
    found = without_duplicates(graph(nodes, {"x": (F16, [4, 64])}, ["y", "out"]))
    assert ops(found) == ["Cos", "Cos", "Add"] and found.nodes[2].inputs == ("a", "a")
    assert without_duplicates(found) is found


@pytest.mark.parametrize("npu", NPUS)
def test_a_token_of_the_model_builder(npu):
    """Weights as the README of the exports counts them; the cache is float32 there, converted on its way in and out."""
    file = SHARED / "graphs" / "llm" / "large" / "llama32_1b_genai_int4.onnx"
    if not file.is_file():
        pytest.skip("the language models beside the project are not there")
    report = simulate(load(file, GENAI), npu, band=False)
    weights = sum(t.nbytes for t in report.tasks if "/weights" in t.name)
    assert weights == pytest.approx(772_341_760, rel=0.01)
    assert report.macs == 1_302_855_680
    cache = 2 * 4 * 2 * 8 * 64 * 1024 * 16
    assert report.bytes_moved < weights + 2 * cache


@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("batch", [1, 2, 4])
def test_a_mean_over_planes_of_a_batch_is_a_global_pooling(batch, keepdims):
    """Of what the graph made; it costs what the pooling costs on NPU 3720, whichever of them was exported."""
    made = [("Relu", "x", "y", {})]
    last = ("Reshape", "m shape", "z", {})
    kept = [("GlobalAveragePool", "y", "z" if keepdims else "m", {}), *([] if keepdims else [last])]
    x, constants = {"x": (F16, (batch, 64, 28, 28))}, {"shape": np.array([batch, 64])}
    mean = graph(
        [*made, ("ReduceMean", "y", "z", {"axes": [2, 3], "keepdims": keepdims})], x, ["z"], opset=13
    )
    pooled = graph([*made, *kept], x, ["z"], {} if keepdims else constants, opset=13)
    assert ("GlobalAveragePool" in ops(write_out(mean))) == (batch > 1)
    both = [simulate(g, "meteor_lake", "2026-as-released", band=False).latency_us for g in (mean, pooled)]
    assert batch == 1 or both[0] == pytest.approx(both[1])
