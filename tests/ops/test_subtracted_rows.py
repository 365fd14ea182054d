"""Rows that rows are subtracted from lie in one column of pixels."""

import itertools

import pytest

from npusim.report.record import Report
from npusim.simulation import simulate
from tests.graphs import loaded, model, node


def run(shape: list[int], hardware: str) -> Report:
    graph = loaded(model([node("Sub", "x w", "y")], {"x": shape, "w": shape}, ["y"], dtype=10))
    return simulate(graph, hardware, "2026")


@pytest.mark.parametrize(
    ("hardware", "shape", "array_us"),
    [
        ("meteor_lake", [1, 512, 32], 1.2 + 2.0),  # Intel's schedules: the negation, the sum
        ("meteor_lake", [1, 128, 256], 2.3 + 4.2),
        ("panther_lake", [1, 128, 256], 0.4 + 2.2),
        ("meteor_lake", [512, 64], 1.0 + 1.2),  # two axes are folded
    ],
)
def test_array_time_is_that_of_intels_schedules(hardware: str, shape: list[int], array_us: float) -> None:
    assert run(shape, hardware).engines["mac_array"] == pytest.approx(array_us, rel=0.15)


@pytest.mark.parametrize("hardware", ["meteor_lake", "lunar_lake", "panther_lake"])
@pytest.mark.parametrize("axis", [1, 2])
def test_twice_as_much_takes_one_to_two_point_three_times_as_long(hardware: str, axis: int) -> None:
    shapes = [[1, 128, 128] for _ in range(4)]
    for i, shape in enumerate(shapes):
        shape[axis] <<= i
    times = [run(shape, hardware).latency_us for shape in shapes]
    assert all(a * 0.99 <= b <= 2.3 * a for a, b in itertools.pairwise(times))
