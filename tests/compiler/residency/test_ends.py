"""Kernels at the end of a graph, behind a convolution: what crosses DDR for the caller's layout and type."""

import pytest
from onnx import TensorProto

from npusim.compiler.residency.ends import _by_channels
from tests.compiler.residency.test_kernel_sharing import moved
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv
from tests.vendor.op_chains import eight_bits, stored


def ended(channels: int, rows: int, wide: bool):
    """A convolution and a Sigmoid whose result leaves, as float16 or as float32."""
    g = Builder()
    y = g.op(
        "Sigmoid", conv(g, g.op("Relu", conv(g, g.input(1, 16, rows, rows), 16, 32, 3)), 32, channels, 3)
    )
    return g.model(g.op("Cast", y, to=TensorProto.FLOAT) if wide else y)


def crossing(model, npu: str) -> dict[str, float]:
    return {label: n for label, n in moved(model, npu).items() if label.startswith(("Conv_2", "Sigmoid"))}


@pytest.mark.parametrize("npu", ["3720", "4000"])
@pytest.mark.parametrize(("channels", "rows"), [(40, 80), (21, 64), (20, 20), (255, 32), (32, 96), (80, 40)])
def test_channels_of_no_whole_sixteens_are_cut_out_of_their_padding_in_ddr(npu, channels, rows):
    found = crossing(ended(channels, rows, wide=False), npu)
    written = found.get("Conv_2/write", 0.0)
    assert written == (rows * rows * channels * 2 if channels % 16 else 0)


EVEN, UNEVEN = (1, 4, 8, 12, 21, 255), (2, 3, 5, 6)


@pytest.mark.parametrize("channels", [*EVEN, *UNEVEN])
def test_four_tiles_share_channels_where_their_shares_are_nearly_even(channels):
    assert _by_channels(channels, 4) == (channels in EVEN)


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_what_becomes_float32_crosses_once(npu):
    """Of whole sixteens behind the kernel, of others in front of it."""
    narrow, whole = crossing(ended(40, 80, wide=True), npu), crossing(ended(32, 96, wide=True), npu)
    assert narrow["Conv_2/write"] == 80 * 80 * 40 * 2 and "Sigmoid_3/write" not in narrow
    assert whole["Sigmoid_3/write"] == 96 * 96 * 32 * 2 and "Conv_2/write" not in whole


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_a_result_that_a_kernel_reads_too_crosses_to_its_conversion(npu):
    """32 channels of 96 x 96 and their Sigmoid, both float32: 4.96 and 4.85 MB in Intel's schedules."""
    g = Builder()
    y = conv(g, g.op("Relu", conv(g, g.input(1, 16, 96, 96), 16, 32, 3)), 32, 32, 3)
    outs = [g.op("Cast", v, to=TensorProto.FLOAT) for v in (y, g.op("Sigmoid", y))]
    found = crossing(g.model(*outs), npu)
    image = 96 * 96 * 32 * 2
    assert found["Conv_2/write"] == found["Conv_2/load"] == found["Sigmoid_3/write"] == image


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_a_lone_result_is_converted_as_it_is_written(npu):
    def convolved(g: Builder) -> str:
        return conv(g, g.input(1, 16, 64, 64), 16, 32, 3)

    def multiplied(g: Builder) -> str:
        return g.op("MatMul", g.input(1, 64, 256), g.weight(256, 512))

    for made in (convolved, multiplied):
        g = Builder()
        found = moved(g.model(g.op("Cast", made(g), to=TensorProto.FLOAT)), npu)
        assert not any(label.startswith(("Conv_0/write", "MatMul_0/write")) for label in found)


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_that_of_an_8_bit_convolution_crosses(npu):
    g = Builder(opset=19)
    x = eight_bits(g, g.input(1, 16, 64, 64, dtype=TensorProto.FLOAT))
    found = moved(g.model(g.op("Conv", x, stored(g, 32, 16, 1, 1))), npu)
    assert found["Conv_3/write"] == found["Conv_3/load"] == 64 * 64 * 32 * 2
