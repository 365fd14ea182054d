"""The front: no point on it is beaten, every other is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument
from npusim.sweeping import sweep
from npusim.tradeoff.front import front, on_front
from tests.compiler.strategies import graphs
from tests.tradeoff.machines import MODEL, machines

pytest.importorskip("xarray")  # the extra npusim-xamba[sweep]


def beaten(latency, cost):
    """By hand, pair by pair: is a point beaten by another?"""
    return [
        any(
            a <= latency[i] and c <= cost[i] and (a < latency[i] or c < cost[i])
            for a, c in zip(latency, cost, strict=True)
        )
        for i in range(len(latency))
    ]


points = st.lists(st.tuples(st.integers(0, 6), st.integers(-2, 6)), max_size=40)
floats = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=25)


@given(st.one_of(points, floats))
def test_on_the_front_are_exactly_the_points_that_none_beats(found):
    latency, cost = [p[0] for p in found], [p[1] for p in found]
    assert on_front(latency, cost).tolist() == [not b for b in beaten(latency, cost)]


@settings(max_examples=12)
@given(
    graphs(most=4), machines(), st.sampled_from(["tiles*dsp.clock_mhz", "tiles", "1/dsp.clock_mhz - tiles"])
)
def test_the_front_of_a_sweep_keeps_the_law_and_its_points_are_simulations(graph, hw, cost):
    vary = {"tiles": [1, 2], "dsp.clock_mhz": [500.0, 1000.0, 2000.0], "dma.latency_ns": [0.0, 1000.0]}
    found = front(sweep(graph, hw, vary), hw, cost)
    assert found.on_front.tolist() == [not b for b in beaten(found.latency_us, found.cost)]
    row = next(found.rows())
    alone = npusim.simulate(graph, hw.replace({name: row[name] for name in vary}))
    assert row["latency_us"] == pytest.approx(alone.latency_us, rel=1e-12)


@pytest.fixture(scope="module")
def graph():
    return npusim.load(MODEL)


def test_numbers_that_are_not_varied_come_from_the_hardware(graph):
    hw = npusim.hardware("lunar_lake")
    found = front(sweep(graph, hw, {"tiles": [1, 2]}), hw, "tiles*mac_array.macs_per_cycle + 1")
    assert found.cost.tolist() == [hw.mac_array.macs_per_cycle + 1, 2 * hw.mac_array.macs_per_cycle + 1]


def test_random_points_and_choices_without_numbers_are_kept_with_their_names(graph):
    hw = npusim.hardware("lunar_lake")
    vary = {"compiler": ["2024.12", "2026"], "dsp.clock_mhz": "500:2000"}
    found = front(sweep(graph, hw, vary, points=16, method="sobol"), hw, "dsp.clock_mhz")
    rows = list(found.rows(everything=True))
    assert len(rows) == 16 and {row["compiler"] for row in rows} == {"2024.12", "2026"}
    assert [row["cost"] for row in rows] == sorted(row["cost"] for row in rows)


def test_points_where_the_model_does_not_fit_are_left_out(graph):
    hw = npusim.hardware("lunar_lake")
    dataset = sweep(graph, hw, {"dma.ports": [1, 2], "tiles": [1, 2]})
    dataset["latency_us"][0, 0] = np.nan
    found = front(dataset, hw, "tiles")
    assert found.cost.size == 3 and np.isfinite(found.latency_us).all()


def test_a_cost_that_nothing_varies_is_refused(graph):
    hw = npusim.hardware("lunar_lake")
    with pytest.raises(BadArgument, match=r"same everywhere.*tiles"):
        front(sweep(graph, hw, {"tiles": [1, 2]}), hw, "dma.ports")


def test_a_front_is_of_one_model(graph):
    hw = npusim.hardware("lunar_lake")
    with pytest.raises(BadArgument, match="one model"):
        front(sweep({"a": graph, "b": graph}, hw, {"tiles": [1, 2]}), hw, "tiles")
