"""Whole heads and rows on every tile: kernels as long as the DSP with most of them, against Intel's schedules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.compiler.sharing.head_shares import LEAST_HEADS, longest_heads
from npusim.onnx_io import of_model
from npusim.simulation import simulate
from tests.vendor.builder import Builder


@given(st.integers(LEAST_HEADS, 400), st.integers(1, 6), st.integers(1, 2), st.booleans())
def test_no_share_is_below_an_even_one_and_none_shrinks_as_heads_double(heads, tiles, dsps, whole):
    longest = longest_heads(heads, tiles, dsps, whole)
    assert longest >= heads / tiles / dsps
    assert longest <= longest_heads(2 * heads, tiles, dsps, whole)
    assert longest_heads(heads, tiles + 1, dsps, False) <= longest_heads(heads, tiles, dsps, False)


@given(st.integers(LEAST_HEADS, 400), st.integers(1, 6), st.booleans())
def test_twice_the_heads_take_at_most_a_little_more_than_twice_as_long(heads, tiles, whole):
    assert longest_heads(2 * heads, tiles, 2, whole) <= 2.3 * longest_heads(heads, tiles, 2, whole)


@pytest.mark.parametrize(
    ("npu", "tiles", "shape", "us"),
    [
        ("meteor_lake", 2, (5, 239, 208), 190.69),
        ("meteor_lake", 2, (7, 192, 336), 245.16),
        ("meteor_lake", 2, (10, 448, 156), 329.26),
        ("panther_lake", 3, (7, 192, 336), 115.02),
        ("panther_lake", 3, (8, 1024, 1024), 1887.22),
        ("panther_lake", 3, (12, 197, 197), 94.55),
    ],
)
def test_a_softmax_takes_as_long_as_in_intels_schedules(npu, tiles, shape, us):
    g = Builder()
    model = g.model(g.op("Softmax", g.input(*shape), axis=-1))
    report = simulate(
        of_model(model, "heads.onnx"), load_hardware(npu).replace({"tiles": tiles}), "2026-as-released"
    )
    assert report.engines["dsp"] == pytest.approx(us, rel=0.04)
