"""Reductions and scans: which ways are offered, and hand-counted works."""

from math import prod

import pytest

from npusim.arch.presets import load_hardware
from npusim.errors import BadModel
from npusim.graph import DType
from npusim.ops.counting import chain_of_eights
from npusim.ops.filled_rows import rows_filled_up
from npusim.ops.reduced_axes import axes_between
from npusim.simulation import simulate
from npusim.work import MoveWork
from tests.compiler import at_size
from tests.ops.cases import ask, constant, tensor


def reduce(op, shape, axes, keepdims=1, dtype=DType.FLOAT):
    out = [1 if a in {x % len(shape) for x in axes} else s for a, s in enumerate(shape)]
    if not keepdims:
        out = [s for a, s in enumerate(shape) if a not in {x % len(shape) for x in axes}]
    inputs = [tensor(*shape, dtype=dtype), constant(*axes)]
    return ask(op, inputs, [tensor(*out, dtype=dtype)], keepdims=keepdims)


@pytest.mark.parametrize(
    "length,kernels", [(256, [8, 8, 4]), (128, [8, 8, 2]), (49, [8, 7]), (11, [11]), (2, [2])]
)
def test_a_long_window_is_a_chain_of_windows_of_eight(length, kernels) -> None:
    assert [kernel for kernel, _, _ in chain_of_eights(length)] == kernels


def test_a_chain_covers_every_element_once_and_pads_the_rest() -> None:
    for length in range(1, 600):
        inside = length
        for kernel, outputs, share in chain_of_eights(length):
            assert kernel <= 11
            assert outputs * kernel * share == pytest.approx(inside)
            inside = outputs
        assert inside == 1


def test_a_sum_over_an_axis_of_length_one_is_a_view() -> None:
    assert list(reduce("ReduceSum", (1, 4, 1, 8), (2,))) == ["view"]


def test_a_sum_over_channels_is_an_all_ones_convolution_of_as_many_input_channels() -> None:
    ways = reduce("ReduceSum", (1, 32, 7, 9), (1,))
    assert {"ones_convolution", "native_reduce", "pooling_chain_relayout", "dsp"} <= set(ways)
    (work,) = ways["ones_convolution"].steps
    assert (work.in_c, work.out_c, work.out_h, work.out_w) == (32, 1, 7, 9)
    assert work.macs == 32 * 7 * 9


@pytest.mark.parametrize("shape,keepdims,name", [
    ((1, 32, 7, 16), 1, "ones_convolution_by_neighbour"),
    ((1, 32, 7, 9), 0, "ones_convolution_without_axis"),  # which 2024.12 does not know
    ((2, 32, 7, 9), 1, None),  # batch 1 is asked for
])  # fmt: skip
def test_the_all_ones_convolution_has_its_conditions(shape, keepdims, name) -> None:
    ways = reduce("ReduceSum", shape, (1,), keepdims)
    assert [way for way in ways if way.startswith("ones")] == ([name] if name else [])


def test_the_innermost_axis_is_summed_by_convolution_from_4096_elements_on() -> None:
    assert "ones_convolution_innermost" not in reduce("ReduceSum", (31, 132), (-1,))  # 4092
    (work,) = reduce("ReduceSum", (32, 128), (-1,))["ones_convolution_innermost"].steps
    assert work.in_c == 128 and work.out_h * work.out_w == 32


def test_a_mean_has_no_all_ones_convolution_but_the_other_ways() -> None:
    ways = reduce("ReduceMean", (2, 32, 64, 128), (-1,))
    assert not [way for way in ways if way.startswith("ones")]
    assert {"pooling_chain_relayout", "pooling_chain", "native_reduce", "dsp"} == set(ways)


def test_an_image_is_pooled_over_its_width_as_it_lies() -> None:
    """64 x 40 x 30 behind a convolution: windows over rows of 30, 1.4 us in Intel's schedule of NPU 3720."""
    chain = reduce("ReduceMean", (1, 64, 40, 30), (3,))
    assert {"pooling_chain", "native_reduce", "dsp"} == set(chain)
    assert {(w.in_c, w.out_w) for w in chain["pooling_chain"].steps} == {(64, 40)}


