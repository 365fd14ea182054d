"""CSV: the columns of benchmark_app's detailed counters, readable by the same code."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given

from npusim.report.csv_report import to_csv
from tests.report.samples import LONG_NAME, reports, sample
from tests.shared import SHARED, needs_shared

STATUSES = {"EXECUTED", "NOT_RUN", "OPTIMIZED_OUT"}


def read(text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The rows and the total of one block, as an importer of benchmark_app's files reads them."""
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    assert rows[0].keys() == {
        "layerName", "execStatus", "layerType", "execType", "realTime (ms)", "cpuTime (ms)",
    }  # fmt: skip
    *rows, total = rows
    assert total["layerName"] == "Total"
    for row in rows:
        assert row["execStatus"].removeprefix("Status.") in STATUSES
        for column in ("realTime (ms)", "cpuTime (ms)"):
            assert len(row[column].split(".")[1]) == 3
    return rows, total


@needs_shared
def test_our_csv_and_the_file_of_benchmark_app_are_read_by_the_same_code():
    folder = SHARED / "reference" / "benchmark_app" / "detailed_counters"
    theirs = (folder / "benchmark_detailed_counters_report.csv").read_text("utf-8")
    their_rows, _ = read(theirs)
    our_rows, _ = read(to_csv(sample()))
    assert {row["layerType"] for row in their_rows} >= {"CumSum", "SoftPlus", "FullyConnected"}
    assert our_rows[0].keys() == their_rows[0].keys()
    assert to_csv(sample()).splitlines()[0] == theirs.splitlines()[0]
    assert to_csv(sample()).endswith("\n\n") and theirs.endswith("\n\n")


@given(reports())
def test_any_report_makes_a_csv_with_a_row_for_each_node_and_totals_that_are_their_sums(report):
    rows, total = read(to_csv(report))
    listed = {node.name for node in report.nodes}
    missing = [node.name for node in report.unmodelled if node.name not in listed]
    assert len(rows) == len(report.nodes) + len(missing)
    real_ms = sum(node.duration_us for node in report.nodes) / 1000
    assert float(total["realTime (ms)"]) == pytest.approx(real_ms, abs=0.0006)


def test_exec_types_are_those_of_a_real_npu_and_cpu_time_counts_every_unit_at_work():
    rows, _ = read(to_csv(sample()))
    by_name = {row["layerName"]: row for row in rows}
    assert by_name["/conv1/Conv"]["execType"] == "DPU"
    assert by_name["/ssd/CumSum"]["execType"] == "Shave"
    assert by_name["/ssd/Reshape"]["execStatus"] == "Status.OPTIMIZED_OUT"
    assert by_name["/moe/Einsum"]["execStatus"] == "Status.NOT_RUN"
    on_four_tiles_us = 4 * 20.125 + 4.0 + 3.0
    assert float(by_name[LONG_NAME]["cpuTime (ms)"]) == pytest.approx(on_four_tiles_us / 1000, abs=0.0006)


def test_a_node_that_only_moves_data_is_dma():
    report = sample()
    task = replace(report.tasks[0], node="/ssd/Reshape")
    rows, _ = read(to_csv(replace(report, tasks=(task,))))
    assert {row["layerName"]: row["execType"] for row in rows}["/ssd/Reshape"] == "DMA"


def test_a_node_on_a_dsp_and_the_mac_array_is_shave_as_on_a_real_npu():
    report = sample()
    on_dsp = replace(report.tasks[3], node="/conv1/Conv")
    rows, _ = read(to_csv(replace(report, tasks=(*report.tasks, on_dsp))))
    assert {row["layerName"]: row["execType"] for row in rows}["/conv1/Conv"] == "Shave"


def test_without_tasks_the_sums_of_the_nodes_are_taken():
    rows, _ = read(to_csv(replace(sample(), tasks=())))
    conv = next(row for row in rows if row["layerName"] == "/conv1/Conv")
    assert float(conv["cpuTime (ms)"]) == pytest.approx((12.25 + 5.5) / 1000, abs=0.0006)
