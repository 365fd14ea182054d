"""Ops at the sizes people ask for: what is cut, folded, turned or costs something after all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.graph import DType, Value
from npusim.ops.counting import MAX_CHANNELS, extent
from npusim.ops.slicing import MAX_STRIDE, WINDOW_LIMITS, sliced
from npusim.work import MacOp, MacWork, MoveWork, VectorWork
from tests.ops.cases import ask, constant, tensor, weight

windows = st.builds(
    lambda kernel, stride, out, channels, op: MacWork(
        int(op), out, out, channels, channels, out * stride, out * stride, kernel, kernel, stride, stride
    ),
    st.integers(1, 40), st.integers(1, 32), st.integers(1, 64), st.integers(1, 64),
    st.sampled_from([MacOp.CONVOLUTION, MacOp.DEPTHWISE]),
)  # fmt: skip


def number(value: float, dtype: DType = DType.FLOAT) -> Value:
    return Value("", (), dtype, True, np.array(value))


def values(*data: float) -> Value:
    return Value("", (len(data),), DType.FLOAT, True, np.array(data, dtype=np.float32))


@given(windows, st.sampled_from(list(WINDOW_LIMITS.values())))
def test_slices_cover_the_window_and_keep_the_arrays_limits(work, limit) -> None:
    steps = sliced(work, limit)
    fits = work.kernel_h <= limit and work.stride_h <= MAX_STRIDE
    assert bool(steps) != fits
    if fits:
        return
    parts = [s for s in steps if s.op in (work.op, MacOp.CONVOLUTION)]
    assert sum(s.kernel_h * s.kernel_w for s in parts) == work.kernel_h * work.kernel_w
    assert all(max(s.kernel_h, s.kernel_w) <= limit and s.stride_h <= MAX_STRIDE for s in parts)
    assert all((s.out_h - 1) * s.stride_h == (work.out_h - 1) * work.stride_h for s in parts)
    assert sum(s.op == MacOp.ELTWISE for s in steps) == len(parts) - 1
    drops = [s for s in steps if s.op == MacOp.MAX_POOL]
    assert len(drops) == (len(parts) if (parts[0].out_h, parts[0].out_w) != (work.out_h, work.out_w) else 0)
    assert all((s.out_h, s.out_w) == (work.out_h, work.out_w) for s in drops)


def test_a_patch_convolution_is_four_at_stride_eight_four_poolings_and_three_additions() -> None:
    """16 = 11 + 5 along each axis, stride 16 = 8 x 2, as in Intel's schedule for NPU 3720."""
    inputs = [tensor(1, 3, 224, 224), weight(768, 3, 16, 16)]
    ways = ask("Conv", inputs, [tensor(1, 768, 14, 14)], kernel_shape=(16, 16), strides=(16, 16))
    steps = ways["sliced"].steps
    assert [(s.kernel_h, s.kernel_w) for s in steps if s.op == MacOp.CONVOLUTION] == [
        (11, 11), (11, 5), (5, 11), (5, 5)
    ]  # fmt: skip
    assert {(s.out_h, s.stride_h) for s in steps if s.op == MacOp.CONVOLUTION} == {
        (27, 8)
    }  # up to the last that is kept
    assert [s.op for s in steps].count(MacOp.MAX_POOL) == 4
    assert [s.op for s in steps].count(MacOp.ELTWISE) == 3
    assert len([s for s in ways["sliced_15"].steps if s.op == MacOp.CONVOLUTION]) == 4  # 15 + 1 on NPU 5010


def test_patches_of_a_film_are_cut_at_every_tap() -> None:
    """2 x 16 x 16 at those strides, of 16 images: 16 taps of four slices each, as in Intel's schedules of a VideoMAE;
    on NPU 5010 (windows of up to 15) the last three are a place high or wide."""
    inputs = [tensor(1, 3, 16, 224, 224), weight(384, 3, 2, 16, 16)]
    ways = ask("Conv", inputs, [tensor(1, 384, 8, 14, 14)], kernel_shape=(2, 16, 16), strides=(2, 16, 16))
    for name, sizes in (("by_depth", {11, 5}), ("by_depth_15", {15, 1})):
        slices = [s for s in ways[name].steps if isinstance(s, MacWork) and s.op == MacOp.CONVOLUTION]
        assert len(slices) == 2 * 4  # each tap's eight images together
        assert {s.kernel_h for s in slices} == {s.kernel_w for s in slices} == sizes
        assert {s.stride_h for s in slices} == {8}


