"""How well the time is known: shares sum to one, and an assumed step or host is told on the page with its range."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.arch.presets import load_hardware
from npusim.arch.sources import Source
from npusim.report.text import to_text
from npusim.simulation import simulate
from tests.compiler.strategies import graphs
from tests.graphs import loaded, model, node, weights

NPUS = {name: load_hardware(name) for name in ("meteor_lake", "lunar_lake", "panther_lake")}


@settings(max_examples=25)
@given(graphs(most=5), st.sampled_from(sorted(NPUS)), st.sampled_from(["throughput", "latency"]))
def test_shares_of_the_time_sum_to_one(graph, npu, mode):
    report = simulate(graph, NPUS[npu], mode=mode)
    if report.latency_us:
        assert sum(row["time"] for row in report.coverage.values()) == pytest.approx(1)


@settings(max_examples=20)
@given(graphs(most=5), st.sampled_from(sorted(NPUS)))
def test_what_is_measured_is_not_weighed_as_assumed(graph, npu):
    """Were every number measured, all the time would be."""
    hw = NPUS[npu]
    sure = hw.replace({n: v for n, v in hw.numbers().items()}, Source("measured", "test"))
    report = simulate(graph, sure, mode="latency")
    assert report.coverage["measured"]["time"] == pytest.approx(1) and report.assumed == ()


@pytest.mark.parametrize("npu", sorted(NPUS))
@pytest.mark.parametrize("mode", ["throughput", "latency"])
def test_an_assumed_step_and_host_are_told_with_their_range(npu, mode):
    graph = loaded(model([node("MatMul", "x w", "y")], {"x": [64, 64]}, ["y"], {"w": weights(64, 64)}))
    report = simulate(graph, NPUS[npu], mode=mode)
    page = " ".join(to_text(report).split())
    if npu == "meteor_lake":  # fitted there
        assert report.assumed == () and "assumed a step" not in page
    else:
        low, high = (end / 1e3 for end in NPUS[npu].sources["step.minimum_ns"].range)
        assert (
            f"assumed a step takes {NPUS[npu].step.minimum_ns / 1e3:.2f} us ({low:.2f} to {high:.2f} us)"
            in page
        )
        assert ("the host's part is" in page) == (
            mode == "latency"
        ) and "the host's part is" in report.assumed[1]
        assert "Meteor Lake" in report.assumed[0]
        assert report.coverage["assumed"]["time"] > 0


def test_waiting_for_dispatch_is_its_own_kind():
    """A product far below the least time of a step: the MAC array's time is its work, the rest is the step."""
    hw = NPUS["lunar_lake"]
    graph = loaded(model([node("MatMul", "x w", "y")], {"x": [16, 16]}, ["y"], {"w": weights(16, 16)}))
    report = simulate(graph, hw)
    (product,) = [n for n in report.nodes if n.op_type == "MatMul"]
    assert product.bound_by == "step" and "it waits for dispatch" in product.reason
    assert product.busy_us["step"] + product.busy_us["mac_array"] == pytest.approx(hw.step.minimum_ns / 1e3)
    without = simulate(graph, hw.replace({"step.minimum_ns": 0.0}))
    assert without.engines["step"] == 0
    assert without.engines["mac_array"] == pytest.approx(report.engines["mac_array"])


def test_a_kernel_has_no_step_beyond_its_launch():
    graph = loaded(model([node("Softmax", "x", "y", axis=-1)], {"x": [8, 64]}, ["y"]))
    assert simulate(graph, NPUS["lunar_lake"]).engines["step"] == 0
