"""Channels that lie without padding are filled up for depthwise windows by a pass."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import Report, simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv

NPUS = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def report(npu: str, channels: int, height: int, width: int, tap: int = 3, stride: int = 1) -> Report:
    """A stem, one tap to `channels`, a depthwise window, one tap to 32."""
    g = Builder(weights=False)
    x = g.op("Relu", conv(g, g.input(1, 3, height, width), 3, 16, 3, 2))
    x = g.op("Relu", conv(g, x, 16, channels, 1))
    x = g.op("Relu", conv(g, x, channels, channels, tap, stride, channels))
    x = g.op("Relu", conv(g, x, channels, 32, 1))
    graph = of_model(g.model(g.op("GlobalAveragePool", x)), "")
    return simulate(graph, load_hardware(npu).replace({"tiles": NPUS[npu]}), "2026", band=False)


def passes(of: Report) -> int:
    """How many steps fill up channels."""
    return sum(node.name.endswith("/filled") for node in of.nodes)


@pytest.mark.parametrize("npu", NPUS)
def test_a_pass_fills_up_what_is_folded(npu: str) -> None:
    """24 channels of 240 x 240 and 36 of 150 x 152; not 32 and 48."""
    assert passes(report(npu, 24, 480, 480)) == passes(report(npu, 36, 300, 304, 3, 2)) == 1
    assert passes(report(npu, 32, 480, 480)) == passes(report(npu, 48, 300, 304)) == 0


@pytest.mark.parametrize(
    ("npu", "channels", "size", "tap", "stride", "megabytes"),
    [
        ("meteor_lake", 24, (480, 480), 3, 1, 3.69),
        ("lunar_lake", 24, (480, 480), 3, 1, 3.69),
        ("panther_lake", 24, (480, 480), 3, 1, 0.0),  # on to the window in strips of rows
        ("meteor_lake", 40, (320, 400), 5, 2, 3.07),
        ("lunar_lake", 40, (320, 400), 5, 2, 3.07),
        ("lunar_lake", 56, (260, 360), 3, 2, 3.00),
        ("meteor_lake", 36, (300, 304), 3, 2, 0.0),  # whole to the last bytes of a tile
    ],
)
def test_what_is_filled_up_crosses_as_in_schedules(
    npu: str, channels: int, size: tuple[int, int], tap: int, stride: int, megabytes: float
) -> None:
    """Of Intel's compiler 8.4, made for it: what the pass writes to DDR, with the zeros (on NPU 4000 the rows
    around each tile, too, here)."""
    tasks = report(npu, channels, *size, tap, stride).tasks
    written = sum(t.nbytes for t in tasks if t.node.endswith("/filled") and t.destination == "ddr")
    assert written / 1e6 == pytest.approx(megabytes, rel=0.06)