def test_groups_of_a_long_window_are_cut_apart() -> None:
    """The window of places of a speech encoder, 128 = 11 x 11 + 7 taps of 16 groups of 48 channels: each by itself in
    Intel's schedules, twelve slices and eleven sums; one of three taps is one convolution with zeros."""
    inputs = [tensor(1, 768, 256), weight(768, 48, 128)]
    ways = ask("Conv", inputs, [tensor(1, 768, 256)], kernel_shape=(128,), pads=(64, 63), group=16)
    slices = [s for s in ways["sliced"].steps if s.op == MacOp.CONVOLUTION]
    assert [s.kernel_h for s in slices] == [11] * 11 + [7]
    assert {(s.groups, s.in_c, s.out_c, s.weight_groups) for s in slices} == {(16, 48, 48, 1)}
    assert [s.op for s in ways["sliced"].steps].count(MacOp.ELTWISE) == 11
    short = ask(
        "Conv", [tensor(1, 768, 256), weight(768, 48, 3)], [tensor(1, 768, 256)], pads=(1, 1), group=16
    )
    assert (short["mac_array"].steps[0].in_c, short["mac_array"].steps[0].weight_groups) == (768, 16)


@given(st.lists(st.sampled_from([1, 4, 16, 48, 1000, 1024, 8192, 524288]), min_size=1, max_size=4))
def test_a_pass_has_all_the_elements_and_no_more_channels_than_the_array(shape) -> None:
    height, width, channels = extent(shape)
    assert height * width * channels == pytest.approx(np.prod(shape))
    if len(shape) != 4 and shape[-1] % (2 * MAX_CHANNELS) == 0:
        assert channels <= MAX_CHANNELS


def test_a_long_row_costs_what_it_costs_as_an_image() -> None:
    height, width, channels = extent((1, 4, 524288))
    assert channels <= MAX_CHANNELS and (height * width) % 16 == 0


def test_group_norm_by_instance_normalization_scales_axis_one_or_nothing() -> None:
    shape = (1, 32, 40960)
    ones = [tensor(*shape), values(*[1.0] * 32), values(*[0.0] * 32)]
    assert list(ask("InstanceNormalization", ones, [tensor(*shape)])) == ["dsp"]
    scaled = [tensor(*shape), values(*range(32)), values(*[0.0] * 32)]
    kernel, scale = ask("InstanceNormalization", scaled, [tensor(*shape)])["decomposed"].steps
    assert (kernel.elements, kernel.rows, kernel.independent) == (32 * 40960, 32, 32)
    assert (scale.op, scale.out_c, scale.out_h * scale.out_w) == (MacOp.DEPTHWISE, 32, 40960)


@pytest.mark.parametrize("narrow", [DType.FLOAT8E4M3FN, DType.FLOAT8E5M2, DType.FLOAT4E2M1])
def test_casts_to_and_from_narrow_floats_are_kernels_and_between_wide_ones_nothing(narrow) -> None:
    for source, target in ((DType.FLOAT, narrow), (narrow, DType.FLOAT16)):
        (work,) = ask("Cast", [tensor(4, 64, dtype=source)], [tensor(4, 64, dtype=target)])["dsp"].steps
        assert (work.kernel, work.elements) == ("convert", 256)
    assert list(ask("Cast", [tensor(4, dtype=DType.FLOAT)], [tensor(4, dtype=DType.FLOAT16)])) == ["view"]


def test_dropout_in_training_mode_draws_a_mask_and_multiplies() -> None:
    x, y = tensor(4, 64), tensor(4, 64)
    on = [x, number(0.5), number(1, DType.BOOL)]
    assert [s.kernel for s in ask("Dropout", on, [y])["dsp"].steps] == ["default", "mul"]
    for off in ([x], [x, number(0.5)], [x, number(0.5), number(0, DType.BOOL)], [x, number(0.0), number(1)]):
        assert list(ask("Dropout", off, [y])) == ["view"]


