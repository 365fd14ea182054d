"""Poolings and first convolutions run whole to a tile's last bytes; what lies in their way goes through DDR."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv


@pytest.mark.parametrize(
    ("npu", "tiles", "channels", "height", "width", "megabytes"),
    [
        ("panther_lake", 3, 64, 144, 160, 0.88),
        ("panther_lake", 3, 64, 150, 160, 7.14),
        ("panther_lake", 3, 64, 168, 160, 7.96),
        ("panther_lake", 3, 128, 114, 112, 0.94),
        ("lunar_lake", 4, 64, 192, 160, 1.12),
        ("lunar_lake", 4, 64, 216, 160, 10.22),
        ("lunar_lake", 4, 128, 152, 112, 10.00),
        ("meteor_lake", 2, 64, 152, 160, 0.92),
    ],
)
def test_a_pooled_stem_crosses_as_much_as_there(
    npu: str, tiles: int, channels: int, height: int, width: int, megabytes: float
) -> None:
    """MB of Intel's schedules, the pooling whole in all of them."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, 2 * height, 2 * width), 3, channels, 3, 2))
    x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    graph = of_model(g.model(g.op("Relu", conv(g, x, channels, channels, 3, 2))), "")
    report = simulate(graph, load_hardware(npu).replace({"tiles": tiles}), "2026-as-released", band=False)
    assert all(n.pieces == 1 for n in report.nodes if n.op_type == "MaxPool")
    assert report.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.05)


@pytest.mark.parametrize(
    ("height", "width", "megabytes"), [(240, 256, 9.33), (208, 256, 1.29), (256, 224, 1.38)]
)
def test_rows_around_what_is_pooled_want_room_too(height: int, width: int, megabytes: float) -> None:
    """MB of Intel's schedules on NPU 4000: a stem of 32 channels at stride 1, pooled by two, 3 x 3 and 1 x 1 behind."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, height, width), 3, 32, 3))
    x = g.op("Relu", conv(g, g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 32, 64, 3))
    graph = of_model(g.model(conv(g, x, 64, 32, 1)), "")
    report = simulate(
        graph, load_hardware("lunar_lake").replace({"tiles": 4}), "2026-as-released", band=False
    )
    assert report.bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.05)
