"""Forms of single ops that Intel's schedules show (tests/data/vendor_ops_fit.csv has the rows), counted by hand."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded
from tests.vendor.compiled import _free_on_the_array
from tests.vendor.op_graphs import build

CHIPS = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}


def plan(name, npu="3720", profile="2026"):
    return compile_graph(loaded(build(name, weights=False)), load_hardware(CHIPS[npu]), load_profile(profile))


def moves(found):
    return [ask for ask in found.ask if type(ask).__name__ == "DmaTask"]


def ddr_bytes(found):
    return sum(a.nbytes for a in moves(found) if "ddr" in (a.source, a.destination))


def lowered(found):
    return [(s.node.op_type, s.lowering) for s in found.steps]


def test_a_reflection_is_two_copies_and_a_row_for_each_it_adds():
    found = moves(plan("pad_reflect_0_0_3_3_with_1_16_128_128"))
    assert sum(a.nbytes for a in found) == 2 * 16 * 128 * 134 + 2 * 16 * 134 * 134
    assert sum(a.transfers for a in found) == 2 * 8  # 7 each, a half of them on each of two ports


def test_an_axis_after_the_other_is_filled_inside():
    found = moves(plan("tile_1_128_49_49_by_1_1_2_2"))
    size = 2 * 128 * 49 * 49
    assert sum(a.nbytes for a in found if "ddr" not in (a.source, a.destination)) == (2 + 4) * size
    assert sum(a.nbytes for a in found if a.destination == "ddr") == 4 * size


@given(st.integers(2, 9000))
def test_every_tile_runs_a_kernel_along_one_axis(length):
    name = f"un_Floor_{length}"
    ask = next(a for a in plan(name).ask if type(a).__name__ == "DspTask")
    assert ask.parts == 2 and ask.elements * ask.parts == length


def test_a_batch_of_one_operand_is_not_shared_a_batch_of_both_is():
    parts = [
        next(a.parts for a in plan(name).ask if type(a).__name__ == "DspTask")
        for name in ("bin_Mul_1_3_16_49_128_by_16_1_128", "bin_Mul_2_8_32_16_by_2_1_32_1")
    ]
    assert parts == [2, 4]


def test_a_minimum_is_the_maximum_of_what_kernels_negate():
    assert lowered(plan("red_Min_1_16_1000")) == [
        ("Neg", "dsp"), ("ReduceMax", "pooling_chain_relayout"), ("Neg", "dsp"),
    ]  # fmt: skip


@pytest.mark.parametrize("op", ["ReduceLogSumExp", "ReduceLogSum", "ReduceSumSquare", "ReduceMin"])
@pytest.mark.parametrize("form", ["red", "keep"])
def test_reductions_keep_their_sizes(op, form):
    kind = op.removeprefix("Reduce")
    name = f"red_{kind}_2_1_64_128" if form == "red" else f"keep_{kind}_2_with_1_64_128"
    found = plan(name)
    out = found.graph.values[found.graph.outputs[0]].shape
    assert prod(out) == 64


@pytest.mark.parametrize(
    "npu, lowering", [("3720", "upsampled"), ("4000", "as_convolution"), ("5010", "as_convolution")]
)
def test_a_depthwise_transposed_convolution(npu, lowering):
    assert ("ConvTranspose", lowering) in lowered(plan("deconvx_1_128_16_16_by_128_1_4_4_with_2_128", npu))


def test_images_of_a_batch_are_turned_and_pooled_one_by_one():
    found = plan("pool_Average_2_2_0_0_with_8_16_128_128")
    size = 2 * 8 * 16 * 128 * 128
    assert ddr_bytes(found) == size + size / 4


@pytest.mark.parametrize("npu", ["4000", "5010"])
def test_images_of_a_depthwise_batch_are_copied_for_calls(npu):
    """And a share of each once more (npusim.compiler.layouts.crossing_share)."""
    found = plan("convb_8_128_128_3_1_28_128", npu)
    assert [s.node.op_type for s in found.steps] == ["Copy", "Pad", "MemPermute", "Conv", "Copy"]


def test_a_line_that_is_no_sixteens_is_spread_out_for_a_pooling():
    size = 2 * 128 * 1000
    moved = sum(
        a.nbytes * (2 if a.source == a.destination == "ddr" else 1)
        for a in moves(plan("pool_Max_2_2_0_0_with_1_128_1000"))
    )
    # copied, loaded, spread out to four columns and back, kept, loaded, half of it written
    assert moved == (2 + 1 + 8 + 2 + 0.5) * size


@pytest.mark.parametrize(
    ("pooling", "spread"),
    [
        ("2_2_0_0_with_1_64_1000", True), ("2_2_0_0_with_1_128_504", True), ("4_4_0_0_with_1_128_1000", False),
        ("2_2_0_0_with_1_128_1004", False), ("2_2_0_0_with_1_256_300", False), ("3_2_1_0_with_1_64_1000", False),
    ],
)  # fmt: skip
def test_a_line_that_is_no_sixteens_is_spread_only_where_what_is_pooled_fills_columns(pooling, spread):
    """500 and 252 results of windows side by side are four columns, 250, 502 and 150 are not (Intel's schedules)."""
    for profile in ("2026", "2026-as-released"):
        assert (
            "Pad" in [s.node.op_type for s in plan(f"pool_Max_{pooling}", profile=profile).steps]
        ) == spread


def test_other_lines_are_turned_as_they_are_loaded():
    """Into one tile of NPU 3720, and turned there, where few results are shared over channels."""
    for name, inside in (("2_2_0_0_with_1_128_1001", 0), ("4_4_0_0_with_1_128_1000", 256_000)):
        moved = [
            (a.source, a.destination, a.nbytes)
            for a in moves(plan(f"pool_Max_{name}", profile="2026-as-released"))
        ]
        assert sum(n for source, to, n in moved if source == "ddr") == 2 * 128 * int(name.rpartition("_")[2])
        assert sum(n for source, to, n in moved if source == to) == inside


def test_depth_comes_before_pixels_by_transfers():
    assert ("DepthToSpace", "dma") in lowered(plan("space_d2s_2_1_64_48_48"))
    assert ("DepthToSpace", "upsampled") in lowered(plan("depth2space_2_64_48"))


def test_pixels_for_sixteen_channels_and_more_are_a_convolution():
    """On NPU 3720, whole sixteens or not; fewer are moved, or a kernel between passes (32 channels of two by two)."""
    for name, way in (
        ("2_68_20", "upsampled"),
        ("3_153_20", "upsampled"),
        ("3_135_20", "dma"),
        ("2_28_20", "dma"),
    ):
        assert ("DepthToSpace", way) in lowered(plan(f"depth2space_{name}"))
    steps = plan("depth2space_2_32_20").steps
    assert [s.lowering for s in steps if s.engine != "none"] == ["mac_permute", "dsp", "mac_permute"]


def test_a_line_between_pixels_by_a_broken_factor_is_a_kernel():
    assert lowered(plan("resizeto_linear_1_16_128_128_to_1_16_197_197"))[-1] == ("Resize", "dsp")
    assert lowered(plan("resizeto_linear_1_16_128_128_to_1_16_256_256"))[-1][1] != "dsp"


def test_work_of_the_array_without_time_is_named_but_for_what_turns():
    tasks = [
        {"name": "C_0?t_Conv/cluster_0", "dur": 0}, {"name": "C_0?t_Conv/cluster_1", "dur": 0},
        {"name": "C_0?t_Conv/reorder_in_0/cluster_0", "dur": 0}, {"name": "A_1?t_Add/cluster_0", "dur": 0},
        {"name": "A_1?t_Add/cluster_1", "dur": 2},
    ]  # fmt: skip
    assert _free_on_the_array(tasks) == {"Conv:mac"}


@pytest.mark.parametrize(
    "terms, filled", [(1, True), (8, True), (16, False), (24, True), (49, True), (197, False)]
)
def test_weights_of_few_terms_are_filled_up_by_a_transfer_as_released(terms, filled):
    graph = loaded(build(f"mm_1_{terms}_4096", weights=False))
    machine = load_hardware(CHIPS["3720"])
    released, default = (
        sum(a.elements for a in moves(compile_graph(graph, machine, load_profile(profile))))
        for profile in ("2026-as-released", "2026")
    )
    assert (released > 0) == filled and default == 0


def test_a_left_side_that_lies_transposed_is_turned_for_its_product():
    assert [s.node.op_type for s in plan("gemm_10_128_1024_128").steps] == ["Transpose", "Gemm"]
    assert [s.node.op_type for s in plan("gemm_00_128_1024_128").steps] == ["Gemm"]
