"""Sums, norms and scales of sizes that fill no sixteens."""

import itertools
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.compiler.lowering.uneven_norms import rows_side_by_side
from npusim.compiler.lowering.uneven_passes import filled_up
from npusim.ops.counting import one_tap
from npusim.simulation import simulate
from npusim.work import MacOp, MacWork, MoveWork, VectorWork
from tests.vendor.judge import judge, machine
from tests.vendor.tables import HALVES, graph_of, read

AXES = st.tuples(st.integers(1, 40), st.integers(1, 300), st.integers(1, 300))


def sums(shape):
    return (one_tap(MacOp.ELTWISE, 1, prod(shape), 1, 2.0),)


@given(AXES, st.integers(1, 6))
def test_what_is_filled_up_is_added_once_and_what_is_written_is_read(shape, tiles):
    works = filled_up(sums(shape), shape, tiles, 1.5e6)
    *ahead, added = works
    channels = -(-shape[0] // 16) * 16
    assert (added.out_h, added.out_w, added.out_c) == (shape[1], shape[2], channels)
    moves = [w for w in ahead if isinstance(w, MoveWork) and w.source != w.destination]
    assert sum(w.nbytes for w in moves if w.source == "ddr") >= sum(
        w.nbytes for w in moves if w.source == "scratchpad"
    )
    assert all(w.nbytes > 0 for w in ahead if isinstance(w, MoveWork))
    assert bool(moves) >= any(isinstance(w, MacWork) for w in ahead)


def test_many_rows_and_columns_are_convolved_a_rectangle_that_does_not_fit_is_copied():
    """49 and 47 rows of 131; 31 and 11 of 2,001 on two tiles of 2 MB (Intel's schedules)."""
    kinds = {}
    for rows, columns in ((47, 131), (49, 131), (31, 2001), (11, 2001)):
        works = filled_up(sums((1, rows, columns)), (1, rows, columns), 2, 2e6)
        crossing = any(isinstance(w, MoveWork) and w.destination == "ddr" for w in works)
        kinds[rows, columns] = (any(getattr(w, "op", None) == MacOp.CONVOLUTION for w in works), crossing)
    assert kinds[47, 131] == kinds[11, 2001] == (False, False)
    assert kinds[49, 131] == (True, True) and kinds[31, 2001] == (False, True)


@given(st.integers(1, 64), st.integers(1, 700))
def test_rows_side_by_side_are_as_many_elements_in_whole_sixteens(rows, width):
    scale = one_tap(MacOp.DEPTHWISE, rows, 1, width, 2.0)
    kernel = VectorWork("mvn", rows * width, rows, rows)
    first, wide = rows_side_by_side((kernel, scale), (1, rows, width))
    assert first is kernel
    assert wide.out_h * wide.out_w * wide.out_c == pytest.approx(rows * width)
    assert wide is scale or (width % 16 and wide.out_c % 16 == 0)


@pytest.mark.parametrize(
    ("name", "npu"),
    [("addnorm_475_379", "3720"), ("LayerNorm_16_1245", "3720"), ("LayerNorm_16_1245", "5010")],
)
def test_as_released_they_take_about_as_long_as_in_intels_schedules(name, npu):
    """A quarter and half of it, when the sum was one image of even channels and the scale one of the row's."""
    row = next(r for half in HALVES for r in read("ops", half) if (r.name, r.npu) == (name, npu))
    assert 0.7 <= judge(row, graph_of("ops", name), "2026-as-released").total <= 1.6


def test_the_same_tensor_with_an_axis_of_one_more_is_subtracted_alike():
    """[1,64,13,13] less [64,13,13]: a scale and a sum of the array, 5.7 us on NPU 3720 (19 as a kernel)."""
    graph = graph_of("ops", "Sub_64_13_13_by_64_13_13")
    result = simulate(graph, machine("3720", 2), "2026-as-released", band=False)
    assert result.latency_us == pytest.approx(5.7, rel=0.3)


@pytest.mark.parametrize("name", ["in_3_48_1235", "in_2_134_896"])
def test_lines_of_a_batch_are_scaled_by_a_kernel_behind_their_norm(name):
    """Multiply behind MVN, and a pass that adds, on NPU 3720; 0.38 to 0.46 of the total as one scale."""
    row = next(r for half in HALVES for r in read("ops", half) if (r.name, r.npu) == (name, "3720"))
    assert judge(row, graph_of("ops", name), "2026-as-released").total > 0.55


@pytest.mark.parametrize(
    ("name", "npu", "least"), [("Div_64_196_8_by_8", "3720", 0.9), ("Mul_384_16_16_by_16_16", "5010", 0.9)]
)
def test_rows_by_one_and_pixels_by_a_number_each_take_as_long_as_in_intels_schedules(name, npu, least):
    """A thousand times the divisor is its inverse and a product (60 times as long as a Divide kernel); an image by
    [16,16] is a scale on NPU 5010, as by [1,1,16,16] (3.2 times as long as a kernel)."""
    row = next(r for half in HALVES for r in read("ops", half) if (r.name, r.npu) == (name, npu))
    assert least <= judge(row, graph_of("ops", name), "2026-as-released").total <= 1.2


@pytest.mark.parametrize("form", ["in_{}_48_1235", "bin_Mul_{}_64_4096_by_1_64_1"])
def test_in_2026_twice_the_lines_of_a_batch_cost_at_most_2_3_times_as_much(form):
    """A kernel from two lines on, as released, costs three to six times one line's scale."""
    times = [
        simulate(graph_of("ops", form.format(n)), machine("3720", 2), "2026", band=False).latency_us
        for n in (1, 2, 4)
    ]
    assert all(a <= b <= 2.3 * a for a, b in itertools.pairwise(times))
