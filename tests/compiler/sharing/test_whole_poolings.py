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
