"""The first convolution of few channels on NPU 3720: shared over channels, or over rows for what is widened behind."""

import pytest

from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.judge import machine
from tests.vendor.nets.layers import conv
from tests.vendor.tables import graph_of


def image_crosses(size: int, channels: int, last: str) -> bool:
    """Whether the image of a small network crosses DDR once it is turned."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, size, size), 3, 16, 3, 2))
    x = g.op("Relu", conv(g, g.op("Relu", conv(g, x, 16, 16, 1)), 16, 16, 3, 1, 16))
    x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.op("Relu", conv(g, x, 16, channels, 1))
    if last == "pooling":
        x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    else:
        x = g.op("Relu", conv(g, x, channels, channels, 3, 1, channels if last == "window" else 1))
    tasks = simulate(of_model(g.model(x), ""), machine("3720", 2), "2026", band=False).tasks
    return any(t.node.startswith("x0") and t.destination == "ddr" for t in tasks)


@pytest.mark.parametrize(
    ("size", "channels", "last", "crosses"),
    [
        (320, 64, "window", False),
        (320, 64, "pooling", False),
        (224, 64, "window", False),
        (256, 64, "window", False),
        (256, 48, "window", True),
        (320, 32, "window", True),
        (320, 64, "3x3", True),
    ],
)
def test_a_stem_keeps_rows_for_what_is_widened_behind(
    size: int, channels: int, last: str, crosses: bool
) -> None:
    """As in Intel's schedules of these."""
    assert image_crosses(size, channels, last) == crosses


def test_yunets_image_stays() -> None:
    """1.56 MB in Intel's schedule; 4.46 with the image and the first result through DDR."""
    graph = graph_of("nets", "yunet_320")
    assert graph is not None
    moved = simulate(graph, machine("3720", 2), "2026", band=False).bytes_moved / 1e6
    assert moved == pytest.approx(1.56, rel=0.05)
