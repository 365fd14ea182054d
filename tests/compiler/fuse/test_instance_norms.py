"""Instance norms of what enters a graph are taken apart; those of what a convolution makes are not."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.fuse.written_out import write_out
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


def _norm(shape: tuple[int, ...], convolved: bool = False):
    g = Builder()
    x = g.input(*shape)
    x = conv(g, x, shape[1], shape[1], 3) if convolved else x
    y = g.op("InstanceNormalization", x, g.weight(shape[1]), g.weight(shape[1]), epsilon=1e-5)
    return of_model(g.model(y), "norm.onnx")


@pytest.mark.parametrize("shape", [(1, 80, 1500), (1, 30, 70, 70), (2, 24, 30, 30)])
def test_a_norm_of_an_input_is_moments_a_factor_and_a_summand_a_channel(shape):
    found = write_out(_norm(shape))
    assert [n.op_type for n in found.nodes] == ["MeanVarianceNormalization", "Mul", "Add"]
    for node in found.nodes[1:]:
        assert found.values[node.inputs[1]].shape == (shape[1], *(1 for _ in shape[2:]))


def test_what_a_convolution_makes_and_a_single_channel_stay_one_op():
    assert write_out(_norm((1, 16, 20, 20), True)).nodes[-1].op_type == "InstanceNormalization"
    assert write_out(_norm((1, 1, 400))).nodes[-1].op_type == "InstanceNormalization"


@pytest.mark.parametrize(
    ("npu", "shape", "mb"),
    [
        ("meteor_lake", (1, 128, 4096), 6.298),
        ("panther_lake", (1, 128, 4096), 6.298),
        ("panther_lake", (3, 192, 608), 5.631),
    ],
)
def test_a_signal_crosses_six_times_as_in_intels_schedules(npu, shape, mb):
    """In and out of the kernel, of the pass that turns it, and of the scale; of a batch copied for its calls, too."""
    tiles = 2 if npu == "meteor_lake" else 3
    report = simulate(_norm(shape), load_hardware(npu).replace({"tiles": tiles}), "2026-as-released")
    assert report.bytes_moved / 1e6 == pytest.approx(mb, rel=0.02)