def test_a_mean_of_all_elements_is_an_image_of_one_channel_pooled_by_eights() -> None:
    """64 x 64 x 64: sixteen of 4,096 columns are channels, eight rows a window; 8 x 512 are left, pooled to one."""
    first, *rest = reduce("ReduceMean", (1, 64, 64, 64), (1, 2, 3))["pooling_chain_of_all"].steps
    assert (first.out_h, first.out_w, first.in_c, first.kernel_h) == (8, 256, 16, 8)
    assert [(w.out_h, w.out_w) for w in rest] == [(1, 64), (1, 8), (1, 1)]
    assert {w.in_c for w in reduce("ReduceMean", (1, 64, 1001), (1, 2))["pooling_chain_of_all"].steps} == {16}
    copied, loaded, *rest = reduce("ReduceMean", (1, 512, 3199), (1, 2))["pooling_chain_of_all"].steps
    assert copied.nbytes == loaded.nbytes == 16 * 512 * 3199 * 2
    assert [(w.out_h, w.out_w) for w in rest] == [(64, 400), (8, 50), (1, 7), (1, 1)]
    assert "pooling_chain_of_all" not in reduce("ReduceMean", (1, 20_000), (1,))


def test_an_image_is_pooled_over_height_and_width_without_change_of_layout() -> None:
    ways = reduce("ReduceMean", (1, 64, 7, 7), (2, 3))
    assert "pooling_chain_relayout" not in ways
    (window,) = ways["pooling_chain"].steps
    assert (window.kernel_h, window.kernel_w, window.out_c, window.out_h) == (7, 7, 64, 1)
    stages = reduce("ReduceMean", (1, 32, 105, 192), (2, 3))["pooling_chain"].steps
    assert [(w.out_h, w.out_w) for w in stages] == [(14, 24), (2, 3), (1, 1)]  # Intel's: 18 x 20, 3 x 4, 1


def test_an_outermost_axis_is_padded_from_one_channel_to_sixteen() -> None:
    shape = (256, 24, 64)  # the sum over the first axis sees one channel
    move, *poolings = reduce("ReduceSum", shape, (0,))["pooling_chain_relayout"].steps
    assert move.nbytes == 16 * 256 * 24 * 64 * 2
    assert [(w.kernel_h, w.out_h, w.out_c) for w in poolings] == [(8, 32, 16), (8, 4, 16), (4, 1, 16)]
    assert poolings[0].in_h * poolings[0].in_w * poolings[0].in_c * 2 == move.nbytes


@pytest.mark.parametrize(
    ("shape", "image"), [((32, 8, 512), (512, 8)), ((50, 4, 96), (96, 4)), ((48, 1, 256), (256, 1))]
)
def test_the_first_of_three_axes_is_rows_of_the_image_that_lies_in_memory(shape, image) -> None:
    """Intel's schedules: 1x512x32x8, 1x96x50x4 and 1x256x48x1, pooled along the rows."""
    first, *_ = reduce("ReduceMax", shape, (0,))["pooling_chain"].steps
    assert (first.out_c, first.in_w, first.in_h) == (*image, shape[0])


def test_the_clean_chain_reads_each_element_once() -> None:
    first = reduce("ReduceSum", (4, 256, 6, 64), (1,))["pooling_chain"].steps[0]
    assert first.in_h * first.in_w * first.in_c == 4 * 256 * 6 * 64
    assert first.out_h * first.out_w * first.out_c * 8 == 4 * 256 * 6 * 64


