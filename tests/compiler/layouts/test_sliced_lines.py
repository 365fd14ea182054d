"""Means and long windows of lines, [1,C,L], as Intel's compiler 8.4 lays them out."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder

MACHINES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}
PROFILES = ("2026", "2026-as-released")


def reported(model, name, profile):
    hw = load_hardware(name).replace({"tiles": MACHINES[name]})
    return simulate(of_model(model, "line.onnx"), hw, profile, band=False)


def tap(g, x, have, made):
    return g.op("Conv", x, g.weight(made, have, 1), g.weight(made))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(("kind", "axes"), [("ReduceMean", [2]), ("ReduceMax", [-1])])
def test_a_mean_over_a_line_takes_it_as_a_convolution_left_it(kind, axes, name, profile):
    """`ReduceMean/as_avgpool` in place: no pass lays 256 x 300 out, and no more than the line is loaded."""
    g = Builder()
    line = tap(g, g.input(1, 64, 300), 64, 256)
    m = g.op(kind, line, axes=axes, keepdims=1)
    model = g.model(tap(g, g.op("Mul", line, g.op("Sigmoid", m)), 256, 64))
    mean = next(n for n in reported(model, name, profile).nodes if n.op_type == kind)
    assert mean.lowering == "pooling_chain"
    assert mean.split == "channels"
    assert mean.bytes_moved <= 256 * 300 * 2 + 64


@pytest.mark.parametrize("name", MACHINES)
def test_a_mean_over_places_of_a_batch_or_over_channels_is_laid_out_anew(name):
    g = Builder()
    line = tap(g, g.input(2, 64, 300), 64, 256)
    over_channels = g.op("ReduceMean", tap(g, g.input(1, 64, 300), 64, 256), axes=[1], keepdims=1)
    model = g.model(g.op("ReduceMean", line, axes=[2], keepdims=1), over_channels)
    means = [n for n in reported(model, name, "2026").nodes if n.op_type == "ReduceMean"]
    assert "pooling_chain" not in {n.lowering for n in means}


def separable(channels, places, taps, layers=2):
    g = Builder()
    x = g.op("Relu", tap(g, g.input(1, 64, places), 64, channels))
    for _ in range(layers):
        weights = g.weight(channels, 1, taps), g.weight(channels)
        x = g.op("Conv", x, *weights, pads=[taps // 2] * 2, group=channels)
        x = g.op("Relu", tap(g, x, channels, channels))
    return g.model(tap(g, x, channels, 32))


def of_windows(report, channels):
    found = [n.bytes_moved for n in report.nodes if n.op_type == "Conv" and n.lowering.startswith("sliced")]
    return [b / (channels * 200 * 2) for b in found]


@pytest.mark.parametrize("profile", PROFILES)
def test_slices_that_share_channels_cross_ddr_one_by_one_on_npu_3720(profile):
    """21 taps of 256 x 200: 1,040 KB by Intel's: a line read twice, two results and their sum out and in, weights."""
    for lines in of_windows(reported(separable(256, 200, 21), "meteor_lake", profile), 256):
        assert lines * 102.4 == pytest.approx(1040, rel=0.08)


@pytest.mark.parametrize("profile", PROFILES)
def test_on_npu_4000_the_line_is_copied_and_slices_beyond_two_cross(profile):
    """39 taps of 256 x 200, four slices: 1,532 KB by Intel's, 122 within DDR and 106 read by the next here."""
    second = of_windows(reported(separable(256, 200, 39), "lunar_lake", profile), 256)[-1]
    assert second * 102.4 == pytest.approx(1532 - 106.5, rel=0.08)


@pytest.mark.parametrize("name", ["meteor_lake", "lunar_lake"])
def test_nothing_but_the_line_crosses_where_tiles_share_whole_sixteens(name):
    """17 taps of 128 x 256: 186 KB by Intel's on NPU 3720, 194 on 4000, weights and twice the line."""
    windows = [n for n in reported(separable(128, 256, 17), name, "2026").nodes if n.lowering == "sliced"]
    for window in windows:
        assert window.bytes_moved / 1e3 == pytest.approx(190, rel=0.12)


@pytest.mark.parametrize("channels", [1, 8])
@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_a_line_that_a_reshape_makes_of_pairs_is_cut_as_one_that_lies_so(channels, profile):
    """A resampler's next stage (a denoiser of sound): pairs [1, C, L, 2] seen as [1, C, 2 L] by a window of 112."""

    def transfers(joined):
        g = Builder(weights=False)
        x = g.op("Relu", g.op("Conv", g.input(1, 16, 1000), g.weight(channels, 16, 1)))
        if joined:
            pairs = [g.op("Unsqueeze", t, g.const([3])) for t in (x, g.op("Sigmoid", x))]
            x = g.op("Reshape", g.op("Concat", *pairs, axis=3), g.const([1, channels, 2000]))
        else:
            x = g.op("Concat", x, g.op("Sigmoid", x), axis=2)
        x = g.op("Conv", x, g.weight(4, channels, 112))
        hw = load_hardware("panther_lake").replace({"tiles": 3})
        report = simulate(of_model(g.model(x), ""), hw, profile, band=False)
        return next(n for n in report.nodes if n.op_type == "Conv" and n.macs > 1e5).bytes_moved

    assert 0 < transfers(True) <= 2 * transfers(False)