def test_scatter_nd_at_known_places_is_copied_and_elsewhere_a_kernel() -> None:
    data, update = tensor(64, 256), tensor(1, 256)
    known = ask("ScatterND", [data, constant(5), update], [data])
    assert [s.nbytes for s in known["dma"].steps] == [64 * 256 * 2, 256 * 2]
    unknown = ask("ScatterND", [data, tensor(1, 1, dtype=DType.INT64), update], [data])
    assert list(unknown) == ["dsp"]
    assert list(ask("ScatterND", [data, constant(5), update], [data], reduction="add")) == ["dsp"]


@pytest.mark.parametrize(
    ("places", "width", "way"),
    [(32, 64, "dma"), (33, 64, "dsp"), (40, 510, "dsp"), (40, 512, "dma"), (40, 1024, "dma")],
)
def test_many_narrow_rows_apart_are_a_kernel_and_wide_ones_copies(places: int, width: int, way: str) -> None:
    where = Value("", (places, 1), DType.INT64, True, np.arange(places).reshape(-1, 1) * 7)
    data = tensor(1000, width)
    assert next(iter(ask("ScatterND", [data, where, tensor(places, width)], [data]))) == way


def test_a_gather_along_the_innermost_axis_costs_a_row_not_an_element() -> None:
    ways = ask("Gather", [tensor(128, 27, 27), constant(*range(13))], [tensor(128, 27, 13)], axis=2)
    assert ways["dsp"].steps[0].rows == 128 * 27
    rows = ask("Gather", [weight(30000, 768), tensor(128, dtype=DType.INT64)], [tensor(128, 768)])
    assert rows["dsp"].steps[0].rows == 128


@given(st.integers(1, 4), st.integers(1, 3), st.integers(2, 40))
def test_a_recurrent_layer_is_one_product_and_then_a_product_and_gates_a_step(
    batch, directions, length
) -> None:
    inputs = [tensor(length, batch, 8), weight(directions, 64, 8), weight(directions, 64, 16)]
    out = tensor(length, directions, batch, 16)
    first, *steps = ask("LSTM", inputs, [out])["decomposed"].steps
    alone = batch > 1 and directions == 2  # a product a sequence and way
    rows, groups = (length, batch * directions) if alone else (length * batch, directions)
    assert (first.out_h * first.out_w, first.out_c, first.groups) == (rows, 64, groups)
    products = [s for s in steps if isinstance(s, MacWork) and s.op == MacOp.CONVOLUTION]
    gates = [s for s in steps if isinstance(s, VectorWork)]
    assert (len(products), len(gates)) == (length, length * directions)
    assert sum(g.elements for g in gates) == length * directions * batch * 16


@given(st.integers(1, 3), st.integers(1, 2), st.integers(1, 200), st.integers(1, 300))
def test_an_lstm_of_up_to_256_units_in_sixteens_may_be_one_kernel(batch, directions, length, hidden) -> None:
    """As long as what it reads and writes: 10 to 450 us of 16 layers in Intel's schedules of NPU 5010."""
    gates = 4 * hidden
    inputs = [tensor(length, batch, 8), weight(directions, gates, 8), weight(directions, gates, hidden)]
    ways = ask("LSTM", inputs, [tensor(length, directions, batch, hidden)])
    assert ("one_kernel" in ways) == (hidden <= 256 and hidden % 16 == 0)
    if "one_kernel" in ways:
        kernel = ways["one_kernel"].steps[-1]
        lines = batch * directions
        assert kernel.elements == lines * (length * (gates + hidden) + 2 * hidden)
        # Of a batch a DSP has both ways of a sequence; weights of each DSP, once for all its sequences.
        ways_each = directions if batch > 1 else 1
        assert kernel.beside == ways_each * (hidden * gates + 43 * hidden)
        assert kernel.independent == lines / ways_each


