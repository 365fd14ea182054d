"""Graphs in the shape of files from public bug reports: `public.csv` says, line by line, what is right."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from npusim import hardware, load, simulate
from npusim.errors import BadModel, FreeDimension
from npusim.ops import lowerings
from tests.loading.make import model, node, save
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
FOLDER = SHARED / "cases" / "public"
CHECKS = {}
# Lines that are about xamba; its tests hold them.
XAMBA = {"if_output_no_shape", "sparse_init_cumsum", "if_squeeze_subinit"}


def case(*names):
    def register(check):
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return register


def report(name, hw="lunar_lake", **options):
    return simulate(load(FOLDER / f"{name}.onnx", **options), hardware(hw))


def output(name, **options):
    graph = load(FOLDER / f"{name}.onnx", **options)
    return graph.values[graph.outputs[0]].shape


def weights_moved(name):
    """Bytes that cross DDR without the float32 inputs and outputs of the graph."""
    found = report(name)
    return sum(t.nbytes for t in found.tasks if t.source == "ddr" and t.name.endswith("/weights"))


@case("w8_qlinearconv", "w8_qlinearmatmul")
def weights_of_one_byte_move_once(name):
    assert weights_moved(name) == pytest.approx(256 * 256 + 4096, rel=0.05)


@case("w8_matmulinteger")
def matmul_integer_moves_one_byte_a_weight(name):
    assert weights_moved(name) == pytest.approx(256 * 256, rel=0.1)


@case("nbits_2_none")
def two_bits_a_weight(name):
    graph = load(FOLDER / f"{name}.onnx")
    (node,) = (n for n in graph.nodes if n.op_type == "MatMulNBits")
    rows, columns, scales = node.attributes["K"], node.attributes["N"], graph.values[node.inputs[2]].elements
    assert weights_moved(name) == pytest.approx(rows * columns * 2 / 8 + scales * 2, rel=0.25)


@case("nbits_4_none")
def four_bits_a_weight(name):
    graph = load(FOLDER / f"{name}.onnx")
    (node,) = (n for n in graph.nodes if n.op_type == "MatMulNBits")
    rows, columns, scales = node.attributes["K"], node.attributes["N"], graph.values[node.inputs[2]].elements
    assert weights_moved(name) == pytest.approx(rows * columns * 4 / 8 + scales * 2, rel=0.25)


@case("nbits_4096_4", "dq_int4_4096")
def both_ways_to_write_a_matrix_of_four_bits_move_as_much(name):
    assert weights_moved(name) == 4096 * 4096 / 2 + 4096 * 128 * 4  # a float32 scale for 32 weights


@case("rnn_GRU_forward")
def gru_loads_its_weights_once(name):
    found = report(name)
    assert found.macs == 100 * 3 * 64 * (64 + 64)
    assert weights_moved(name) < 2.5 * 3 * 64 * (64 + 64) * 2


@case("rnn_RNN_forward")
def rnn_is_not_dearer_than_an_lstm(name):
    found = report(name)
    assert found.macs == 100 * 64 * (64 + 64)
    weights = {"w": np.zeros((1, 4 * 64, 64), np.float32), "r": np.zeros((1, 4 * 64, 64), np.float32)}
    proto = model([node("LSTM", ["x", "w", "r"], ["y"], hidden_size=64)], {"x": [100, 1, 64]}, ["y"], weights)
    with TemporaryDirectory() as folder:
        lstm = simulate(load(save(proto, Path(folder))), hardware("lunar_lake"))
    assert found.latency_us <= lstm.latency_us


@case("lstm_ov24969")
def a_long_lstm_is_priced_on_every_npu(name):
    for hw in ("lunar_lake", "meteor_lake", "panther_lake"):
        assert report(name, hw).macs == 471_859_200
    assert weights_moved(name) < 2 * 3.2e6


@case("loop_cond_none", "loop_cond_int32max")
def the_condition_ends_the_loop_after_32_trips(name):
    found = report(name)
    assert found.macs == 32 * 32 * 32
    assert all(
        "one of two sources" in warning for warning in found.warnings
    )  # of Tanh's price, not of the loop


@case("groupnorm_decomposed", "groupnorm21")
def a_group_norm_costs_about_the_same_in_either_form(name):
    whole, parts = report("groupnorm21").latency_us, report("groupnorm_decomposed").latency_us
    assert 0.4 < parts / whole < 2.5


@case("ms_embed", "ms_gbq", "ms_qlinearconcat")
def is_priced(name):
    assert report(name).latency_us > 0


@case("ms_fusedgemm")
def fused_gemm(name):
    assert report(name).macs == 8 * 64 * 32


@case("ms_linearattention")
def linear_attention(name):
    graph = load(FOLDER / f"{name}.onnx")
    assert [graph.values[o].shape for o in graph.outputs] == [(1, 8, 64), (1, 4, 16, 16)]
    assert report(name).macs == 8 * 4 * 2 * 16 * 16  # per position and head: q.S, and k.S of the delta rule


@case("mha_present")
def present_keys_follow_from_past_and_input(name):
    graph = load(FOLDER / f"{name}.onnx")
    assert [graph.values[o].shape for o in graph.outputs] == [(1, 1, 64), (1, 4, 16, 16), (1, 4, 16, 16)]
    assert report(name).macs == 4 * 16 * (16 + 16)


@case("if_impossible_branch")
def the_possible_branch_is_priced(name):
    for n, other in ((64, "else_branch"), (32, "then_branch")):
        (warning,) = load(FOLDER / f"{name}.onnx", {"n": n}).warnings
        assert f"its {other} is impossible" in warning and "Reshape" in warning


@case("dim_hyphen_batch_size")
def a_hint_binds_the_whole_name(name):
    with pytest.raises(FreeDimension, match=r"bind it with dims=\{'batch-size': 1\}$"):
        report(name)
    assert report(name, dims={"batch-size": 1}).latency_us > 0


@case("dim_floor_seq_2_")
def a_hint_is_quoted_for_the_shell(name):
    with pytest.raises(FreeDimension, match=r"bind it with dims=\{'floor\(seq/2\)': \d+\}$"):
        report(name)
    assert load(FOLDER / f"{name}.onnx", {"floor(seq/2)": 8}).values["x"].shape[0] == 8
    assert load(FOLDER / f"{name}.onnx", {"seq": 9}).values["x"].shape[0] == 4


@case("question_dims")
def unnamed_dimensions_may_differ(name):
    with pytest.raises(FreeDimension, match=r"dims=\{'x\.2': \d+, 'x\.3': \d+\}$"):
        report(name)
    assert report(name, dims={"x.2": 48, "x.3": 192}).macs == 48 * 192 * 9 * 3 * 16


@case("dim_value_zero")
def a_dimension_of_zero_is_warned_of(name):
    (warning,) = report(name).warnings
    assert "--dim x.0=1" in warning
    assert report(name, dims={"x.0": 4}).latency_us > 0


@case("ssa_twice")
def the_tensor_defined_twice_is_named(name):
    with pytest.raises(BadModel, match="'t' is defined twice"):
        load(FOLDER / f"{name}.onnx")


@case("resize_scale_10_0p700")
def ten_times_point_seven_is_seven(name):
    assert output(name)[2:] == (7, 7)
    assert report(name).macs == 0


@case("averagepool_ceil_3")
def a_last_window_behind_the_image_is_left_out(name):
    assert output(name)[2:] == (3, 2)


@case("ms_attention_qkvsizes")
def values_may_be_wider_than_queries(name):
    assert report(name).macs == 8 * 64 * 128 + 8 * 8 * 32 + 8 * 8 * 64 == 71_680


@case("deconv_group_s2")
def each_input_element_meets_each_tap_once(name):
    assert report(name).macs == 16 * 8 * 8 * 8 * 9 == 73_728
    graph = load(FOLDER / f"{name}.onnx")
    assert lowerings(graph.nodes[0], graph)[0].steps[0].macs > 73_728  # what the array does, zeros included


@case("cumsum_bool")
def a_type_that_onnx_does_not_allow_is_warned_of(name):
    (warning,) = report(name).warnings
    assert "bool" in warning and "CumSum" in warning


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_public_case_comes_out_right(name):
    CHECKS[name](name)


def test_every_line_has_a_check():
    with open(FOLDER / "public.csv", newline="", encoding="utf-8") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    assert names == set(CHECKS) | XAMBA
