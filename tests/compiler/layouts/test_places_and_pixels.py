"""Images that are not in memory as a window reads them, pixels taken from channels, lines of one channel."""

import pytest
from onnx import TensorProto, helper

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask, Plan
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import of_model
from tests.vendor.op_graphs import build

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def _plan(name: str, npu: str, profile: str = "2026-as-released") -> Plan:
    hw = load_hardware(npu).replace({"tiles": TILES[npu]})
    return compile_graph(of_model(build(name, weights=False), ""), hw, load_profile(profile))


def _transfers(plan: Plan, ending: str) -> list[DmaTask]:
    return [
        a for a, n in zip(plan.ask, plan.label, strict=True) if n.endswith(ending) and isinstance(a, DmaTask)
    ]


def _crossing(plan: Plan) -> float:
    """Bytes to and from DDR."""
    moves = (a for a in plan.ask if isinstance(a, DmaTask))
    return sum(a.nbytes for a in moves if "ddr" in (a.source, a.destination))


def test_a_transposed_convolution_brings_pointers_and_a_map_of_its_places() -> None:
    """144 x 40 x 40 by blocks of three on three tiles: 42 x 122 places a tile, 4 bytes and 18 each; the map takes the
    time of sixteen times its bytes (Intel's schedule on NPU 5010: 20,496 and 92,232 bytes)."""
    plan = _plan("depth2space_3_144_40", "panther_lake")
    assert sum(a.nbytes for a in _transfers(plan, "/pointers/load")) == 3 * 20_496
    found = _transfers(plan, "/map/load")
    assert sum(a.nbytes for a in found) == 3 * 92_232 and {a.counted for a in found} == {16.0}
    plain = _transfers(_plan("depth2space_3_144_40", "panther_lake", "2026"), "/map/load")
    assert {a.counted for a in plain} == {1.0}


@pytest.mark.parametrize(("npu", "mapped"), [("lunar_lake", 4 * 12_800), ("panther_lake", 0)])
def test_an_enlarged_image_has_pointers_and_on_4000_a_map(npu: str, mapped: int) -> None:
    """64 x 40 x 40 by two: 80 x 80 places (Intel's schedules: 6,400 and 12,800 bytes for each of four tiles)."""
    plan = _plan("resize_nearest_2_64_40", npu)
    assert sum(a.nbytes for a in _transfers(plan, "/pointers/load")) == 4 * 6_400
    assert sum(a.nbytes for a in _transfers(plan, "/map/load")) == mapped


