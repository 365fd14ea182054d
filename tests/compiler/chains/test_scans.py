"""What stays of an unrolled scan between its steps, and which weights of a recurrence are read again."""

import pytest

import npusim
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import DmaTask
from npusim.compiler.rules.profile import load_profile
from tests.graphs import loaded
from tests.vendor.builder import Builder
from tests.vendor.nets import sequences, state_space

STEPS = 8


def crossing(name: str, width: int) -> set[str]:
    """Results of the scan's additions and products that go to DDR."""
    g = Builder(weights=False)
    graph = loaded(g.model(state_space.mamba1(g, STEPS, width)))
    plan = compile_graph(graph, npusim.hardware(name), load_profile("2026"), "fp16", False, None)
    stored = [
        plan.label[i].split("/")[0]
        for i, ask in enumerate(plan.ask)
        if isinstance(ask, DmaTask) and ask.destination == "ddr" and ask.nbytes
    ]
    first = min(
        int(n.name.split("_")[1]) for n in graph.nodes if n.op_type == "Gather" and n.name != "Gather_0"
    )
    last = max(int(n.name.split("_")[1]) for n in graph.nodes if n.op_type == "Gather")
    return {s for s in stored if s.startswith(("Add", "Mul")) and first < int(s.split("_")[1]) <= last}


@pytest.mark.parametrize(
    ("name", "width", "ops"),
    [
        ("meteor_lake", 96, {"Add"}),
        ("lunar_lake", 96, {"Mul"}),
        ("panther_lake", 144, set()),
        ("panther_lake", 96, {"Add", "Mul"}),  # 192 channels; sums share 16 rows of 12 blocks
    ],
)
def test_a_state_or_its_product_stays_where_the_tiles_share_it_evenly(name, width, ops) -> None:
    assert {s.split("_")[0] for s in crossing(name, width)} == ops


def moved(kind, inputs: int, hidden: int, steps: int, both: bool, name: str) -> float:
    g = Builder(weights=False)
    graph = loaded(g.model(kind(g, steps, inputs, hidden, both)))
    return npusim.simulate(graph, npusim.hardware(name), band=False).bytes_moved / 1e6


@pytest.mark.parametrize(
    ("kind", "inputs", "hidden", "steps", "both", "name", "megabytes"),
    [  # Intel's schedules, simulated
        (sequences.gru, 512, 512, 20, False, "meteor_lake", 33.81),
        (sequences.gru, 512, 512, 20, True, "lunar_lake", 67.59),
        (sequences.gru, 256, 512, 20, False, "lunar_lake", 18.07),
        (sequences.lstm, 512, 512, 20, False, "meteor_lake", 25.43),
        (sequences.lstm, 512, 512, 20, True, "meteor_lake", 91.17),
        (sequences.lstm, 768, 768, 20, False, "lunar_lake", 10.92),
        (sequences.lstm, 512, 1024, 16, False, "meteor_lake", 109.09),  # of 8.4 MB 6.4 a step
        (sequences.lstm, 512, 1024, 16, False, "panther_lake", 137.94),  # all of them
        (sequences.gru, 256, 1024, 10, False, "panther_lake", 65.42),
    ],
)
def test_recurrent_weights_cross_as_often_as_in_intels_schedules(
    kind, inputs, hidden, steps, both, name, megabytes
) -> None:
    assert moved(kind, inputs, hidden, steps, both, name) == pytest.approx(megabytes, rel=0.02)


@pytest.mark.parametrize("name", ["lunar_lake", "panther_lake"])
def test_a_state_of_heads_stays_for_its_sums_and_is_read_again_by_products(name) -> None:
    """RWKV-7: state = state * decay + state a b + v k, read by two products of one column (Intel's schedules)."""
    g = Builder(weights=False)
    state, outs = g.op("Relu", g.input(1, 8, 64, 64)), []
    for _ in range(STEPS):
        column = g.op("MatMul", state, g.op("Exp", g.input(1, 8, 64, 1)))
        kept = g.op("Mul", state, g.op("Exp", g.input(1, 8, 1, 64)))
        state = g.op("Add", kept, g.op("MatMul", column, g.op("Exp", g.input(1, 8, 1, 64))))
        outer = g.op("MatMul", g.op("Exp", g.input(1, 8, 64, 1)), g.op("Exp", g.input(1, 8, 1, 64)))
        state = g.op("Add", state, outer)
        outs.append(g.op("MatMul", state, g.op("Exp", g.input(1, 8, 64, 1))))
    graph = loaded(g.model(g.op("Concat", *outs, axis=3), state))
    plan = compile_graph(graph, npusim.hardware(name), load_profile("2026-as-released"), "fp16", False, None)
    found = {}
    for i, ask in enumerate(plan.ask):
        if isinstance(ask, DmaTask) and "ddr" in (ask.source, ask.destination):
            step = plan.steps[plan.step[i]].node
            found[step.op_type] = found.get(step.op_type, 0) + ask.nbytes * (ask.destination == "ddr")
    inner = STEPS - 2  # the first and last steps of a scan apart
    assert found.get("Mul", 0) <= 2 * 65_536
    assert inner * 65_536 <= found["Add"] <= (STEPS + 3) * 65_536  # the states, not the sums between
