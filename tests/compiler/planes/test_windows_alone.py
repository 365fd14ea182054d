"""Windows at a stride of two over each channel that fit but for their result: cut by themselves, or whole."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.late_classifiers import expanded

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def report(
    npu: str, pixels: int, width: int, channels: int, profile: str = "2026-as-released", tap: int = 3
) -> Report:
    """Expansion, window and projection behind a convolution of an image of `pixels`."""
    g = Builder(weights=False)
    graph = of_model(g.model(expanded(g, pixels, width, channels, tap)), "")
    return simulate(graph, load_hardware(npu).replace({"tiles": TILES[npu]}), profile, band=False)


@pytest.mark.parametrize(
    ("npu", "pixels", "width", "channels"),
    [
        ("lunar_lake", 216, 32, 192),
        ("lunar_lake", 268, 16, 128),
        ("lunar_lake", 304, 16, 96),
        ("meteor_lake", 220, 16, 128),
    ],
)
def test_what_a_window_alone_reads_and_makes_crosses(
    npu: str, pixels: int, width: int, channels: int
) -> None:
    """4.5 and 1.1 MB of 192 channels of 108 x 108 on NPU 4000, 0.004 in strips with its neighbours."""
    steps = {n.name: n for n in report(npu, pixels, width, channels).nodes}
    plane = (pixels // 2) ** 2 * channels * 2
    assert steps["Conv_2"].pieces == 1
    assert steps["Conv_4"].pieces > 1
    assert steps["Conv_2"].bytes_moved >= plane
    assert steps["Conv_4"].bytes_moved >= plane


@pytest.mark.parametrize(
    ("npu", "pixels", "tap"),
    [("lunar_lake", 216, 5), ("panther_lake", 232, 3), ("lunar_lake", 240, 3)],
)
def test_windows_of_more_rows_and_what_is_made_in_strips_go_together(npu: str, pixels: int, tap: int) -> None:
    """5 x 5 (W3), NPU 5010 (W2), and an expansion that does not fit itself."""
    steps = {n.name: n for n in report(npu, pixels, 32, 192, tap=tap).nodes}
    assert steps["Conv_2"].bytes_moved < (pixels // 2) ** 2 * 192


def test_what_just_fills_a_tile_is_whole() -> None:
    """192 channels of 88 x 88 on NPU 3720: 0.35 MB in all (2.4 in strips)."""
    for profile in ("2026", "2026-as-released"):
        assert report("meteor_lake", 176, 32, 192, profile).bytes_moved == pytest.approx(351_000, rel=0.05)
