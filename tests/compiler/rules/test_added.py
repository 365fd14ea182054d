"""Sums with a smaller activation: written out for the MAC array, or spread by a kernel."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.simulation import Report, simulate
from tests.vendor.builder import Builder


def added(whole: tuple[int, ...], smaller: tuple[int, ...], system: str) -> Report:
    g = Builder()
    scores, places = g.op("Softmax", g.input(*whole)), g.op("Sigmoid", g.input(*smaller))
    return simulate(
        of_model(g.model(g.op("Softmax", g.op("Add", scores, places))), "added.onnx"),
        load_hardware(system),
        "2026-as-released",
    )


@pytest.mark.parametrize(
    ("whole", "smaller", "engine"),
    [
        ((2, 197, 1024), (2, 197, 1), "mac_array"),
        ((1, 8, 64, 64), (8, 64, 1), "mac_array"),
        ((8, 14, 14, 14, 14), (8, 14, 14, 14, 1), "mac_array"),
        ((197, 1024), (197, 1), "dsp"),
        ((1, 197, 1024), (1, 197, 1), "dsp"),
        ((1, 64, 28, 28), (1, 64, 1, 1), "dsp"),
    ],
)
@pytest.mark.parametrize("system", ["meteor_lake", "panther_lake"])
def test_what_is_spread_over_planes_of_rows_is_written_out(
    whole: tuple[int, ...], smaller: tuple[int, ...], engine: str, system: str
) -> None:
    report = added(whole, smaller, system)
    (sum_,) = (n for n in report.nodes if n.op_type == "Add")
    assert sum_.engine == engine
    assert any(n.op_type == "Broadcast" for n in report.nodes) == (engine == "mac_array")


def test_places_of_a_grid_are_written_out_whatever_fits() -> None:
    """14 x 14 x 1 x 14 added to scores that do not fit: whole operands cross, as no mask of one head does."""
    g = Builder()
    shape = (300, 14, 14, 14, 14)
    places = g.op("Unsqueeze", g.op("Sigmoid", g.input(300, 14, 14, 14)), g.const([3]))
    model = of_model(
        g.model(g.op("Softmax", g.op("Add", g.op("Softmax", g.input(*shape)), places))), "p.onnx"
    )
    report = simulate(model, load_hardware("panther_lake"), "2026-as-released")
    (sum_,) = (n for n in report.nodes if n.op_type == "Add")
    bytes_of_one = 2 * 300 * 14**4
    assert sum_.bytes_moved >= 3 * bytes_of_one
