"""Elasticities: what they equal, what they sum to, and what they leave out."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import npusim
from npusim.arch.units import bounds
from npusim.compiler.rules.profile import load_profile
from npusim.errors import BadArgument
from npusim.tradeoff.sensitivity import pricing_numbers, sensitivity
from tests.compiler.strategies import graphs
from tests.graphs import loaded, model, node
from tests.tradeoff.machines import MODEL, machines

#: Per second, and seconds: everything else is counted in cycles or in bytes.
RATES = ("mac_array.clock_mhz", "dsp.clock_mhz", "ddr.bandwidth_gb_per_s")


def times(hw):
    return [name for name in hw.numbers() if name.endswith("_ns")]


def cycles_of_mac_array(hw):
    """Numbers of the MAC array in cycles, and those per cycle."""
    names = [n for n in pricing_numbers(hw) if n.startswith("mac_array.")]
    return [n for n in names if n.endswith("_cycles")], [n for n in names if "_per_cycle" in n]


@pytest.fixture(scope="module")
def graph():
    return npusim.load(MODEL)


@settings(max_examples=25)
@given(graphs(most=5), machines(), st.data())
def test_an_elasticity_is_the_difference_of_two_simulations(graph, hw, data):
    found = sensitivity(graph, hw)
    assert found.latency_us == pytest.approx(npusim.simulate(graph, hw).latency_us, rel=1e-12)
    assume(found.elasticities)
    row = data.draw(st.sampled_from(found.elasticities))
    low, high = (npusim.simulate(graph, hw.replace({row.name: v})).latency_us for v in (row.low, row.high))
    assert (row.low_latency_us, row.high_latency_us) == pytest.approx((low, high), rel=1e-12)
    assert row.elasticity == pytest.approx(np.log(high / low) / np.log(row.high / row.low), rel=1e-6)


@settings(max_examples=25)
@given(graphs(most=5), machines(), st.data())
def test_a_number_that_is_left_out_changes_nothing(graph, hw, data):
    found = sensitivity(graph, hw)
    silent = set(pricing_numbers(hw)) - {row.name for row in found.elasticities}
    name = data.draw(st.sampled_from(sorted(n for n in silent if not bounds(n).whole)))
    value = float(hw.get(name))
    moved = hw.replace({name: min(value * 1.01, bounds(name).high)})
    assert npusim.simulate(graph, moved).latency_us == pytest.approx(found.latency_us, rel=1e-9)


@settings(max_examples=30)
@given(graphs(), machines(), st.sampled_from([0.5, 2.0, 8.0]))
def test_twice_the_rates_and_half_the_times_halve_the_latency(graph, hw, factor):
    changes = {name: hw.get(name) * factor for name in RATES}
    changes |= {name: hw.get(name) / factor for name in times(hw)}
    fast = npusim.simulate(graph, hw.replace(changes)).latency_us
    assert fast * factor == pytest.approx(npusim.simulate(graph, hw).latency_us, rel=1e-12)


def smooth(found, names):
    """Are the slopes to both sides of every number equal? At a kink (an engine overtakes another) they are not."""
    base = np.log(found.latency_us)
    for row in found.elasticities:
        if row.name in names:
            right = (np.log(row.high_latency_us) - base) / np.log(row.high / row.value)
            left = (base - np.log(row.low_latency_us)) / np.log(row.value / row.low)
            if abs(right - left) > 1e-4:
                return False
    return True


@settings(max_examples=30)
@given(graphs(), machines())
def test_elasticities_of_rates_less_those_of_times_sum_to_minus_one(graph, hw):
    found = sensitivity(graph, hw, step=1e-5)
    assume(found.latency_us > 0 and smooth(found, {*RATES, *times(hw)}))
    of = {row.name: row.elasticity for row in found.elasticities}
    total = sum(of.get(name, 0) for name in RATES) - sum(of.get(name, 0) for name in times(hw))
    assert total == pytest.approx(-1, abs=1e-3)


@settings(max_examples=30)
@given(graphs(), machines())
def test_the_mac_arrays_clock_weighs_as_all_that_is_counted_in_its_cycles(graph, hw):
    cycles, rates = cycles_of_mac_array(hw)
    found = sensitivity(graph, hw, step=1e-5)
    assume(found.latency_us > 0 and smooth(found, {"mac_array.clock_mhz", *cycles, *rates}))
    of = {row.name: row.elasticity for row in found.elasticities}
    counted = sum(of.get(n, 0) for n in rates) - sum(of.get(n, 0) for n in cycles)
    assert counted == pytest.approx(of.get("mac_array.clock_mhz", 0), abs=1e-3)


def test_the_table_is_sorted_named_and_without_numbers_that_shape_the_plan(graph):
    hw = npusim.hardware("lunar_lake")
    found = sensitivity(graph, hw)
    sizes = [abs(row.elasticity) for row in found.elasticities]
    assert sizes == sorted(sizes, reverse=True) and min(sizes) > 0
    names = {row.name for row in found.elasticities}
    assert not names & {"tiles", "tiles_max", "dsp.per_tile", "dma.ports", "scratchpad.capacity_bytes"}
    assert found.numbers == len(pricing_numbers(hw))
    priced = load_profile("2026").priced(hw)
    for row in found.elasticities:
        assert (row.value, row.source) == (priced.get(row.name), priced.sources[row.name].kind)
    assert next(row.unit for row in found.elasticities if row.name == "dma.latency_ns") == "ns"


def test_values_stay_within_the_schema_and_whole_numbers_go_by_octaves(graph):
    hw = npusim.hardware("lunar_lake").replace({"dma.overlap_exponent": 1.0})
    rows = {row.name: row for row in sensitivity(graph, hw).elasticities}
    at_bound = rows["dma.overlap_exponent"]
    assert (at_bound.low, at_bound.high) == (1.0, 1.01)
    lanes = rows["mac_array.lanes_16bit"]
    assert (lanes.low, lanes.high) == (lanes.value / 2, lanes.value * 2)


def test_a_graph_of_views_is_a_copy_and_only_its_transfer_decides():
    shape = {"s": np.array([4, 2])}
    graph = loaded(model([node("Reshape", "x s", "y")], {"x": [2, 4]}, ["y"], shape))
    found = sensitivity(graph, npusim.hardware("lunar_lake"))
    assert found.latency_us > 0
    assert {row.name.split(".")[0] for row in found.elasticities} <= {"dma", "ddr", "dsp"}


def test_in_latency_mode_the_host_has_its_share(graph):
    hw = npusim.hardware("lunar_lake").replace({"host.latency_ns": 3e5})
    found = sensitivity(graph, hw, mode="latency")
    host = next(row for row in found.elasticities if row.name == "host.latency_ns")
    assert host.elasticity == pytest.approx(300 / found.latency_us, rel=1e-3)
    assert all(row.name != "host.latency_ns" for row in sensitivity(graph, hw).elasticities)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"step": 0}, "step"),
        ({"step": 0.7}, "0.5"),
        ({"step": float("nan")}, "step"),
        ({"mode": "fast"}, "throughput"),
        ({"precision": "fp8"}, "fp16"),
    ],
)
def test_options_that_are_not_on_offer_are_refused(graph, options, said):
    with pytest.raises(BadArgument, match=said):
        sensitivity(graph, npusim.hardware("lunar_lake"), **options)


def test_a_hardware_of_many_points_is_refused(graph):
    hw = npusim.hardware("lunar_lake").replace({"dma.latency_ns": [100.0, 200.0]})
    with pytest.raises(BadArgument, match=r"dma\.latency_ns is an array"):
        sensitivity(graph, hw)
