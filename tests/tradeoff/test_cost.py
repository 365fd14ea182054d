"""Costs: what may be written, what it means, and that nothing else gets through."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.errors import BadArgument
from npusim.tradeoff.cost import parse

NAMES = list(load_hardware("lunar_lake").numbers())
USED = ("tiles", "mac_array.macs_per_cycle", "dsp.kernels.exp.launch_cycles")
values = st.floats(0.5, 4.0)


def trees():
    """(text, function of a dict) of the same expression."""
    leaves = st.one_of(
        st.sampled_from(USED).map(lambda name: (name, lambda v: v[name])),
        values.map(lambda x: (repr(x), lambda v: x)),
    )

    def grow(inner):
        pairs = st.tuples(inner, inner)
        return st.one_of(
            pairs.map(lambda p: (f"({p[0][0]} + {p[1][0]})", lambda v: p[0][1](v) + p[1][1](v))),
            pairs.map(lambda p: (f"({p[0][0]}-{p[1][0]})", lambda v: p[0][1](v) - p[1][1](v))),
            pairs.map(lambda p: (f"{p[0][0]} * {p[1][0]}", lambda v: p[0][1](v) * p[1][1](v))),
            pairs.map(lambda p: (f"min({p[0][0]}, {p[1][0]})", lambda v: min(p[0][1](v), p[1][1](v)))),
            pairs.map(lambda p: (f"max({p[0][0]},{p[1][0]})", lambda v: max(p[0][1](v), p[1][1](v)))),
            inner.map(lambda p: (f"(-{p[0]})", lambda v: -p[1](v))),
            inner.map(lambda p: (f"sqrt(({p[0]})**2)", lambda v: abs(p[1](v)))),
            inner.map(lambda p: (f"log(1 + ({p[0]}) ** 2)", lambda v: math.log(1 + p[1](v) ** 2))),
            inner.map(lambda p: (f"({p[0]}/2)", lambda v: p[1](v) / 2)),
        )

    return st.recursive(leaves, grow, max_leaves=8)


@given(trees(), st.tuples(values, values, values))
def test_an_expression_means_what_arithmetic_means(tree, numbers):
    text, meaning = tree
    given_values = dict(zip(USED, numbers, strict=True))
    assert parse(text, NAMES)(given_values) == pytest.approx(meaning(given_values), rel=1e-9, abs=1e-9)


@given(trees(), st.lists(st.tuples(values, values, values), min_size=1, max_size=5))
def test_arrays_give_what_each_point_alone_gives(tree, points):
    expression = parse(tree[0], NAMES)
    arrays = {name: np.array(column) for name, column in zip(USED, zip(*points, strict=True), strict=True)}
    alone = [expression(dict(zip(USED, point, strict=True))) for point in points]
    np.testing.assert_allclose(
        np.broadcast_to(expression(arrays), len(points)), alone, rtol=1e-14, atol=1e-14
    )


@given(st.text(alphabet="tiles. _()+-*/,0129ejminax\t\n'[]:=#$\\\x00é", max_size=30))
def test_any_text_is_an_expression_or_refused_in_one_line(text):
    try:
        expression = parse(text, NAMES)
    except BadArgument as error:
        assert "\n" not in str(error)
    else:
        assert set(expression.names) <= set(NAMES)


def test_names_are_collected_in_order_and_once():
    assert parse("dma.ports*tiles + tiles", NAMES).names == ("dma.ports", "tiles")


def test_precedence_is_that_of_arithmetic():
    assert parse("-2**2 + 3*4/2 - 1", NAMES)({}) == -4 + 6 - 1
    assert parse("2**3**2", NAMES)({}) == 512


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" \t", "empty"),
        ("tile*2", r"character 1: no number 'tile'.*nearest: tiles"),
        ("2*macs_per_cycle", r"character 3: .*nearest: mac_array\.macs_per_cycle"),
        ("tiles*", "character 7: the text ends too early"),
        ("(tiles", "never closed"),
        ("tiles)", "character 6"),
        ("tiles tiles", "character 7"),
        ("tiles//2", "'tiles//2' has no place"),
        ("tiles % 2", "character 7: '%' has no place"),
        ("tiles<3", "'<' has no place"),
        ("tiles[0]", r"'\[' has no place"),
        ("tiles if tiles else 1", "has no place"),
        ("tiles and tiles", "has no place"),
        ("(1, 2)", "has no place"),
        ("lambda", "character"),
        ("'x'", "has no place"),
        ("tiles # all", "'#' has no place"),
        ("exec(tiles)", "no function 'exec'; there are min, max, sqrt, log"),
        ("tiles.bit_length()", "no function 'tiles.bit_length'"),
        ("(min)(1, 2)(3)", "no function"),
        ("min(tiles)", "min takes two arguments or more, got 1"),
        ("sqrt(1, 2)", "sqrt takes one argument, got 2"),
        ("sqrt()", "sqrt takes one argument, got 0"),
        ("max(*tiles)", "max takes two"),
        ("min", "min is a function"),
        ("tiles.__class__", r"no number 'tiles\.__class__'"),
        ("__import__(1)", "no function '__import__'"),
        ("1j", "no plain decimal"),
        ("0x10", "no plain decimal"),
        ("1_000", "no plain decimal"),
        ("True", "no plain decimal"),
        ("1e999", "too large"),
        ("9" * 400, "too large"),
        ("+".join(["tiles"] * 300), "too long"),
        ("(" * 250 + "1" + ")" * 250, "parentheses|nested"),
        ("-" * 900 + "1", "nested"),
        ("tiles*(2", "never closed"),
    ],
)
def test_what_is_not_in_the_grammar_is_refused_with_its_place(text, said):
    with pytest.raises(BadArgument, match=said) as refused:
        parse(text, NAMES)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/(tiles-2)", "inf at tiles=2"),
        ("log(tiles-1)", "-inf at tiles=1"),
        ("sqrt(1-tiles)", "nan at tiles=2"),
        ("9**9**9", "is inf"),
        ("(-tiles)**0.5", "nan at tiles=1"),
    ],
)
def test_a_value_that_is_no_finite_number_is_refused_with_where(text, said):
    with pytest.raises(BadArgument, match=said):
        parse(text, NAMES)({"tiles": np.array([1.0, 2.0, 4.0])})


def test_text_as_deep_as_allowed_works():
    assert parse("+".join(["tiles"] * 150), NAMES)({"tiles": 2}) == 300
