"""Laws that hold for every registered op."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.ops import KERNELS, LOWERINGS, known_ops
from npusim.work import MoveWork, VectorWork
from tests.ops.asking import example
from tests.ops.cases import CASES, ask, measure

OPS = [(info.domain, info.op) for info in known_ops()]
INFO = {(info.domain, info.op): info for info in known_ops()}
NAMES = [f"{domain}.{name}".lstrip(".") for domain, name in OPS]

SIZES = st.integers(1, 40)


def run(key: tuple[str, str], b: int, n: int):
    inputs, outputs, attributes = example(key, b, n)
    return ask(key[1], inputs, outputs, key[0], **attributes)


#: Dearer for a length that has no factors than for the next, as Intel's compiler does it (2026-as-released).
DEARER = {"pooling_chain_filled_up"}


def test_every_example_has_an_op_and_every_op_an_example() -> None:
    """Of its own, or the one its shape rule makes."""
    assert set(CASES) <= set(OPS)
    assert all(example(key, 16, 4) for key in OPS)


@pytest.mark.parametrize("key", OPS, ids=NAMES)
@settings(max_examples=min(15, settings().max_examples))
@given(n=SIZES)
def test_a_longer_axis_is_never_less_work(key, n) -> None:
    short, long = run(key, 16, n), run(key, 16, n + 1)
    for name in (short.keys() & long.keys()) - DEARER:
        assert measure(short[name]) <= measure(long[name]), name


@pytest.mark.parametrize("key", OPS, ids=NAMES)
@settings(max_examples=min(15, settings().max_examples))
@given(n=SIZES, sixteens=st.integers(1, 3))
def test_doubling_an_independent_axis_doubles_the_counts(key, n, sixteens) -> None:
    once, twice = run(key, 16 * sixteens, n), run(key, 32 * sixteens, n)
    assert once.keys() & twice.keys()
    for name in once.keys() & twice.keys():
        assert measure(twice[name]) == pytest.approx(2 * measure(once[name])), name


@pytest.mark.parametrize("key", OPS, ids=NAMES)
@settings(max_examples=min(15, settings().max_examples))
@given(n=SIZES, b=st.integers(1, 20))
def test_an_op_uses_only_what_it_is_listed_with(key, n, b) -> None:
    info = INFO[key]
    for name, lowering in run(key, b, n).items():
        assert name in info.lowerings and name in LOWERINGS
        assert bool(lowering.steps) == bool(LOWERINGS[name][0])
        kernels = {step.kernel for step in lowering.steps if isinstance(step, VectorWork)}
        assert kernels <= set(info.kernels) and kernels <= set(KERNELS)


@pytest.mark.parametrize("key", OPS, ids=NAMES)
@settings(max_examples=min(15, settings().max_examples))
@given(n=SIZES, b=st.integers(1, 20))
def test_counts_are_positive_and_parts_are_no_more_than_the_whole(key, n, b) -> None:
    for lowering in run(key, b, n).values():
        assert not lowering.steps or measure(lowering) > 0
        for step in lowering.steps:
            if isinstance(step, VectorWork):
                assert 1 <= step.independent <= step.elements
                assert 1 <= step.rows <= step.elements
            elif isinstance(step, MoveWork):
                assert step.nbytes > 0
            else:
                assert 0 < step.taps_inside <= 1


def test_every_kernel_and_every_lowering_is_used_by_some_op() -> None:
    assert {kernel for info in INFO.values() for kernel in info.kernels} == set(KERNELS)
    assert {name for info in INFO.values() for name in info.lowerings} == set(LOWERINGS)
