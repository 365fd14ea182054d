"""A sweep says of every point what simulating that point alone says."""

from itertools import product

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import npusim
from npusim.errors import BadArgument, BadHardware, DoesNotFit
from npusim.report.words import ENGINES
from npusim.sweeping import bound_names
from tests.compiler.strategies import graphs
from tests.graphs import loaded, model, node, weights
from tests.sweeping.graph import small_graph
from tests.sweeping.strategies import HARDWARE, pricing_names, questions

xr = pytest.importorskip("xarray")

#: A varied exponent: NumPy squares where the exponent is the number 2 and calls `pow` where it is an array, so
#: the two may differ in the last places. Without such a name, sweeps are equal to the last bit.
EXPONENT_TOLERANCE = 1e-13
#: A report adds up bytes in the order of start; a sweep rounds their sum once.
BYTES_TOLERANCE = 1e-14
NO_SHRINK = (Phase.explicit, Phase.reuse, Phase.generate)  # a failing sweep shrinks for minutes


def alone(graph, hw, values):
    """The report of one point, or None where the graph does not fit."""
    values = {k: v.item() if hasattr(v, "item") else v for k, v in values.items()}
    compiler, precision = values.pop("compiler", "2026"), values.pop("precision", "fp16")
    try:
        return npusim.simulate(graph, hw.replace(values), compiler, precision)
    except DoesNotFit:
        return None


def check(point, report, tolerance):
    if report is None:
        assert np.isnan(point["latency_us"]) and np.isnan(point["busy_us"]).all()
        assert bound_names(point).item() == "none"
        return
    np.testing.assert_allclose(point["latency_us"].item(), report.latency_us, rtol=tolerance, atol=0)
    np.testing.assert_allclose(point["bytes_moved"].item(), report.bytes_moved, rtol=BYTES_TOLERANCE, atol=0)
    for engine in ENGINES:
        busy = point["busy_us"].sel(engine=engine).item()
        np.testing.assert_allclose(busy, report.engines[engine], rtol=tolerance, atol=0, err_msg=engine)
    bound = bound_names(point).item()
    busiest = max(report.engines.values())
    assert bound == "none" if busiest == 0 else report.engines[bound] >= busiest * (1 - tolerance)


def tolerance_of(names):
    return EXPONENT_TOLERANCE if any(n.endswith("_exponent") for n in names) else 0.0


@settings(max_examples=25, phases=NO_SHRINK)
@given(graphs(most=5), questions(), st.integers(0, 10**6))
def test_a_grid_equals_simulating_each_point_alone(graph, question, seed):
    hw, vary = question
    try:
        dataset = npusim.sweep(graph, hw, vary)
    except DoesNotFit:
        assert alone(graph, hw, {n: v[0] for n, v in vary.items()}) is None
        return
    assert dataset["latency_us"].dims == tuple(vary)
    points = list(product(*(range(len(v)) for v in vary.values())))
    some = np.random.default_rng(seed).permutation(len(points))[:6]
    for index in (points[k] for k in some):
        place = dict(zip(vary, index, strict=True))
        values = {n: vary[n][k] for n, k in place.items()}
        check(dataset.isel(place), alone(graph, hw, values), tolerance_of(vary))


@settings(max_examples=25, phases=NO_SHRINK)
@given(graphs(most=5), questions(), st.sampled_from(["random", "lhs", "sobol"]), st.integers(1, 7))
def test_points_equal_simulating_each_alone(graph, question, method, count):
    hw, vary = question
    ranges = {
        n: f"{min(v)}:{max(v)}" if isinstance(v[0], float) and min(v) < max(v) else v for n, v in vary.items()
    }
    try:
        dataset = npusim.sweep(graph, hw, ranges, points=count, method=method, seed=count)
    except DoesNotFit:
        return
    assert dataset["latency_us"].dims == ("point",)
    for k in range(count):
        point = dataset.isel(point=k)
        check(point, alone(graph, hw, {n: point[n].values for n in vary}), tolerance_of(vary))


@pytest.mark.parametrize("name", sorted(HARDWARE))
def test_every_number_of_the_schema_reaches_its_engine(name):
    """Number by number: an engine that reads one `READS` does not know of would miss its change."""
    hw, graph = HARDWARE[name], mixed_graph()
    used = ("default", "cumsum", "softmax", "sigmoid")
    for number in pricing_names(hw):
        if number.startswith("dsp.kernels.") and number.split(".")[2] not in used:
            continue
        base = hw.get(number)
        for value in (
            base * 2 + 1,
            base / 2 + 0.5,
            base / 2,
        ):  # a share stays one by the second, the whole by the third
            if value != base and (not isinstance(base, int) or value == int(value)):
                try:
                    hw.replace({number: value})
                    break
                except BadHardware:
                    continue
        dataset = npusim.sweep(graph, hw, {number: [base, value], "dma.latency_ns": [300.0, 900.0]}
                               if number != "dma.latency_ns" else {number: [base, value]})  # fmt: skip
        last = dataset.isel({dim: -1 for dim in dataset["latency_us"].dims})
        report = alone(graph, hw, {n: last[n].values for n in dataset["latency_us"].dims})
        check(last, report, tolerance_of([number]))


