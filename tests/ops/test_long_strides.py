"""Poolings whose strides or windows the MAC array cannot do at once, counted by hand, and by law."""

from itertools import pairwise
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.ops.long_strides import Axis, side_by_side, small_strides
from npusim.work import MacOp, MacWork
from tests.ops.asking import ask, tensor


def pooled(kind, channels, places, window, axes=1):
    source, out = tensor(1, channels, *(places,) * axes), tensor(1, channels, *(places // window,) * axes)
    return ask(kind, [source], [out], kernel_shape=(window,) * axes, strides=(window,) * axes)


def steps(ways, name):
    return [(int(w.kernel_h), int(w.stride_h), int(w.out_h)) for w in ways[name].steps]


def test_ten_places_by_five_then_every_second():
    """`small-stride` and `maxpool_downsample`: 30,000 places to 5,999, every second of which is kept."""
    assert steps(pooled("MaxPool", 16, 30000, 10), "mac_array") == [(10, 5, 5999), (1, 2, 3000)]
    ways = pooled("AveragePool", 16, 30000, 10)
    assert steps(ways, "mac_array") == [(10, 5, 5999), (1, 2, 3000)]
    assert [w.op for w in ways["mac_array"].steps] == [MacOp.AVERAGE_POOL, MacOp.MAX_POOL]


@pytest.mark.parametrize(
    ("window", "parts"),
    [(20, [5, 4]), (30, [6, 5]), (16, [8, 2]), (12, [6, 2]), (50, [5, 10, 1]), (3000, [8, 5, 5, 5, 3])],
)
def test_long_windows_side_by_side_go_by_their_factors(window, parts):
    """As Intel's compiler splits them: 50 is 5, then 10 by a stride of five, of which every second is kept."""
    for kind, name in (("MaxPool", "side_by_side"), ("AveragePool", "averaged")):
        assert [w.kernel_h for w in pooled(kind, 64, 4 * window, window)[name].steps] == parts


def test_on_npu_5010_up_to_15_places_are_one_window():
    """12 places by a stride of six, then every second."""
    assert steps(pooled("MaxPool", 5, 1200, 12), "side_by_side_15") == [(12, 6, 199), (1, 2, 100)]


def test_one_result_needs_no_stride():
    assert steps(pooled("AveragePool", 64, 9, 9, 2), "mac_array") == [(9, 9, 1)]


def test_windows_that_overlap_and_prime_ones_are_no_factors():
    work = MacWork(MacOp.MAX_POOL, 40, 1, 64, 64, 640, 1, 32, 1, 16, 1)
    assert side_by_side(work, [Axis(640, 40, 32, 16, 0)], 11) == ()
    assert side_by_side(work, [Axis(13 * 40, 40, 13, 13, 0)], 11) == ()


@given(st.integers(1, 40), st.integers(2, 64), st.integers(1, 3))
def test_every_result_is_made_of_its_window_alone(window, outs, images):
    """Strides of all parts together are the window's, none above eight but primes, and the last makes the results."""
    work = MacWork(MacOp.MAX_POOL, images * outs, 1, 16, 16, images * outs * window, 1, window, 1, window, 1)
    parts = side_by_side(work, [Axis(outs * window, outs, window, window, 0)], 11)
    if not parts:
        return
    assert prod(int(p.stride_h) for p in parts) == window
    assert parts[-1].out_h == images * outs
    assert all(p.stride_h <= 8 or p.stride_h == 11 for p in parts)
    assert all(a.out_h == b.in_h for a, b in pairwise(parts))


@given(st.integers(1, 64), st.integers(1, 64))
def test_small_strides_stay_as_they_are(stride, outs):
    work = MacWork(MacOp.AVERAGE_POOL, outs, 1, 16, 16, outs * stride, 1, stride, 1, stride, 1)
    parts = small_strides(work, 1)
    assert (parts == (work,)) == (stride <= 8 or outs == 1 or all(stride % d for d in range(2, 9)))
