"""A scan unrolled by the token, its factors channels last, as in Intel's schedules of Mamba-1 in float32."""

import numpy as np
import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import MacTask
from npusim.compiler.rules.profile import load_profile
from npusim.work import MacOp
from tests.graphs import loaded
from tests.vendor.builder import Builder

HARDWARE = {"3720": "meteor_lake", "4000": "lunar_lake", "5010": "panther_lake"}
CHANNELS, STATES = 256, 16


def passes(npu: str, tokens: int, transposed: bool = True, start: str = "zeros"):
    """What turns the factors of a scan that starts with zeros, a state of the caller's or its first term: first those
    of single tokens, then the whole terms, then the whole decays, then the first product."""
    g = Builder()
    x = g.input(1, tokens, 128)
    if transposed:
        steps = g.op("Transpose", g.op("MatMul", x, g.weight(128, CHANNELS)), perm=[0, 2, 1])
        steps = g.op("Unsqueeze", steps, g.const([3]))
    else:
        steps = g.input(1, CHANNELS, tokens, 1)
    decay = g.op("Exp", g.op("Mul", g.weight(1, CHANNELS, 1, STATES), steps))
    terms = g.op("Mul", steps, g.input(1, 1, tokens, STATES))
    state = g.const(np.zeros((1, CHANNELS, STATES))) if start == "zeros" else ""
    state = g.input(1, CHANNELS, STATES) if start == "state" else state
    products = []
    for t in range(tokens):
        k = g.const(np.array(t))
        new = g.op("Gather", terms, k, axis=2)
        if state:
            products.append(g.op("Mul", g.op("Gather", decay, k, axis=2), state))
        state = g.op("Add", products[-1], new) if state else new
    hw = load_hardware(HARDWARE[npu]).replace({"tiles": 1})
    plan = compile_graph(loaded(g.model(state)), hw, load_profile("2026"))
    tasks = [(plan.steps[plan.step[i]].node, a) for i, a in enumerate(plan.ask) if isinstance(a, MacTask)]
    turns = [a.alternatives[0][0] for node, a in tasks if node.op_type == "MemPermute"]
    made = [
        [a.alternatives[0][0] for node, a in tasks if node.outputs[0] == name]
        for name in (terms, decay, products[0])
    ]
    return turns, *made


def elements(passes_):
    return [w.out_h * w.out_w * w.out_c for w in passes_]


@pytest.mark.parametrize("npu", HARDWARE)
@pytest.mark.parametrize("tokens", [3, 6])
def test_each_tokens_decay_is_turned_and_the_terms_once(npu, tokens) -> None:
    """From zeros: the first product is of two that lie alike."""
    turns, terms, decay, first = passes(npu, tokens)
    assert len(turns) == tokens - 1
    assert not decay
    assert {w.out_c for w in turns + first} == {CHANNELS}
    assert {w.op for w in turns + first} == {MacOp.PERMUTE if npu == "3720" else MacOp.MAX_POOL}
    assert [w.op for w in terms] == [MacOp.PERMUTE]
    assert elements(terms) == [tokens * STATES * CHANNELS]
    assert len(first) == 1


@pytest.mark.parametrize("npu", HARDWARE)
def test_factors_that_meet_a_state_of_the_callers_are_both_turned_once(npu) -> None:
    turns, terms, decay, first = passes(npu, 4, start="state")
    assert elements(terms) == elements(decay) == [4 * STATES * CHANNELS]
    assert not turns + first


@pytest.mark.parametrize("npu", HARDWARE)
def test_each_slice_of_both_is_turned_where_the_first_term_is_the_first_state(npu) -> None:
    """Six terms of the seven but the first, five decays behind the first product."""
    turns, terms, decay, first = passes(npu, 7, start="term")
    assert len(turns) == 6 + 5
    assert len(first) == 1
    assert not terms + decay


@pytest.mark.parametrize("npu", HARDWARE)
def test_factors_that_the_caller_wrote_lie_channels_first(npu) -> None:
    assert passes(npu, 3, transposed=False) == ([], [], [], [])
