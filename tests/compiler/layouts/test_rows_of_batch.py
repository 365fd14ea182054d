"""Batches of sequences between their products: the tiles share sequences whole."""

import itertools

import pytest

from npusim.arch.presets import load_hardware
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import layernorm

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")


def run(batch: int, rows: int, width: int, hardware: str, profile: str = "2026") -> Report:
    """A product, the normalisation of what it makes, two products and the sum around them, a product."""
    g = Builder(weights=False)
    x = g.op("MatMul", g.input(batch, rows, width), g.weight(width, width))
    y = g.op("MatMul", layernorm(g, x, width), g.weight(width, width))
    y = g.op("Add", g.op("MatMul", g.op("Relu", y), g.weight(width, width)), x)
    g.op("MatMul", y, g.weight(width, width))
    return simulate(loaded(g.model(g.op("Identity", y))), load_hardware(hardware), profile)


def passes(report: Report) -> list[str]:
    return [n.split for n in report.nodes if n.lowering == "rows_of_batch"]


@pytest.mark.parametrize(("hardware", "count"), [("meteor_lake", 3), ("lunar_lake", 3), ("panther_lake", 2)])
def test_a_normalisation_is_a_kernel_a_scale_and_before_5010_a_shift(hardware: str, count: int) -> None:
    """And a sum: over whole sequences where there is one for each tile, else by channels and on every tile."""
    assert passes(run(8, 64, 128, hardware)) == ["rows"] * count
    assert passes(run(1, 64, 128, hardware)) == []
    few = passes(run(2, 64, 128, hardware))
    assert len(few) == count and ("channels" in few) == (hardware != "meteor_lake")


def test_array_time_is_that_of_intels_schedule() -> None:
    """4 x 256 x 144 on NPU 3720: 9.4 us the scale, 7.7 the shift, 7.7 the sum; 3.8 us each as rows of a product."""
    report = run(4, 256, 144, "meteor_lake")
    found = sum(n.busy_us["mac_array"] for n in report.nodes if n.lowering == "rows_of_batch")
    assert found == pytest.approx(9.4 + 7.7 + 7.7, rel=0.15)


@pytest.mark.parametrize("hardware", NPUS)
@pytest.mark.parametrize(("rows", "width"), [(64, 128), (128, 256), (196, 192)])
def test_twice_the_sequences_take_one_to_two_point_three_times_as_long(
    hardware: str, rows: int, width: int
) -> None:
    times = [run(batch, rows, width, hardware).latency_us for batch in (1, 2, 4, 8, 16)]
    assert all(a * 0.99 <= b <= 2.3 * a for a, b in itertools.pairwise(times))


@pytest.mark.parametrize("hardware", NPUS)
def test_a_lone_normalisation_is_folded_as_any_other(hardware: str) -> None:
    g = Builder(weights=False)
    x = layernorm(g, g.input(4, 64, 128), 128)
    report = simulate(loaded(g.model(x)), load_hardware(hardware), "2026")
    assert passes(report) == []
