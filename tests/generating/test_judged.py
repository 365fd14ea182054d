"""Bounds in sentences, claims held against them, draft models, and where one curve crosses another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.errors import BadArgument
from npusim.generating.bound import bound_of, judged
from npusim.generating.overtaking import against, overtakes
from npusim.generating.passes import Pass
from npusim.generating.record import Point
from npusim.generating.speculative import check, speculation, tokens_a_round
from npusim.generating.traffic import Traffic
from npusim.simulation import hardware_of

HW = hardware_of("lunar_lake")  # 114 GB/s, 75 to 124


def step(**parts):
    whole = {
        "weights": 0,
        "cache": 0,
        "attention": 0,
        "compute": 0,
        "moved": 0,
        "launches": 0,
        "host": 0,
        **parts,
    }
    return Pass(1023, 1, sum(whole.values()), whole, Traffic(500e6, 70e6, 0.0), 570e6, 1e9, 100, 0)


def test_the_bound_by_hand_and_why_it_is_missed():
    """570 MB at 114 GB/s are 5 ms: 200 tokens/s; of 10 ms, 3.8 are launches."""
    found = bound_of(step(weights=4500, cache=500, launches=3800, host=1200), HW, 100.0)
    assert found.tokens_per_s == pytest.approx(200) and found.read_bytes == 570e6
    assert found.sentence == (
        "a token reads 570 MB (500 MB of weights, the rest cache): at 114 GB/s no more than 200 tokens/s; you get 100: "
        "launches are 38 % and the host is 12 % of a token's time"
    )
    batched = bound_of(step(weights=5000), HW, 800.0, batch=4)
    assert batched.tokens_per_s == pytest.approx(800) and "the memory is what bounds it" in batched.sentence


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (220, "impossible"),  # 200 x 124 / 114 = 217.5
        (210, "faster than we predict"),
        (100, "as predicted"),
        (60, "slower than we predict"),
        (30, "untuned"),
    ],
)
def test_a_measured_figure_is_judged(measured, verdict):
    bound = bound_of(step(weights=10_000), HW, 100.0)
    found = judged(measured, bound, HW, 100.0, (80.0, 130.0))
    assert found.verdict == verdict and found.sentence.startswith(verdict)


def test_a_measured_figure_that_is_none_is_refused():
    with pytest.raises(BadArgument, match="above 0"):
        judged(0.0, bound_of(step(weights=1.0), HW, 1.0), HW, 1.0, (1.0, 1.0))


@given(st.floats(0, 1), st.integers(1, 16))
def test_a_round_yields_between_one_token_and_all(accept, ahead):
    found = tokens_a_round(accept, ahead)
    assert 1 <= found <= ahead + 1 + 1e-9
    if accept < 0.999:
        assert found == pytest.approx((1 - accept ** (ahead + 1)) / (1 - accept))


def test_a_draft_by_hand():
    """Four of 1 ms and a check of 12 ms give 1 + .5 + .25 + .125 + .0625 tokens."""
    found = speculation("small", 0.5, 4, 1000.0, 12_000.0, 10_000.0)
    assert found.tokens_a_round == 1.9375
    assert found.tokens_per_s == pytest.approx(1.9375 / 0.016)
    assert found.speedup == pytest.approx(19.375 / 16)


@pytest.mark.parametrize(("accept", "ahead"), [(1.2, 4), (-0.1, 4), (0.5, 0), (0.5, 65)])
def test_a_draft_that_is_none_is_refused(accept, ahead):
    with pytest.raises(BadArgument, match="such as"):
        check(accept, ahead)


def points(*speeds):
    return [Point(context, speed, 1e3) for context, speed in zip((100, 200, 400, 800), speeds, strict=True)]


def test_a_curve_overtakes_where_straight_lines_of_time_cross():
    flat = points(50, 50, 50, 50)
    assert overtakes(points(100, 80, 40, 20), flat) == round(
        200 + 200 * (1 / 50 - 1 / 80) / (1 / 40 - 1 / 80)
    )
    assert overtakes(points(40, 30, 20, 10), flat) == 0
    assert overtakes(points(100, 90, 80, 70), flat) is None
    assert (
        overtakes(points(40, 60, 45, 40), flat) == 200 + 200 * 3 // 5
    )  # behind once more: the last crossing


@pytest.mark.parametrize(
    ("speeds", "said"),
    [
        ((100, 80, 40, 20), "flat overtakes falling at a context of 320"),
        ((40, 30, 20, 10), "flat is faster than falling at every context from 100 on: 50.0 against 10.0"),
        ((100, 90, 80, 70), "flat does not overtake falling at any context from 100 to 800"),
        ((40, 60, 70, 80), "flat is overtaken by falling at a context of 1"),
    ],
)
def test_a_crossing_in_words(speeds, said):
    found = against("falling", "flat", 50.0, 1000.0, tuple(points(*speeds)), tuple(points(50, 50, 50, 50)))
    assert found.sentence.startswith(said) and found.sentence.endswith("its first token comes after 1.00 ms")
