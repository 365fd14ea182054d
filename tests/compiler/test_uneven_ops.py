"""Single ops of sizes that fill no sixteens: laws of their parts, and bytes of Intel's compiler 8.4."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.compiler.relaid import FEW_COLUMNS, FEW_ROWS, relaid
from npusim.graph import DType, Value
from npusim.ops.counting import copy
from npusim.ops.indexing import _runs
from npusim.ops.pooling import _parts
from npusim.ops.reduction import Reduced, pooling_chain
from npusim.work import MacOp, MacWork, MoveWork
from tests.vendor.judge import judge
from tests.vendor.tables import HALVES, graph_of, read


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 40), st.integers(2, 600), st.integers(2, 400), st.booleans(), st.booleans())
def test_an_uneven_rest_ends_as_one_row_and_what_crosses_comes_back(outer, length, inner, pads, copies):
    shape = (outer, length, inner)
    source = Value("x", shape, DType.FLOAT16)
    padded = -(-outer // 16) * 16
    chain = pooling_chain(source, Reduced((1,), length, outer, inner, True), MacOp.MAX_POOL, padded, inner)
    works = relaid((copy(source.npu_bytes * padded / outer), *chain), source, pads, copies=copies)
    last = works[-1]
    lying = outer * 16 == padded and inner % 16 and (length <= FEW_ROWS or inner <= FEW_COLUMNS)
    wide = -(-inner // 16) * 16
    assert isinstance(last, MacWork)
    assert (last.out_h, last.out_w, last.out_c) == ((1, 1, wide) if lying else (1, inner, padded))
    trips = [w for w in works if isinstance(w, MoveWork) and w.source != w.destination]
    assert sum(w.nbytes for w in trips if w.source == "ddr") == pytest.approx(
        sum(w.nbytes for w in trips if w.destination == "ddr")
    )


@given(st.integers(1, 300), st.integers(1, 11), st.integers(1, 4), st.integers(0, 5))
def test_places_over_the_begin_the_middle_and_the_end_are_all_places(size, kernel, stride, pad):
    pad = min(pad, kernel - 1)
    outs = (size + 2 * pad - kernel) // stride + 1
    if outs < 1 or size < kernel:
        return
    begin, middle, end = _parts(size, outs, kernel, stride, pad)
    assert begin[0] + middle[0] + end[0] == outs
    assert all(places >= 0 and window <= kernel for places, _, window in (begin, middle, end))
    assert not middle[0] or middle[1] <= size


@given(st.lists(st.integers(0, 199), min_size=1, max_size=60, unique=True))
def test_runs_of_a_scatter_are_at_most_two_a_row_and_one(rows):
    runs = _runs(np.array(rows).reshape(-1, 1), (200, 8))
    assert 1 <= runs <= 2 * len(rows) + 1


def test_rows_side_by_side_are_one_run():
    assert _runs(np.arange(30).reshape(-1, 1), (200, 8)) == 1
    assert _runs(7 * np.arange(28).reshape(-1, 1), (200, 8)) == 56  # and 28 gaps


@pytest.mark.parametrize(
    "name",
    [
        "keep_Mean_1_with_1_80_35_35", "red_Max_1_2_300_100", "red_Sum_1_1_50_300", "red_Mean_1_1_600_40",
        "bin_Mul_40_1000_by_40_1", "scatternd_200_64_30", "perm_0321_1_20_30_40", "gatherx_1_1_60_200_by_12",
        "expand_1_2_1_900_64_to_1_2_7_900_64", "pool_Average_3_1_1_0_with_1_64_30_30", "conv_5_20_3_1_200_1",
    ],
)  # fmt: skip
def test_totals_are_within_half_again_of_intels(name):
    rows = [row for half in HALVES for row in read("ops", half) if row.name == name]
    found = [v for row in rows if (v := judge(row, graph_of("ops", name))).total is not None]
    assert found and all(0.6 < v.total < 1.6 for v in found)