def test_operands_of_an_einsum_whose_batch_letters_do_not_lead_are_turned_through_ddr() -> None:
    a, b, out = tensor(1, 4, 64, 24, 128), tensor(1, 4, 64, 24, 128), tensor(1, 4, 64, 64, 24)
    ways = ask("Einsum", [a, b], [out], equation="bclhn,bcshn->bclsh")
    moves = [s for s in ways["turned"].steps if isinstance(s, MoveWork)]
    through = [s for s in moves if s.source != s.destination]
    assert sum(s.nbytes for s in through) == 2 * 2 * (a.elements + b.elements + out.elements)
    inside = [s.nbytes for s in moves if s.source == s.destination]
    assert inside == [2 * a.elements, 2 * b.elements]  # n stays innermost in the operands: by DMA, in 4 parts
    product, turn = (s for s in ways["turned"].steps if isinstance(s, MacWork))
    assert (product.op, turn.op) == (
        MacOp.CONVOLUTION,
        MacOp.PERMUTE_PARTS,
    )  # the result ends in h, a batch letter
    assert (turn.out_h, turn.out_w, turn.out_c) == (4, 24, 64 * 64)


def test_an_operand_that_fills_no_sixteens_may_be_padded_and_turned_by_the_mac_array() -> None:
    a, b, out = tensor(1, 8, 256, 256, 24), tensor(1, 8, 256, 24, 64), tensor(1, 8, 256, 24, 64)
    ways = ask("Einsum", [a, b], [out], equation="bclsh,bcshp->bclhp")
    padding, turn, _, product = (s for s in ways["turned_filled"].steps if isinstance(s, MacWork))
    assert (padding.in_c, padding.out_c, padding.out_h * padding.out_w * 48) == (48, 64, a.elements)
    assert (turn.op, turn.out_h, turn.out_w, turn.out_c) == (MacOp.PERMUTE_PARTS, 8, 256 * 256, 32)
    assert product.macs == ways["mac_array"].steps[0].macs
    by_dma = [s for s in ways["turned"].steps if isinstance(s, MoveWork)]
    assert sum(s.nbytes for s in by_dma if s.source == s.destination) > 2 * a.elements


def test_an_operand_of_few_terms_is_padded_to_sixteen_by_a_convolution_of_sixteen_rows() -> None:
    left, right, out = tensor(1, 3, 2, 32), tensor(1, 3, 32, 64, 128), tensor(1, 2, 32, 64, 128)
    works = ask("Einsum", [left, right], [out], equation="bzch,bzhpn->bchpn")["turned"].steps
    padding, product = (s for s in works if isinstance(s, MacWork) and s.op == MacOp.CONVOLUTION)
    assert (padding.in_c, padding.out_c, padding.out_h * padding.out_w * 16) == (48, 256, right.elements / 3)
    assert (product.groups, product.in_c) == (32, 3)


def test_an_einsum_whose_batch_letters_lead_turns_nothing() -> None:
    straight = ask(
        "Einsum", [tensor(4, 8, 16), tensor(4, 32, 16)], [tensor(4, 8, 32)], equation="bmk,bnk->bmn"
    )
    assert list(straight) == ["mac_array"]


@given(st.integers(6, 10).map(lambda n: 2 * n + 1), st.integers(10, 40))
def test_a_long_max_pooling_is_two_windows_that_see_what_the_long_one_sees(kernel, side) -> None:
    """13 is 7 and 7, 17 is 9 and 9; NPU 5010 has windows of up to 15 (Intel's schedules)."""
    image = tensor(1, 64, side, side)
    ways = ask("MaxPool", [image], [image], kernel_shape=(kernel, kernel), pads=(kernel // 2,) * 4)
    first, second = ways["twice"].steps
    assert first == second and first.kernel_h + second.kernel_h - 1 == kernel and first.kernel_h <= 11
    assert ("mac_array" in ways) == (kernel <= 15)


def test_a_long_max_pooling_of_a_line_is_two_of_half_its_window() -> None:
    line = tensor(1, 104, 408)
    ways = ask("MaxPool", [line], [line], kernel_shape=[13], strides=[1], pads=[6, 6])
    assert [(s.kernel_h * s.kernel_w, s.out_h * s.out_w) for s in ways["twice"].steps] == [(7, 408)] * 2
    assert [s.kernel_h * s.kernel_w for s in ways["mac_array"].steps] == [13]
