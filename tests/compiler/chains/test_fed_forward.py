"""Feed-forwards of many rows are cut in strips of rows, and what their first product makes stays inside."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.onnx_io import of_model
from npusim.report.record import Report
from npusim.simulation import simulate
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import gelu, linear

TILES = {"meteor_lake": 2, "lunar_lake": 4, "panther_lake": 3}


def feed_forward(rows: int, width: int, times: int, hardware: str, scratchpad: float = 1.0) -> Report:
    """A product, a feed-forward between additions of its input, and a product, of so many rows."""
    g = Builder(weights=False)
    x = linear(g, g.input(1, rows, width), width, width)
    y = linear(g, gelu(g, linear(g, x, width, times * width)), times * width, width)
    graph = of_model(g.model(linear(g, g.op("Add", x, y), width, width)), "")
    machine = load_hardware(hardware).replace({"tiles": TILES[hardware]})
    capacity = int(machine.scratchpad.capacity_bytes * scratchpad)
    return simulate(graph, machine.replace({"scratchpad.capacity_bytes": capacity}), "2026", band=False)


@pytest.mark.parametrize(
    ("rows", "width", "hardware", "strips"),
    [  # of Intel's schedules
        (4096, 64, "meteor_lake", 3),
        (4096, 96, "meteor_lake", 4),
        (4096, 96, "lunar_lake", 3),
        (9216, 64, "lunar_lake", 4),
        (4096, 128, "panther_lake", 4),
    ],
)
def test_what_is_between_stays_in_strips_of_rows(rows: int, width: int, hardware: str, strips: int) -> None:
    report = feed_forward(rows, width, 4, hardware)
    end = 2 * rows * width  # bytes of what it reads and makes
    between = [n for n in report.nodes if n.pieces == strips]
    assert len(between) == (2 if hardware == "panther_lake" else 3)
    assert sum(n.bytes_moved for n in between) < 2.5 * end < 8 * end  # four times as much each way otherwise


@pytest.mark.parametrize(("rows", "width", "hardware"), [(2304, 96, "meteor_lake"), (5184, 64, "lunar_lake")])
def test_what_fits_beside_itself_is_not_cut(rows: int, width: int, hardware: str) -> None:
    assert all(
        n.pieces == 1 for n in feed_forward(rows, width, 4, hardware).nodes if n.op_type in ("Gelu", "MatMul")
    )


@pytest.mark.parametrize("hardware", TILES)
def test_twice_the_rows_cost_about_twice_as_much(hardware: str) -> None:
    """Before, 6,144 rows of 96 took 2.95 and 2.78 times 3,072 on NPU 4000 and 5010."""
    took = {rows: feed_forward(rows, 96, 4, hardware).latency_us for rows in (1536, 3072, 6144, 12288)}
    assert all(1.0 <= took[2 * rows] / took[rows] <= 2.3 for rows in (1536, 3072, 6144))


@pytest.mark.parametrize(("hardware", "megabytes"), [("meteor_lake", 26.5), ("lunar_lake", 23.1)])
def test_weights_too_large_for_a_tile_leave_the_product_with_its_kernel(
    hardware: str, megabytes: float
) -> None:
    """1,370 x 384 by 1,536: what the product makes, 4.2 MB, is activated as it comes; bytes of Intel's schedules
    (20.9 here on NPU 3720, where the second product reads that once)."""
    assert feed_forward(1370, 384, 4, hardware).bytes_moved / 1e6 == pytest.approx(megabytes, rel=0.22)


@pytest.mark.parametrize("hardware", TILES)
def test_of_products_in_a_row_those_are_cut_together_that_hand_on_the_most(hardware: str) -> None:
    """6,144 rows of 96 to 96, 384 and 96: 2.6 MB on all NPUs in Intel's schedules. The 4.7 MB between
    neither leave nor come back."""
    g = Builder(weights=False)
    x = linear(g, g.input(1, 6144, 96), 96, 96)
    graph = of_model(g.model(linear(g, gelu(g, linear(g, x, 96, 384)), 384, 96)), "")
    report = simulate(graph, load_hardware(hardware).replace({"tiles": TILES[hardware]}), "2026", band=False)
    between = 2 * 6144 * 384  # bytes
    assert report.bytes_moved < 2 * between
