"""Pixels that came from channels, and what stands behind them as they leave the graph."""

from collections.abc import Callable

import pytest

from npusim.onnx_io import of_model
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.judge import machine
from tests.vendor.nets.layers import conv, enlarged

TILES = {"3720": 2, "4000": 4, "5010": 3}
IMAGE = 3 * 192 * 320 * 2  # bytes of what 48 channels of 48 x 80 become by blocks of four


def _pixels(g: Builder) -> str:
    return g.op("DepthToSpace", conv(g, g.input(1, 16, 48, 80), 16, 48, 3), blocksize=4)


def _moved(write: Callable[[Builder], str], npu: str, profile: str = "2026") -> Report:
    g = Builder(weights=False)
    return simulate(of_model(g.model(write(g)), ""), machine(npu, TILES[npu]), profile, band=False)


def _beside(report: Report) -> float:
    """Bytes through DDR of all but the convolution and what turns its input."""
    return sum(n.bytes_moved for n in report.nodes if n.op_type != "Conv" and "layout" not in n.name)


@pytest.mark.parametrize("npu", ["3720", "4000"])
@pytest.mark.parametrize("behind", ["Relu", "Sigmoid", ""])
def test_pixels_are_turned_by_two_passes_whatever_activation_stands_behind(npu: str, behind: str) -> None:
    """Written, read and written: 1,105,920 bytes in Intel's schedules, with Clip, Sigmoid or nothing behind."""
    report = _moved(lambda g: g.op(behind, _pixels(g)) if behind else _pixels(g), npu)
    assert _beside(report) == 3 * IMAGE


def test_the_activation_rides_behind_the_convolution() -> None:
    report = _moved(lambda g: g.op("Relu", _pixels(g)), "3720")
    assert [n.op_type for n in report.nodes if n.busy_us.get("mac_array")].count("Relu") == 0


@pytest.mark.parametrize(
    ("npu", "profile", "times"),
    [
        ("3720", "2026", 6),
        ("4000", "2026", 6),
        ("3720", "2026-as-released", 6),
        ("4000", "2026-as-released", 4),
    ],
)
def test_an_input_of_the_graph_is_added_to_planes(npu: str, profile: str, times: int) -> None:
    """Two passes with DDR between them and behind them, the input and the sum: 2,211,840 bytes in Intel's schedule on
    NPU 3720; on 4000 every tile holds all, nothing crosses behind the passes (1,474,560), as released alone."""
    report = _moved(lambda g: g.op("Add", _pixels(g), g.input(1, 3, 192, 320)), npu, profile)
    assert _beside(report) == times * IMAGE


@pytest.mark.parametrize("npu", ["3720", "4000"])
def test_two_images_of_pixels_are_added_as_they_lie(npu: str) -> None:
    report = _moved(lambda g: g.op("Add", _pixels(g), _pixels(g)), npu)
    assert _beside(report) == 3 * IMAGE


@pytest.mark.parametrize("npu", ["3720", "4000", "5010"])
def test_an_input_that_is_enlarged_for_it_is_copied_plane_by_plane(npu: str) -> None:
    def write(g: Builder) -> str:
        i = g.input(1, 3, 48, 80)
        pixels = g.op("DepthToSpace", conv(g, i, 3, 48, 3), blocksize=4)
        return g.op("Add", pixels, enlarged(g, i, 4, "nearest"))

    lowerings = {n.op_type: n.lowering for n in _moved(write, npu).nodes}
    assert lowerings["Resize"] == "copied_larger"


@pytest.mark.parametrize(
    ("rows", "columns", "lowering"), [(135, 480, "dma"), (480, 135, "dma"), (192, 480, "mac")]
)
def test_rows_and_columns_must_fill_sixteens_for_the_passes(rows: int, columns: int, lowering: str) -> None:
    """`unrolled_permuteDMA` of 3 x 135 x 480 and 3 x 480 x 135 in Intel's schedules on NPU 3720, 4000 and 5010."""

    def write(g: Builder) -> str:
        made = conv(g, g.input(1, 16, rows // 3, columns // 3), 16, 27, 3)
        return g.op("DepthToSpace", made, blocksize=3)

    turned = any(n.lowering == "mac_permute" and "planes" in n.name for n in _moved(write, "4000").nodes)
    assert turned == (lowering == "mac")
