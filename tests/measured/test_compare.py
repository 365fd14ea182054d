"""A prediction beside a profile: joined by name, labelled, symmetric, and blind to what a CPU took."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim.measured.document import to_json
from npusim.measured.join import compare, symmetric_error
from npusim.measured.page import page
from npusim.measured.profile import MEASURED, VENDOR
from npusim.measured.readers.own_report import profile_of_report
from npusim.measured.readers.read import read_report
from npusim.measured.readers.trace_file import read_trace
from npusim.onnx_io import load
from npusim.simulation import simulate
from tests.measured.samples import (
    LUNAR,
    MODEL,
    NET,
    NPU_COUNTERS,
    NPU_SUMMARY,
    REPORTS,
    synthetic_trace,
    write,
)

REPORT = simulate(NET, LUNAR)
times = st.floats(0, 1e9)


@given(times, times)
def test_the_error_is_symmetric_bounded_and_zero_only_for_equal_times(a, b):
    error = symmetric_error(a, b)
    assert error == -symmetric_error(b, a) and -2 <= error <= 2
    assert (error == 0) == (a == b)


def test_a_prediction_beside_itself_differs_nowhere():
    found = compare(REPORT, NET, profile_of_report(REPORT))
    assert found.same_engine_share == 1 and not found.only_predicted and not found.only_profile
    assert found.latency_us == found.predicted_us and not found.explaining(99)
    assert all(a == b for a, b in found.engines.values())


def test_waits_for_dispatch_stand_apart_and_beside_intels_estimate_in_no_layer():
    profile = profile_of_report(REPORT)
    measured = compare(REPORT, NET, replace(profile, label=MEASURED))
    assert measured.engines["step"][0] == pytest.approx(REPORT.engines["step"])
    waits = [n for n in REPORT.nodes if n.busy_us.get("step")]
    vendor = compare(REPORT, NET, replace(profile_of_report(REPORT, waits=False), label=VENDOR))
    assert waits and "step" not in vendor.engines
    times = {p.name: p.predicted_us for p in vendor.pairs}
    own = {p.name: p.predicted_us for p in measured.pairs}
    for node in waits:
        assert times[node.name] <= own[node.name] - node.busy_us["step"] + 1e-6
    assert any("Intel's compiler does not price" in note for note in vendor.notes)


@pytest.mark.parametrize("slower", [2.0, 0.5])
def test_a_slower_engine_explains_the_gap(slower):
    trace = synthetic_trace(NET, LUNAR.replace({"dsp.clock_mhz": LUNAR.dsp.clock_mhz / slower}))
    found = compare(REPORT, NET, read_trace(trace, "synthetic"))
    assert all(p.same_engine for p in found.pairs)
    largest = found.explaining(3)
    assert largest[0].engine == "dsp" and all((p.gap_us < 0) == (slower > 1) for p in largest)
    assert [abs(p.gap_us) for p in largest] == sorted((abs(p.gap_us) for p in largest), reverse=True)


def test_layers_that_match_nothing_are_listed_on_both_sides():
    trace = synthetic_trace(NET, LUNAR)
    text = json.dumps(trace).replace("m0?t_", "other?t_")
    found = compare(REPORT, NET, read_trace(json.loads(text), "synthetic"))
    assert [n.name for n in found.only_predicted] == ["m0"]
    assert [y.name for y in found.only_profile] == ["other"]


def test_kernels_without_a_time_are_no_evidence():
    trace = synthetic_trace(NET, LUNAR, status="SIM")
    for event in trace["traceEvents"]:
        if event.get("cat") == "Shave" and event["name"].startswith("a2?"):
            event["dur"] = 0.0
    found = compare(REPORT, NET, read_trace(trace, "synthetic"))
    assert next(p for p in found.pairs if p.name == "a2").unpriced
    assert "a2" not in {p.name for p in found.explaining(99)}
    assert any("no time" in note for note in found.notes)


def test_times_of_a_cpu_are_never_compared():
    graph = load(MODEL)
    file = REPORTS / "detailed" / "benchmark_detailed_counters_report.csv"
    found = compare(simulate(graph, LUNAR), graph, read_report(file))
    text = " ".join(line.text for line in page(found, 9, 100))
    assert found.latency_us is None and not found.engines and not found.explaining(9)
    assert "found again by name" in text and "say nothing about an NPU" in text
    document = json.loads(to_json([found]))["comparisons"][0]
    assert all(layer["us"]["measured on a CPU"] is None for layer in document["layers"])


def test_counters_of_an_npu_are_compared_by_span_with_the_latency_of_their_summary(tmp_path):
    graph = load(MODEL)
    write(tmp_path, "benchmark_report.csv", NPU_SUMMARY)
    profile = read_report(write(tmp_path, "counters.csv", NPU_COUNTERS))
    found = compare(simulate(graph, LUNAR), graph, profile, host_us=100.0)
    assert found.latency_us == pytest.approx(350)
    assert found.predicted_us == pytest.approx(simulate(graph, LUNAR).latency_us + 100)
    assert {p.name: p.us for p in found.pairs}["mm"] == pytest.approx(40)
    assert found.times_are == "from its first task to its last"


def test_another_number_of_tiles_and_another_clock_are_said():
    trace = synthetic_trace(NET, LUNAR.replace({"tiles": 2, "mac_array.clock_mhz": 1400}), clock=True)
    notes = " ".join(compare(REPORT, NET, read_trace(trace, "synthetic")).notes)
    assert "--tiles 2" in notes and "1400 MHz" in notes


def test_the_json_document_labels_every_number():
    found = compare(REPORT, NET, read_trace(synthetic_trace(NET, LUNAR, status="SIM"), "synthetic"))
    document = json.loads(to_json([found]))["comparisons"][0]
    assert set(document["latency_us"]) == {"predicted", "vendor-simulated", "symmetric_error"}
    assert all("vendor-simulated" in layer["us"] for layer in document["layers"])
