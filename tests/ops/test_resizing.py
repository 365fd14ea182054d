"""Images made larger: what Intel's compiler makes of Resize on each generation."""

import numpy as np
import pytest
from onnx import helper

from npusim.ops.registry import lowerings
from npusim.work import MacOp, MacWork, MoveWork
from tests.graphs import loaded, model


def ways(op, shape, constants=(), inputs=("x",), **attributes):
    made = helper.make_node(op, [*inputs], ["y"], name="y", **attributes)
    graph = loaded(model([made], {"x": list(shape)}, ["y"], constants=constants, dtype=10))
    return {way.name: way for way in lowerings(graph.nodes[0], graph)}


def resize(shape, factor, mode):
    scales = {"scales": np.array([1, 1, factor, factor], np.float32)}
    return ways("Resize", shape, list(scales.items()), ("x", "", "scales"), mode=mode)


def test_the_nearest_pixel_is_one_convolution_of_all_channels_or_two_copies():
    """128 x 40 x 40 twice as large: 0.82 MB of wider rows and 1.64 MB of more of them on NPU 3720 (2.4576 there)."""
    found = resize((1, 128, 40, 40), 2, "nearest")
    (work,) = found["interpolated"].steps
    assert (work.op, work.in_c, work.out_c, work.kernel_h, work.kernel_w) == (
        MacOp.CONVOLUTION,
        128,
        128,
        1,
        1,
    )
    assert (work.out_h, work.out_w) == (80, 80)
    assert sum(step.nbytes for step in found["copied_larger"].steps) == 2_457_600


@pytest.mark.parametrize(("factor", "taps"), [(2, 3), (3, 3), (4, 5)])
def test_lines_between_pixels_are_a_convolution_an_axis(factor, taps):
    first, second = resize((1, 64, 32, 32), factor, "linear")["interpolated"].steps
    assert (first.kernel_h, first.kernel_w, first.out_h, first.out_w) == (1, taps, 32, 32 * factor)
    assert (second.kernel_h, second.kernel_w, second.out_h, second.out_w) == (
        taps,
        1,
        32 * factor,
        32 * factor,
    )


@pytest.mark.parametrize(("channels", "zeros"), [(16, 0.0), (64, 0.75), (256, 0.9375)])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_of_an_enlargements_weights_one_word_of_sixteen_terms_a_channel_is_multiplied(channels, zeros, mode):
    works = resize((1, channels, 40, 40), 2, mode)["interpolated"].steps
    assert [w.weight_zeros for w in works] == [zeros] * len(works)


def test_lines_between_pixels_are_copies_and_a_depthwise_window_where_nothing_reads_by_address():
    """64 x 64 x 64: 2.1 and 8.4 MB, two borders of 8.4 (27.3 of the 27.5 MB from DDR to DDR on NPU 3720),
    where it is an input of the graph; inside a network, it lies channels last and has one border."""
    found = resize((1, 64, 64, 64), 2, "linear")
    steps, turned = found["copied_larger"].steps, found["copied_turned"].steps
    copies, more = (
        [s.nbytes for s in way if isinstance(s, MoveWork) and s.source == s.destination == "ddr"]
        for way in (steps, turned)
    )
    assert copies == [2_097_152, 8_388_608, 8_388_608] and more == [*copies, 8_388_608]
    assert len(turned) == len(steps) + 2
    window = steps[-1]
    assert isinstance(window, MacWork)
    assert (window.op, window.kernel_h, window.stride_h, window.out_h) == (MacOp.DEPTHWISE, 4, 2, 128)


def test_no_image_that_becomes_smaller_is_made_larger():
    assert not {"interpolated", "copied_larger", "copied_turned"} & set(
        resize((1, 16, 32, 32), 0.5, "nearest")
    )


@pytest.mark.parametrize(
    ("factor", "mode", "lowering"), [(8, "nearest", "dma"), (1.5, "nearest", "dsp"), (2, "linear", "dsp")]
)
def test_a_line_is_copied_for_the_nearest_place_alone(factor, mode, lowering):
    """64 x 200 made 8 times as long is as many bytes as it makes, written from DDR to DDR."""
    scales = {"scales": np.array([1, 1, factor], np.float32)}
    found = ways("Resize", (1, 64, 200), list(scales.items()), ("x", "", "scales"), mode=mode)
    assert next(iter(found)) == lowering
    if lowering == "dma":
        (move,) = found["dma"].steps
        assert (move.nbytes, move.source, move.destination) == (64 * 200 * factor * 2, "ddr", "ddr")
