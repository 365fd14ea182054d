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


def passes(npu: str, tokens: int, transposed: bool = True):
    """What turns the factors of a scan: first those of single tokens, then the whole."""
    g = Builder()
    x = g.input(1, tokens, 128)
    if transposed:
        steps = g.op("Transpose", g.op("MatMul", x, g.weight(128, CHANNELS)), perm=[0, 2, 1])
        steps = g.op("Unsqueeze", steps, g.const([3]))
    else:
        steps = g.input(1, CHANNELS, tokens, 1)
    decay = g.op("Exp", g.op("Mul", g.weight(1, CHANNELS, 1, STATES), steps))
    terms = g.op("Mul", steps, g.input(1, 1, tokens, STATES))
    state = g.input(1, CHANNELS, STATES)
    for t in range(tokens):
        k = g.const(np.array(t))
        kept = g.op("Mul", g.op("Gather", decay, k, axis=2), state)
        state = g.op("Add", kept, g.op("Gather", terms, k, axis=2))
    hw = load_hardware(HARDWARE[npu]).replace({"tiles": 1})
    plan = compile_graph(loaded(g.model(state)), hw, load_profile("2026"))
    tasks = [(plan.steps[plan.step[i]].node, a) for i, a in enumerate(plan.ask) if isinstance(a, MacTask)]
    turns = [a.alternatives[0][0] for node, a in tasks if node.op_type == "MemPermute"]
    whole = [a.alternatives[0][0] for node, a in tasks if node.outputs[0] == terms]
    return turns, whole


@pytest.mark.parametrize("npu", HARDWARE)
@pytest.mark.parametrize("tokens", [3, 6])
def test_each_tokens_decay_is_turned_and_the_terms_once(npu, tokens) -> None:
    turns, whole = passes(npu, tokens)
    assert len(turns) == tokens
    assert {w.out_c for w in turns} == {CHANNELS}
    assert {w.op for w in turns} == {MacOp.PERMUTE if npu == "3720" else MacOp.MAX_POOL}
    assert [w.op for w in whole] == [MacOp.PERMUTE]
    assert whole[0].out_h * whole[0].out_w * whole[0].out_c == tokens * STATES * CHANNELS


@pytest.mark.parametrize("npu", HARDWARE)
def test_factors_that_the_caller_wrote_lie_channels_first(npu) -> None:
    assert passes(npu, 3, transposed=False) == ([], [])
