"""What int8 can make shorter: the chain outside the DSPs, without waits for dispatch and the latency of transfers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.advice.asked import Asked
from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.pricing import price, run_once
from npusim.report.build import build
from npusim.simulation import simulate
from tests.compiler.strategies import graphs
from tests.graphs import loaded, model, node, weights

NPUS = [load_hardware(name) for name in ("lunar_lake", "meteor_lake", "panther_lake")]
PROFILE = load_profile("2026")


def asked(graph, hw):
    plan = compile_graph(graph, hw, PROFILE)
    prices = price(plan, hw)
    line = run_once(plan, prices)
    return Asked(graph, hw, PROFILE, plan, prices, line, build(plan, hw, prices, line))


@settings(max_examples=20)
@given(graphs(most=5), st.sampled_from(NPUS))
def test_work_is_part_of_the_chain_outside_the_dsps(graph, hw):
    run = asked(graph, hw)
    outside, work = run.work_us()
    own = sum(task.path_us for task in run.report.tasks if task.engine != "dsp")
    assert outside == pytest.approx(own)
    assert -1e-9 <= work <= outside * (1 + 1e-9) <= run.report.latency_us * (1 + 1e-9)


def test_a_large_product_is_told_about_int8_and_small_ops_are_not():
    large = [node("MatMul", "x w", "y")]
    graph = loaded(model(large, {"x": [512, 2048]}, {"y": [512, 2048]}, {"w": weights(2048, 2048)}))
    assert "int8" in {advice.kind for advice in simulate(graph, NPUS[0], advice=True).advice}
    small = loaded(
        model([node("MatMul", "x w", "y")], {"x": [1, 16]}, {"y": [1, 16]}, {"w": weights(16, 16)})
    )
    outside, work = asked(small, NPUS[0]).work_us()
    assert work < 0.3 * outside
