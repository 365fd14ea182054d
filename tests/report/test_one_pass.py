"""What is added up for all tasks at once, and what the band's points give on the way, is what one by one gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.band import doubted
from npusim.compiler.compile import compile_graph
from npusim.compiler.rules.profile import load_profile
from npusim.measures import US, busy_of_plan_us, busy_us, critical_ns, engine_kind, kernels_of
from npusim.pricing import price, timeline
from tests.compiler.strategies import graphs

HARDWARE = [load_hardware(name) for name in ("lunar_lake", "meteor_lake", "panther_lake")]


@settings(max_examples=20)
@given(graphs(most=5), st.sampled_from(HARDWARE), st.sampled_from(("2026", "2024.12")))
def test_the_first_point_of_the_band_is_the_run(graph, hw, compiler):
    plan = compile_graph(graph, hw, load_profile(compiler))
    line, _ = doubted(plan, hw)
    alone = timeline(plan, hw, price(plan, hw))
    assert line.start_ns == alone.start_ns
    assert line.end_ns == alone.end_ns
    assert line.time_ns == alone.time_ns


@settings(max_examples=20)
@given(graphs(most=5), st.sampled_from(HARDWARE))
def test_busy_time_of_a_plan_is_that_of_its_tasks_in_order(graph, hw):
    plan = compile_graph(graph, hw, load_profile("2026"))
    prices = price(plan, hw)
    ports = int(hw.dma.ports)
    together = busy_of_plan_us(plan, prices.time_ns, prices.step_ns, ports)
    kinds = [engine_kind(queue) for queue in plan.queue]
    times, steps = ([ns * US for ns in column.tolist()] for column in (prices.time_ns, prices.step_ns))
    assert together == busy_us(kinds, times, steps, ports)
    assert [kernel for _, kernel in kernels_of(plan)] == [
        ask.kernel for ask in plan.ask if hasattr(ask, "kernel")
    ]


@settings(max_examples=20)
@given(graphs(most=5), st.sampled_from(HARDWARE))
def test_critical_times_sum_to_the_end(graph, hw):
    plan = compile_graph(graph, hw, load_profile("2026"))
    line = timeline(plan, hw)
    assert sum(critical_ns(plan, line.end_ns)) == pytest.approx(float(line.latency_ns))