@pytest.mark.parametrize("shape,axes,dtype", [
    ((4, 8, 4, 8), (0, 2), DType.FLOAT),  # axes not side by side
    ((4, 8, 4, 8), (2,), DType.INT32),  # no float
])  # fmt: skip
def test_other_sums_run_on_the_dsps_only(shape, axes, dtype) -> None:
    ways = reduce("ReduceSum", shape, axes, dtype=dtype)
    assert list(ways) == ["dsp"]
    assert ways["dsp"].steps[0].elements == 4 * 8 * 4 * 8


def test_axes_between_which_only_ones_lie_are_side_by_side() -> None:
    assert "pooling_chain" in reduce("ReduceSum", (4, 8, 1, 8), (1, 3))


def test_native_reduction_reads_all_and_writes_one_of_each_row() -> None:
    (work,) = reduce("ReduceSum", (1, 32, 64, 128), (-1,))["native_reduce"].steps
    elements = work.out_h * work.out_w * work.out_c
    assert elements == 32 * 64 * 128
    assert elements * work.output_bytes == 32 * 64 * 2


def test_axes_of_run_time_are_read_off_the_shapes() -> None:
    known = ask("ReduceSum", [tensor(4, 8), constant(1)], [tensor(4, 1)])
    assert set(ask("ReduceSum", [tensor(4, 8), tensor(1, dtype=DType.INT64)], [tensor(4, 1)])) == set(known)
    assert axes_between((4, 8, 3), (4, 3)) == (1,) and axes_between((4, 8), (8, 4)) is None
    with pytest.raises(BadModel, match=r"node 'sum_1'.*axes"):
        ask("ReduceSum", [tensor(4, 8), tensor(1, dtype=DType.INT64)], [tensor(8, 4)], name="sum_1")


@pytest.mark.parametrize("axis,rows", [(0, 3 * 5), (1, 4 * 5), (-1, 4 * 3)])
def test_a_scan_may_be_split_along_every_axis_but_its_own(axis, rows) -> None:
    (work,) = ask("CumSum", [tensor(4, 3, 5), constant(axis)], [tensor(4, 3, 5)])["dsp"].steps
    assert (work.kernel, work.elements, work.rows, work.independent) == ("cumsum", 60, rows, rows)


@pytest.mark.parametrize(
    ("length", "at"),
    [(257, [257, 43]), (1020, [17]), (1021, [1021, 73, 37, 19]), (1022, [73, 37, 19]), (768, []), (1024, [])],
)
def test_rows_that_no_factor_divides_get_one_more_as_in_intels_schedules(length, at):
    assert rows_filled_up(length) == at


def test_a_maximum_of_a_prime_length_is_copied_and_crosses_ddr_where_rows_are_added():
    """64 x 1,021 on NPU 3720 in Intel's schedule: 0.13 MB copied, three round trips, 30.8 us; 64 x 1,020 19.8."""

    def time(op, length):
        return simulate(
            at_size.reduction(op, (1, 64, length), 2),
            load_hardware("meteor_lake"),
            "2026-as-released",
            band=False,
        ).latency_us

    for op in ("ReduceMax", "ReduceMean"):
        assert time(op, 1021) > 1.5 * time(op, 1024)


@pytest.mark.parametrize(
    "shape, spread",
    [((4, 64, 40, 40), True), ((16, 64, 40, 40), True), ((2, 128, 32, 32), True), ((4, 16, 8, 8), False),
     ((4, 30, 13, 13), False)],
)  # fmt: skip
def test_images_of_a_batch_are_added_up_spread_over_sixteen_channels_through_ddr(shape, spread) -> None:
    """27.3, 108 to 122 and 17.7 MB in Intel's schedules on NPU 3720, 4000 and 5010; small ones stay inside."""
    ways, nbytes = reduce("ReduceSum", shape, (0,), keepdims=0, dtype=DType.FLOAT16), 2 * prod(shape)
    steps = ways["ones_convolution_expanded"].steps if "ones_convolution_expanded" in ways else ()
    moved = [work.nbytes for work in steps if isinstance(work, MoveWork)]
    assert moved == ([16 * nbytes, 16 * nbytes] if spread else [])
