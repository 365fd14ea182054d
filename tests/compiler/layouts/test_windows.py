"""An image whose convolution is cut into windows is turned for each of them, as in Intel's schedules of ViTs."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from npusim.onnx_io import load
from tests.vendor.builder import Builder

HARDWARE = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}


def moved(folder, npu, size, patch=16, channels=384, profile="2026"):
    """Bytes of transfers: within DDR, and all of them."""
    import onnx

    g = Builder(weights=True)
    weights = g.weight(channels, 3, patch, patch), g.weight(channels)
    onnx.save(
        g.model(g.op("Conv", g.input(1, 3, size, size), *weights, strides=[patch] * 2)), folder / "a.onnx"
    )
    plan = compile_graph(load(folder / "a.onnx"), load_hardware(HARDWARE[npu]), load_profile(profile))
    asks = [a for a in plan.ask if isinstance(a, DmaTask)]
    copies = sum(a.nbytes for a in asks if a.source == a.destination == "ddr")
    return copies, sum(a.nbytes for a in asks)


@pytest.mark.parametrize("size", [192, 240, 288])
def test_rows_of_windows_are_copied_within_ddr_on_npu_4000_and_5010(tmp_path, size):
    """187 and 181 rows of 192 pixels under windows of 11 and 5, 191 and 177 of 15 and 1."""
    for npu, (tall, low) in {"4000": (11, 5), "5010": (15, 1)}.items():
        rows = 2 * (size - 16) + tall + low
        assert moved(tmp_path, npu, size)[0] == pytest.approx(rows * size * 3 * 2)
    assert moved(tmp_path, "3720", size)[0] == 0


def test_every_window_writes_what_it_sees(tmp_path):
    """Padded to sixteen channels on NPU 4000 (8.67 MB out and back in Intel's schedule), three on 5010."""
    seen = (192 - 16 + 11) ** 2 + 2 * (192 - 16 + 11) * (192 - 16 + 5) + (192 - 16 + 5) ** 2
    assert moved(tmp_path, "4000", 192)[1] > 2 * seen * 16 * 2
    assert moved(tmp_path, "5010", 192)[1] < moved(tmp_path, "4000", 192)[1] / 2


def test_a_window_that_is_not_cut_is_turned_once(tmp_path):
    """By profile 2026 a share of it is copied (npusim.compiler.layouts.crossing_share)."""
    assert moved(tmp_path, "4000", 192, 8, profile="2026-as-released")[0] == 0
