"""Weights in 2, 4 and 8 bits with scales by block or by channel: what crosses DDR is what is stored."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from npusim import simulate
from npusim.arch.presets import load_hardware
from npusim.compiler.fuse import fuse
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded
from tests.shared import SHARED

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
PORTS_US = 4.0  # transfers of a small op fall on the two ports of the DMA more or less evenly
SMALL = {"K": 64, "N": 32, "bits": 4, "block_size": 32}
TYPES = {4: TensorProto.INT4, 8: TensorProto.INT8}


def stored(name, kind, *dims):
    """A constant whose bytes are not there: no price depends on them."""
    tensor = TensorProto(name=name, data_type=kind, dims=dims)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights_dropped.bin")
    return tensor


def graph(nodes, constants, rows, k, n):
    ends = [helper.make_tensor_value_info(*v) for v in (("x", 10, [1, rows, k]), ("y", 10, [1, rows, n]))]
    g = helper.make_graph(nodes, "packed", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return loaded(helper.make_model(g, opset_imports=opsets, ir_version=10))


def nbits(rows, k, n, bits=4, block=32, zero_points=False, bias=False, scales=TensorProto.FLOAT16):
    """MatMulNBits as onnxruntime writes it."""
    blocks = -(-k // block)
    constants = [stored("B", TensorProto.UINT8, n, blocks, block * bits // 8), stored("S", scales, n, blocks)]
    inputs = ["x", "B", "S"]
    if zero_points:
        constants.append(stored("Z", TensorProto.UINT8, n, -(-blocks * bits // 8)))
    if zero_points or bias:
        inputs.append("Z" if zero_points else "")
    if bias:
        constants.append(stored("b", TensorProto.FLOAT16, n))
        inputs += ["", "b"]
    node = helper.make_node(
        "MatMulNBits", inputs, ["y"], "mm", domain="com.microsoft", K=k, N=n, bits=bits, block_size=block
    )
    return graph([node], constants, rows, k, n)


def dequantized(rows, k, n, bits=4, block=32, turned=False):
    """A blocked DequantizeLinear (or one scale a channel: block 0) in front of a MatMul, perhaps as [N, K]."""
    shape = [n, k] if turned else [k, n]
    axis = shape.index(k) if block and k != n else (1 if turned else 0)
    scales = [n] if not block else [-(-e // block) if i == axis else e for i, e in enumerate(shape)]
    how = {"axis": axis, "block_size": block} if block else {"axis": 0 if turned else 1}
    nodes = [helper.make_node("DequantizeLinear", ["W", "S"], ["w"], "dq", **how)]
    if turned:
        nodes.append(helper.make_node("Transpose", ["w"], ["wt"], "turn", perm=[1, 0]))
    nodes.append(helper.make_node("MatMul", ["x", "wt" if turned else "w"], ["y"], "mm"))
    constants = [stored("W", TYPES[bits], *shape), stored("S", TensorProto.FLOAT16, *scales)]
    return graph(nodes, constants, rows, k, n)


def plain(rows, k, n):
    """The same product in fp16."""
    node = helper.make_node("MatMul", ["x", "W"], ["y"], "mm")
    return graph([node], [stored("W", TensorProto.FLOAT16, k, n)], rows, k, n)


def weights_of(model, npu="lunar_lake", compiler="2026"):
    """Bytes of weights that a run brings in."""
    tasks = simulate(model, npu, compiler, band=False).tasks
    return sum(t.nbytes for t in tasks if "/weights" in t.name)


SIZES = {
    "rows": st.integers(1, 40),
    "k": st.integers(1, 32).map(lambda i: 64 * i),
    "n": st.integers(1, 64).map(lambda i: 32 * i),
}


@given(
    **SIZES, bits=st.sampled_from([2, 4, 8]), block=st.sampled_from([16, 32, 64]), zero_points=st.booleans()
)
def test_the_stored_bytes_cross_once(rows, k, n, bits, block, zero_points):
    matrix, blocks = k * n * bits / 8, -(-k // block) * n
    beside = 2 * blocks + (-(-blocks // n * bits // 8) * n if zero_points else 0)
    counted = weights_of(nbits(rows, k, n, bits, block, zero_points))
    assert counted == pytest.approx(matrix + max(beside, 16 * n))


@given(**SIZES, block=st.sampled_from([16, 32, 64]), turned=st.booleans(), npu=st.sampled_from(NPUS))
def test_both_spellings_cost_the_same(rows, k, n, block, turned, npu):
    one, other = nbits(rows, k, n, 4, block), dequantized(rows, k, n, 4, block, turned)
    a, b = (simulate(g, npu, band=False) for g in (one, other))
    assert (
        a.latency_us == b.latency_us and a.bytes_moved == b.bytes_moved and a.macs == b.macs == rows * k * n
    )


@given(**SIZES, npu=st.sampled_from(NPUS))
def test_fewer_bits_are_never_slower(rows, k, n, npu):
    two, four, eight = (simulate(nbits(rows, k, n, bits), npu, band=False) for bits in (2, 4, 8))
    channel = simulate(dequantized(rows, k, n, 8, 0), npu, band=False)
    full = simulate(plain(rows, k, n), npu, band=False)
    assert two.bytes_moved <= four.bytes_moved <= eight.bytes_moved <= full.bytes_moved
    assert two.latency_us <= four.latency_us + PORTS_US
    assert four.latency_us <= eight.latency_us + PORTS_US
    assert four.latency_us <= full.latency_us + PORTS_US
    assert channel.latency_us <= full.latency_us + PORTS_US


@pytest.mark.parametrize("npu", NPUS)
def test_a_bias_behind_packed_weights_is_free(npu):
    spoken, silent = (simulate(nbits(1, 512, 256, bias=b), npu, band=False) for b in (True, False))
    assert spoken.latency_us == silent.latency_us
    fused = fuse(nbits(1, 512, 256, bias=True), load_profile("2026"), "4000", False, "fp16")
    assert [(n.op_type, n.post_ops) for n in fused.nodes] == [("MatMul", ("Add",))]


def test_an_add_behind_packed_weights_is_free():
    nodes = [
        helper.make_node("MatMulNBits", ["x", "B", "S"], ["m"], "mm", domain="com.microsoft", **SMALL),
        helper.make_node("Add", ["m", "b"], ["y"], "bias"),
    ]  # fmt: skip
    constants = [stored("B", TensorProto.UINT8, 32, 2, 16), stored("S", 10, 32, 2), stored("b", 10, 32)]
    fused = fuse(graph(nodes, constants, 1, 64, 32), load_profile("2026"), "4000", False, "fp16")
    assert [(n.op_type, n.post_ops) for n in fused.nodes] == [("MatMul", ("Add",))]


def test_a_llama_projection_by_hand():
    """2048 x 8192 in 4 bits: 8,388,608 bytes, 64 fp16 scales a channel 1,048,576, zero points of 4 bits 262,144."""
    assert weights_of(nbits(1, 2048, 8192, zero_points=True)) == 8_388_608 + 1_048_576 + 262_144
    assert (
        weights_of(dequantized(1, 2048, 8192, 4, 0)) == 8_388_608 + 16 * 8192
    )  # a scale a channel: in the table
    assert weights_of(nbits(1, 2048, 8192, scales=TensorProto.FLOAT)) == 8_388_608 + 2_097_152


def test_a_profile_may_unpack_on_the_dsps():
    """The kernel writes 16 bits a weight, which the product reads."""
    profile = load_profile("2026")
    by_dsp = replace(profile, packed_weights=replace(profile.packed_weights, unpack={"4000": "dsp"}))
    found = simulate(nbits(1, 2048, 2048), "lunar_lake", by_dsp, band=False)
    free = simulate(nbits(1, 2048, 2048), "lunar_lake", band=False)
    assert [n.op_type for n in found.nodes] == ["DequantizeLinear", "MatMul"]
    assert found.latency_us > free.latency_us and found.engines["dsp"] > 0 == free.engines["dsp"]


def test_what_is_only_known_at_run_time_is_no_stored_weight():
    node = helper.make_node(
        "MatMulNBits", ["x", "B", "s"], ["y"], "mm", domain="com.microsoft", K=64, N=32, bits=4, block_size=32
    )
    ends = [
        helper.make_tensor_value_info(*v)
        for v in (("x", 10, [1, 1, 64]), ("s", 10, [32, 2]), ("y", 10, [1, 1, 32]))
    ]
    g = helper.make_graph([node], "g", ends[:2], ends[2:], [stored("B", TensorProto.UINT8, 32, 2, 16)])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    fused = fuse(
        loaded(helper.make_model(g, opset_imports=opsets, ir_version=10)),
        load_profile("2026"),
        "4000",
        False,
        "fp16",
    )
    assert fused.nodes[0].op_type == "MatMulNBits"


#: Values of 1,025 rows, turned for their product, fill no sixteens: they are written and read back (Intel's schedules
#: of a layer of Llama-3.2-1B).
TURNED_VALUES = 16 * 2 * (8 * 1025 * 64 * 2)
#: Bytes of weights that one pass reads, by the README of the exports, and its fp16 cache read and written.
EXPORTS = {
    "llama32_1b_dec_kv1024_fp16_dy": 2_471_646_639 + 2 * 33_554_432,
    "llama32_1b_dec_kv1024_fp16_dy23": 2_471_646_561 + 2 * 33_554_432,
    "llama32_1b_dec_kv1024_int4_mmnb": 714_416_128 + 2 * 33_554_432,
    "llama32_1b_dec_kv1024_int4_dq4": 695_107_584 + 2 * 33_554_432,
}


@pytest.mark.parametrize("npu", NPUS)
@pytest.mark.parametrize("name", EXPORTS)
def test_a_token_reads_weights_once_and_the_cache(name, npu):
    file = SHARED / "graphs" / "llm" / "large" / f"{name}.onnx"
    if not file.is_file():
        pytest.skip("the language models beside the project are not there")
    report = simulate(
        file, npu, "2026-measured", band=False
    )  # as `npusim generate` asks; 2026 writes repeated keys
    # and a gate of 8,192 channels goes back as weights with room for sixteen taps, 4.2 MB of 16 layers
    assert report.bytes_moved == pytest.approx(EXPORTS[name] + TURNED_VALUES, rel=0.025)
    assert report.macs == 1_302_921_216


@pytest.mark.parametrize("npu", NPUS)
@pytest.mark.parametrize("name", EXPORTS)
def test_int8_never_slows_a_token(name, npu):
    file = SHARED / "graphs" / "llm" / "large" / f"{name}.onnx"
    if not file.is_file():
        pytest.skip("the language models beside the project are not there")
    as_is, eight = (simulate(file, npu, precision=p, band=False) for p in ("fp16", "int8"))
    assert eight.latency_us <= as_is.latency_us * (1 if "fp16" in name else 1.0001)


@pytest.mark.parametrize(("kind", "bits"), [(TensorProto.INT4, 4), (TensorProto.INT8, 8)])
@pytest.mark.parametrize("npu", NPUS)
def test_a_product_taken_apart_by_a_split_reads_its_weights_as_they_are_stored(kind, bits, npu):
    """Gate and up, or queries, keys and values, in one matrix: each part has its share of integers and scales."""
    k, n, block = 512, 1536, 64
    constants = [stored("W", kind, k, n), stored("S", TensorProto.FLOAT16, k // block, n)]
    nodes = [
        helper.make_node("DequantizeLinear", ["W", "S"], ["w"], "dq", axis=0, block_size=block),
        helper.make_node("MatMul", ["x", "w"], ["p"], "mm"),
        helper.make_node("Split", ["p"], ["a", "b", "c"], "split", axis=-1, num_outputs=3),
        helper.make_node("Mul", ["a", "b"], ["ab"], "mul"),
        helper.make_node("Add", ["ab", "c"], ["y"], "add"),
    ]
    found = simulate(graph(nodes, constants, 1, k, n // 3), npu)
    moved = sum(node.bytes_moved for node in found.nodes if node.op_type == "MatMul")
    assert moved == pytest.approx(k * n * bits / 8 + k // block * n * 2, rel=0.04)


@pytest.mark.parametrize("npu", NPUS)
@pytest.mark.parametrize(
    ("float_form", "four_bits"),
    [
        ("large/llama32_1b_dec_kv1024_fp16_dy", "large/llama32_1b_dec_kv1024_int4_dq4"),
        ("large/llama32_1b_dec_kv1024_fp16_dy", "large/llama32_1b_dec_kv1024_int4_mmnb"),
        ("small/llamatiny_dec_kv16_dy", "small/llamatiny_dec_kv16_dq4"),
        ("small/llamatiny_dec_kv16_dy", "small/llamatiny_dec_kv16_mmnb"),
        ("small/llamatiny_dec_kv16_dy", "small/llamatiny_dec_kv16_mmnb_sym"),
    ],
)
def test_four_bits_are_never_slower_than_eight_nor_these_than_sixteen(float_form, four_bits, npu):
    folder = SHARED / "graphs" / "llm"
    if not folder.is_dir():
        pytest.skip("the language models beside the project are not there")
    full, eight = (
        simulate(folder / f"{float_form}.onnx", npu, precision=p, band=False) for p in ("fp16", "int8")
    )
    four = simulate(folder / f"{four_bits}.onnx", npu, band=False)
    # Of a toy the zero points are a part in a thousand, and one step more or less waits for its dispatch.
    step_us = load_hardware(npu).step.minimum_ns / 1e3 if "tiny" in four_bits else 0.0
    assert four.latency_us <= eight.latency_us * 1.001 + step_us
    assert eight.latency_us <= full.latency_us


@pytest.mark.parametrize("name", ["llama32_1b_dec_kv1024_fp16_dy", "llama32_1b_dec_kv1024_int4_mmnb"])
def test_a_faster_npu_is_never_slower(name):
    file = SHARED / "graphs" / "llm" / "large" / f"{name}.onnx"
    if not file.is_file():
        pytest.skip("the language models beside the project are not there")
    meteor, lunar, panther = (simulate(file, npu, band=False).latency_us for npu in NPUS)
    assert meteor >= lunar >= panther
