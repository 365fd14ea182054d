"""Traces: ours and Intel's are read by the same reader and keep the same rules."""

import gzip
import json
from bisect import bisect_right
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given

from npusim.report.statistics import task_statistics, union_us
from npusim.report.trace import _us_and_ns, to_trace
from tests.report.samples import LONG_NAME, reports, sample
from tests.shared import SHARED, needs_shared

VENDOR_TRACES = sorted((SHARED / "reference" / "vendor_schedules").glob("*/compileTimeScheduleTrace.json*"))
NS = 0.001  # both ends of a slice are rounded to a nanosecond


def read(text: str, most: float = 1.5 * NS) -> tuple[list[dict], dict]:
    """The slices of a trace, with the names of their rows, and the rest of the document. Checks the rules."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    document = json.loads(text, parse_constant=refuse)
    processes: dict[int, str] = {}
    threads: dict[int, str] = {}
    slices = []
    flows, series = defaultdict(list), defaultdict(set)
    for event in document.pop("traceEvents"):
        assert event["ph"] in ("M", "X", "C", "s", "f"), event
        if event["ph"] == "C":
            assert event["ts"] >= 0 and all(isinstance(v, int | float) for v in event["args"].values()), event
            series[event["name"]].add(tuple(event["args"]))
            continue
        if event["ph"] in ("s", "f"):
            flows[event["id"]].append(event)
            continue
        assert isinstance(event["pid"], int) and isinstance(event["args"], dict), event
        if event["name"] == "process_name":
            processes[event["pid"]] = event["args"]["name"]
        elif event["name"] == "thread_name":
            threads[event["tid"]] = event["args"]["name"]
        elif event["ph"] == "X":
            assert event["ts"] >= 0 and event["dur"] >= 0, event
            assert event["cat"] in ("DMA", "DPU", "Shave", "Layer"), event
            slices.append(event | {"process": processes[event["pid"]], "thread": threads[event["tid"]]})
    rows = defaultdict(list)
    for event in slices:
        rows[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for row, spans in rows.items():
        spans.sort()
        for (_, end), (start, _) in pairwise(spans):
            assert start > end - most, f"slices overlap in row {row}"
    for number, (leaves, arrives) in flows.items():
        assert (leaves["ph"], arrives["ph"], arrives["bp"]) == ("s", "f", "e") and arrives["ts"] >= leaves[
            "ts"
        ]
        for event in (leaves, arrives):
            spans = rows[event["pid"], event["tid"]]
            k = bisect_right(spans, (event["ts"], float("inf"))) - 1
            near = spans[max(0, k - 3) : k + 1]
            assert any(a <= event["ts"] <= b for a, b in near), f"arrow {number} touches no slice"
    assert all(len(names) == 1 for names in series.values()), "one counter always carries one series"
    return slices, document


def vendor_text(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")


@needs_shared
def test_the_vendors_traces_are_there():
    assert len(VENDOR_TRACES) >= 14


@needs_shared
@pytest.mark.parametrize("path", VENDOR_TRACES, ids=lambda path: path.parent.name)
def test_intels_own_traces_pass_the_reader_and_our_statistics_of_them_are_theirs(path):
    slices, document = read(vendor_text(path))
    assert task_statistics(slices) == pytest.approx(document["taskStatistics"], abs=1.1 * NS)
    assert list(task_statistics(slices)) == list(document["taskStatistics"])


@needs_shared
def test_our_document_has_the_keys_and_rows_of_intels():
    path = next(path for path in VENDOR_TRACES if path.parent.name == "cs_4000")
    theirs, their_rest = read(vendor_text(path))
    ours, our_rest = read(to_trace(sample()))
    assert list(our_rest) == list(their_rest)
    assert our_rest["workpoint"] == their_rest["workpoint"] == {"freq": 1850.0, "status": "SIM"}
    assert our_rest["displayTimeUnit"] == their_rest["displayTimeUnit"]
    assert {event["process"] for event in ours} == {event["process"] for event in theirs}
    rows = lambda slices: {(event["cat"], event["process"], event["thread"]) for event in slices}
    assert rows(ours) <= rows(theirs)
    for cat in ("DMA", "Layer"):
        keys = lambda slices, cat=cat: {
            key for event in slices if event["cat"] == cat for key in event["args"]
        }
        assert keys(ours) & keys(theirs) >= (
            {"Source memory:"} if cat == "DMA" else {"Layer type", "DPU time"}
        )


@given(reports())
def test_any_report_makes_a_valid_trace_with_a_slice_for_each_unit_at_work(report):
    slices, document = read(to_trace(report))
    copies = {"mac_array": lambda t: t.tiles, "dsp": lambda t: t.tiles * t.dsps}
    expected = sum(copies.get(task.engine, lambda t: 1)(task) for task in report.tasks)
    assert sum(event["cat"] != "Layer" for event in slices) == expected
    working = {task.node for task in report.tasks}
    assert sorted(event["name"] for event in slices if event["cat"] == "Layer") == sorted(working)
    statistics = document["taskStatistics"]
    longest = max(statistics[f"{engine} duration"] for engine in ("DMA", "DPU", "SW"))
    assert longest - NS <= statistics["all tasks union"] <= statistics["total duration"] + NS


def test_names_are_the_nodes_with_their_op_type_and_step_as_intel_writes_them():
    slices, _ = read(to_trace(sample()))
    names = {event["name"] for event in slices}
    assert "/conv1/Conv?t_Conv/weights" in names
    assert "/ssd/CumSum?t_CumSum/cluster_0" in names
    assert f"{LONG_NAME}?t_MatMul/cluster_3" in names
    assert {name.split("?t_")[0] for name in names if "?t_" in name} == {
        "/conv1/Conv",
        "/ssd/CumSum",
        LONG_NAME,
    }


def test_times_keep_a_nanosecond_and_slices_that_touch_still_touch():
    first = replace(sample().tasks[0], start_us=1.2344, duration_us=1.0002)
    second = replace(first, start_us=2.2346, duration_us=0.5)
    slices, _ = read(to_trace(replace(sample(), tasks=(first, second))))
    one, two = (event for event in slices if event["cat"] == "DMA")
    assert (one["ts"], one["dur"], two["ts"]) == (1.234, 1.000999, 2.235)  # a picosecond short


def test_a_transfer_stands_in_the_row_of_its_port_and_its_source():
    slices, _ = read(to_trace(sample()))
    output = next(event for event in slices if event["name"].endswith("/output"))
    assert output["thread"] == "DMA 1 CMX"
    assert output["args"]["Destination memory:"] == "DDR"
    assert output["args"]["Input tensor shape"] == "[131072xui8]"


@pytest.mark.parametrize(
    ("time_us", "spelled"),
    [
        (15.992, "15us 992ns"),
        (0.278, "278ns"),
        (17.007, "17us 7ns"),
        (3.0, "3us"),
        (0.0, "0ns"),
        (1234.5, "1234us 500ns"),
    ],
)
def test_times_of_layers_are_spelled_as_intel_spells_them(time_us, spelled):
    assert _us_and_ns(time_us) == spelled


@pytest.mark.parametrize("hw", ["meteor_lake", "lunar_lake"])
def test_slices_nest_strictly_and_counters_and_arrows_are_there(hw):
    """Ends are added up as a viewer does, in floats: not by a hair may one end in the next."""
    import npusim

    report = npusim.simulate(npusim.load("examples/mamba2_small.onnx"), npusim.hardware(hw))
    text = to_trace(report)
    slices, _ = read(text, most=0.0)
    events = json.loads(text)["traceEvents"]
    assert {e["name"] for e in events if e["ph"] == "C"} == {"scratchpad bytes", "DDR GB/s"}
    waits = sum(len(task.waits_for) for task in report.tasks)
    assert sum(e["ph"] == "s" for e in events) == waits > 0
    computing = [e for e in slices if e["cat"] in ("DPU", "Shave")]
    assert all(e["args"]["Bound by"] and "Reason" in e["args"] for e in computing)
    rates = [e["args"]["moved"] for e in events if e["name"] == "DDR GB/s"]
    assert 0 < max(rates) <= report.peaks["ddr_bytes"] * 1e-3 * 1.01 and rates[-1] == 0


def test_a_union_counts_an_instant_once():
    assert union_us([(0, 2), (1, 3), (5, 6), (5, 5.5)]) == 4
    assert union_us([]) == 0
