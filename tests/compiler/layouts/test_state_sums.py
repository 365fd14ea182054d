"""Sums in networks that carry a state: how they lie on the MAC array, as in Intel's schedules of NPU 4000 and 5010."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import MacTask
from npusim.compiler.rules.profile import load_profile
from npusim.work import MacOp
from tests.graphs import loaded
from tests.vendor.builder import Builder

HARDWARE = {"4000": "lunar_lake", "5010": "panther_lake"}


def works(g: Builder, outputs: list[str], npu: str, profile: str):
    """(node, first work of its task on the MAC array) of a plan for one tile."""
    hw = load_hardware(HARDWARE[npu]).replace({"tiles": 1})
    plan = compile_graph(loaded(g.model(*outputs)), hw, load_profile(profile))
    asked = enumerate(plan.ask)
    return [(plan.steps[plan.step[i]].node, a.alternatives[0][0]) for i, a in asked if isinstance(a, MacTask)]


def state_step(heads: int, kept: bool, npu: str, outer: str = "MatMul"):
    """A state of `heads` x 64 x 64 plus an outer product, read by a query; `kept`: handed out as well. The work of
    the sum, and those of passes that turn it."""
    g = Builder()
    state = g.op("Mul", g.input(1, heads, 64, 64), g.weight(1, heads, 1, 1))
    key, value, query = g.input(1, heads, 64, 1), g.input(1, heads, 1, 64), g.input(1, heads, 4, 64)
    state = g.op("Add", state, g.op(outer, key, value))
    found = works(g, [g.op("MatMul", query, state), *([state] if kept else [])], npu, "2026")
    (added,) = (w for node, w in found if node.op_type == "Add")
    turns = [w for node, w in found if node.op_type == "MemPermute" and node.inputs[0] == state]
    return added, turns


@pytest.mark.parametrize("npu", HARDWARE)
@pytest.mark.parametrize("heads", [4, 8, 12])
@pytest.mark.parametrize("outer", ["MatMul", "Mul"])  # a column by a row is a batch of products behind a pass
def test_few_heads_are_channels_padded_to_sixteen_and_turned_for_the_query(npu, heads, outer) -> None:
    added, turns = state_step(heads, True, npu, outer)
    assert (added.op, added.out_h * added.out_w, added.out_c) == (MacOp.ELTWISE, 64 * 64, 16)
    assert [(w.op, w.out_h * w.out_w, w.out_c) for w in turns] == [(MacOp.MAX_POOL, 64 * 64, 16)]


@pytest.mark.parametrize(("npu", "op"), [("4000", MacOp.ELTWISE), ("5010", MacOp.PERMUTE)])
def test_a_sum_that_only_the_query_reads_is_written_turned(npu, op) -> None:
    added, turns = state_step(4, False, npu)
    assert added.op == op and turns == []


@pytest.mark.parametrize("npu", HARDWARE)
def test_sixteen_heads_lie_as_ever(npu) -> None:
    added, turns = state_step(16, True, npu)
    assert added.out_h * added.out_w * added.out_c == 16 * 64 * 64 and turns == []


@pytest.mark.parametrize("npu", HARDWARE)
@pytest.mark.parametrize(("shape", "profile", "alone"), [
    ((1, 512), "2026-as-released", True), ((2, 512), "2026-as-released", False),
    ((1, 1, 512), "2026-as-released", False),
])  # fmt: skip
def test_one_row_is_one_pixel_as_released(npu, shape, profile, alone) -> None:
    g = Builder()
    out = g.op("Add", g.op("Sigmoid", g.input(*shape)), g.op("Tanh", g.input(*shape)))
    found = works(g, [g.op("Softmax", out)], npu, profile)
    (added,) = (w for node, w in found if node.op_type == "Add")
    assert (added.out_c == 512) == alone


@pytest.mark.parametrize(("factor", "passes"), [((1, 64, 128), 1), ((128,), 2)])
def test_what_is_subtracted_is_negated_first_where_no_constants_can_be(factor, passes) -> None:
    g = Builder()
    left, right = (g.op(kind, g.input(1, 64, 128)) for kind in ("Sigmoid", "Tanh"))
    out = g.op("Sub", left, g.op("Mul", right, g.weight(*factor)))
    found = works(g, [g.op("Softmax", out)], "4000", "2026")
    assert sum(node.op_type == "Sub" for node, _ in found) == passes
