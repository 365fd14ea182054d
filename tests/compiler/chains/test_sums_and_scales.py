"""Few rows added up and scaled between products, as MobileBERT's feed-forwards: what stays inside."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.compiled import TILES
from tests.vendor.nets.layers import linear
from tests.vendor.placement import HARDWARE


def _layers(rows: int, width: int, npu: str, scaled: bool = True, profile: str = "2026-as-released"):
    """Two feed-forwards: a product, Relu, a product, added to what went in, scaled and shifted."""
    g = Builder(weights=False)
    x = linear(g, g.input(1, rows, width), width, width)
    for _ in range(2):
        y = linear(g, g.op("Relu", linear(g, x, width, 4 * width)), 4 * width, width)
        x = g.op("Add", y, x)
        if scaled:
            x = g.op("Add", g.op("Mul", x, g.weight(width)), g.weight(width))
    x = linear(g, x, width, width)
    machine = load_hardware(HARDWARE[npu]).replace({"tiles": TILES[npu], "step.minimum_ns": 0.0})
    return simulate(of_model(g.model(x), ""), machine, profile, band=False)


@pytest.mark.parametrize("npu", ["3720", "4000"])
@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_sums_alone_cross_ddr(npu, profile) -> None:
    """64 rows of 128: each sum is written and read; the scale's result stays for the product and the next sum."""
    found = _layers(64, 128, npu, profile=profile)
    sums = [n for n in found.nodes if n.op_type == "Add"]
    products = [n for n in found.nodes if n.op_type == "MatMul"]
    size = 2 * 64 * 128
    assert sums[1].bytes_moved == size  # what it adds is inside
    weights = 2 * 4 * 128 * 128 + 16 * 4 * 128
    assert products[3].bytes_moved == pytest.approx(weights, rel=0.01)


def test_on_npu_5010_and_without_a_scale_they_cross() -> None:
    for found in (_layers(128, 128, "5010"), _layers(128, 128, "3720", scaled=False)):
        assert [n for n in found.nodes if n.op_type == "Add"][1].bytes_moved > 2 * 2 * 128 * 128


def test_more_rows_never_move_less() -> None:
    moved = [_layers(rows, 128, "4000").bytes_moved for rows in (16, 36, 60, 64, 100, 128)]
    assert moved == sorted(moved)
