"""First convolutions over folded images: how many columns are one, and which kernel goes with them in strips."""

from dataclasses import replace
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.layouts.folded_works import MOST_WEIGHTS
from npusim.compiler.layouts.image_columns import columns_of_image
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from npusim.work import MacOp, MacWork
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

STEM = MacWork(
    MacOp.CONVOLUTION, 160, 160, 64, 3, in_h=160, in_w=160, kernel_h=3, kernel_w=3, stride_h=1, stride_w=1,
    input_bytes=2, weight_bytes=2, output_bytes=2,
)  # fmt: skip


def weights(results, channels, taps, columns):
    """Weights of a window of `taps` x `taps` that makes results of so many columns from three groups of them, zeros
    counted."""
    return results * columns * channels * columns * taps * 3


@pytest.mark.parametrize(
    ("taps", "results"), [(7, 64), (3, 128), (9, 48), (7, 80), (5, 96), (9, 64), (3, 256)]
)
def test_an_image_of_three_channels_is_folded_while_its_weights_with_their_zeros_are_few(taps, results):
    """As in Intel's schedules of these on NPU 4000 and 5010: the first three are folded, the others padded."""
    few = weights(results, 3, taps, 16) <= MOST_WEIGHTS
    assert columns_of_image(replace(STEM, out_c=results, kernel_h=taps, kernel_w=taps)) == 16 * few
    assert few == (taps * results <= 448)


def test_columns_of_six_channels_are_folded_in_eights_where_sixteen_are_too_many():
    work = replace(STEM, in_c=6, kernel_h=7, kernel_w=7)
    assert weights(64, 6, 7, 16) > MOST_WEIGHTS >= weights(64, 6, 7, 8)
    assert columns_of_image(work) == 8


@given(st.integers(1, 12), st.integers(1, 512), st.integers(1, 11), st.sampled_from([1, 2, 4, 8]))
def test_columns_make_whole_sixteens_of_few_weights_and_more_results_never_more_columns(
    channels, results, taps, stride
):
    work = replace(STEM, in_c=channels, out_c=results, kernel_h=taps, kernel_w=taps, stride_w=stride)
    columns = columns_of_image(work)
    if columns:
        assert columns * channels % 16 == 0 and columns % stride == 0
        assert prod((results, columns // stride, channels, columns, taps)) <= MOST_WEIGHTS
    assert columns_of_image(replace(work, out_c=2 * results)) <= columns


@pytest.mark.parametrize("hardware", ["meteor_lake", "lunar_lake"])
@pytest.mark.parametrize("kernel", ["Tanh", "Sigmoid"])
def test_of_kernels_behind_a_folded_image_tanh_alone_goes_with_its_convolution(hardware, kernel):
    """Intel's compiler makes one group of 3 x 3 to 32 channels at 256 x 256 and a Tanh, and of no other kernel."""
    g = Builder(weights=False)
    x = g.op(kernel, conv(g, g.input(1, 3, 256, 256), 3, 32, 3))
    x = g.op("GlobalAveragePool", conv(g, x, 32, 32, 3, 2))
    tiles = 2 if hardware == "meteor_lake" else 4
    hw = load_hardware(hardware).replace({"tiles": tiles})
    report = simulate(of_model(g.model(x), ""), hw, "2026-as-released", band=False)
    stem = next(n for n in report.nodes if n.op_type == "Conv")
    assert (f"(Conv, {kernel})" in stem.reason) == (kernel == "Tanh"), stem.reason
