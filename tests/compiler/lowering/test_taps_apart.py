"""Taps that lie apart are taken one by one where windows of them would have too many weights."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.judge import machine
from tests.vendor.nets.layers import conv
from tests.vendor.tables import graph_of

RELEASED = "2026-as-released"


def lowering(npu: str, tiles: int, channels: int, taps: int, apart: int, profile: str = RELEASED) -> str:
    """Of a window over so many channels of 32 x 32, its taps so far apart."""
    g = Builder(weights=False)
    x = conv(g, g.input(1, 16, 32, 32), 16, channels, 1)
    pads, weights = [apart * (taps - 1) // 2] * 4, (g.weight(64, channels, taps, taps), g.weight(64))
    x = g.op("Conv", x, *weights, pads=pads, dilations=[apart, apart])
    graph = of_model(g.model(conv(g, x, 64, 16, 1)), "")
    hw = load_hardware(npu).replace({"tiles": tiles})
    return next(n.lowering for n in simulate(graph, hw, profile, band=False).nodes if n.name == "Conv_1")


@pytest.mark.parametrize(
    ("npu", "tiles", "taps", "apart", "windows", "singly"),
    [
        ("panther_lake", 3, 3, 12, 272, 288),
        ("panther_lake", 3, 3, 9, 448, 480),
        ("panther_lake", 3, 5, 4, 512, 1024),
        ("lunar_lake", 4, 3, 9, 448, 480),
        ("meteor_lake", 2, 3, 9, 576, 640),
    ],
)
def test_weights_of_sixteen_results_fit_into_a_tile_or_taps_go_one_by_one(
    npu: str, tiles: int, taps: int, apart: int, windows: int, singly: int
) -> None:
    """As in Intel's schedules of these."""
    assert lowering(npu, tiles, windows, taps, apart) in ("dilated", "dilated_15")
    assert lowering(npu, tiles, singly, taps, apart) == "dilated_by_tap"


def test_what_is_not_cut_is_spread_out_whatever_it_takes() -> None:
    """15 x 15 of 1,024 channels on NPU 5010; and profile 2026 keeps to windows, of which twice as many cost more."""
    assert lowering("panther_lake", 3, 1024, 3, 7) == "dilated_15"
    assert lowering("panther_lake", 3, 512, 3, 12, "2026") == "dilated_15"


def test_a_pyramid_of_2048_channels_takes_the_array_a_fifth_of_what_windows_take() -> None:
    """Taps 12 apart on NPU 5010: 648 us of the array in Intel's schedule; windows of 13 x 13 would take 11 ms."""
    graph = graph_of("nets", "deeplabv3_r50_320")
    assert graph is not None
    took = {}
    for profile in (RELEASED, "2026"):
        nodes = simulate(graph, machine("5010", 3), profile, band=False).nodes
        took[profile] = next(n for n in nodes if n.name == "Conv_121").busy_us["mac_array"]
    assert 648 < took[RELEASED] < 0.2 * took["2026"]
