"""Lines and oblong planes are pooled whole as planes as square as their pixels divide."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.ops.pooling import as_square


@pytest.mark.parametrize(
    ("plane", "square"),
    [  # input tensors of as_avgpool/first_split in Intel's schedules
        ((12000,), (120, 100)), ((22050,), (150, 147)), ((1600,), (40, 40)), ((1000,), (40, 25)), ((126,), (14, 9)),
        ((499,), (499, 1)), ((1998,), (54, 37)), ((64, 304), (152, 128)), ((304, 64), (152, 128)),
        ((40, 160), (80, 80)), ((48, 144), (96, 72)), ((40, 100), (80, 50)), ((24, 64), (48, 32)),
        ((64, 128), (64, 128)), ((80, 76), (80, 76)), ((7, 7), (7, 7)),
    ],
)  # fmt: skip
def test_planes_as_there(plane, square):
    assert as_square(plane) == square


@given(st.lists(st.integers(1, 400), min_size=1, max_size=3))
def test_all_pixels_are_pooled(sizes):
    assert prod(as_square(tuple(sizes))) == prod(sizes)