@settings(max_examples=15, phases=NO_SHRINK)
@given(graphs(most=5), st.sampled_from(sorted(HARDWARE)))
def test_times_of_nodes_are_those_of_the_report_and_sum_to_the_latency(graph, name):
    hw = HARDWARE[name]
    dataset = npusim.sweep(graph, hw, {"dma.bytes_per_cycle": [16.0, 48.0], "tiles": [1, 2]}, per_node=True)
    total = dataset["node_critical_us"].sum("node")
    np.testing.assert_allclose(total, dataset["latency_us"], rtol=1e-12)
    report = alone(graph, hw, {"dma.bytes_per_cycle": 48.0, "tiles": 2})
    point = dataset.isel({"dma.bytes_per_cycle": 1, "tiles": 1})
    found = {n: (point["node_duration_us"].values[k], point["node_critical_us"].values[k])
             for k, n in enumerate(point["node"].values)}  # fmt: skip
    for said in report.nodes:
        assert found[said.name] == (said.duration_us, said.critical_us)


@settings(max_examples=10, phases=NO_SHRINK)
@given(graphs(most=4), graphs(most=4))
def test_the_speed_up_of_a_model_is_the_first_ones_latency_over_its_own(first, second):
    hw = HARDWARE["lunar_lake"]
    dataset = npusim.sweep({"a": first, "b": second}, hw, {"dsp.clock_mhz": [500.0, 900.0]})
    for k, clock in enumerate((500.0, 900.0)):
        a, b = (npusim.simulate(g, hw.replace({"dsp.clock_mhz": clock})).latency_us for g in (first, second))
        expected = a / b if b else 1.0 if a == 0 else float("inf")
        assert dataset["speedup"].values[:, k].tolist() == [1.0, expected]


def test_latency_mode_adds_the_hosts_part():
    hw = HARDWARE["lunar_lake"]
    graph = small_graph()
    vary = {"host.latency_ns": [0.0, 5000.0]}
    dataset = npusim.sweep(graph, hw, vary, mode="latency")
    for k, value in enumerate(vary["host.latency_ns"]):
        report = npusim.simulate(graph, hw.replace({"host.latency_ns": value}), mode="latency")
        assert dataset["latency_us"].values[k] == report.latency_us


def mixed_graph():
    """Every form of the MAC array's cost, some DSP kernels, transfers that permute."""
    nodes = [
        node("Conv", "x k", "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Conv", "a d", "b", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=32),
        node("MaxPool", "b", "c", kernel_shape=[2, 2], strides=[2, 2]),
        node("Add", "c c2", "e"),
        node("Softmax", "e", "f", axis=-1),
        node("CumSum", "f axis", "g"),
        node("Transpose", "g", "h", perm=[0, 2, 3, 1]),
        node("MatMul", "h w", "i"),
        node("Sigmoid", "i", "y"),
        node("Sigmoid", "c", "c2"),
    ]
    nodes.insert(3, nodes.pop())
    constants = {
        "k": weights(32, 3, 3, 3),
        "d": weights(32, 1, 3, 3, seed=1),
        "axis": np.array(2),
        "w": weights(32, 48, seed=2),
    }
    return loaded(model(nodes, {"x": [1, 3, 32, 32]}, ["y"], constants))


@pytest.mark.parametrize("together", [1, 3, 64])
def test_the_answer_does_not_depend_on_how_the_points_are_cut(monkeypatch, together):
    hw, graph = HARDWARE["meteor_lake"], small_graph()
    vary = {"dma.bytes_per_cycle": "16:128:5", "tiles": [1, 2], "mac_array.clock_mhz": "800:2000:4"}
    whole = npusim.sweep(graph, hw, vary)
    monkeypatch.setattr("npusim.sweeping.planned.POINTS_AT_ONCE", together)
    monkeypatch.setattr("npusim.sweeping.run._BLOCK", 7)
    xr.testing.assert_identical(npusim.sweep(graph, hw, vary), whole)


def test_points_that_do_not_fit_are_unknown_and_the_reason_is_told():
    hw, graph = HARDWARE["lunar_lake"], mixed_graph()
    dataset = npusim.sweep(graph, hw, {"scratchpad.capacity_bytes": [10, 1_000_000]})
    assert np.isnan(dataset["latency_us"].values).tolist() == [True, False]
    assert bound_names(dataset).values[0] == "none"
    assert len(dataset.attrs["does_not_fit"]) == 1 and "scratchpad" in dataset.attrs["does_not_fit"][0]
    with pytest.raises(DoesNotFit):
        npusim.sweep(graph, hw, {"scratchpad.capacity_bytes": [10, 20]})


def test_a_result_that_memory_cannot_hold_is_refused_before_the_work():
    hw, graph = HARDWARE["lunar_lake"], small_graph()
    vary = {"dma.bytes_per_cycle": "16:128:100000", "dma.latency_ns": "100:900:10000"}
    with pytest.raises(BadArgument, match=r"memory is 1.0GB.*\.zarr"):
        npusim.sweep(graph, hw, vary)
    with pytest.raises(BadArgument, match="memory"):
        npusim.sweep(graph, hw, {"dma.latency_ns": "100:900"}, points=100_000, method="lhs", memory="4MB")
