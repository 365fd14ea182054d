"""Windows over raw sound with several samples as channels: as in Intel's schedules, and the same numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.fuse.raw_sound import samples_a_place
from npusim.simulation import simulate
from tests.graphs import loaded, model, node, weights
from tests.vendor.placement import HARDWARE


def stem(length, taps, stride, filters=64, channels=1, sides=(0, 0), npu="3720", tiles=2):
    """The report of one convolution over a line, and that of its node."""
    graph = model(
        [node("Conv", "x w", "y", kernel_shape=[taps], strides=[stride], pads=list(sides))],
        {"x": (1, channels, length)},
        ["y"],
        {"w": weights(filters, channels, taps)},
    )
    report = simulate(
        loaded(graph), load_hardware(HARDWARE[npu]).replace({"tiles": tiles}), "2026", band=False
    )
    return report, next(n for n in report.nodes if n.op_type == "Conv")


@pytest.mark.parametrize(
    ("taps", "stride", "samples"),
    [  # weights of 288x16x8, 256x48x8 (40 samples, filled up), 528x80x8 ... in Intel's schedules
        (127, 64, 16), (250, 160, 40), (512, 160, 80), (400, 160, 160), (200, 80, 80), (256, 128, 32), (256, 64, 32),
        (80, 16, 16), (80, 4, 4), (60, 20, 10), (20, 10, 10), (16, 8, 2), (12, 4, 2), (13, 4, 2), (100, 50, 50),
        (45, 15, 15), (27, 9, 9), (24, 12, 3), (14, 7, 7), (2048, 512, 256), (64, 2, 2), (12, 12, 2), (16, 3, 3),
    ],
)  # fmt: skip
def test_as_many_samples_as_there(taps, stride, samples):
    assert samples_a_place(taps, stride) == samples


@given(st.integers(2, 60), st.integers(2, 20), st.integers(0, 60))
def test_the_fold_computes_the_same(taps, stride, more):
    """Samples as channels, and the window filled up with zeros, are the same convolution."""
    rng = np.random.default_rng(0)
    samples = samples_a_place(taps, stride)
    whole = -(-taps // stride) * stride
    assert stride % samples == 0 == whole % samples
    x, w = rng.integers(-3, 4, taps + more), rng.integers(-3, 4, taps)
    plain = [x[i : i + taps] @ w for i in range(0, len(x) - taps + 1, stride)]
    places = np.append(x, np.zeros(-len(x) % samples + whole, int))
    places = places[: len(places) // samples * samples].reshape(-1, samples)
    window = np.append(w, np.zeros(whole - taps, int)).reshape(-1, samples)
    step = stride // samples
    folded = [(places[i * step : i * step + len(window)] * window).sum() for i in range(len(plain))]
    assert folded == plain


def test_moonshines_stem_takes_what_it_takes_there():
    """127 taps at stride 64 over 64,000 samples on NPU 3720: 66 us of the MAC array a tile in Intel's schedule, and one
    convolution; it was twelve, of 7.4 ms."""
    _, conv = stem(64000, 127, 64, 288)
    assert conv.lowering == "mac_array"
    assert conv.busy_us["mac_array"] == pytest.approx(66.5, rel=0.1)


@pytest.mark.parametrize(
    ("asked", "cut"),
    [
        ({"taps": 127, "stride": 64, "sides": (64, 64)}, False),
        ({"taps": 127, "stride": 64, "sides": (63, 63)}, True),  # no whole places: cut into twelve there
        ({"taps": 16, "stride": 8, "channels": 2}, True),
        ({"taps": 251, "stride": 1}, True),
        ({"taps": 80, "stride": 4}, True),  # 20 of 4 samples: two slices there
        ({"taps": 49, "stride": 4, "sides": (24, 24)}, True),  # five slices of the line
    ],
)
def test_what_stays_a_line(asked, cut):
    _, conv = stem(16000, **asked)
    assert (conv.lowering == "sliced") is cut


@pytest.mark.parametrize(("npu", "tiles"), [("3720", 2), ("4000", 4), ("5010", 3)])
def test_a_line_twice_as_long_takes_up_to_twice_as_long(npu, tiles):
    short, long = (stem(n, 400, 160, 402, npu=npu, tiles=tiles)[0].latency_us for n in (16000, 32000))
    assert short <= long <= 2.3 * short


def test_a_sincnets_first_window_is_folded_and_cut_in_two():
    """251 taps at a stride of ten over 16,000 samples, 80 filters, on NPU 5010: 26 places of ten samples, cut in 15 and
    11 (25 in 15 and 10, and the last tap alone, in Intel's schedule, 41 us of the array; 488 in slices of the line)."""
    _, conv = stem(16000, 251, 10, 80, npu="5010", tiles=3)
    assert conv.lowering.startswith("sliced")
    assert 20 < conv.busy_us["mac_array"] < 41
