"""Average poolings of windows longer than the MAC array takes, counted by hand."""

from hypothesis import given
from hypothesis import strategies as st

from npusim.work import MacOp, MacWork, VectorWork
from tests.ops.asking import ask, tensor


def pooled(source, out, kernel, stride, pad=0):
    axes = len(source.shape) - 2
    return ask(
        "AveragePool", [source], [out], kernel_shape=(kernel,) * axes, strides=(stride,) * axes,
        pads=(pad,) * 2 * axes,
    )  # fmt: skip


def windows(steps):
    return [(s.kernel_h, s.kernel_w) for s in steps if isinstance(s, MacWork) and s.op == MacOp.AVERAGE_POOL]


def test_windows_side_by_side_are_pooled_twice():
    """16 x 16 by 8 x 8, then 2 x 2; 14 x 14 by 7, then 2, but at once where 15 places are a window."""
    ways = pooled(tensor(1, 64, 64, 64), tensor(1, 64, 4, 4), 16, 16)
    assert windows(ways["averaged"].steps) == windows(ways["averaged_15"].steps) == [(8, 8), (2, 2)]
    first, second = ways["averaged"].steps
    assert (first.out_h, second.in_h, second.out_h) == (8, 8, 4)
    ways = pooled(tensor(1, 320, 14, 14), tensor(1, 320, 1, 1), 14, 14)
    assert windows(ways["averaged"].steps) == [(7, 7), (2, 2)]
    assert windows(ways["averaged_15"].steps) == [(14, 14)]


def test_a_window_of_25_over_a_line_is_three_slices_and_two_edges():
    """11, 11 and 3 of the centre, added twice; the edges' windows are 13 to 24 long: the largest in two slices."""
    line = tensor(1, 32, 512)
    steps = pooled(line, line, 25, 1, 12)["averaged"].steps
    centre = [s for s in steps if isinstance(s, MacWork) and max(s.out_h, s.out_w) == 488]
    assert [max(s.kernel_h, s.kernel_w) for s in centre if s.op == MacOp.AVERAGE_POOL] == [11, 11, 3]
    assert sum(s.op == MacOp.ELTWISE for s in centre) == 2


def test_a_square_window_of_15_is_four_slices():
    image = tensor(1, 64, 32, 32)
    steps = pooled(image, image, 15, 1, 7)["averaged"].steps
    centre = [s for s in steps if isinstance(s, MacWork) and (s.out_h, s.out_w) == (18, 18)]
    assert windows(centre) == [(11, 11), (11, 4), (4, 11), (4, 4)]
    assert [(s.in_h, s.in_w) for s in centre if s.kernel_h == 4 == s.kernel_w] == [(21, 21)]


@given(st.integers(12, 60), st.integers(61, 200))
def test_a_window_without_padding_is_a_kernel_as_long_as_what_it_reads_and_writes(kernel, length):
    source, out = tensor(1, 32, length), tensor(1, 32, length - kernel + 1)
    ways = pooled(source, out, kernel, 1)
    assert "averaged" not in ways
    (work,) = ways["dsp"].steps
    assert isinstance(work, VectorWork) and work.elements == source.elements + out.elements


@given(st.integers(6, 16), st.integers(40, 90))
def test_slices_hold_as_many_taps_as_the_window(half, side):
    kernel = 2 * half + 1
    image = tensor(1, 16, side, side)
    made = side - kernel + 1
    steps = pooled(image, image, kernel, 1, half)["averaged"].steps
    centre = [s for s in steps if isinstance(s, MacWork) and (s.out_h, s.out_w) == (made, made)]
    assert sum(high * wide for high, wide in windows(centre)) == kernel**2
    assert max(max(pair) for pair in windows(steps)) <= 11
