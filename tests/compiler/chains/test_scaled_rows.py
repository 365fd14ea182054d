"""Rows scaled and then shifted by constants of their channels (MobileBERT's norms) are one pass between products."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.compiled import TILES
from tests.vendor.nets.layers import linear
from tests.vendor.placement import HARDWARE

NPUS = list(TILES)


def _scaled(shape: tuple[int, ...], npu: str, profile: str = "2026-as-released", factors: int = 1) -> Report:
    """A product, its rows scaled (`factors` times) and shifted, and a product."""
    g, width = Builder(weights=False), shape[-1]
    x = linear(g, g.input(*shape), width, width)
    for _ in range(factors):
        x = g.op("Mul", x, g.weight(width))
    x = linear(g, g.op("Add", x, g.weight(width)), width, width)
    machine = load_hardware(HARDWARE[npu]).replace({"tiles": TILES[npu], "step.minimum_ns": 0.0})
    return simulate(of_model(g.model(x), ""), machine, profile, band=False)


@pytest.mark.parametrize("shape", [(1, 128, 512), (128, 512), (1, 1000, 384)])
@pytest.mark.parametrize("npu", NPUS)
@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
def test_one_pass_that_moves_its_table_alone(shape, npu, profile) -> None:
    """1.35 MB of 128 x 512, 2.16 MB of 1,000 x 384 in Intel's schedules: rows in, weights, tables, rows out."""
    found = _scaled(shape, npu, profile)
    rows, width = shape[-2:]
    (scale,) = (n for n in found.nodes if n.lowering == "scale_shift")
    assert len(found.nodes) == 3 and scale.fused and scale.bytes_moved <= 48 * width
    assert found.bytes_moved == pytest.approx(2 * 2 * width * (rows + width), rel=0.05)


@pytest.mark.parametrize("npu, total_us", [("3720", 57.55), ("5010", 19.98)])
def test_as_long_as_in_intels_schedules(npu, total_us) -> None:
    """128 x 512, OpenVINO 2026.4.1; without the rule 1.48 and 1.58 times."""
    assert _scaled((1, 128, 512), npu).latency_us == pytest.approx(total_us, rel=0.2)


def test_rows_of_several_problems_are_scaled_and_shifted_apart() -> None:
    """4 x 128 x 512 on NPU 3720: `Multiply` as a DepthConvolution, then an Eltwise."""
    assert len(_scaled((4, 128, 512), "3720").nodes) == 4


def test_of_two_factors_one_takes_the_shift() -> None:
    assert len(_scaled((1, 128, 512), "4000", factors=2).nodes) == 4


@given(rows=st.integers(1, 256), channels=st.integers(1, 32), npu=st.sampled_from(NPUS))
def test_a_shift_behind_a_scale_costs_no_pass(rows, channels, npu) -> None:
    """Whatever the size, the Add has no step of its own, and the pair moves no more than its rows and table."""
    found = _scaled((1, rows, 16 * channels), npu)
    assert "Add_3" not in {n.name for n in found.nodes}
    scale = next(n for n in found.nodes if n.name == "Mul_2")
    assert scale.bytes_moved <= 16 * channels * (2 * 2 * rows + 48)
