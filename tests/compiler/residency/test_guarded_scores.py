"""Scores without a mask that a guard against NaN reads: what of them crosses DDR."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.residency.guarded_scores import CUT_OUT, FILLED, JOINED, WIDE
from tests.compiler.fuse.test_neutral import priced

NPUS = ["meteor_lake", "lunar_lake", "panther_lake"]


def layer(npu, heads, rows, guarded=True, size=64, tiles=None):
    """Attention as transformers' vision encoders are exported."""
    held = {"zero": np.float16(0), "s": np.array([1, rows, heads, size])}
    nodes = []
    for i in range(3):
        held[f"w{i}"] = np.zeros((heads * size, heads * size), np.float16)
        nodes += [("MatMul", f"x w{i}", f"m{i}", {}), ("Reshape", f"m{i} s", f"r{i}", {})]
        nodes += [("Transpose", f"r{i}", f"t{i}", {"perm": [0, 2, 3, 1] if i == 1 else [0, 2, 1, 3]})]
    nodes += [("MatMul", "t0 t1", "scores", {}), ("Softmax", "scores", "weights", {})]
    if guarded:
        nodes += [("IsNaN", "weights", "empty", {}), ("Where", "empty zero weights", "kept", {})]
    nodes += [("MatMul", f"{'kept' if guarded else 'weights'} t2", "y", {})]
    hw = load_hardware(npu).replace({"tiles": tiles}) if tiles else npu
    return priced(nodes, [1, rows, heads * size], held, hw)


def said(found):
    """What the report says of each of the three passages."""
    reasons = " ".join(n.reason for n in found.nodes)
    return tuple(text in reasons for text in (CUT_OUT, JOINED, FILLED))


@pytest.mark.parametrize("rows, uneven", [(128, False), (100, True), (197, True), (192, False)])
def test_uneven_keys_cross_behind_the_guard_and_heads_one_by_one_around_it(rows, uneven):
    assert said(layer("meteor_lake", 6, rows)) == (uneven, True, True)
    for npu in NPUS[1:]:
        assert said(layer(npu, 6, rows)) == (False, False, uneven)


@pytest.mark.parametrize("npu", NPUS[1:])
def test_what_the_guard_leaves_is_written_and_read_once(npu):
    scores = 6 * 197 * 197 * 2
    even, uneven = layer(npu, 6, 192), layer(npu, 6, 197)
    product, guard = (next(n for n in uneven.nodes if n.name == name) for name in ("ny", "nkept"))
    without = next(n for n in even.nodes if n.name == "ny").bytes_moved * 197 / 192
    assert guard.bytes_moved + product.bytes_moved == pytest.approx(without + 2 * scores, rel=0.01)


@pytest.mark.parametrize(
    "heads, rows, wide", [(6, 257, []), (12, 197, ["meteor_lake"]), (6, 325, NPUS), (16, 256, NPUS)]
)
def test_scores_are_asked_for_nan_as_floats_of_32_bits_which_cross_where_a_tile_has_no_room(
    heads, rows, wide
):
    """As in Intel's schedules of these; written and read once each: the floats, twice the scores, the flags, half of
    them where they would stay."""
    scores = heads * rows * rows * 2
    for npu, tiles in zip(NPUS, (2, 4, 3), strict=True):
        asked = next(n for n in layer(npu, heads, rows, tiles=tiles).nodes if n.name == "nempty")
        assert (WIDE in asked.reason) == (npu in wide)
        assert npu not in wide or asked.bytes_moved >= 2 * 2 * scores
        # read once, whatever asks for it: its heads joined, too, on NPU 3720
        assert npu not in wide or asked.bytes_moved <= (1 + 2 * 2 + 2 * 0.5) * scores * 1.05


@given(npu=st.sampled_from(NPUS), heads=st.integers(2, 8), rows=st.integers(20, 260))
def test_twice_the_heads_are_no_faster_and_without_a_guard_nothing_crosses_for_it(npu, heads, rows):
    assert layer(npu, 2 * heads, rows).latency_us >= layer(npu, heads, rows).latency_us
    assert said(layer(npu, heads, rows, guarded=False)) == (False, False, False)