def test_a_tensor_called_as_a_map_is_takes_its_own_time() -> None:
    """What a user's graph calls `x/map` is an image like any other."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x/map"], ["y"], name="n")],
        "g",
        [value("x/map", TensorProto.FLOAT16, [1, 64, 40, 40])],
        [value("y", TensorProto.FLOAT16, [1, 64, 40, 40])],
    )
    hw = load_hardware("panther_lake")
    plan = compile_graph(of_model(helper.make_model(graph), ""), hw, load_profile("2026-as-released"))
    loads = [a for a in plan.ask if isinstance(a, DmaTask) and a.nbytes]
    assert any(n.startswith("x/map") for n in plan.label) and {a.counted for a in loads} == {1.0}


def test_no_tables_where_the_image_is_spread_out_in_memory() -> None:
    assert not _transfers(_plan("deconv_64_32_3_2_40", "meteor_lake"), "/map/load")


@pytest.mark.parametrize(
    ("name", "npu", "crossings"),
    [
        ("depth2space_4_48_128", "meteor_lake", 4),  # in; two passes over planes, through DDR; out
        (
            "space_d2s_3_1_36_40_40",
            "panther_lake",
            8,
        ),  # 40 rows on three tiles: through DDR turned and moved, too
        (
            "space_d2s_3_1_45_60_60",
            "meteor_lake",
            4,
        ),  # 1,800 pixels a tile: turned through DDR; planes by the DMA
        ("space_d2s_4_1_128_16_16", "lunar_lake", 4),
    ],
)
def test_pixels_from_channels_cross_ddr_as_in_the_schedules(name: str, npu: str, crossings: int) -> None:
    plan = _plan(name, npu)
    graph = plan.graph
    assert _crossing(plan) == crossings * graph.values[graph.inputs[0]].npu_bytes


def test_one_channel_of_whole_sixteens_side_by_side_is_a_kernel() -> None:
    """16 channels at 64 pixels; in DCR order, and 9 channels, by the DMA."""
    kernels = {n: _plan(n, "meteor_lake").steps for n in ("depth2space_4_16_64", "space_d2s_4_1_16_64_64")}
    engines = {
        n: {s.engine for s in steps if s.node.op_type == "DepthToSpace"} for n, steps in kernels.items()
    }
    assert engines == {"depth2space_4_16_64": {"dsp"}, "space_d2s_4_1_16_64_64": {"dma"}}


@pytest.mark.parametrize(
    ("name", "later"),
    [("2_256_24", "mac_array"), ("2_384_24", "dsp"), ("3_144_24", "mac_array"), ("3_288_24", "dma")],
)
def test_more_than_256_channels_are_no_convolution_on_later_generations(name: str, later: str) -> None:
    """Of blocks of two they are a kernel, of three moved by the DMA."""
    for npu, profile, engine in (
        ("meteor_lake", "2026-as-released", "mac_array"), ("lunar_lake", "2026-as-released", later),
        ("panther_lake", "2026-as-released", later), ("panther_lake", "2026", later),
    ):  # fmt: skip
        steps = _plan(f"depth2space_{name}", npu, profile).steps
        assert {s.engine for s in steps if s.node.op_type == "DepthToSpace"} == {engine}


@pytest.mark.parametrize(("npu", "engine"), [("meteor_lake", "mac_array"), ("panther_lake", "dma")])
def test_a_line_of_one_channel_is_widened_through_ddr(npu: str, engine: str) -> None:
    """1 x 16,000 by ten taps: 512,000 bytes beside zeros, by a convolution or by copies."""
    name = "convx_1_1_16000_by_64_1_10_with_5_1_1"
    for profile in ("2026-as-released", "2026"):
        step = _plan(name, npu, profile).steps[0]
        assert (step.engine, step.node.name.endswith("/layout")) == (engine, True)


def test_images_of_a_batch_that_do_not_fit_beside_themselves_turned_cross_ddr() -> None:
    """2.1 MB each: turned, written and read again on NPU 3720, not on 4000 (50.5 MB in Intel's schedule)."""
    image = 8 * 128 * 128 * 64 * 2
    assert _crossing(_plan("ReduceSum_8_128_128_64", "meteor_lake")) == pytest.approx(3 * image, rel=0.01)
    assert _crossing(_plan("ReduceSum_8_128_128_64", "lunar_lake")) < 1.5 * image
    assert _crossing(_plan("ReduceSum_24_64_64_128", "meteor_lake")) < 1.1 * 24 * 64 * 64 * 128 * 2


def test_an_operand_of_fewer_problems_is_written_out_where_a_batch_is_one_kernel() -> None:
    """2 x 16 x 197 x 64 by 2 x 1 x 64 x 197 (`broadcast_rhs` in Intel's schedules of NPU 4000 and 5010)."""
    name = "matmul_2_16_197_64_by_2_1_64_197"
    kinds = {npu: [s.node.op_type for s in _plan(name, npu).steps] for npu in TILES}
    assert "Broadcast" not in kinds["meteor_lake"]
    assert kinds["lunar_lake"].count("Broadcast") == kinds["panther_lake"].count("Broadcast") == 1
    assert [s.node.op_type for s in _plan(name, "lunar_lake", "2026").steps].count("Broadcast") == 1


def test_a_line_is_turned_as_a_whole_for_windows_that_are_cut() -> None:
    """512 channels of 300 places by 31 taps, three windows: twice again on NPU 3720, once on 5010."""
    name = "conv1d_512_512_31_1_300_512"
    line = 512 * 300 * 2
    again = _crossing(_plan(name, "meteor_lake")) - _crossing(_plan(name, "panther_lake"))
    assert again == pytest.approx(2 * 3 * line, rel=0.01)


def test_an_image_enlarged_along_one_axis_crosses_ddr_where_the_other_does_not_fit() -> None:
    """128 x 64 x 64 by two on NPU 5010: 2.1 MB written and read again, not 64 x 64 x 64."""
    first = 128 * 64 * 128 * 2
    large, small = (_plan(f"resize_linear_2_{c}_64", "panther_lake") for c in (128, 64))
    assert _crossing(large) - 2 * _crossing(small) == pytest.approx(2 * first, rel=0.1)
