"""Poolings of whole planes in stages, counted by hand."""

import pytest

from npusim.work import MacWork
from tests.ops.asking import ask, tensor


def stages(ways, name):
    return [(s.kernel_h, s.kernel_w, s.out_h, s.out_w) for s in ways[name].steps if isinstance(s, MacWork)]


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (12, 12, [(12, 12, 1, 1)]),
        (15, 15, [(15, 15, 1, 1)]),
        (10, 15, [(10, 15, 1, 1)]),
        (26, 26, [(2, 2, 13, 13), (13, 13, 1, 1)]),
        (112, 112, [(8, 8, 14, 14), (14, 14, 1, 1)]),
        (14, 20, [(14, 5, 1, 4), (1, 4, 1, 1)]),
    ],
)
def test_windows_of_up_to_15_spare_a_stage(op, rows, columns, expected):
    """As in Intel's schedules of NPU 5010."""
    ways = ask(op, [tensor(1, 192, rows, columns)], [tensor(1, 192, 1, 1)])
    assert stages(ways, "plane_15") == expected
    assert len(stages(ways, "mac_array")) >= len(expected)


@pytest.mark.parametrize("side", [7, 9, 11, 16, 17, 20, 24, 25, 28, 40, 56])
def test_other_planes_have_no_such_window(side):
    assert "plane_15" not in ask("GlobalAveragePool", [tensor(1, 192, side, side)], [tensor(1, 192, 1, 1)])


def test_a_mean_over_height_and_width_has_it_too():
    ways = ask("ReduceMean", [tensor(1, 192, 13, 13)], [tensor(1, 192, 1, 1)], axes=(2, 3), keepdims=1)
    assert stages(ways, "plane_15") == [(13, 13, 1, 1)]
