"""Piecewise linear tables: minimax, measured, saturating."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from xamba.tables.measure import apply
from xamba.tables.minimax import best_lines, place
from xamba.tables.pwl import ACTIVATIONS, FLOOR, table

NAMES = sorted(ACTIVATIONS)
SMOOTH = [n for n in NAMES if ACTIVATIONS[n].left is not None and ACTIVATIONS[n].right is not None]


def exact(name: str, x: np.ndarray) -> np.ndarray:
    return ACTIVATIONS[name].function(np.asarray(x, np.float64), 1.0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("error", ["absolute", "relative"])
def test_the_reported_error_is_the_error_on_a_grid_it_was_not_measured_on(name, error):
    made = table(name, 16, error=error)
    x = np.random.default_rng(0).uniform(made.breaks[0], made.breaks[-1], 20001)
    wrong = np.abs(made(x) - exact(name, x))
    assert wrong.max() <= made.max_abs * 1.01
    if not ACTIVATIONS[name].crosses_zero:
        assert (wrong / np.abs(exact(name, x))).max() <= made.max_rel * 1.01


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("error", ["absolute", "relative"])
def test_twice_the_segments_never_hurt_and_soon_quarter_the_error(name, error):
    ends = (ACTIVATIONS[name].lo, ACTIVATIONS[name].hi)
    errors = [table(name, n, bounds=ends, error=error).achieved for n in (16, 32, 64, 128)]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] / errors[3] == pytest.approx(4, rel=0.15)


def dp_optimum(f, weight, lo: float, hi: float, segments: int, points: int = 161) -> float:
    """Smallest largest error of lines between grid points, by dynamic programming over linear programs."""
    x = np.linspace(lo, hi, points)
    y, w = f(x), weight(x)
    cuts = range(0, points, 8)
    cost = {}
    for i in cuts:
        for j in cuts:
            if j > i:
                xs, ys, ws = x[i : j + 1], y[i : j + 1], w[i : j + 1]
                upper = np.c_[xs, np.ones_like(xs), -ws]
                lower = np.c_[-xs, -np.ones_like(xs), -ws]
                found = linprog(
                    [0, 0, 1], np.r_[upper, lower], np.r_[ys, -ys], bounds=[(None, None)] * 2 + [(0, None)]
                )
                cost[i, j] = found.fun
    best = {cut: cost.get((0, cut), 0.0) for cut in cuts}
    for _ in range(segments - 1):
        best = {j: min([best[j]] + [max(best[i], cost[i, j]) for i in cuts if i < j]) for j in cuts}
    return best[points - 1]


@pytest.mark.parametrize(
    "name, error", [("Softplus", "relative"), ("Swish", "absolute"), ("Tanh", "absolute")]
)
def test_no_placement_on_a_grid_beats_ours(name, error):
    made = table(name, 4, bounds=(-4.0, 4.0), error=error)
    weight = (lambda x: exact(name, x)) if error == "relative" else np.ones_like
    best = dp_optimum(lambda x: exact(name, x), weight, -4.0, 4.0, 4)
    assert made.achieved <= best * 1.01


@given(st.sampled_from(NAMES), st.floats(-6, 4), st.floats(0.1, 4))
def test_the_best_line_of_a_segment_is_the_one_a_linear_program_finds(name, lo, width):
    lo, hi = lo, lo + width
    x = np.linspace(lo, hi, 201)
    y = exact(name, x)
    rows = np.r_[np.c_[x, np.ones_like(x), -np.ones_like(x)], np.c_[-x, -np.ones_like(x), -np.ones_like(x)]]
    found = linprog([0, 0, 1], rows, np.r_[y, -y], bounds=[(None, None)] * 2 + [(0, None)])
    *_, errors = best_lines(lambda v: exact(name, v), np.ones_like, np.array([lo, hi]))
    assert errors[0] == pytest.approx(found.fun, rel=0.02, abs=1e-6)  # the solver is exact to 1e-7


def test_the_error_is_shared_evenly_by_the_segments():
    f = lambda x: exact("Softplus", x)
    breaks, *_ = place(f, f, -8.0, 8.0, 24)
    *_, errors = best_lines(f, f, breaks)
    assert errors.max() <= 1.01 * errors.min()


def test_softplus_needs_less_than_half_of_the_uniform_segments_for_1_percent():
    """Uniform segments need 64 for 1 % relative error at step sizes of 0.001 to 0.1 (facts, section 1)."""
    assert table("Softplus", 24).max_rel < 0.01


@pytest.mark.parametrize("name", SMOOTH)
def test_far_outside_the_range_the_table_is_the_asymptote(name):
    made, x = table(name, 8), np.array([-1e4, -100.0, 100.0, 1e4])
    np.testing.assert_allclose(made(x), exact(name, x), atol=1e-6)
    assert made.max_abs_outside < 0.01


def test_infinities_saturate_and_nan_stays_nan():
    x = np.array([-np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(table("Softplus", 8)(x), [0, np.inf, np.nan])
    np.testing.assert_array_equal(table("Tanh", 8)(x), [-1, 1, np.nan])


@pytest.mark.parametrize("parameter", [0.5, 1.702, 2.0])
@pytest.mark.parametrize("name", ["Softplus", "Swish"])
def test_a_parameter_scales_the_table_and_not_its_relative_error(name, parameter):
    assert table(name, 32, parameter).max_rel == pytest.approx(table(name, 32).max_rel, rel=0.05)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
@pytest.mark.parametrize("segments", [1, 31, 128, 300])
def test_the_claim_holds_at_the_ends_and_in_the_type_of_the_operand(name, dtype, segments):
    """At every number of a 16-bit type in the range, and at ends, breaks and their neighbours of float32."""
    made = table(name, segments, dtype=dtype)
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
    if dtype == "float32":
        edges = np.array([made.lo, made.hi, *made.breaks], np.float32)
        x = np.concatenate([edges, np.nextafter(edges, np.float32(-9)), np.nextafter(edges, np.float32(9))])
        x = np.concatenate([x, np.random.default_rng(1).uniform(made.lo, made.hi, 5000).astype(np.float32)])
    else:
        with np.errstate(invalid="ignore"):
            x = np.arange(2**16, dtype=np.uint16).view(kind)
            x = x[np.isfinite(x.astype(np.float64))]
    x = x[(x.astype(np.float64) >= made.lo) & (x.astype(np.float64) <= made.hi)]
    y = apply(made.breaks, made.slopes, made.offsets, x).astype(np.float64)
    f = exact(name, x.astype(np.float64))
    floor = FLOOR if ACTIVATIONS[name].crosses_zero else 0.0
    assert np.abs(y - f).max() <= made.max_abs * 1.0001
    assert (np.abs(y - f) / np.maximum(np.abs(f), floor)).max() <= made.max_rel * 1.0001


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("segments", [8, 64, 128, 256])
def test_the_step_to_the_asymptote_is_no_larger_than_the_error_within(name, segments):
    made = table(name, segments)
    assert made.max_abs_outside <= made.achieved
    assert made.lo <= ACTIVATIONS[name].lo and made.hi >= ACTIVATIONS[name].hi


def test_a_range_that_was_asked_for_is_not_widened():
    made = table("Tanh", 256, bounds=(-2.0, 2.0))
    assert (made.lo, made.hi) == (-2.0, 2.0)
    assert "outside 0.036" in str(made)
