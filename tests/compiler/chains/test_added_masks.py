"""How a mask is added between a product and its softmax that are cut together."""

import pytest

import npusim
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import MacTask
from npusim.compiler.rules.profile import load_profile
from npusim.work import MacOp
from tests.graphs import loaded
from tests.vendor.builder import Builder


def sums_of(tokens: int, heads: int, npu: str) -> set[tuple[float, float]]:
    """Columns and channels of the additions in attention with a constant mask."""
    g = Builder(weights=False)
    queries, keys = g.input(1, heads, tokens, 64), g.input(1, heads, 64, tokens)
    scores = g.op("Add", g.op("MatMul", queries, keys), g.weight(1, 1, tokens, tokens))
    model = g.model(g.op("MatMul", g.op("Softmax", scores, axis=-1), g.input(1, heads, tokens, 64)))
    plan = compile_graph(loaded(model), npusim.hardware(npu), load_profile("2026"), "fp16", False, None)
    works = [ask.alternatives[0][0] for ask in plan.ask if isinstance(ask, MacTask)]
    return {(w.out_w, w.out_c) for w in works if w.op == MacOp.ELTWISE}


@pytest.mark.parametrize("tokens", [1024, 1792, 2048])
def test_a_mask_lies_as_the_scores_four_queries_to_a_row(tokens) -> None:
    assert sums_of(tokens, 8, "panther_lake") == {(4, tokens)}


def test_keys_that_are_no_sixteens_lie_as_ever() -> None:
    assert (4, 1500) not in sums_of(1500, 8, "panther_lake")
