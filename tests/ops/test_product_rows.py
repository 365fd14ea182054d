"""How the pixels of a product are laid out: in fours, or as the most even rectangle without padding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.ops.counting import product_rows


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [(785, (157, 5)), (333, (37, 9)), (750, (30, 25)), (27, (9, 3)), (128, (32, 4)), (49, (7, 7))],
)
def test_rows_lie_as_in_intels_schedules(rows, wanted):
    assert product_rows(rows) == wanted


@given(st.integers(1, 10_000))
def test_no_pixel_is_lost_and_no_row_is_longer_than_there_are_rows(rows):
    height, width = product_rows(rows)
    assert height * width == rows
    assert width <= max(4, height)
